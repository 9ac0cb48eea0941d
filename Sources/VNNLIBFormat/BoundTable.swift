import Intervals

/// The distinct ends of the boxes: equal numbers get the same index however they are written, so that boxes
/// can be compared and hashed as integers.
struct BoundTable {
    struct Entry {
        var end: BoxEnd
        var isStrict: Bool
        /// The index of the same end without strictness, for the closed box.
        var closed: Int
        /// Another entry with the same enclosure, or -1.
        var next: Int
    }

    private(set) var entries: [Entry] = []
    private(set) var hasStrict = false
    private let bytes: [UInt8]
    /// The entry that was added last with an enclosure.
    private var latest: [Interval: Int] = [:]

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func index(of end: BoxEnd, isStrict: Bool) -> Int {
        var candidate = latest[end.interval] ?? -1
        while candidate >= 0 {
            let entry = entries[candidate]
            if entry.isStrict == isStrict, order(entry.end, end) == 0 { return candidate }
            candidate = entry.next
        }
        let closed = isStrict ? index(of: end, isStrict: false) : entries.count
        let next = latest.updateValue(entries.count, forKey: end.interval) ?? -1
        entries.append(Entry(end: end, isStrict: isStrict, closed: closed, next: next))
        hasStrict = hasStrict || isStrict
        return entries.count - 1
    }

    /// The tighter of two bounds on the same side.
    func tighter(_ a: Int, _ b: Int, isUpper: Bool) -> Int {
        implies(a, b, isUpper: isUpper) ? a : b
    }

    /// Whether what satisfies `a` satisfies `b`, both bounds on the same side.
    func implies(_ a: Int, _ b: Int, isUpper: Bool) -> Bool {
        if a == b { return true }
        let order = order(entries[a].end, entries[b].end)
        return order == 0 ? entries[a].isStrict || !entries[b].isStrict : (order < 0) == isUpper
    }

    /// Whether no number lies between.
    func isEmpty(lower: Int, upper: Int) -> Bool {
        let order = order(entries[lower].end, entries[upper].end)
        return order > 0 || (order == 0 && (entries[lower].isStrict || entries[upper].isStrict))
    }

    /// Negative, zero or positive as `a` is less than, equal to or greater than `b`.
    private func order(_ a: BoxEnd, _ b: BoxEnd) -> Int {
        if a.interval.upper < b.interval.lower { return -1 }
        if a.interval.lower > b.interval.upper { return 1 }
        if a.interval.isPoint && b.interval.isPoint { return 0 }
        let (exactA, exactB) = (decimal(a), decimal(b))
        return exactA < exactB ? -1 : exactA == exactB ? 0 : 1
    }

    private func decimal(_ end: BoxEnd) -> ExactDecimal {
        switch end.text {
        case .literal(let start, let past):
            guard let number = ExactDecimal(bytes[start..<past]) else {
                preconditionFailure("the parser took a literal that is no exact decimal")
            }
            return number
        case .decimal(let number): return number
        }
    }

    /// The end as a decimal's text.
    func text(of index: Int) -> String {
        switch entries[index].end.text {
        case .literal(let start, let past): String(decoding: bytes[start..<past], as: UTF8.self)
        case .decimal(let number): number.description
        }
    }
}
