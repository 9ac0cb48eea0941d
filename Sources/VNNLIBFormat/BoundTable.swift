import Intervals

/// The distinct ends of the boxes: equal numbers get the same index however they are written, so that boxes
/// can be compared and hashed as integers.
struct BoundTable {
    struct Entry {
        var end: BoxEnd
        var isStrict: Bool
        /// The index of the same end without strictness, for the closed box.
        var closed: Int
    }

    private(set) var entries: [Entry] = []
    private let bytes: [UInt8]
    private var indices: [Interval: [Int]] = [:]

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func index(of end: BoxEnd, isStrict: Bool) -> Int {
        let candidates = indices[end.interval] ?? []
        for candidate in candidates where entries[candidate].isStrict == isStrict {
            if order(entries[candidate].end, end) == 0 { return candidate }
        }
        let closed = isStrict ? index(of: end, isStrict: false) : entries.count
        entries.append(Entry(end: end, isStrict: isStrict, closed: closed))
        indices[end.interval, default: []].append(entries.count - 1)
        return entries.count - 1
    }

    /// The tighter of two bounds on the same side.
    mutating func tighter(_ a: Int, _ b: Int, isUpper: Bool) -> Int {
        if a == b { return a }
        let (first, second) = (entries[a], entries[b])
        guard let order = order(first.end, second.end) else {
            // Two ends so close that it cannot be told which comes first: what is known holds either way.
            let interval =
                isUpper
                ? Interval.minimum(first.end.interval, second.end.interval)
                : Interval.maximum(first.end.interval, second.end.interval)
            return index(
                of: BoxEnd(interval: interval, text: .none), isStrict: first.isStrict && second.isStrict)
        }
        if order == 0 { return first.isStrict ? a : b }
        return (order < 0) == isUpper ? a : b
    }

    /// Whether it is certain that no number lies between.
    func isEmpty(lower: Int, upper: Int) -> Bool {
        guard let order = order(entries[lower].end, entries[upper].end) else { return false }
        return order > 0 || (order == 0 && (entries[lower].isStrict || entries[upper].isStrict))
    }

    /// Negative, zero or positive as `a` is less than, equal to or greater than `b`; nil when that is not
    /// known.
    private func order(_ a: BoxEnd, _ b: BoxEnd) -> Int? {
        if a.interval.upper < b.interval.lower { return -1 }
        if a.interval.lower > b.interval.upper { return 1 }
        if a.interval.isPoint && b.interval.isPoint { return 0 }
        guard let exactA = decimal(a), let exactB = decimal(b) else { return nil }
        return exactA < exactB ? -1 : exactA == exactB ? 0 : 1
    }

    private func decimal(_ end: BoxEnd) -> ExactDecimal? {
        switch end.text {
        case .literal(let start, let past): ExactDecimal(bytes[start..<past])
        case .decimal(let number): number
        case .none: nil
        }
    }

    /// The end as a decimal's text; empty when it is not a decimal.
    func text(of index: Int) -> String {
        switch entries[index].end.text {
        case .literal(let start, let past): String(decoding: bytes[start..<past], as: UTF8.self)
        case .decimal(let number): number.description
        case .none: ""
        }
    }
}
