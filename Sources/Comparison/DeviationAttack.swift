// A lower bound of the deviation by gradient ascent on every output's difference, in both directions, 64 starts at once.

import BoundPropagation
import Evaluation
import Falsification
import Intervals
import Networks
import Properties

/// Looks for inputs where the networks differ most.
final class DeviationAttack {
    private let evaluator: LaneEvaluator<Float>
    private let plan: LanePlan
    private let pair: NetworkPair

    init(_ pair: NetworkPair) {
        self.pair = pair
        plan = LanePlan(pair.product.simplified().decomposingMaxPools())
        let lanes = plan.multiplyAdds > 3_000_000 ? 16 : 64
        evaluator = LaneEvaluator(LaneNetwork<Float>(plan), lanes: lanes)
    }

    /// What is attained: per measured value the best point found.
    ///
    /// - Parameter work: multiplications to spend, about.
    /// - Soundness: each value is an outward-rounded evaluation at a point of the region.
    func run(
        over region: InputRegion, measure: DeviationMeasure, work: Double = 4e9, seed: UInt64 = 0,
        limits: ComparisonLimits
    ) -> [DeviationBracket] {
        let points = PointEvaluator(pair, region: region)
        let count = measure == .outputs ? pair.outputCount : 1
        var best = [(value: Double, point: [Double])](repeating: (-1, []), count: count)
        func look(_ point: [Double]) {
            for (index, value) in measure.values(points.magnitudes(at: point)).enumerated()
            where value > best[index].value {
                best[index] = (value, point)
            }
        }
        var descent = ProjectedGradientDescent()
        descent.seed = seed
        descent.candidatesPerRound = .max
        let passes = work / Double(3 * evaluator.lanes * max(1, plan.multiplyAdds))
        descent.iterations = 25
        descent.rounds = max(1, min(24, Int(passes) / descent.iterations))
        descent.isStopped = { limits.isOver }
        look(zip(region.outwardLower, region.outwardUpper).map { $0 / 2 + $1 / 2 })
        // Whatever is accepted would end the search: every improvement is shown, none accepted.
        _ = descent.run(region: region, disjuncts: aims, model: evaluator) { point, _ in
            look(point)
            return false
        }
        return best.indices.map { index in
            guard !best[index].point.isEmpty, let witness = points.witness(near: best[index].point) else {
                return DeviationBracket()
            }
            return DeviationBracket(
                attacked: measure.valuesRoundedDown(witness.magnitudes)[index], witness: witness)
        }
    }

    /// `s (f_i - g_i) <= 0` for each output and sign.
    private var aims: [Disjunct] {
        let outputs = pair.outputCount
        return (0..<outputs).flatMap { output in
            [1.0, -1.0].map { sign in
                let terms = [
                    LinearConstraint.Term(index: output, coefficient: Interval(sign)),
                    LinearConstraint.Term(index: output + outputs, coefficient: Interval(-sign)),
                ]
                return Disjunct(region: 0, constraints: [LinearConstraint(outputTerms: terms, constant: .zero)])
            }
        }
    }
}
