// Branch and bound over the input box, for inputs of few dimensions, in rounds of 64 boxes a thread.
//
// A box is halved along the input whose share of the lower bound is widest. Boxes are taken newest first, so that a
// round's boxes are neighbours and the open ones stay few. Like `PhaseSearch`, rounds make it reproducible.

import BoundPropagation
import Certificates
import Evaluation
import Lanes

/// A box and the disjuncts that are not refuted on it.
struct BoxSubproblem: Sendable {
    var box: InputBox
    var open: [Int]
    var bound: Double
    /// What proofs call the box.
    var number = 0
}

public final class BoxSearch {
    private let problem: SearchProblem
    private let limits: SearchLimits
    private let model: BoxModel
    private var stack: [BoxSubproblem]
    /// More than this are not worth another search.
    private static let mostUndercut = 4096
    /// Boxes made so far.
    private var made = 1
    /// What is refuted by less than float32 execution may lose.
    private var undercut: [BoxSubproblem] = []
    public private(set) var status = SearchStatus()

    public init(_ problem: SearchProblem, limits: SearchLimits) {
        self.problem = problem
        self.limits = limits
        model = BoxModel(problem.region)
        let box = InputBox(
            lower: model.moving.map { problem.region.inputLower[$0] },
            upper: model.moving.map { problem.region.inputUpper[$0] })
        stack = [BoxSubproblem(box: box, open: Array(problem.disjuncts.indices), bound: -.infinity)]
    }

    /// Runs until everything is refuted, a counterexample is confirmed, or a limit is reached.
    public func run(onProgress: (SearchStatus) -> Void) -> SearchOutcome {
        let outcome = search(onProgress)
        if outcome.isProof { settleUndercut() }
        return outcome
    }

    /// Bounds once more what was refuted by less than float32 execution may lose.
    private func settleUndercut() {
        if undercut.isEmpty { return }
        if limits.remaining > 1 { problem.float32?.tighten() }
        undercut.removeAll { [problem] box in box.open.allSatisfy { problem.float32?.isLost($0) ?? true } }
        let extra = Float32Margin.extraNodes(
            status.nodes, multiplyAdds: problem.region.plan.multiplyAdds)
        if undercut.isEmpty { return }
        var strict = problem
        strict.float32 = problem.float32?.required
        strict.scribe = nil
        var limits = limits
        limits.softNodes = extra
        limits.triesMinimisers = false
        let search = BoxSearch(strict, limits: limits)
        search.stack = undercut
        if undercut.count > extra / 2 || !search.search({ _ in }).isProof {
            problem.float32?.lose(undercut.flatMap(\.open))
        }
        status.nodes += search.status.nodes
    }

    private func search(_ onProgress: (SearchStatus) -> Void) -> SearchOutcome {
        let threads = max(1, limits.threads)
        let bounders = Results<BoxBatchBounder>(threads)
        let results = Results<BoxBatchResult>(threads)
        let (problem, limits, model) = (problem, limits, model)
        while !stack.isEmpty {
            if limits.isOver || status.nodes >= limits.softNodes { return .stopped }
            if let reason = limits.exhausted(
                nodes: status.nodes, open: stack.count, bytesEach: model.moving.count * 16 + 200)
            {
                return .exhausted(reason: reason)
            }
            let batches = takeBatches(threads)
            runWorkers(batches.count) { worker in
                let bounder = bounders[worker] ?? BoxBatchBounder(problem, model: model, limits: limits)
                bounders[worker] = bounder
                results[worker] = bounder.process(batches[worker])
            }
            for worker in batches.indices {
                status.nodes += batches[worker].count
                switch results[worker]! {
                case .children(var children, let steps, let weak):
                    undercut += weak
                    takeDown(steps, of: batches[worker])
                    for place in children.indices { children[place].number = made + place }
                    made += children.count
                    stack += children
                case .ended(let outcome): return outcome
                }
            }
            if undercut.count > Self.mostUndercut {
                problem.float32?.lose(undercut.flatMap(\.open))
                undercut = []
            }
            status.open = stack.count
            status.worstBound = stack.lazy.map(\.bound).min() ?? .infinity
            onProgress(status)
        }
        return .proved
    }

