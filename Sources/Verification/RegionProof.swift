// Proving one region: effort is raised step by step, and each step gets about as much work for its search as its
// bounds have cost, until one decides. Work is counted in subproblems, never in seconds: a run can be repeated.

import BoundPropagation
import BranchAndBound
import Certificates
import Evaluation
import Intervals
import Properties

struct RegionProof {
    private let run: VerificationRun
    private let disjuncts: [Disjunct]
    /// The region's number and those of the disjuncts in the property.
    private let number: Int
    private let numbers: [Int]
    private let confirm: @Sendable ([Double], Disjunct) -> Bool
    private let lower: [Double]
    private let upper: [Double]
    /// Indices into `disjuncts` of those that are not refuted.
    private var open: [Int]
    private let region: InputRegion
    private var float32Ranges: Float32Analysis.Ranges?
    /// Per disjunct the most that float32 execution may lose; nil when nobody asked, or nothing is known.
    private var float32Losses: [Double]?
    /// Whether what is refuted so far is refuted for every float32 execution.
    private var holdsInFloat32 = true
    private var known: NodeBounds?
    /// The same where counterexamples of the open disjuncts are; nil while nothing is gained by that.
    private var narrowed: NodeBounds?
    /// By disjunct where its counterexamples are.
    private var cuts: [Int: DisjunctCut] = [:]
    /// The disjuncts of which float32 execution may have more counterexamples than were looked for.
    private var narrowedBeyondFloat32: Set<Int> = []
    private var boundSeconds = 0.0
    private var searchSeconds = 0.0
    private var nodes = 0
    private var given = 0
    private var gap: Double?
    private var trace: [ProofRecord]?
    private var status = SearchStatus()
    private var neurons = 0
    private var unstable = 0

    init(
        run: VerificationRun, region: InputRegion, number: Int, disjuncts: [Disjunct], numbers: [Int],
        confirm: @escaping @Sendable ([Double], Disjunct) -> Bool
    ) {
        self.run = run
        self.disjuncts = disjuncts
        self.number = number
        self.numbers = numbers
        self.confirm = confirm
        self.region = region
        let layout = run.model.plan.inputLayout
        lower = layout.permuted(region.outwardLower)
        upper = layout.permuted(region.outwardUpper)
        open = Array(disjuncts.indices)
        if run.scribe == nil { known = run.options.known?.within(model: run.model, lower: lower, upper: upper) }
    }

    func add(to report: inout VerificationReport) {
        report.boundSeconds += boundSeconds
        report.searchSeconds += searchSeconds
        report.nodes += nodes
        report.givenSubproblems += given
        if let trace { report.trace = (report.trace ?? []) + [.region(number), .beginPhases] + trace + [.endRegion] }
        report.gap = gap.map { max(report.gap ?? 0, $0) } ?? report.gap
        report.open = status.open
        report.worstBound = status.worstBound.isFinite ? status.worstBound : nil
        if let float32Losses {
            let rounding = max(report.float32?.rounding ?? 0, float32Losses.max() ?? 0)
            report.float32 = Float32Report(
                rounding: rounding, holds: holdsInFloat32 && report.float32?.holds ?? true)
        }
        report.bounds = known.map { KnownBounds(model: run.model, bounds: $0) }
        report.neurons = max(report.neurons, neurons)
        report.unstableNeurons = max(report.unstableNeurons, unstable)
    }

