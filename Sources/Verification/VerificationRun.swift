// The strategy: what is tried, in which order, for how long.
//
// First the counterexample search, over all regions, because it is cheap. Then each region in turn: bounds of every
// neuron, with more effort only where less did not decide; then branch and bound, over the input box when it has few
// dimensions, over ReLU phases otherwise.

import BoundPropagation
import BranchAndBound
import Certificates
import Evaluation
import Falsification
import Intervals
import Networks
import Properties
import Synchronization

final class VerificationRun: Sendable {
    let query: Query
    let options: VerificationOptions
    let progress: @Sendable (VerificationProgress) -> Void
    let isCancelled: @Sendable () -> Bool
    let start = ContinuousClock.now
    let deadline: ContinuousClock.Instant?
    let model: BoundModel
    /// Takes the proof down, when the options ask for it.
    let scribe: ProofScribe?
    /// The first confirmed counterexample.
    private let found = Mutex<Counterexample?>(nil)
    private let analysis = Mutex<Float32Analysis??>(nil)
    /// Whether there is one of the real network that executions in the format asked about need not share.
    private let hasDoubtful = Atomic<Bool>(false)

    init(
        _ query: Query, options: VerificationOptions, progress: @escaping @Sendable (VerificationProgress) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) {
        self.query = query
        self.options = options
        self.progress = progress
        self.isCancelled = isCancelled
        // Leaves time to give back what a large search holds.
        let reserve = min(0.1, options.timeout / 50)
        deadline = options.timeout.isFinite ? start + .seconds(options.timeout - reserve) : nil
        model = query.prepared.model
        scribe = options.recorder.map { [model] in ProofScribe($0, plan: model.plan) }
    }

    var isOver: Bool { isCancelled() || deadline.map { ContinuousClock.now >= $0 } ?? false }

    func decide() -> VerificationReport {
        var report = VerificationReport(verdict: .holds)
        let regions = openRegions(&report)
        attack(regions, effort: .quick, &report)
        for region in regions {
            if let end = counterexampleOrStop() {
                report.verdict = end
                return report
            }
            let outcome = prove(region, &report)
            if let verdict = verdict(outcome) {
                report.verdict = counterexampleOrStop() ?? verdict
                return report
            }
        }
        if let end = counterexample() { report.verdict = end }
        if case .holds = report.verdict { scribe?.recorder.finish() }
        return report
    }

    /// The regions that may hold points and that some disjunct speaks of.
    private func openRegions(_ report: inout VerificationReport) -> [Int] {
        if query.property.disjuncts.isEmpty {
            report.warnings.append("the property's condition cannot be met by any output: it holds trivially")
        }
        return query.property.regions.indices.filter { region in
            if query.property.regions[region].isCertainlyEmpty {
                report.warnings.append("an input region of the property is empty: it holds there trivially")
                return false
            }
            return query.property.disjuncts.contains { $0.region == region }
        }
    }

    private func counterexample() -> Verdict? { found.withLock { $0.map(Verdict.violated) } }

    private func counterexampleOrStop() -> Verdict? {
        if let verdict = counterexample() { return verdict }
        if isCancelled() { return .unknown(reason: "cancelled") }
        return isOver ? .timeout : nil
    }

    private func verdict(_ outcome: SearchOutcome) -> Verdict? {
        switch outcome {
        case .proved: return nil
        case .violated: return counterexample() ?? .unknown(reason: "a counterexample was lost")
        case .stopped: return isCancelled() ? .unknown(reason: "cancelled") : .timeout
        case .exhausted(let reason), .hopeless(let reason): return .unknown(reason: doubt ?? reason)
        }
    }

    // MARK: counterexamples

    /// Looks for a counterexample in each region by gradient descent; true once one is confirmed.
    @discardableResult
    func attack(_ regions: [Int], effort: AttackEffort, _ report: inout VerificationReport) -> Bool {
        guard options.attack && options.descends else { return false }
        let began = ContinuousClock.now
        defer { report.attackSeconds += seconds(since: began) }
        let lanes = model.plan.multiplyAdds > 3_000_000 ? 16 : 64
        let evaluator = LaneEvaluator(model.search, lanes: lanes)
        var descent = ProjectedGradientDescent()
        descent.seed = options.seed &+ (effort == .quick ? 0 : 1)
        // Bounded by work, not by time, so that runs can be repeated: some 30 and 150 milliseconds.
        let work = effort == .quick ? 1e9 : 5e9
        let iterations = Int(min(500, max(4, work / Double(2 * lanes * max(1, model.plan.multiplyAdds)))))
        descent.iterations = min(iterations, effort == .quick ? 20 : 25)
        descent.rounds = effort == .quick ? 1 : max(1, iterations / descent.iterations)
        descent.isStopped = { [self] in isOver }
        for region in regions {
            if attack(region, with: descent, on: evaluator) { return true }
            guard effort == .thorough else { continue }
            // Dead neurons make plateaus, which a surrogate of the gradient leaves.
            evaluator.leastSlope = 0.1
            defer { evaluator.leastSlope = 0 }
            if attack(region, with: descent, on: evaluator) { return true }
        }
        return false
    }

    private func attack(
        _ region: Int, with descent: ProjectedGradientDescent, on evaluator: LaneEvaluator<Float>
    ) -> Bool {
        let disjuncts = query.property.disjuncts.filter { $0.region == region }
        return descent.run(region: query.property.regions[region], disjuncts: disjuncts, model: evaluator) {
            confirm(inNetworkOrder: $0, disjunct: disjuncts[$1])
        }.isFound
    }

