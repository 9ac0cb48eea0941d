// What the growth of an activation is bounded by. It is a common mistake to take 1 for every activation: GELU and SiLU
// are steeper than the identity right of their bend.

public import Intervals
public import Networks

extension Activation {
    /// At least the Lipschitz constant on the whole line: 1 for ReLU, tanh and softplus, 1.1289... for GELU, 1.0998...
    /// for SiLU, 1/4 for the sigmoid.
    public var lipschitzBound: Double {
        let slopes = slopes(over: Interval(lower: -0x1p40, upper: 0x1p40))
        return max(slopes.lower.magnitude, slopes.upper.magnitude)
    }

    /// At least `sup |sigma(x) - sigma(0)| / |x|`.
    public var growthBound: Double {
        switch self {
        case .relu, .leakyRelu: 1
        // |sigma(x)| = |x| times a number between 0 and 1.
        case .smooth(.silu), .smooth(.gelu), .smooth(.geluTanh): 1
        case .smooth: lipschitzBound
        }
    }

    /// An enclosure of sigma(0).
    var valueAtZero: Interval {
        switch self {
        case .relu, .leakyRelu: .zero
        case .smooth(let function): function.value(0)
        }
    }

    /// The range of slopes over an interval; for the two neighbours of a kink, both.
    ///
    /// - Soundness: holds `(sigma(a) - sigma(b)) / (a - b)` for all `a != b` of the interval.
    public func slopes(over interval: Interval) -> Interval {
        switch self {
        case .relu, .leakyRelu:
            let slope = if case .leakyRelu(let slope) = self { slope } else { 0.0 }
            // Only 0 itself lies on both sides.
            if (interval.lower >= 0) == (interval.upper <= 0) {
                return Interval(lower: min(slope, 1), upper: max(slope, 1))
            }
            return Interval(interval.lower >= 0 ? 1 : slope)
        case .smooth(let function):
            var result = function.slope(interval.lower).union(function.slope(interval.upper))
            for piece in SmoothCurve(function).pieces {
                for end in [piece.from, piece.to] where end > interval.lower && end < interval.upper {
                    result = result.union(function.slope(end))
                }
            }
            // Between two pieces the curvature changes within some 2^-46, over which a slope moves by less than this:
            // second derivatives are below 8 there, and below 2^18 for GELU with coefficients of its own.
            let isOwn = if case .geluTanh = function { function != .standardGeluTanh } else { false }
            let gap = isOwn ? 0x1p-20 : 0x1p-40
            return Interval(
                lower: differenceRoundedDown(result.lower, gap), upper: sumRoundedUp(result.upper, gap))
        }
    }
}
