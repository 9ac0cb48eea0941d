import RandomNumbers

extension SplitMix64 {
    /// Any finite float64, every kind often: ordinary, small integers, dyadic, subnormal, huge, powers of
    /// two, zero.
    mutating func anyDouble() -> Double {
        let sign: Double = Bool.random(using: &self) ? 1 : -1
        switch Int.random(in: 0..<9, using: &self) {
        case 0: return sign * Double.random(in: 0...1, using: &self)
        case 1: return sign * Double(Int.random(in: 0...40, using: &self))
        case 2: return sign * Double(Int.random(in: 0...1024, using: &self)) / 64
        case 3:
            return sign
                * Double(
                    bitPattern: UInt64.random(in: 0..<(1 << 52), using: &self)
                        >> UInt64.random(in: 0..<52, using: &self))
        case 4:
            return sign
                * Double(
                    sign: .plus, exponent: Int.random(in: 900...1023, using: &self),
                    significand: Double.random(in: 1..<2, using: &self))
        case 5:
            return sign
                * Double(sign: .plus, exponent: Int.random(in: -1074...1023, using: &self), significand: 1)
        case 6:
            return sign
                * Double(
                    sign: .plus, exponent: Int.random(in: -1074 ... -400, using: &self),
                    significand: Double.random(in: 1..<2, using: &self))
        case 7:
            return [0, -0.0, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, 1][
                Int.random(in: 0..<6, using: &self)] * sign
        default:
            return sign
                * Double(
                    sign: .plus, exponent: Int.random(in: -1022...1023, using: &self),
                    significand: Double.random(in: 1..<2, using: &self))
        }
    }
}
