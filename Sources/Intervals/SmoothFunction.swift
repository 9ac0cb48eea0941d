/// An activation that is no piecewise linear function: its value and slope in float64, and enclosures of both.
public enum SmoothFunction: Sendable, Hashable {
    /// `1 / (1 + e^-z)`
    case sigmoid
    case tanh
    /// `ln(1 + e^z)`
    case softplus
    /// `z sigmoid(z)`, also called swish
    case silu
    /// `z Phi(z)` with the standard normal distribution function: GELU by the error function
    case gelu
    /// `z (1 + tanh(linear z + cubic z^3)) / 2`: GELU's approximation. Each coefficient stands for every real number
    /// within 2^-52 of it, relatively; both lie in `coefficients`.
    case geluTanh(linear: Double, cubic: Double)
    /// `z` where `z >= 0`, else `alpha (e^z - 1)`; `alpha` is exact and in `alphas`.
    case elu(alpha: Double)

    /// What `geluTanh` may have as coefficients.
    public static let coefficients = 0x1p-8...0x1p8
    /// What `elu` may have as `alpha`.
    public static let alphas = 0x1p-30...0x1p30
    /// GELU's approximation as it is published: `sqrt(2 / pi) (z + 0.044715 z^3)`.
    public static let standardGeluTanh = SmoothFunction.geluTanh(
        linear: 0x1.9884533d43651p-1, cubic: 0x1.2444f2a4d8b4bp-5)

    /// Value and slope, to about 13 digits.
    public struct Jet: Sendable {
        public var value: Double
        public var slope: Double
    }

    /// Value and slope at a number, in plain float64 arithmetic; NaN at NaN.
    public func jet(_ z: Double) -> Jet {
        if z.isNaN { return Jet(value: .nan, slope: .nan) }
        switch self {
        case .sigmoid:
            let (s, t) = Self.sigmoids(z)
            return Jet(value: s, slope: s * t)
        case .tanh:
            let m = exponentialMinusOne(-2 * z.magnitude)
            let (s, t) = Self.sigmoids(2 * z)
            return Jet(value: z < 0 ? m / (m + 2) : -m / (m + 2), slope: 4 * (s * t))
        case .softplus:
            let e = exponential(-z.magnitude)
            let s = z < 0 ? e / (1 + e) : 1 / (1 + e)
            return Jet(value: max(z, 0) + logarithmOfOnePlus(e), slope: s)
        case .silu:
            if z.magnitude > 700 { return Self.limit(z) }
            let (s, t) = Self.sigmoids(z)
            return Jet(value: z * s, slope: s * (1 + z * t))
        case .gelu:
            if z.magnitude > Self.tail { return Self.limit(z) }
            let density = normalDensity(z)
            let distribution = normalDistribution(z, density: density)
            return Jet(value: z * distribution, slope: distribution + z * density)
        case .geluTanh(let linear, let cubic):
            if z.magnitude > 0x1p20 { return Self.limit(z) }
            let q = z * z
            let (s, t) = Self.sigmoids(2 * z * (linear + cubic * q))
            return Jet(value: z * s, slope: s + z * (s * t) * (2 * (linear + 3 * cubic * q)))
        case .elu(let alpha):
            if z >= 0 { return Jet(value: z, slope: 1) }
            return Jet(value: alpha * exponentialMinusOne(z), slope: alpha * exponential(z))
        }
    }

    /// Beyond it `Phi` is 0 or 1, up to less than 2^-53.
    static let tail = 8.5

    /// `0` or `z`, what SiLU and GELU come down to far from 0.
    private static func limit(_ z: Double) -> Jet { z < 0 ? Jet(value: 0, slope: 0) : Jet(value: z, slope: 1) }

    /// The sigmoid at `z` and at `-z`.
    ///
    /// - Soundness: each within 2^-46 of the real value, relative to it, plus e^-700: 64 u of the exponential, 33 u of
    ///   the denominator, 1 u of the quotient.
    private static func sigmoids(_ z: Double) -> (Double, Double) {
        let e = exponential(-z.magnitude)
        let large = 1 / (1 + e)
        let small = e / (1 + e)
        return z < 0 ? (small, large) : (large, small)
    }
}

// MARK: enclosures

extension SmoothFunction {
    /// More than 700 e^-700: what `jet` leaves out where it moves an argument to 700.
    private static var vanishing: Double { 0x1p-1000 }