    private func takeDown(_ steps: [BoxStep], of batch: [BoxSubproblem]) {
        guard let scribe = problem.scribe else { return }
        var records = ByteWriter()
        for (box, step) in zip(batch, steps) { ProofRecord.box(box.number, step).write(to: &records) }
        scribe.recorder.boxes(records)
    }

    private func takeBatches(_ threads: Int) -> [[BoxSubproblem]] {
        let lanes = BoxBatchBounder.lanes
        let count = min(threads, (stack.count + lanes - 1) / lanes)
        let taken = stack.suffix(count * lanes)
        stack.removeLast(taken.count)
        let size = (taken.count + count - 1) / count
        return (0..<count).map { Array(taken.dropFirst($0 * size).prefix(size)) }
    }
}

enum BoxBatchResult: Sendable {
    /// The boxes to go on with, for every box of the batch what was done, and what is refuted by less than float32
    /// execution may lose.
    case children([BoxSubproblem], [BoxStep], [BoxSubproblem])
    case ended(SearchOutcome)
}

/// What one thread does with a batch of boxes.
final class BoxBatchBounder: @unchecked Sendable {
    // Used by one thread at a time.
    static let lanes = 64
    /// Refining neurons one by one pays on small networks only.
    private static let mostNeuronsToRefine = 500
    /// A linear program is tried from the most promising box of every so many rounds.
    private static let roundsPerProgram = 4
    private let problem: SearchProblem
    private let limits: SearchLimits
    private let bounder: BoxBounder
    private let evaluator: LaneEvaluator<Float>
    private lazy var preciseEvaluator = LaneEvaluator(problem.region.model.rigorous, lanes: Self.lanes)
    private lazy var programs = LeafProgram(problem.region)
    private var rounds = 0
    /// How far a disjunct's bound must lie above zero.
    private let floors: [Double]
    private var lanes: Int { Self.lanes }

    init(_ problem: SearchProblem, model: BoxModel, limits: SearchLimits) {
        self.problem = problem
        self.limits = limits
        bounder = BoxBounder(problem.region, shared: model, lanes: Self.lanes)
        evaluator = LaneEvaluator(problem.region.model.search, lanes: Self.lanes)
        floors = problem.disjuncts.indices.map { problem.floor($0) }
    }

    /// The lanes' state while a batch is worked on.
    private struct Lane {
        var open: Set<Int>
        /// Disjuncts that are refuted, here or on a part that was clipped off, by less than float32 may lose.
        var undercut: Set<Int> = []
        let box: InputBox
        /// The part of the box that may hold a counterexample.
        var clipped: InputBox?
        /// The best bound of the open disjuncts' constraints.
        var bound = -Double.infinity
        /// What a proof says of the box.
        var step = BoxStep(effort: .none, action: .close)
    }

    func process(_ batch: [BoxSubproblem]) -> BoxBatchResult {
        bounder.load(batch.map(\.box))
        var state = batch.map { Lane(open: Set($0.open), box: $0.box) }
        boundForward(&state)
        if state.contains(where: { !$0.open.isEmpty }) { boundBackward(&state, .backward) }
        if problem.region.unstableNeurons.count <= Self.mostNeuronsToRefine,
            state.count(where: { !$0.open.isEmpty }) * 4 > lanes
        {
            bounder.refineNeurons(boxCount: batch.count)
            boundBackward(&state, .refined)
        }
        let open = state.indices.filter { !state[$0].open.isEmpty }
        let undercut = state.filter { !$0.undercut.isEmpty }.map {
            BoxSubproblem(box: $0.box, open: $0.undercut.sorted(), bound: 0)
        }
        if open.isEmpty { return .children([], state.map(\.step), undercut) }
        if limits.isOver { return .ended(.stopped) }
        if limits.triesMinimisers, findsViolation(open, state) { return .ended(.violated) }
        var children: [BoxSubproblem] = []
        let disjuncts = open.reduce(into: Set()) { $0.formUnion(state[$1].open) }
        let shares = bounder.influences(disjuncts.sorted().flatMap { problem.disjuncts[$0] })
        for lane in open {
            let box = state[lane].box
            let part = state[lane].clipped ?? box
            let widths = part.lower.indices.map {
                (part.upper[$0] - part.lower[$0]) / max(box.upper[$0] - box.lower[$0], .leastNormalMagnitude)
            }
            guard let (axis, halves) = halve(part, zip(shares[lane], widths).map { $0 * $1 }) else {
                return .ended(.exhausted(reason: "a box too small to be halved is not decided"))
            }
            let middle = part.lower[axis] / 2 + part.upper[axis] / 2
            let cut = halves[0].upper[axis]
            state[lane].step.action = cut == middle ? .halve(axis: axis) : .cut(axis: axis, at: cut)
            children += halves.map {
                BoxSubproblem(
                    box: $0, open: state[lane].open.sorted(), bound: max(batch[lane].bound, state[lane].bound))
            }
        }
        return .children(children, state.map(\.step), undercut)
    }

