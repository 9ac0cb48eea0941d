// Bounds of the difference by linear bounds of both networks at once: back-substitution with optimised slopes through the
// product network, where one set of slopes serves both networks for each output. It does not see that the networks are
// alike, but it sees what sharing the input brings, and for many inputs it is tighter than zonotopes.

import BoundPropagation
import Evaluation
import Intervals
import Networks
import Properties

/// The product network, laid out once.
final class JointBounder: Sendable {
    private let model: BoundModel
    private let outputs: Int

    init(_ pair: NetworkPair) {
        model = BoundModel(plan: LanePlan(pair.product.simplified().decomposingMaxPools()))
        outputs = pair.outputCount
    }

    /// Enclosures of every output's difference over a region.
    ///
    /// - Parameter iterations: steps of ascent on the slopes, for neurons and for outputs; 0 for the standard slopes.
    /// - Soundness: each bound is a float64 pass that pays for its rounding.
    func differences(over region: InputRegion, iterations: Int, limits: ComparisonLimits) -> [Interval] {
        var options = BoundingOptions()
        options.threads = limits.threads
        options.ascentIterations = iterations
        options.isStopped = { limits.isOver }
        let layout = model.plan.inputLayout
        let bounder = RegionBounder(
            model: model, lower: layout.permuted(region.outwardLower), upper: layout.permuted(region.outwardUpper),
            options: options)
        let objectives = (0..<outputs).flatMap { output in [1.0, -1.0].map { objective(output, sign: $0) } }
        var bounds: [Double] = []
        for start in stride(from: 0, to: objectives.count, by: 64) {
            let batch = Array(objectives[start..<min(objectives.count, start + 64)])
            bounds += lowerBounds(batch, bounder, iterations, limits)
        }
        return (0..<outputs).map { output in
            let (lower, upper) = (bounds[2 * output], -bounds[2 * output + 1])
            return lower <= upper
                ? Interval(lower: lower, upper: upper) : Interval(lower: -.infinity, upper: .infinity)
        }
    }

    private func objective(_ output: Int, sign: Double) -> Objective {
        let terms = [
            LinearConstraint.Term(index: output, coefficient: Interval(sign)),
            LinearConstraint.Term(index: output + outputs, coefficient: Interval(-sign)),
        ]
        return Objective(LinearConstraint(outputTerms: terms, constant: .zero), plan: model.plan)
    }

    private func lowerBounds(
        _ objectives: [Objective], _ region: RegionBounder, _ iterations: Int, _ limits: ComparisonLimits
    ) -> [Double] {
        let bounder = LaneBounder(region)
        bounder.use(lanes: objectives.count)
        bounder.setObjectives(LaneObjectives(single: objectives))
        bounder.resetParameters()
        if iterations > 0 {
            var ascent = AscentOptions(iterations: iterations)
            ascent.stopsWhenPositive = false
            ascent.isStopped = { limits.isOver }
            _ = bounder.ascend(ascent)
        }
        return Array(bounder.certify()[0..<objectives.count]).map { $0.isNaN ? -.infinity : $0 }
    }
}
