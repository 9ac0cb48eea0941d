// Branch and bound over ReLU phases (beta-CROWN, Wang et al. 2021), in rounds of 64 subproblems a thread.
//
// A round takes the subproblems with the least bounds. Their slopes and split multipliers ascend together in float32;
// one float64 pass then gives every lane a bound that is a theorem. Lanes whose bound is positive are fathomed, the
// others split at the neuron that promises most. A subproblem without an unstable neuron left is a linear program,
// whose dual multipliers go through the same float64 pass.
//
// Threads meet at the end of every round, and children are queued in the order of their parents: the same number of
// threads gives the same search.

public import BoundPropagation
import Evaluation
import HeapModule
import Lanes

/// A search over one region for a proof that refutes all of its disjuncts.
public final class PhaseSearch {
    let problem: SearchProblem
    private let limits: SearchLimits
    private var queue = Heap<Subproblem>()
    private var created = 0
    private var clauses: ClauseStore
    /// What is refuted by less than float32 execution may lose.
    private var undercut: [Subproblem] = []
    /// More than this are not worth another search.
    private static let mostUndercut = 512
    public private(set) var status = SearchStatus()
    /// By disjunct where its counterexamples are, if there are any.
    public private(set) var cuts: [Int: DisjunctCut] = [:]

    public init(_ problem: SearchProblem, limits: SearchLimits) {
        self.problem = problem
        self.limits = limits
        clauses = ClauseStore(slotCount: problem.region.unstableNeurons.count)
        insert(
            problem.disjuncts.indices.map {
                Subproblem(disjunct: $0, bound: -.infinity, splits: nil, parameters: nil, weights: [], number: 0)
            })
    }

    /// Runs until everything is refuted, a counterexample is confirmed, or a limit is reached.
    public func run(onProgress: (SearchStatus) -> Void) -> SearchOutcome {
        let outcome = search(onProgress)
        settleUndercut()
        return outcome
    }

    private func search(_ onProgress: (SearchStatus) -> Void) -> SearchOutcome {
        let threads = max(1, limits.threads)
        let bounders = Results<BatchBounder>(threads)
        let results = Results<BatchResult>(threads)
        let (problem, limits) = (problem, limits)
        var forecast = SearchForecast()
        defer { for worker in 0..<threads { cuts.merge(bounders[worker]?.cuts ?? [:]) { $1 } } }
        while !queue.isEmpty {
            if limits.isOver || status.nodes >= limits.softNodes { return .stopped }
            // A block of parameters belongs to two children.
            let bytesEach = problem.region.unstableNeurons.count * 2 + 200
            if let reason = limits.exhausted(nodes: status.nodes, open: queue.count, bytesEach: bytesEach) {
                return .exhausted(reason: reason)
            }
            status.worstBound = queue.min!.bound
            let batches = takeBatches(threads)
            // Clauses may have refuted all that was left.
            if batches.isEmpty { continue }
            runWorkers(batches.count) { worker in
                let bounder = bounders[worker] ?? BatchBounder(problem, limits: limits)
                bounders[worker] = bounder
                results[worker] = bounder.process(batches[worker])
            }
            var end: SearchOutcome?
            for worker in batches.indices {
                status.nodes += batches[worker].count
                switch results[worker]! {
                case .children(let children, let learned, let weak):
                    insert(batches[worker][0].splits == nil ? begun(children) : children)
                    clauses.learn(learned)
                    undercut += weak
                case .ended(let outcome):
                    // What was being worked on is still open.
                    for subproblem in batches[worker] { queue.insert(subproblem) }
                    end = end ?? outcome
                }
            }
            status.open = queue.count
            if let end { return end }
            if undercut.count > Self.mostUndercut {
                tightenUndercut()
                if undercut.count > Self.mostUndercut / 2 { loseUndercut() }
            }
            onProgress(status)
            if limits.givesUp, let reason = forecast.verdict(status, deadline: limits.deadline) {
                return .hopeless(reason: reason)
            }
        }
        return .proved
    }

    /// Keeps what better knowledge of the losses leaves.
    private func tightenUndercut() {
        guard let float32 = problem.float32, limits.remaining > 1 else { return }
        float32.tighten()
        undercut.removeAll { $0.bound > float32.loss($0.disjunct) || float32.isLost($0.disjunct) }
    }

    private func loseUndercut() {
        problem.float32?.lose(undercut.map(\.disjunct))
        undercut = []
    }

    /// Bounds once more what was refuted by less than float32 execution may lose.
    private func settleUndercut() {
        let open = Set(openDisjuncts)
        undercut.removeAll { open.contains($0.disjunct) }
        if undercut.isEmpty { return }
        tightenUndercut()
        let extra = Float32Margin.extraNodes(
            status.nodes, multiplyAdds: problem.region.plan.multiplyAdds)
        if undercut.count > extra / 2 || limits.isOver { loseUndercut() }
        if undercut.isEmpty { return }
        var strict = problem
        strict.float32 = problem.float32?.required
        strict.scribe = nil
        var limits = limits
        limits.softNodes = extra
        limits.triesMinimisers = false
        let search = PhaseSearch(strict, limits: limits)
        search.queue = []
        search.insert(undercut)
        _ = search.search { _ in }
        status.nodes += search.status.nodes
        problem.float32?.lose(search.openDisjuncts)
    }

    /// How many subproblems came from the proof that was given to start from.
    public private(set) var givenCount = 0

    /// The disjuncts that have open subproblems.
    public var openDisjuncts: [Int] { Set(queue.unordered.map(\.disjunct)).sorted() }

    /// Up to 64 of the worst subproblems for each thread, dealt in turn; one batch while they fit the fewest lanes.
    private func takeBatches(_ threads: Int) -> [[Subproblem]] {
        let count = queue.count <= supportedLaneCounts[0] ? 1 : threads
        var batches = [[Subproblem]](repeating: [], count: count)
        var taken = 0
        while taken < count * BatchBounder.lanes, let next = queue.popMin() {
            guard let subproblem = clauses.propagate(next) else { continue }
            batches[taken % count].append(subproblem)
            taken += 1
        }
        return batches.filter { !$0.isEmpty }
    }

    /// What to go on with instead of the first children, where a neighbour's proof was given.
    private func begun(_ children: [Subproblem]) -> [Subproblem] {
        guard let start = problem.start else { return children }
        let disjuncts = Set(children.map(\.disjunct)).sorted()
        return disjuncts.flatMap { disjunct in
            let own = children.filter { $0.disjunct == disjunct }
            let given = start.subproblems(
                disjunct, number: problem.disjunctNumbers[disjunct], bound: own[0].bound,
                starts: own[0].parameters?.values ?? problem.region.standardSlopes)
            // A tree of which nothing is left here is the root once more.
            if given.count <= 1 { return own }
            givenCount += given.count
            return given
        }
    }

    private func insert(_ children: [Subproblem]) {
        for var child in children {
            child.number = created
            created += 1
            queue.insert(child)
        }
    }
}

/// Where counterexamples of a disjunct are.
public struct DisjunctCut: Sendable {
    public var cut: ObjectiveCut
    /// Those too that are none but for what float32 execution may lose.
    public var coversFloat32: Bool
}

/// What became of a batch.
enum BatchResult: Sendable {
    /// Also what is refuted, but by less than float32 execution may lose.
    case children([Subproblem], [Clause], [Subproblem])
    case ended(SearchOutcome)
}
