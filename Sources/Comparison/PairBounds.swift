// Each network's neurons over a whole region by linear bounds of its own, to cut the difference's bounds with: zonotopes
// and linear bounds by back-substitution are tight in different places, and over many inputs the latter are tighter.

import BoundPropagation
import Evaluation
import Properties

/// Bounds of all nodes of an aligned pair, which hold on every part of the region too.
struct PairBounds: Sendable {
    var dense: NodeBounds
    var pruned: NodeBounds
}

/// Both networks, laid out once.
final class PairBounder: Sendable {
    private let dense: BoundModel
    private let pruned: BoundModel

    init(_ model: PairModel) {
        dense = BoundModel(plan: model.dense.plan)
        pruned = BoundModel(plan: model.pruned.plan)
    }

    /// - Parameter iterations: steps of ascent on the slopes.
    /// - Soundness: each bound is a float64 pass that pays for its rounding, or an interval's.
    func bounds(over region: InputRegion, iterations: Int, limits: ComparisonLimits) -> PairBounds {
        var options = BoundingOptions()
        options.threads = limits.threads
        options.ascentIterations = iterations
        options.isStopped = { limits.isOver }
        func bounds(_ model: BoundModel) -> NodeBounds {
            let layout = model.plan.inputLayout
            return RegionBounder(
                model: model, lower: layout.permuted(region.outwardLower), upper: layout.permuted(region.outwardUpper),
                options: options
            ).bounds
        }
        return PairBounds(dense: bounds(dense), pruned: bounds(pruned))
    }
}

extension Zonotope {
    /// Takes the tighter of its own bounds and others of the same values; NaN changes nothing.
    func tighten(_ bounds: NodeBounds, _ node: Int) {
        for feature in 0..<features {
            if bounds.lower[node][feature] > lower[feature] { lower[feature] = bounds.lower[node][feature] }
            if bounds.upper[node][feature] < upper[feature] { upper[feature] = bounds.upper[node][feature] }
        }
    }
}
