/// A closed interval of real numbers with float64 ends, the carrier of every outward-rounded computation.
///
/// - Soundness: for reals `a` in `x` and `b` in `y`, `a + b` is in `x + y`, and so for every operation here.
///   An
///   operation that is exact in float64 is not widened, so zeros and small integers stay points. An end may
///   be
///   infinite; a NaN end never arises: a computation that would make one gives the whole line instead.
public struct Interval: Sendable, Hashable {
    public var lower: Double
    public var upper: Double

    /// - Precondition: `lower <= upper`.
    @inlinable
    public init(lower: Double, upper: Double) {
        precondition(lower <= upper, "an interval's lower end lies above its upper end")
        self.lower = lower
        self.upper = upper
    }

    /// The interval that holds one number.
    @inlinable
    public init(_ point: Double) {
        self.init(lower: point, upper: point)
    }
}