    /// - Parameter attack: a more thorough counterexample search, run once the cheapest bounds did not decide; true
    ///   when it found one.
    mutating func decide(attack: () -> Bool) -> SearchOutcome {
        let moving = BoxModel.moving(lower: lower, upper: upper)
        let plain = bound(BoundingOptions())
        if run.isOver { return .stopped }
        if let format = run.options.requiredFormat, !(float32Losses?.allSatisfy(\.isFinite) ?? false) {
            return .exhausted(reason: "no bound of \(format.rawValue) execution's rounding is known on a region")
        }
        let overBoxes = moving.count <= Self.mostInputsToSplit
        if let end = ended(search(plain, overBoxes: overBoxes, nodes: overBoxes ? 256 : 1)) { return end }
        gap = open.compactMap { cuts[$0]?.cut.share }.max()
        if attack() { return .violated }
        if let doubt = run.doubt { return .exhausted(reason: doubt) }
        if overBoxes { return search(plain, overBoxes: true, nodes: .max) }
        if let gap, gap >= run.options.hopelessGap {
            let (own, limit) = (Int(100 * gap), Int(100 * run.options.hopelessGap))
            return .hopeless(
                reason:
                    "given up: the first bounds miss a proof by \(own) % of their range, and queries alike were searched "
                    + "in vain from \(limit) % on")
        }
        if let end = narrow(plain) { return end }
        var ascended = BoundingOptions()
        ascended.ascentIterations = 5
        let bounder = bound(ascended)
        let refines = bounder.refinableShare >= Self.leastRefinableShare
        let first = refines ? 512 : 1
        if let end = ended(search(bounder, overBoxes: false, nodes: first)) { return end }
        if let end = narrow(bounder) { return end }
        if !refines {
            let region = narrowed.map(relaxed) ?? bounder
            if let end = ended(search(region, overBoxes: false, nodes: Self.nodesBeforeRefiningImages)) { return end }
        }
        var nodesPerTarget = refines ? 64 : 256
        while true {
            let before = unstable
            let refinement = refinement(nodesPerTarget)
            let bounder = bound(refinement)
            if run.isOver { return .stopped }
            // Where refinement stabilises few neurons, or has gone far, the search gets all the time that is left.
            let isLast = nodesPerTarget > 20_000 || Double(unstable) > 0.95 * Double(before)
            let nodes = isLast ? Int.max : max(512, refinement.handled.value / Self.refinedNodesPerNode)
            let outcome = search(bounder, overBoxes: false, nodes: nodes)
            if let end = ended(outcome) { return end }
            if isLast {
                return moving.count <= Self.mostInputsAtLast ? search(bounder, overBoxes: true, nodes: .max) : outcome
            }
            nodesPerTarget *= 4
        }
    }

    /// Inputs of at most so many dimensions are split themselves.
    private static let mostInputsToSplit = 12
    /// The same where splitting neurons has ended without a decision, which happens with smooth activations only.
    private static let mostInputsAtLast = 64
    /// Refining neurons pays where most unstable neurons can be refined: in fully connected networks it decides what a
    /// search never would, in front of a few fully connected layers after convolutions it costs more than it saves.
    private static let leastRefinableShare = 0.5
    /// There it comes after a search of so many subproblems, when a long one lies ahead.
    private static let nodesBeforeRefiningImages = 20_000
    /// How many subproblems of a neuron's refinement cost about as much as one of the search.
    private static let refinedNodesPerNode = 4

    private func refinement(_ nodesPerTarget: Int) -> RefinementOptions {
        var options = RefinementOptions()
        options.nodesPerTarget = nodesPerTarget
        options.threads = run.options.threads
        options.scribe = run.scribe
        options.isStopped = { [run] in run.isOver }
        return options
    }

    private mutating func bound(_ refinement: RefinementOptions) -> RegionBounder {
        var options = BoundingOptions()
        options.refine = { region, node, features in
            refineNeurons(features, of: node, before: region, options: refinement)
        }
        return bound(options)
    }

