public import BigInt

/// A dyadic rational, `mantissa * 2^exponent`, held exactly. Every finite float64 is one, and sums and
/// products of them are, so that a piecewise linear network with float64 weights maps them to one another.
public struct Dyadic: Sendable {
    public var mantissa: BigInt
    public var exponent: Int

    public init(mantissa: BigInt, exponent: Int) {
        self.mantissa = mantissa
        self.exponent = mantissa.isZero ? 0 : exponent
    }

    /// The float64 itself.
    ///
    /// - Precondition: finite.
    public init(_ number: Double) {
        precondition(number.isFinite, "only a finite number is dyadic")
        let hidden: UInt64 = number.exponentBitPattern == 0 ? 0 : 1 << 52
        let digits = number.significandBitPattern | hidden
        let zeros = digits.trailingZeroBitCount
        guard digits != 0 else {
            self.init(mantissa: 0, exponent: 0)
            return
        }
        let magnitude = BigInt(Int64(digits >> UInt64(zeros)))
        self.init(
            mantissa: number.sign == .minus ? -magnitude : magnitude,
            exponent: Int(max(1, number.exponentBitPattern)) - 1075 + zeros)
    }

    public static let zero = Dyadic(mantissa: 0, exponent: 0)

    /// -1, 0 or 1.
    public var sign: Int { mantissa.signum() == 0 ? 0 : mantissa.sign == .minus ? -1 : 1 }

    public static prefix func - (x: Dyadic) -> Dyadic {
        Dyadic(mantissa: -x.mantissa, exponent: x.exponent)
    }

    public static func + (x: Dyadic, y: Dyadic) -> Dyadic {
        if x.mantissa.isZero { return y }
        if y.mantissa.isZero { return x }
        let exponent = min(x.exponent, y.exponent)
        return Dyadic(
            mantissa: (x.mantissa << (x.exponent - exponent)) + (y.mantissa << (y.exponent - exponent)),
            exponent: exponent)
    }

    public static func - (x: Dyadic, y: Dyadic) -> Dyadic { x + -y }

    public static func * (x: Dyadic, y: Dyadic) -> Dyadic {
        Dyadic(mantissa: x.mantissa * y.mantissa, exponent: x.exponent + y.exponent)
    }

    public static func += (x: inout Dyadic, y: Dyadic) { x = x + y }
}

extension Dyadic: Comparable {
    public static func == (x: Dyadic, y: Dyadic) -> Bool { (x - y).sign == 0 }
    public static func < (x: Dyadic, y: Dyadic) -> Bool { (x - y).sign < 0 }
}

extension Double {
    /// The number rounded to float64, to within one unit in the last place; infinite beyond its range.
    public init(_ number: Dyadic) {
        let excess = max(0, number.mantissa.magnitude.bitWidth - 64)
        let leading = Double(UInt64(number.mantissa.magnitude >> excess))
        // In two steps, as the power alone may lie outside float64's range.
        let power = number.exponent + excess
        let half = min(1000, max(-1100, power / 2))
        let rest = min(1100, max(-1100, power - half))
        let magnitude =
            leading * Double(sign: .plus, exponent: half, significand: 1)
            * Double(sign: .plus, exponent: rest, significand: 1)
        self = number.mantissa.sign == .minus ? -magnitude : magnitude
    }
}
