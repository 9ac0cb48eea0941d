// What one thread does with a batch of subproblems.

import BoundPropagation
import Certificates
import Evaluation
import Lanes

final class BatchBounder: @unchecked Sendable {
    // Used by one thread at a time.
    static let lanes = 64
    let problem: SearchProblem
    private let limits: SearchLimits
    let bounder: LaneBounder
    let evaluator: LaneEvaluator<Float>
    lazy var leaves = LeafProgram(problem.region)
    private lazy var implications = PhaseImplications(
        problem.region, lanes: Self.lanes, isForProof: problem.scribe != nil)
    private var rounds = 0
    /// What proofs call the unstable neurons, by slot, and how far a disjunct's bound must lie above zero.
    private let neurons: [Int]
    private let floors: [Double]
    private var slotCount: Int { problem.region.unstableNeurons.count }
    var lanes: Int { bounder.lanes }
    /// Per disjunct the phases at the input that came closest to a counterexample, and its margin.
    var patterns: [Int: AdversarialPattern] = [:]

    /// Where counterexamples of the disjuncts are that the root left open.
    private(set) var cuts: [Int: DisjunctCut] = [:]

    init(_ problem: SearchProblem, limits: SearchLimits) {
        self.problem = problem
        self.limits = limits
        bounder = LaneBounder(problem.region, lanes: Self.lanes)
        evaluator = LaneEvaluator(problem.region.model.search, lanes: Self.lanes)
        neurons = problem.scribe?.neurons(of: problem.region) ?? problem.trace?.neurons ?? []
        floors = problem.disjuncts.indices.map { problem.floor($0) }
    }

    /// Bounds the batch; the children of what stays open, unless the search is to end.
    func process(_ batch: [Subproblem]) -> BatchResult {
        load(batch)
        let isRoot = batch[0].splits == nil
        var ascent = AscentOptions(iterations: isRoot ? 20 : 8)
        ascent.slopeRate = isRoot ? 0.3 : 0.1
        ascent.isStopped = { [limits] in limits.isOver }
        let reached = bounder.ascend(ascent)
        let bounds = certify()
        let open = batch.indices.filter { !isRefuted(bounds[$0], $0, batch[$0]) }
        var clauses: [Clause] = []
        var undercut: [Subproblem] = []
        for lane in batch.indices where isRefuted(bounds[lane], lane, batch[lane]) {
            takeDown(lane, batch[lane])
            if isUndercut(bounds[lane], lane, batch[lane]) { undercut.append(again(batch[lane], lane, bounds[lane])) }
            if problem.learnsClauses, let clause = clause(lane, batch[lane], bound: bounds[lane]) {
                clauses.append(clause)
            }
        }
        // Only what holds without a split holds on the whole region.
        for lane in open where batch[lane].splits == nil {
            cuts[batch[lane].disjunct] = cut(lane, batch[lane].disjunct, bounds[lane])
        }
        if open.isEmpty { return .children([], clauses, undercut) }
        if limits.isOver { return .ended(.stopped) }
        if limits.triesMinimisers && findsViolation(open, batch) { return .ended(.violated) }
        // A proof to start from has its own tree.
        let batch = isRoot && problem.start != nil ? batch : fixImplied(open, batch, bounds)
        let slots = branchingSlots(batch, from: reached)
        var children: [Subproblem] = []
        var leafLanes: [Int] = []
        for lane in open {
            if slots[lane] < 0 {
                leafLanes.append(lane)
            } else {
                children += split(batch[lane], lane, at: slots[lane], bound: bounds[lane])
            }
        }
        return decideLeaves(leafLanes, batch, &undercut).map(BatchResult.ended)
            ?? .children(children, clauses, undercut)
    }

    /// Whether float32 execution may undercut what refutes the lane.
    private func isUndercut(_ bound: Double, _ lane: Int, _ node: Subproblem) -> Bool {
        problem.float32?.undercuts(bound, node.disjunct, weight: weight(lane)) ?? false
    }

    /// What float32 execution may lose of a disjunct, 0 where that does not matter.
    func float32Loss(_ disjunct: Int) -> Double {
        guard let float32 = problem.float32, !float32.isLost(disjunct) else { return 0 }
        return float32.loss(disjunct)
    }