    /// Bounds every neuron where counterexamples of a disjunct are, which gives a better bound of its margin, and so less
    /// room for counterexamples: again and again while that helps. What is left of several disjuncts is looked for
    /// wherever one of them may have it.
    ///
    /// - Returns: what ends the proof.
    private mutating func narrow(_ region: RegionBounder) -> SearchOutcome? {
        // A proof's checker knows of no cuts.
        if run.scribe != nil || cuts.isEmpty { return nil }
        var union: NodeBounds?
        var gains = false
        for disjunct in open {
            var bounds = region.bounds
            while !run.isOver, let known = cuts[disjunct], known.cut.share <= Self.mostRoom {
                let began = ContinuousClock.now
                var effort = BoundingOptions()
                effort.known = bounds
                effort.cut = known.cut
                let narrower = bounder(effort)
                boundSeconds += seconds(since: began)
                if !known.coversFloat32 { narrowedBeyondFloat32.insert(disjunct) }
                cuts[disjunct] = nil
                let outcome = search(narrower, over: [disjunct], overBoxes: false, nodes: 1)
                if case .violated = outcome { return .violated }
                guard let left = cuts[disjunct]?.cut, left.slack < Self.leastNarrowing * known.cut.slack else { break }
                bounds = narrower.bounds
                gains = true
            }
            if run.isOver { return .stopped }
            if open.contains(disjunct) { union = union?.union(bounds) ?? bounds }
        }
        if open.isEmpty { return .proved }
        if gains { narrowed = union } else if narrowed == nil { narrowedBeyondFloat32 = [] }
        // They may come of bounds that are given up now.
        cuts = [:]
        return nil
    }

    /// Where counterexamples have more room than this share of the objective's range nothing follows.
    private static let mostRoom = 0.1
    /// A step of narrowing is followed by another when the bound's distance from 0 becomes less by this factor.
    private static let leastNarrowing = 0.95

    /// What is known, with nothing bounded anew.
    private func relaxed(_ known: NodeBounds) -> RegionBounder {
        var effort = BoundingOptions()
        effort.known = known
        effort.tightens = false
        return bounder(effort)
    }

    private func bounder(_ effort: BoundingOptions) -> RegionBounder {
        var effort = effort
        effort.threads = run.options.threads
        effort.isStopped = { [run] in run.isOver }
        return RegionBounder(model: run.model, lower: lower, upper: upper, options: effort)
    }

    /// Bounds every neuron with the given effort, starting from what is known.
    private mutating func bound(_ effort: BoundingOptions) -> RegionBounder {
        let began = ContinuousClock.now
        var effort = effort
        effort.known = narrowed ?? known
        effort.scribe = run.scribe
        let bounder = bounder(effort)
        if narrowed == nil {
            known = bounder.bounds
            boundFloat32(bounder.bounds)
        } else {
            narrowed = bounder.bounds
        }
        neurons = bounder.neuronCount
        unstable = bounder.unstableCount
        boundSeconds += seconds(since: began)
        return bounder
    }

    /// Bounds what float32 execution loses by what is known of the neurons now.
    private mutating func boundFloat32(_ known: NodeBounds) {
        if let format = run.options.executionFormat {
            float32Losses = float32Losses ?? run.executionLosses(in: format, region, disjuncts)
            return
        }
        guard let analysis = run.float32, !run.isOver else { return }
        let ranges =
            float32Ranges ?? analysis.ranges(over: region, of: run.query.network, threads: run.options.threads)
        float32Ranges = ranges
        let losses = analysis.losses(
            of: disjuncts, ranges, known: known, thoroughly: run.options.requiresFloat32)
        float32Losses = float32Losses.map { zip($0, losses).map { min($0, $1) } } ?? losses
    }

    private func thoroughLosses(of disjuncts: [Disjunct]) -> [Double] {
        guard let analysis = run.float32, let known, let float32Ranges else { return disjuncts.map { _ in .infinity } }
        return analysis.losses(of: disjuncts, float32Ranges, known: known, thoroughly: true)
    }

    /// Per disjunct the largest of its constraints' margins in the middle of the region, roughly.
    private func marginsInTheMiddle(of disjuncts: [Disjunct]) -> [Double] {
        let middle = zip(region.outwardLower, region.outwardUpper).map { $0 / 2 + $1 / 2 }
        let inputs = middle.map { Interval($0) }
        let outputs = run.query.network.evaluate(middle).map { Interval($0) }
        return disjuncts.map { disjunct in
            disjunct.constraints.map { $0.margin(outputs: outputs, inputs: inputs).midpoint }.max() ?? .infinity
        }
    }

    /// An outcome that ends the proof; nil to go on with more effort.
    private func ended(_ outcome: SearchOutcome) -> SearchOutcome? {
        if run.isOver { return outcome }
        switch outcome {
        case .proved, .violated, .hopeless: return outcome
        case .stopped: return nil
        // Smooth neurons are split at a few places only; tighter bounds help, and so do splits of the input.
        case .exhausted: return run.model.plan.isPiecewiseLinear || nodes >= run.options.maxNodes ? outcome : nil
        }
    }