    /// Whether an input, in the order of the lanes, is a counterexample of a disjunct; remembers it.
    private func confirm(_ point: [Double], disjunct: Disjunct) -> Bool {
        let layout = model.plan.inputLayout
        return confirm(inNetworkOrder: point.indices.map { point[layout.laneFeature($0)] }, disjunct: disjunct)
    }

    private func confirm(inNetworkOrder candidate: [Double], disjunct: Disjunct) -> Bool {
        let region = query.property.regions[disjunct.region]
        guard
            case .violated(let counterexample) = Falsification.confirm(
                candidate, disjunct: disjunct, region: region, network: query.network)
        else { return false }
        if let format = options.executionFormat,
            !counterexample.holdsExecuted(in: format, disjunct, network: query.network)
        {
            hasDoubtful.store(true, ordering: .relaxed)
            return false
        }
        found.withLock { if $0 == nil { $0 = counterexample } }
        return true
    }

    /// A point of the surroundings that seems to violate a disjunct, as near to the center as could be found.
    func nearestViolation(_ surroundings: Surroundings, start: [Double]?) -> [Double]? {
        let lanes = model.plan.multiplyAdds > 3_000_000 ? 16 : 64
        var search = NearestViolationSearch()
        search.seed = options.seed
        // Bounded by work, as descent is.
        let steps = 5e9 / Double(2 * lanes * max(1, model.plan.multiplyAdds))
        search.stages = Int(min(Double(search.stages), max(2, steps / Double(search.iterations))))
        search.isStopped = { [self] in isOver }
        return search.run(
            around: surroundings, disjuncts: query.property.disjuncts,
            model: LaneEvaluator(model.search, lanes: lanes), start: start)
    }

    /// Why no verdict will come of a longer search: the real network has a counterexample, so that nothing can be
    /// proved, and it is one of real numbers only.
    var doubt: String? {
        guard hasDoubtful.load(ordering: .relaxed), let format = options.executionFormat else { return nil }
        return "the real network has a counterexample, but rounding to \(format.rawValue) may undo it"
    }

    // MARK: proofs

    private func prove(_ region: Int, _ report: inout VerificationReport) -> SearchOutcome {
        let numbers = query.property.disjuncts.indices.filter { query.property.disjuncts[$0].region == region }
            .filter { scribe != nil || !failsStrictly(query.property.disjuncts[$0]) }
        if numbers.isEmpty { return .proved }
        let disjuncts = numbers.map { query.property.disjuncts[$0] }
        if disjuncts.contains(where: { $0.constraints.isEmpty }) {
            return .exhausted(reason: "every input of a region violates the property, but none could be confirmed")
        }
        var proof = RegionProof(
            run: self, region: query.property.regions[region], number: region, disjuncts: disjuncts, numbers: numbers,
            confirm: { [self] in confirm($0, disjunct: $1) })
        scribe?.recorder.record(.region(region))
        defer { scribe?.recorder.record(.endRegion) }
        let outcome = proof.decide(attack: { attack([region], effort: .thorough, &report) })
        proof.add(to: &report)
        if case .hopeless = outcome { report.isGivenUp = true }
        return outcome
    }

    /// What float32 execution may lose; nil when nobody asks for it.
    var float32: Float32Analysis? {
        analysis.withLock { known in
            if let known { return known }
            let isAsked =
                options.requiresFloat32
                || options.reportsFloat32 && model.plan.multiplyAdds < Float32Analysis.mostMultiplyAdds
            let made = isAsked ? Float32Analysis(query.network, verified: model.plan) : nil
            known = .some(made)
            return made
        }
    }

    /// Whether a strict constraint fails on the whole region by interval arithmetic, which keeps exact zeros: the search
    /// shows margins positive, and this one may be zero.
    private func failsStrictly(_ disjunct: Disjunct) -> Bool {
        let strict = disjunct.constraints.filter(\.isStrict)
        guard !strict.isEmpty, options.requiredFormat == nil else { return false }
        let region = query.property.regions[disjunct.region]
        let bounds = query.network.intervalBounds(over: region.outwardLower, upper: region.outwardUpper)[
            query.network.output]
        let outputs = zip(bounds.lower, bounds.upper).map { Interval(lower: $0, upper: $1) }
        return strict.contains {
            $0.certainlyFails(margin: $0.margin(outputs: outputs, inputs: region.enclosure))
        }
    }

    /// Per disjunct the most that execution in the format that is asked about may take from a constraint's margin; nil
    /// where nothing is known.
    func executionLosses(in format: FloatFormat, _ region: InputRegion, _ disjuncts: [Disjunct]) -> [Double]? {
        let (lower, upper) = (region.outwardLower, region.outwardUpper)
        guard let errors = query.network.executionErrors(in: format, over: lower, upper: upper) else { return nil }
        let inputs = zip(lower, upper).map { max($0.magnitude, $1.magnitude) }
        return disjuncts.map { disjunct in
            disjunct.constraints.map { $0.executionLoss(in: format, outputs: errors, inputs: inputs) }.max() ?? 0
        }
    }

    func tell(_ phase: String, _ status: SearchStatus) {
        progress(
            VerificationProgress(
                phase: phase, nodes: status.nodes, open: status.open, worstBound: status.worstBound,
                seconds: seconds(since: start)))
    }
}
