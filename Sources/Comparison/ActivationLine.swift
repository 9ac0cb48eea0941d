// An activation between two parallel lines, as zonotopes need it.

import Intervals
import Networks

/// `slope z + lower <= sigma(z) <= slope z + upper` over a range.
struct ParallelLines {
    var slope: Double
    var lower: Double
    var upper: Double

    /// The middle between the offsets.
    var middle: Double { lower == upper ? lower : lower / 2 + upper / 2 }
    /// At least half the distance of the lines.
    var reach: Double {
        lower == upper ? 0 : max(differenceRoundedUp(upper, middle), differenceRoundedUp(middle, lower))
    }

    /// - Soundness: the lines hold at every real number of the range.
    init(_ activation: Activation, over lower: Double, _ upper: Double) {
        switch activation {
        case .relu: self.init(bend: 0, lower, upper)
        case .leakyRelu(let slope): self.init(bend: slope, lower, upper)
        case .smooth(let function):
            let curve = SmoothCurve(function)
            guard lower < upper, lower.isFinite, upper.isFinite else {
                let range = curve.range(over: Interval(lower: lower, upper: upper))
                self.init(slope: 0, lower: range.lower, upper: range.upper)
                return
            }
            let range = Interval(lower: lower, upper: upper)
            let chord = (function.jet(upper).value - function.jet(lower).value) / (upper - lower)
            let least = min(function.jet(lower).slope, function.jet(upper).slope)
            let lines = [chord, least, 0].map { slope in
                ParallelLines(
                    slope: slope, lower: curve.offsetBelow(slope: slope, over: range),
                    upper: curve.offsetAbove(slope: slope, over: range))
            }
            self = lines.min { $0.upper - $0.lower < $1.upper - $1.lower }!
        }
    }

    init(slope: Double, lower: Double, upper: Double) {
        (self.slope, self.lower, self.upper) = (slope, lower, upper)
    }

    /// Of the function that is the identity right of 0 and has the slope `bend` left of it.
    private init(bend: Double, _ lower: Double, _ upper: Double) {
        if lower >= 0 {
            self.init(slope: 1, lower: 0, upper: 0)
        } else if upper <= 0 {
            self.init(slope: bend, lower: 0, upper: 0)
        } else {
            // The distance from the line through 0 is convex: 0 at 0, most at an end.
            let slope = min(max((upper - bend * lower) / (upper - lower), bend), 1)
            let left = productRoundedUp(differenceRoundedUp(slope, bend), -lower)
            let right = productRoundedUp(differenceRoundedUp(1, slope), upper)
            self.init(slope: slope, lower: 0, upper: max(left, right))
        }
    }
}

/// The difference of an activation's values as a line in the difference of its arguments, give or take.
struct DifferenceLines {
    /// What may be known of the arguments: `z`, `zhat` and `dz = z - zhat`.
    struct Ranges {
        var dense: Interval
        var pruned: Interval
        var difference: Interval
    }

    /// The lines to choose from, each valid by itself, without rounding losses in the slope.
    ///
    /// - Soundness: `sigma(z) - sigma(zhat)` lies between each pair of lines, as functions of dz, for all z, zhat and dz
    ///   of the ranges with `z = zhat + dz`.
    static func candidates(_ activation: Activation, _ ranges: Ranges) -> [ParallelLines] {
        let (z, zhat, d) = (ranges.dense, ranges.pruned, ranges.difference)
        guard case .relu = activation else { return [bySlopes(activation.slopes(over: z.union(zhat)), d)] }
        let rise = max(d.upper, 0)
        let fall = max(-d.lower, 0)
        if z.lower >= 0 && zhat.lower >= 0 { return [ParallelLines(slope: 1, lower: 0, upper: 0)] }
        if z.upper <= 0 && zhat.upper <= 0 { return [ParallelLines(slope: 0, lower: 0, upper: 0)] }
        if z.lower >= 0 {
            // z - relu(zhat) = dz - relu(-zhat), and -zhat <= dz.
            return [ParallelLines(slope: 1, lower: -max(0, min(-zhat.lower, rise)), upper: 0)]
        }
        if zhat.lower >= 0 {
            // relu(z) - zhat = dz + relu(-z), and -z <= -dz.
            return [ParallelLines(slope: 1, lower: 0, upper: max(0, min(-z.lower, fall)))]
        }
        if z.upper <= 0 { return [ParallelLines(slope: 0, lower: -max(0, min(zhat.upper, fall)), upper: 0)] }
        if zhat.upper <= 0 { return [ParallelLines(slope: 0, lower: 0, upper: max(0, min(z.upper, rise)))] }
        return [
            bySlopes(Interval(lower: 0, upper: 1), d),
            ParallelLines(slope: 0, lower: -min(zhat.upper, fall), upper: min(z.upper, rise)),
        ]
    }

    /// The mean value theorem: the difference is some slope times dz.
    private static func bySlopes(_ slopes: Interval, _ d: Interval) -> ParallelLines {
        let slope = slopes.isPoint ? slopes.lower : slopes.lower / 2 + slopes.upper / 2
        let spread = max(differenceRoundedUp(slopes.upper, slope), differenceRoundedUp(slope, slopes.lower))
        let reach = productRoundedUp(spread, max(d.lower.magnitude, d.upper.magnitude))
        return ParallelLines(slope: slope, lower: -reach, upper: reach)
    }
}
