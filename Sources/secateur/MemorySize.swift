import ArgumentParser

/// A number of bytes, written like `4G`, `512M` or `1073741824`.
struct MemorySize: ExpressibleByArgument {
    let bytes: Int

    init(bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let shifts: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
        var digits = argument.uppercased()
        var shift = 0
        if let last = digits.last, let found = shifts[last] {
            shift = found
            digits.removeLast()
        }
        guard let value = Double(digits), value > 0 else { return nil }
        let bytes = value * Double(1 << shift)
        guard bytes >= 1, bytes < 0x1p62 else { return nil }
        self.init(bytes: Int(bytes))
    }

    var defaultValueDescription: String { "4G" }
}
