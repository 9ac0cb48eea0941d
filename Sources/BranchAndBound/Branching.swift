// Which neuron a subproblem is split at.

import BoundPropagation
import Evaluation

/// Ways to choose the neuron to split, comparable on the same queries.
public enum BranchingHeuristic: String, CaseIterable, Sendable {
    /// The best by the score of Bunel et al. 2020.
    case babsr
    /// The best by how far the line in use lies off the activation, times the coefficient.
    case gap
    /// Filtered smart branching (De Palma et al. 2021): of the best few by gap, all tried, the one whose children gain
    /// most at once, by the product of their gains.
    case filtered
    /// The same, with the gains of neurons raised by a tenth whose phase at the subproblem's minimiser agrees with the
    /// best adversarial pattern known (as in arXiv 2602.05068).
    case aligned

    /// How many neurons are tried.
    var candidates: Int {
        switch self {
        case .babsr, .gap: 1
        case .filtered, .aligned: 8
        }
    }
}

/// The phases of all unstable neurons at an input that nearly is a counterexample.
struct AdversarialPattern {
    var margin: Double
    var phases: [Float]
}

extension LaneBounder {
    /// Of the candidates in each lane the one whose children gain most at once, by the product of their gains.
    ///
    /// - Parameters:
    ///   - candidates: `[rank][lane]`, the best by score first; -1 where there is none.
    ///   - bounds: what the lanes reached without a split.
    ///   - weight: what a candidate's gain is multiplied by.
    func filteredSlots(
        _ candidates: [[Int32]], from bounds: [Float], weight: (_ slot: Int32, _ lane: Int) -> Float = { _, _ in 1 }
    ) -> [Int32] {
        if candidates.count == 1 { return candidates[0] }
        var chosen = candidates[0]
        var best = [Float](repeating: -.infinity, count: lanes)
        for slots in candidates {
            let active = probe(slots, phase: 1)
            let inactive = probe(slots, phase: -1)
            for lane in 0..<lanes where slots[lane] >= 0 {
                let gains = max(active[lane] - bounds[lane], 1e-6) * max(inactive[lane] - bounds[lane], 1e-6)
                let gain = gains * weight(slots[lane], lane)
                if gain > best[lane] {
                    best[lane] = gain
                    chosen[lane] = slots[lane]
                }
            }
        }
        return chosen
    }
}

extension BatchBounder {
    /// The slot to split in each lane; -1 where none is left.
    ///
    /// - Parameter bounds: what the lanes reached without the split.
    func branchingSlots(_ batch: [Subproblem], from bounds: [Float]) -> [Int32] {
        let heuristic = problem.branching
        let candidates = bounder.branchingSlots(heuristic.candidates, by: heuristic == .babsr ? .babsr : .gap)
        guard heuristic == .aligned else { return bounder.filteredSlots(candidates, from: bounds) }
        return bounder.filteredSlots(candidates, from: bounds) { slot, lane in
            lane < batch.count && agrees(slot, lane, batch[lane].disjunct) ? 1.1 : 1
        }
    }

    /// Whether the neuron has the phase of the disjunct's pattern at the input that `evaluator` last saw in the lane.
    private func agrees(_ slot: Int32, _ lane: Int, _ disjunct: Int) -> Bool {
        guard let pattern = patterns[disjunct] else { return false }
        let neuron = problem.region.unstableNeurons[Int(slot)]
        let operand = problem.region.plan.operands[neuron.node][0]
        let isActive = evaluator.values(of: operand)[neuron.feature * lanes + lane] >= 0
        return isActive == (pattern.phases[Int(slot)] > 0)
    }

    /// Keeps the pattern at the lane's input when no input of the disjunct came closer to a counterexample.
    func remember(_ margin: Double, _ lane: Int, _ disjunct: Int) {
        guard problem.branching == .aligned, margin < patterns[disjunct]?.margin ?? .infinity else { return }
        patterns[disjunct] = AdversarialPattern(margin: margin, phases: leaves.phases(evaluator, lane: lane))
    }
}
