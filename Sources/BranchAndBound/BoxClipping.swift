// Cutting off the parts of a box that cannot hold a counterexample (domain clipping, as in Clip-and-Verify, 2025).
//
// A counterexample satisfies every constraint of a disjunct, and each constraint's margin lies above an affine
// function on the box: the function must not be positive there. Propagating these inequalities over the inputs, as in
// linear programming presolve, shrinks the box, often to nothing.

import BoundPropagation

/// The affine functions below the margins of one disjunct's constraints on one box.
struct BoxPlanes {
    /// At any `x` of the box the margin is at least `bound + sum_j slopes_j (x_j - corner_j)`.
    var planes: [(bound: Double, slopes: ArraySlice<Double>)]

    /// The part of the box that may hold a counterexample; nil when none does.
    ///
    /// - Soundness: every point of the box where no plane is positive stays, for ends are rounded outward.
    func clip(_ box: InputBox) -> InputBox? {
        var result = box
        for _ in 0..<3 {
            for plane in planes {
                guard let slack = slack(of: plane, on: result, corners: box) else { return nil }
                tighten(&result, plane, corners: box, slack)
                for axis in result.lower.indices where result.lower[axis] > result.upper[axis] { return nil }
            }
        }
        return result
    }

    /// How far the plane's least value on the clipped box lies below 0, rounded up; nil when it is positive.
    private func slack(
        of plane: (bound: Double, slopes: ArraySlice<Double>), on box: InputBox, corners: InputBox
    ) -> Double? {
        var least = plane.bound
        for (axis, slope) in plane.slopes.enumerated() {
            let gain =
                slope > 0
                ? slope * (box.lower[axis] - corners.lower[axis]).nextDown
                : slope * (box.upper[axis] - corners.upper[axis]).nextUp
            if gain > 0 { least = (least + gain.nextDown).nextDown }
        }
        return least > 0 ? nil : -least
    }

    private func tighten(
        _ box: inout InputBox, _ plane: (bound: Double, slopes: ArraySlice<Double>), corners: InputBox, _ slack: Double
    ) {
        guard slack.isFinite else { return }
        for (axis, slope) in plane.slopes.enumerated() where slope.magnitude > 1e-30 && slope.isFinite {
            let reach = (slack / slope.magnitude).nextUp
            if slope > 0 {
                box.upper[axis] = min(box.upper[axis], (box.lower[axis] + reach).nextUp)
            } else {
                box.lower[axis] = max(box.lower[axis], (box.upper[axis] - reach).nextDown)
            }
        }
    }
}
