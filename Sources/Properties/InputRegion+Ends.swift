// The box's ends are real numbers, known exactly when they are float64 numbers or decimals, else enclosed.

public import Intervals

extension InputRegion {
    /// The smallest float64 box around the region.
    public var outwardLower: [Double] { lower.map(\.lower) }
    public var outwardUpper: [Double] { upper.map(\.upper) }

    /// The largest float64 box inside the region; where its lower end passes its upper end no float64 lies
    /// inside for certain.
    public var inwardLower: [Double] { lower.map(\.upper) }
    public var inwardUpper: [Double] { upper.map(\.lower) }

    /// The range of each input, rounded outward.
    ///
    /// - Precondition: the region is not certainly empty by its enclosures.
    public var enclosure: [Interval] {
        zip(lower, upper).map { Interval(lower: $0.lower, upper: max($0.lower, $1.upper)) }
    }

    /// The lower end of input `index`, when it is known exactly.
    public func exactLower(_ index: Int) -> ExactDecimal? {
        exactEnd(lower[index], index < lowerText.count ? lowerText[index] : "")
    }

    /// The upper end of input `index`, when it is known exactly.
    public func exactUpper(_ index: Int) -> ExactDecimal? {
        exactEnd(upper[index], index < upperText.count ? upperText[index] : "")
    }

    private func exactEnd(_ end: Interval, _ text: String) -> ExactDecimal? {
        if end.isPoint && end.isBounded { return ExactDecimal(end.lower) }
        return text.isEmpty ? nil : ExactDecimal(text)
    }

    /// Whether it is certain that no point lies in the box. Decided exactly where both ends are known
    /// exactly.
    public var isCertainlyEmpty: Bool { emptyInput != nil }

    /// An input whose lower end certainly lies above its upper end.
    public var emptyInput: Int? {
        (0..<count).first { index in
            if lower[index].lower > upper[index].upper { return true }
            if lower[index].upper <= upper[index].lower { return false }
            guard let lowerEnd = exactLower(index), let upperEnd = exactUpper(index) else { return false }
            return lowerEnd > upperEnd
        }
    }

    /// Whether the point certainly lies in the box, ends included.
    public func contains(_ point: [Double]) -> Bool {
        point.count == count
            && (0..<count).allSatisfy { lower[$0].upper <= point[$0] && point[$0] <= upper[$0].lower }
    }

    /// Whether the point, given by decimals, certainly lies in the box, ends included.
    public func contains(_ point: [ExactDecimal]) -> Bool {
        point.count == count && (0..<count).allSatisfy { contains(point[$0], input: $0) }
    }

    /// Whether the decimal certainly lies between the ends of input `index`.
    public func contains(_ value: ExactDecimal, input index: Int) -> Bool {
        let enclosure = value.enclosure
        let isAboveLower =
            lower[index].upper <= enclosure.lower || exactLower(index).map { $0 <= value } ?? false
        let isBelowUpper =
            enclosure.upper <= upper[index].lower || exactUpper(index).map { value <= $0 } ?? false
        return isAboveLower && isBelowUpper
    }

    /// Whether both are known to be the same box, however their ends are written.
    public func isKnownEqual(to other: InputRegion) -> Bool {
        guard lower == other.lower, upper == other.upper else { return false }
        func isSame(_ end: Interval, _ mine: ExactDecimal?, _ theirs: ExactDecimal?) -> Bool {
            end.isPoint || (mine != nil && mine == theirs)
        }
        return (0..<count).allSatisfy { index in
            isSame(lower[index], exactLower(index), other.exactLower(index))
                && isSame(upper[index], exactUpper(index), other.exactUpper(index))
        }
    }
}