    /// An enclosure of the value at a number; the limit at an infinite one, the line at NaN.
    ///
    /// - Soundness: holds the real value. The errors of the computation in `jet`, in units of 2^-53: sigmoid 98,
    ///   softplus 130, SiLU 99 and ELU 155 relative to the value; tanh 514 relative (256 for numerator and denominator
    ///   each); GELU 2^-44 |z|, and below 2^-53 beyond `tail` (Mills: phi(z) / |z| bounds the smaller side); GELU by
    ///   tanh 102 |z|: the argument of its sigmoid is off by 8 units relatively, which moves the sigmoid by
    ///   8 |w| sigmoid'(w) <= 2, and relatively by 8 |w| < 5,600 as long as it is not vanishing.
    public func value(_ z: Double) -> Interval {
        if z.isNaN { return .line }
        if z.isInfinite { return Interval(limit(z)) }
        let value = jet(z).value
        switch self {
        case .sigmoid: return z == 0 ? Interval(0.5) : Self.around(value, 0x1p-45 * value, in: 0...1)
        case .tanh:
            if z == 0 { return .zero }
            return Self.around(value, 0x1p-43 * value.magnitude, in: z < 0 ? -1...0 : 0...1)
        case .softplus: return Self.around(value, 0x1p-44 * value, in: max(0, z)...Double.infinity)
        case .silu: return Self.around(value, 0x1p-45 * value.magnitude, in: z < 0 ? z...0 : 0...z)
        case .gelu:
            let radius = z.magnitude > Self.tail ? 0x1p-53 : 0x1p-43 * z.magnitude
            return Self.around(value, radius, in: z < 0 ? z...0 : 0...z)
        case .geluTanh:
            let radius = 0x1p-45 * z.magnitude
            return z < 0
                ? Self.around(value, min(radius, 0x1p-40 * value.magnitude + 0x1p-960), in: z...0)
                : Self.around(value, radius, in: 0...z)
        case .elu(let alpha):
            if z >= 0 { return Interval(z) }
            return Self.around(value, 0x1p-44 * value.magnitude, in: -alpha...0)
        }
    }

    /// An enclosure of the slope at a number, or of all slopes there where the function has a kink.
    ///
    /// - Soundness: holds the real slope. The errors of `jet`: sigmoid 199, tanh 200, softplus 98 and ELU 65 units of
    ///   2^-53 relative to the slope; SiLU 231 units absolutely (|z| sigmoid(z) is below 0.28 left of 0); GELU 2^-44
    ///   and 33 units, and less than 2^-50 beyond `tail`; GELU by tanh 204 units: |z w' sigmoid'(w)| is below 0.68, and
    ///   8 units of w do at most 11 more.
    public func slope(_ z: Double) -> Interval {
        if z.isNaN { return .line }
        let slope = jet(z).slope
        switch self {
        case .sigmoid: return Self.around(slope, 0x1p-44 * slope, in: 0...0.25)
        case .tanh: return Self.around(slope, 0x1p-44 * slope, in: 0...1)
        case .softplus: return Self.around(slope, 0x1p-45 * slope, in: 0...1)
        case .silu: return Self.around(slope, 0x1p-44, in: -1...2)
        case .gelu: return Self.around(slope, 0x1p-43, in: -1...2)
        case .geluTanh: return Self.around(slope, 0x1p-44, in: -1...2)
        case .elu(let alpha):
            if z > 0 { return Interval(1) }
            if z == 0 { return Interval(lower: min(alpha, 1), upper: max(alpha, 1)) }
            return Self.around(slope, 0x1p-45 * slope, in: 0...alpha)
        }
    }

    /// Everything within the radius, and what `jet` treats as 0, as far as it lies in the range.
    private static func around(_ value: Double, _ radius: Double, in range: ClosedRange<Double>) -> Interval {
        let radius = (radius + vanishing).nextUp
        let lower = max(range.lowerBound, differenceRoundedDown(value, radius))
        let upper = min(range.upperBound, sumRoundedUp(value, radius))
        return lower <= upper ? Interval(lower: lower, upper: upper) : .line
    }

    private func limit(_ z: Double) -> Double {
        switch self {
        case .sigmoid: z < 0 ? 0 : 1
        case .tanh: z < 0 ? -1 : 1
        case .softplus, .silu, .gelu, .geluTanh: z < 0 ? 0 : .infinity
        case .elu(let alpha): z < 0 ? -alpha : .infinity
        }
    }
}