    /// The same subproblem as far as it has come.
    private func again(_ node: Subproblem, _ lane: Int, _ bound: Double) -> Subproblem {
        var result = node
        result.bound = bound / max(1, weight(lane))
        result.parameters = bounder.parameterBlock(lane)
        result.weights = bounder.weights(lane)
        result.freshSplits = 0
        return result
    }

    private func certify() -> [Double] {
        if problem.scribe != nil { bounder.roundForProof() }
        return bounder.certify()
    }

    private func isRefuted(_ bound: Double, _ lane: Int, _ node: Subproblem) -> Bool {
        let floor = floors[node.disjunct]
        return bound > (floor == 0 ? 0 : floor * max(1, weight(lane)))
    }

    /// The sum of the weights of a lane's constraints.
    func weight(_ lane: Int) -> Double { bounder.weights(lane).reduce(0, +) }

    /// Records what was certified last in a lane as a leaf of the proof.
    private func takeDown(_ lane: Int, _ node: Subproblem) {
        if !isTakenDown { return }
        takeDown(.phaseLeaf(disjunct: problem.disjunctNumbers[node.disjunct], leaf(lane, node)))
    }

    private var isTakenDown: Bool { problem.scribe != nil || problem.trace != nil }

    /// With its slopes where a proof is written down.
    private func leaf(_ lane: Int, _ node: Subproblem) -> ProofLeaf {
        let path = node.splits.path
        if problem.scribe != nil { return bounder.leaf(lane, path: path, neurons: neurons) }
        return ProofLeaf(path: bounder.splits(lane, path: path, neurons: neurons), weights: [], slopes: [])
    }

    private func takeDown(_ record: ProofRecord) {
        problem.trace?.add(record)
        guard let scribe = problem.scribe, let disjunct = record.disjunct else { return }
        var bytes = ByteWriter()
        record.write(to: &bytes)
        scribe.recorder.leaf(of: disjunct, bytes)
    }

    private func load(_ batch: [Subproblem]) {
        bounder.use(lanes: batch.count)
        evaluator.lanes = bounder.lanes
        bounder.setObjectives(
            LaneObjectives(
                batch.map { node in
                    let rows = problem.disjuncts[node.disjunct]
                    let weights =
                        node.weights.isEmpty ? rows.map { _ in 1 / Double(rows.count) } : node.weights
                    return zip(weights, rows).map { ($0, $1) }
                }))
        bounder.load(batch)
    }

    private func split(_ node: Subproblem, _ lane: Int, at slot: Int32, bound: Double) -> [Subproblem] {
        let block = bounder.parameterBlock(lane)
        let weights = bounder.weights(lane)
        return [1, -1].map { phase in
            Subproblem(
                disjunct: node.disjunct, bound: max(node.bound, bound),
                splits: NeuronSplit(slot: slot, phase: phase, parent: node.splits), parameters: block, weights: weights,
                number: 0)
        }
    }

    /// Fixes the phases that follow from the bounds of the open lanes, and writes down why they follow.
    ///
    /// - Returns: the batch, whose open subproblems have them on their paths.
    private func fixImplied(_ open: [Int], _ batch: [Subproblem], _ bounds: [Double]) -> [Subproblem] {
        guard let implications else { return batch }
        var budgets = [Double](repeating: -1, count: batch.count)
        for lane in open where bounds[lane].isFinite {
            budgets[lane] = (dispensable(batch[lane].disjunct, lane) - bounds[lane]).nextUp
        }
        let isWritten = isTakenDown && implications.isAsking
        // As they are before anything is fixed.
        let leaves = isWritten ? open.map { leaf($0, batch[$0]) } : []
        let implied = implications.fix(in: bounder, budgets: budgets)
        var result = batch
        for (place, lane) in open.enumerated() {
            for phase in implied[lane] {
                result[lane].splits = NeuronSplit(slot: phase.slot, phase: phase.phase, parent: result[lane].splits)
            }
            guard isWritten, !implied[lane].isEmpty else { continue }
            let phases = implied[lane].map {
                PhaseSplit(neuron: neurons[Int($0.slot)], isActive: $0.phase > 0, multiplier: $0.multiplier)
            }
            takeDown(.implied(disjunct: problem.disjunctNumbers[batch[lane].disjunct], leaves[place], phases))
        }
        return result
    }

