// What affine functions below the margins of one conjunction leave of a box: a counterexample makes none of them
// positive (domain clipping, as in Clip-and-Verify, 2025).

internal import Intervals

/// Inputs that move; the others are as in the region.
struct Box: Sendable {
    var lower: [Double]
    var upper: [Double]

    /// The smallest box that holds both.
    func hull(_ other: Box) -> Box {
        Box(
            lower: zip(lower, other.lower).map { min($0, $1) }, upper: zip(upper, other.upper).map { max($0, $1) })
    }
}

/// A margin is at least `bound + sum_j slopes_j (x_j - corner_j)`, where the corner is the box's least point of it.
struct MarginPlane {
    var bound: Double
    var slopes: [Double]
}

extension Box {
    /// The part where no plane is positive, or a little more; nil when there is none.
    func clipped(by planes: [MarginPlane]) -> Box? {
        var result = self
        for _ in 0..<3 {
            for plane in planes {
                guard let slack = result.slack(of: plane, corners: self) else { return nil }
                result.tighten(plane, slack)
                for axis in lower.indices where result.lower[axis] > result.upper[axis] { return nil }
            }
        }
        return result
    }

    /// How far the plane's least value here lies below 0, rounded up; nil when it is positive.
    private func slack(of plane: MarginPlane, corners: Box) -> Double? {
        var least = plane.bound
        for (axis, slope) in plane.slopes.enumerated() {
            let gain =
                slope > 0
                ? productRoundedDown(slope, differenceRoundedDown(lower[axis], corners.lower[axis]))
                : productRoundedDown(slope, differenceRoundedUp(upper[axis], corners.upper[axis]))
            if gain > 0 { least = sumRoundedDown(least, gain) }
        }
        return least > 0 ? nil : -least
    }

    /// No point is farther from the plane's least point than its slack allows.
    private mutating func tighten(_ plane: MarginPlane, _ slack: Double) {
        guard slack.isFinite else { return }
        for (axis, slope) in plane.slopes.enumerated() where slope.magnitude > 1e-30 && slope.isFinite {
            let reach = quotientRoundedUp(slack, slope.magnitude)
            if slope > 0 {
                upper[axis] = min(upper[axis], sumRoundedUp(lower[axis], reach))
            } else {
                lower[axis] = max(lower[axis], differenceRoundedDown(upper[axis], reach))
            }
        }
    }
}
