// What is proved about every value of the network over one region.

import Evaluation

/// Bounds of every node's features over a region, in the order of the lanes.
///
/// - Soundness: for every input of the region and every node, the real-valued network's value lies within
///   `lower[node]` and `upper[node]`. Bounds only ever tighten.
public struct NodeBounds: Sendable {
    public internal(set) var lower: [[Double]]
    public internal(set) var upper: [[Double]]
    /// Bounds of the affine operators' rounding residual; see `Residual`.
    var residuals: [Residual]

    /// Everything unknown but the input.
    init(plan: LanePlan, lower inputLower: [Double], upper inputUpper: [Double]) {
        lower = plan.layouts.map { Array(repeating: -.infinity, count: $0.count) }
        upper = plan.layouts.map { Array(repeating: .infinity, count: $0.count) }
        residuals = Array(repeating: Residual(), count: plan.nodeCount)
        lower[0] = inputLower
        upper[0] = inputUpper
    }

    /// The largest magnitude of a feature.
    public func magnitude(_ node: Int, _ feature: Int) -> Double {
        max(lower[node][feature].magnitude, upper[node][feature].magnitude)
    }

    /// Whether a neuron's preactivation may have either sign.
    public func isUnstable(_ node: Int, _ feature: Int) -> Bool {
        lower[node][feature] < 0 && upper[node][feature] > 0
    }

    /// What holds wherever these bounds or the given ones do.
    public func union(_ other: NodeBounds) -> NodeBounds {
        var result = self
        for node in lower.indices {
            for feature in lower[node].indices {
                result.lower[node][feature] = min(lower[node][feature], other.lower[node][feature])
                result.upper[node][feature] = max(upper[node][feature], other.upper[node][feature])
            }
            let (own, others) = (residuals[node], other.residuals[node])
            result.residuals[node] = Residual(
                euclidean: max(own.euclidean, others.euclidean), absolute: max(own.absolute, others.absolute),
                range: max(own.range, others.range))
        }
        return result
    }

    /// Replaces a feature's bounds where the given ones are tighter. NaN changes nothing, nor does what would cross the
    /// other bound: then no input is left that the bounds speak of, and any bounds hold.
    mutating func tighten(_ node: Int, _ feature: Int, lower newLower: Double, upper newUpper: Double) {
        if newLower > lower[node][feature], newLower <= upper[node][feature] { lower[node][feature] = newLower }
        if newUpper < upper[node][feature], newUpper >= lower[node][feature] { upper[node][feature] = newUpper }
    }
}