    /// Inputs where a lane's objective lies above this may be left out of the search without another word.
    func dispensable(_ disjunct: Int, _ lane: Int) -> Double {
        max(floors[disjunct], float32Loss(disjunct)) * max(1, weight(lane))
    }

    /// Where a lane's counterexamples are; those of float32 execution alone as well, unless that would keep much more.
    private func cut(_ lane: Int, _ disjunct: Int, _ bound: Double) -> DisjunctCut? {
        let least = floors[disjunct] * max(1, weight(lane))
        let whole = dispensable(disjunct, lane)
        let coversFloat32 = whole - least <= 0.05 * (least - bound)
        return bounder.objectiveCut(lane, bound: bound, allowance: coversFloat32 ? whole : least).map {
            DisjunctCut(cut: $0, coversFloat32: coversFloat32)
        }
    }

    // MARK: counterexamples

    /// Evaluates the network at the open lanes' minimisers, and now and then goes on from the best by pattern descent;
    /// true once a counterexample is confirmed.
    private func findsViolation(_ open: [Int], _ batch: [Subproblem]) -> Bool {
        let input = evaluator.values(of: 0)
        let count = problem.region.plan.inputLayout.count
        for lane in open {
            let point = bounder.minimiser(lane)
            for feature in 0..<count { input[feature * lanes + lane] = Float(point[feature]) }
        }
        evaluator.evaluate()
        let margins = open.map { lane in problem.disjuncts[batch[lane].disjunct].map { margin($0, lane) }.max()! }
        guard let best = margins.indices.min(by: { margins[$0] < margins[$1] }) else { return false }
        let lane = open[best]
        remember(margins[best], lane, batch[lane].disjunct)
        if margins[best] <= 0 && problem.confirm(bounder.minimiser(lane), batch[lane].disjunct) { return true }
        // More and more seldom: what the first rounds do not find is seldom there.
        rounds += 1
        guard rounds.nonzeroBitCount == 1, leaves.isSmall else { return false }
        let point = leaves.descend(
            problem.disjuncts[batch[lane].disjunct], phases: leaves.phases(evaluator, lane: lane), steps: 8,
            timeLimit: min(1, limits.remaining))
        return point.map { problem.confirm($0, batch[lane].disjunct) } ?? false
    }

    private func margin(_ row: Objective, _ lane: Int) -> Double {
        let output = evaluator.values(of: problem.region.plan.output)
        let input = evaluator.values(of: 0)
        return row.constant
            + row.outputTerms.reduce(0) { $0 + $1.coefficient * Double(output[$1.feature * lanes + lane]) }
            + row.inputTerms.reduce(0) { $0 + $1.coefficient * Double(input[$1.feature * lanes + lane]) }
    }

    // MARK: leaves

    /// Decides subproblems whose phases are all fixed by linear programs; an outcome ends the search.
    private func decideLeaves(_ open: [Int], _ batch: [Subproblem], _ undercut: inout [Subproblem]) -> SearchOutcome? {
        var claimed: [Int] = []
        for lane in open {
            let phases = (0..<slotCount).map { bounder.phases[$0 * lanes + lane] }
            let disjunct = batch[lane].disjunct
            let timeLimit = min(10, limits.remaining)
            switch leaves.decide(problem.disjuncts[disjunct], phases: phases, timeLimit: timeLimit) {
            case .refute(let weights, let multipliers):
                bounder.setWeights(weights, lane: lane)
                for slot in 0..<slotCount { bounder.parameters[slot * lanes + lane] = Float(multipliers[slot]) }
                claimed.append(lane)
            case .candidate(let point):
                if limits.triesMinimisers && problem.confirm(point, disjunct) { return .violated }
                return .exhausted(
                    reason: "a linear program found a violation that no evaluation could confirm beyond rounding")
            case .undecided(let reason): return limits.isOver ? .stopped : .exhausted(reason: reason)
            }
        }
        if claimed.isEmpty { return nil }
        let bounds = certify()
        if claimed.allSatisfy({ isRefuted(bounds[$0], $0, batch[$0]) }) {
            for lane in claimed {
                takeDown(lane, batch[lane])
                if isUndercut(bounds[lane], lane, batch[lane]) {
                    undercut.append(again(batch[lane], lane, bounds[lane]))
                }
            }
            return nil
        }
        return .exhausted(reason: "a margin is within rounding of zero where all phases are fixed")
    }
}
