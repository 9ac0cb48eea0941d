// Counterexamples of all networks of a sweep, by image: what fools one network often fools its neighbours.

/// Images near an image that some network gives another class.
struct CounterexamplePool: Sendable {
    struct Entry: Sendable, Equatable {
        /// `[channel][row][column]`, before normalization.
        var values: [Float]
        /// The largest difference to the image.
        var distance: Double
        /// The network that it was found for.
        var source: String
    }

    private var entries: [Int: [Entry]] = [:]
    /// Of each image the newest so many are kept.
    private static let limit = 12

    func entries(of image: Int) -> [Entry] { entries[image] ?? [] }

    mutating func add(_ values: [Float], image: Int, center: [Double], source: String) {
        guard values.count == center.count else { return }
        let distance = zip(values, center).reduce(0) { max($0, (Double($1.0) - $1.1).magnitude) }
        let entry = Entry(values: values, distance: distance, source: source)
        var all = entries[image] ?? []
        guard !all.contains(where: { $0.values == values }) else { return }
        if all.count == Self.limit { all.removeFirst() }
        all.append(entry)
        entries[image] = all
    }
}

extension CounterexamplePool.Entry {
    /// The nearest point within the radius of the center.
    func moved(within radius: Double, of center: [Double]) -> [Double] {
        if distance <= radius { return values.map(Double.init) }
        return zip(values, center).map { min(max(Double($0), $1 - radius), $1 + radius) }
    }
}

/// The inputs of a counterexample in VNN-LIB form; nil when the text is something else.
func witnessInputs(_ text: String) -> [Double]? {
    var values: [Double] = []
    for line in text.split(whereSeparator: \.isNewline) {
        let words = line.split { $0 == "(" || $0 == ")" || $0 == " " }
        guard words.count == 2 else { return nil }
        if words[0].hasPrefix("Y_") { break }
        guard words[0] == "X_\(values.count)", let value = Double(words[1]) else { return nil }
        values.append(value)
    }
    return values.isEmpty ? nil : values
}
