// Intervals as sets of real numbers.

extension Interval {
    /// All real numbers.
    @inlinable
    public static var line: Interval { Interval(lower: -.infinity, upper: .infinity) }
    @inlinable
    public static var zero: Interval { Interval(0) }

    /// Whether the interval holds exactly one number.
    @inlinable
    public var isPoint: Bool { lower == upper }

    /// Whether both ends are finite.
    @inlinable
    public var isBounded: Bool { lower > -.infinity && upper < .infinity }

    @inlinable
    public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }

    @inlinable
    public func contains(_ other: Interval) -> Bool { lower <= other.lower && other.upper <= upper }

    /// A float64 inside the interval, near its middle; zero for the line.
    @inlinable
    public var midpoint: Double {
        if isPoint { return lower }
        if lower == -.infinity { return upper == .infinity ? 0 : min(upper, -.greatestFiniteMagnitude) }
        if upper == .infinity { return max(lower, .greatestFiniteMagnitude) }
        let middle = (lower + upper) / 2
        return min(max(middle.isFinite ? middle : lower / 2 + upper / 2, lower), upper)
    }

    /// The greatest distance of a member from zero.
    @inlinable
    public var magnitude: Double { max(lower.magnitude, upper.magnitude) }

    /// `upper - lower`, rounded up.
    @inlinable
    public var width: Double { isPoint ? 0 : sumRoundedUp(upper, -lower) }

    /// The smallest interval that holds both.
    @inlinable
    public func union(_ other: Interval) -> Interval {
        Interval(lower: min(lower, other.lower), upper: max(upper, other.upper))
    }

    /// What both hold, or nil when that is nothing.
    @inlinable
    public func intersection(_ other: Interval) -> Interval? {
        let greaterLower = max(lower, other.lower)
        let lesserUpper = min(upper, other.upper)
        return greaterLower <= lesserUpper ? Interval(lower: greaterLower, upper: lesserUpper) : nil
    }
}

extension Interval: CustomStringConvertible {
    public var description: String { isPoint ? "\(lower)" : "[\(lower), \(upper)]" }
}
