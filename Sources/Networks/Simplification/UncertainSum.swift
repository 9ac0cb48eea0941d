// Sums of products with a bound on everything that rounding and inexact operands do to them.
//
// The sum is the compensated dot product Dot2 of Ogita, Rump and Oishi ("Accurate sum and dot product", SIAM J. Sci.
// Comput. 26(6), 2005, algorithm 5.3 and proposition 5.5): without underflow its result is within
// `u |x.y| + gamma_n^2 |x|.|y|` of the exact one, as if computed in twice the precision and rounded once. When no
// step leaves a remainder the result is exact, and is known to be.
internal import Intervals

/// A real number within `radius` of `value`.
struct Uncertain: Equatable {
    var value: Double
    var radius = 0.0

    init(_ value: Double, radius: Double = 0) {
        self.value = value
        self.radius = radius
    }

    /// A weight with a relative error.
    init(weight: Double, relative: Double) {
        value = weight
        radius = relative == 0 ? 0 : productRoundedUp(relative, weight.magnitude)
    }

    /// Every number of the interval; a value that is not finite when the interval is not bounded.
    init(_ interval: Interval) {
        value = interval.isBounded ? interval.midpoint : .nan
        radius = max(differenceRoundedUp(interval.upper, value), differenceRoundedUp(value, interval.lower))
    }

    var enclosure: Interval {
        Interval(lower: differenceRoundedDown(value, radius), upper: sumRoundedUp(value, radius))
    }

    var isFinite: Bool { value.isFinite && radius.isFinite }
    var isZero: Bool { value == 0 && radius == 0 }

    /// The radius relative to the value; infinite for a zero that may be something else.
    var relativeRadius: Double {
        radius == 0 ? 0 : value == 0 ? .infinity : quotientRoundedUp(radius, value.magnitude)
    }
}

struct UncertainSum {
    private var high = 0.0
    private var low = 0.0
    private var magnitude = 0.0
    private var count = 0.0
    private var isExact = true
    /// What the operands' radii can do, rounded up.
    private var slack = 0.0
    /// Covers remainders of products that are too small for float64.
    private var underflow = 0.0

    init(_ start: Uncertain = Uncertain(0)) {
        high = start.value
        magnitude = start.value.magnitude
        slack = start.radius
        count = 1
    }

    mutating func add(_ term: Uncertain) {
        accumulate(term.value, remainder: 0)
        if term.radius > 0 { slack = sumRoundedUp(slack, term.radius) }
    }

    mutating func add(_ a: Uncertain, times b: Uncertain) {
        let product = a.value * b.value
        if product.magnitude < 0x1p-900 && a.value != 0 && b.value != 0 {
            isExact = false
            underflow += 0x1p-1000
        }
        accumulate(product, remainder: (-product).addingProduct(a.value, b.value))
        guard a.radius > 0 || b.radius > 0 else { return }
        slack = sumRoundedUp(slack, productRoundedUp(a.value.magnitude, b.radius))
        slack = sumRoundedUp(slack, productRoundedUp(sumRoundedUp(b.value.magnitude, b.radius), a.radius))
    }

    private mutating func accumulate(_ term: Double, remainder: Double) {
        let sum = high + term
        let virtual = sum - high
        let lost = (high - (sum - virtual)) + (term - virtual)
        high = sum
        if lost != 0 || remainder != 0 {
            low += lost + remainder
            isExact = false
        }
        magnitude += term.magnitude
        count += 1
    }

    /// The sum; infinite or NaN when it overflowed.
    var result: Uncertain {
        if isExact { return Uncertain(high, radius: slack) }
        let value = high + low
        let steps = count * 0x1p-52
        let rounding = 0x1p-53 * value.magnitude + 2 * steps * steps * magnitude
        return Uncertain(
            value, radius: sumRoundedUp(sumRoundedUp(rounding * (1 + 0x1p-20), underflow), slack))
    }
}

extension AffineError {
    /// The radius of one offset.
    func offset(_ index: Int) -> Double { offsets.isEmpty ? 0 : offsets[index] }

    /// - Parameter radii: per offset; kept only when some are not zero.
    init(relative: Double, radii: [Double]) {
        self.init(relative: relative, offsets: radii.contains { $0 > 0 } ? radii : [])
    }
}
