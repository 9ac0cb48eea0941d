// Arithmetic on intervals, each end rounded outward only when it is not a float64 (see
// DirectedRounding.swift).

extension Interval {
    @inlinable
    public static prefix func - (x: Interval) -> Interval {
        Interval(lower: -x.upper, upper: -x.lower)
    }

    /// - Soundness: holds `a + b` for all reals `a` in `x` and `b` in `y`.
    @inlinable
    public static func + (x: Interval, y: Interval) -> Interval {
        Interval(lower: sumRoundedDown(x.lower, y.lower), upper: sumRoundedUp(x.upper, y.upper))
    }

    /// - Soundness: holds `a - b` for all reals `a` in `x` and `b` in `y`.
    @inlinable
    public static func - (x: Interval, y: Interval) -> Interval {
        Interval(lower: sumRoundedDown(x.lower, -y.upper), upper: sumRoundedUp(x.upper, -y.lower))
    }

    /// - Soundness: holds `a * b` for all reals `a` in `x` and `b` in `y`.
    @inlinable
    public static func * (x: Interval, y: Interval) -> Interval {
        if x.lower >= 0 {
            return Interval(
                lower: productRoundedDown(y.lower >= 0 ? x.lower : x.upper, y.lower),
                upper: productRoundedUp(y.upper >= 0 ? x.upper : x.lower, y.upper))
        }
        if x.upper <= 0 {
            return Interval(
                lower: productRoundedDown(y.upper >= 0 ? x.lower : x.upper, y.upper),
                upper: productRoundedUp(y.lower >= 0 ? x.upper : x.lower, y.lower))
        }
        if y.lower >= 0 || y.upper <= 0 { return y * x }
        return Interval(
            lower: min(productRoundedDown(x.lower, y.upper), productRoundedDown(x.upper, y.lower)),
            upper: max(productRoundedUp(x.lower, y.lower), productRoundedUp(x.upper, y.upper)))
    }

    /// The quotients; the whole line when the divisor holds zero.
    ///
    /// - Soundness: holds `a / b` for all reals `a` in `x` and `b != 0` in `y`.
    @inlinable
    public static func / (x: Interval, y: Interval) -> Interval {
        if y.upper < 0 { return -x / -y }
        guard y.lower > 0 else { return .line }
        return Interval(
            lower: quotientRoundedDown(x.lower, x.lower >= 0 ? y.upper : y.lower),
            upper: quotientRoundedUp(x.upper, x.upper >= 0 ? y.lower : y.upper))
    }

    @inlinable
    public static func + (x: Interval, y: Double) -> Interval { x + Interval(y) }
    @inlinable
    public static func - (x: Interval, y: Double) -> Interval { x - Interval(y) }
    @inlinable
    public static func * (x: Double, y: Interval) -> Interval {
        x >= 0
            ? Interval(lower: productRoundedDown(x, y.lower), upper: productRoundedUp(x, y.upper))
            : Interval(lower: productRoundedDown(x, y.upper), upper: productRoundedUp(x, y.lower))
    }

    @inlinable
    public static func += (x: inout Interval, y: Interval) { x = x + y }
    @inlinable
    public static func -= (x: inout Interval, y: Interval) { x = x - y }
    @inlinable
    public static func *= (x: inout Interval, y: Interval) { x = x * y }

    /// The range of the smaller of two numbers.
    @inlinable
    public static func minimum(_ x: Interval, _ y: Interval) -> Interval {
        Interval(lower: min(x.lower, y.lower), upper: min(x.upper, y.upper))
    }

    /// The range of the larger of two numbers.
    @inlinable
    public static func maximum(_ x: Interval, _ y: Interval) -> Interval {
        Interval(lower: max(x.lower, y.lower), upper: max(x.upper, y.upper))
    }

    /// The range of `max(0, a)`. An end that is not positive becomes the plain zero.
    @inlinable
    public func relu() -> Interval {
        Interval(lower: lower > 0 ? lower : 0, upper: upper > 0 ? upper : 0)
    }

    /// The range of `a` where `a >= 0`, else `slope * a`.
    ///
    /// - Precondition: `slope >= 0`.
    @inlinable
    public func leakyRelu(slope: Double) -> Interval {
        precondition(slope >= 0, "a leaky ReLU's slope must not be negative")
        return Interval(
            lower: lower >= 0 ? lower : productRoundedDown(slope, lower),
            upper: upper >= 0 ? upper : productRoundedUp(slope, upper))
    }
}