    private func boundForward(_ state: inout [Lane]) {
        for (index, rows) in problem.disjuncts.enumerated() where state.contains(where: { $0.open.contains(index) }) {
            for row in rows {
                let bounds = bounder.forwardBounds(row)
                for lane in state.indices where state[lane].open.contains(index) {
                    if bounds[lane] > floors[index] {
                        state[lane].open.remove(index)
                        state[lane].step.effort = .forward
                        if problem.float32?.undercuts(bounds[lane], index) ?? false {
                            state[lane].undercut.insert(index)
                        }
                    } else {
                        state[lane].bound = max(state[lane].bound, bounds[lane])
                    }
                }
            }
        }
    }

    /// Bounds by back-substitution, and clips every lane's box to where its open disjuncts may still be satisfied.
    private func boundBackward(_ state: inout [Lane], _ effort: BoxStep.Effort) {
        let axes = bounder.moving.count
        var clipped = [InputBox?](repeating: nil, count: state.count)
        for (index, rows) in problem.disjuncts.enumerated() {
            guard state.contains(where: { $0.open.contains(index) }) else { continue }
            let planes = rows.map { bounder.backwardBounds($0) }
            for lane in state.indices where state[lane].open.contains(index) {
                let (depths, undercuts) = depths(planes.map { $0.bounds[lane] }, index)
                let own = BoxPlanes(
                    planes: zip(planes, depths).map { ($1, $0.slopes[lane * axes..<(lane + 1) * axes]) })
                let part = own.clip(state[lane].box)
                if undercuts, part.map({ $0 != state[lane].box }) ?? true { state[lane].undercut.insert(index) }
                guard let part else {
                    state[lane].open.remove(index)
                    state[lane].step.effort = effort
                    continue
                }
                clipped[lane] = clipped[lane]?.hull(part) ?? part
                state[lane].bound = max(state[lane].bound, planes.map { $0.bounds[lane] }.max() ?? -.infinity)
            }
        }
        for lane in state.indices where !state[lane].open.isEmpty {
            guard let part = clipped[lane] else { continue }
            if problem.scribe == nil {
                state[lane].clipped = part
            } else if state[lane].step.effort == effort || gains(part, state[lane].clipped ?? state[lane].box) {
                state[lane].step.effort = effort
                state[lane].clipped = part
            }
        }
    }

    /// A disjunct's bounds on one box less what has to be left of them; and whether float32 execution may undercut what
    /// is shown by them. Where it takes a hundredth at most, clipping makes up for it;
    /// not in a proof that is written down, whose checker clips by bounds alone and must meet the same boxes.
    private func depths(_ bounds: [Double], _ disjunct: Int) -> ([Double], undercuts: Bool) {
        guard let float32 = problem.float32, !float32.isRequired, !float32.isLost(disjunct) else {
            return (bounds.map { $0 - floors[disjunct] }, false)
        }
        if problem.scribe != nil { return (bounds.map { $0 - floors[disjunct] }, true) }
        let loss = float32.loss(disjunct)
        let isSmall = bounds.map { loss <= 0.01 * $0.magnitude }
        return (
            zip(bounds, isSmall).map { $0 - ($1 ? max(loss, floors[disjunct]) : floors[disjunct]) },
            isSmall.contains(false)
        )
    }