    /// - Parameter some: of the open disjuncts; nil: all.
    private mutating func search(
        _ region: RegionBounder, over some: [Int]? = nil, overBoxes: Bool, nodes softNodes: Int
    ) -> SearchOutcome {
        let began = ContinuousClock.now
        defer { searchSeconds += seconds(since: began) }
        // Making sparse matrices costs more than a few subproblems.
        let whole = region
        let region = region.condensed(convolutions: softNodes > 64)
        let searched = some ?? open
        let chosen = searched.map { disjuncts[$0] }
        var problem = SearchProblem(
            region: region, disjuncts: chosen.map { $0.constraints.map { Objective($0, plan: run.model.plan) } },
            confirm: { [confirm] point, index in confirm(point, chosen[index]) })
        problem.branching = run.options.branching
        problem.scribe = run.scribe
        problem.float32 = float32Losses.map { losses in
            Float32Margin(
                losses: searched.map { losses[$0] }, isRequired: run.options.requiredFormat != nil,
                improve: { [self] in
                    Float32Margin.Estimate(losses: thoroughLosses(of: chosen), attained: marginsInTheMiddle(of: chosen))
                })
        }
        problem.float32?.lose(searched.indices.filter { narrowedBeyondFloat32.contains(searched[$0]) })
        problem.disjunctNumbers = searched.map { numbers[$0] }
        if !overBoxes && softNodes > 1 {
            problem.start = run.options.start.flatMap {
                SearchStart($0, number: number, whole: whole, searched: region)
            }
        }
        if run.options.keepsTrace && !overBoxes {
            problem.trace = SearchTrace(neurons: ProofNumbers(run.model.plan).neurons(of: region))
        }
        var limits = SearchLimits()
        limits.deadline = run.deadline
        limits.softNodes = softNodes
        limits.threads = run.options.threads
        limits.maxNodes = run.options.maxNodes - nodes
        limits.memory = run.options.memoryLimit
        limits.triesMinimisers = run.options.attack
        // A search that ends early by itself says nothing about one that does not.
        limits.givesUp = run.options.givesUp && softNodes >= Self.nodesBeforeRefiningImages
        limits.isCancelled = run.isCancelled
        let outcome: SearchOutcome
        if overBoxes {
            run.scribe?.recorder.beginBoxes(problem.disjunctNumbers, isLast: softNodes == .max)
            let search = BoxSearch(problem, limits: limits)
            outcome = search.run { [run] in run.tell("splitting inputs", $0) }
            status = search.status
            run.scribe?.recorder.endBoxes(isProved: outcome.isProof)
            if outcome.isProof, let lost = problem.float32?.lost, !lost.isEmpty { holdsInFloat32 = false }
        } else {
            run.scribe?.recorder.beginPhases(isLast: softNodes == .max)
            let search = PhaseSearch(problem, limits: limits)
            outcome = search.run { [run] in run.tell("splitting phases", $0) }
            status = search.status
            given += search.givenCount
            trace = problem.trace?.records ?? trace
            let left = search.openDisjuncts
            if let lost = problem.float32?.lost, !lost.isSubset(of: left) { holdsInFloat32 = false }
            run.scribe?.recorder.endPhases(
                refuted: searched.indices.filter { !left.contains($0) }.map { problem.disjunctNumbers[$0] })
            let refuted = Set(searched.indices).subtracting(left).map { searched[$0] }
            open.removeAll { refuted.contains($0) }
            for (index, cut) in search.cuts { cuts[searched[index]] = cut }
        }
        for (disjunct, loss) in zip(searched, problem.float32?.losses ?? []) { float32Losses?[disjunct] = loss }
        nodes += status.nodes
        if nodes >= run.options.maxNodes, case .exhausted = outcome {
            return .exhausted(reason: "the limit of \(run.options.maxNodes) subproblems was reached")
        }
        return outcome
    }
}
