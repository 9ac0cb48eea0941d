/// The bytes of an SMT-LIB text, and how far they are read.
struct SourceText {
    let bytes: [UInt8]
    var place = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    }

    var isAtEnd: Bool { place >= bytes.count }

    /// Blanks and comments.
    mutating func skipBlanks() {
        while place < bytes.count {
            let byte = bytes[place]
            if byte == UInt8(ascii: ";") {
                while place < bytes.count, bytes[place] != 0x0A, bytes[place] != 0x0D { place += 1 }
            } else if byte <= 0x20 {
                place += 1
            } else {
                return
            }
        }
    }

    /// Whether the bytes of the range are this text.
    func matches(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { expected in
            for index in 0..<expected.count where bytes[range.lowerBound + index] != expected[index] { return false }
            return true
        }
    }

    func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// For a message; what is long or unprintable is cut.
    func quoted(_ range: Range<Int>) -> String {
        if range.isEmpty { return "the end of the file" }
        let shown = bytes[range].prefix(40).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
        return "'" + String(decoding: shown, as: UTF8.self) + (range.count > 40 ? "..." : "") + "'"
    }
}