    /// Whether clipping is worth being replayed by whoever checks the proof.
    private func gains(_ part: InputBox, _ box: InputBox) -> Bool {
        part.lower.indices.contains { axis in
            part.upper[axis] - part.lower[axis] < 0.9 * (box.upper[axis] - box.lower[axis])
        }
    }

    /// Evaluates centres and minimisers of the open boxes; now and then goes on from the best centre by pattern descent.
    private func findsViolation(_ open: [Int], _ state: [Lane]) -> Bool {
        rounds += 1
        if rounds % Self.roundsPerProgram == 1, descends(open, state) { return true }
        // Float32 cannot tell the points of a narrow box apart.
        let narrow = open.filter { isNarrow(state[$0].box) }
        for points in [bounder.centre, bounder.minimiser] {
            if findsViolation(open, state, at: points, by: evaluator) { return true }
            if !narrow.isEmpty, findsViolation(narrow, state, at: points, by: preciseEvaluator) { return true }
        }
        return false
    }

    private func findsViolation<Scalar>(
        _ open: [Int], _ state: [Lane], at points: (Int) -> [Double], by evaluator: LaneEvaluator<Scalar>
    ) -> Bool {
        let candidates = open.map { ($0, points($0)) }
        let input = evaluator.values(of: 0)
        for (lane, point) in candidates {
            for (feature, value) in point.enumerated() { input[feature * lanes + lane] = Scalar(value) }
        }
        evaluator.evaluate()
        return candidates.contains { lane, point in
            state[lane].open.contains { disjunct in
                problem.disjuncts[disjunct].allSatisfy { margin($0, lane, evaluator) <= 0 }
                    && problem.confirm(point, disjunct)
            }
        }
    }

    private func isNarrow(_ box: InputBox) -> Bool {
        zip(box.lower, box.upper).contains { $1 - $0 < 0x1p-18 * max($0.magnitude, $1.magnitude) }
    }

    private func descends(_ open: [Int], _ state: [Lane]) -> Bool {
        guard programs.isSmall else { return false }
        let input = evaluator.values(of: 0)
        for lane in open {
            for (feature, value) in bounder.centre(lane).enumerated() { input[feature * lanes + lane] = Float(value) }
        }
        evaluator.evaluate()
        var best = (margin: Double.infinity, lane: 0, disjunct: 0)
        for lane in open {
            for disjunct in state[lane].open {
                let worst = problem.disjuncts[disjunct].map { margin($0, lane, evaluator) }.max() ?? .infinity
                if worst < best.margin { best = (worst, lane, disjunct) }
            }
        }
        guard best.margin.isFinite else { return false }
        let point = programs.descend(
            problem.disjuncts[best.disjunct], phases: programs.phases(evaluator, lane: best.lane), steps: 8,
            timeLimit: min(1, limits.remaining))
        return point.map { problem.confirm($0, best.disjunct) } ?? false
    }

    private func margin(_ objective: Objective, _ lane: Int, _ evaluator: LaneEvaluator<some ElementwiseLaneScalar>)
        -> Double
    {
        let output = evaluator.values(of: problem.region.plan.output)
        let input = evaluator.values(of: 0)
        return objective.constant
            + objective.outputTerms.reduce(0) { $0 + $1.coefficient * Double(output[$1.feature * lanes + lane]) }
            + objective.inputTerms.reduce(0) { $0 + $1.coefficient * Double(input[$1.feature * lanes + lane]) }
    }

    /// Halves along the input with the largest share, and says which; nil when no input can be halved.
    private func halve(_ box: InputBox, _ shares: [Double]) -> (axis: Int, halves: [InputBox])? {
        let candidates = box.lower.indices.filter {
            let middle = box.lower[$0] / 2 + box.upper[$0] / 2
            return middle > box.lower[$0] && middle < box.upper[$0]
        }
        guard
            let axis = candidates.max(by: {
                (shares[$0], box.upper[$0] - box.lower[$0]) < (shares[$1], box.upper[$1] - box.lower[$1])
            })
        else { return nil }
        let middle = box.lower[axis] / 2 + box.upper[axis] / 2
        var left = box
        var right = box
        left.upper[axis] = middle
        right.lower[axis] = middle
        return (axis, [left, right])
    }
}
