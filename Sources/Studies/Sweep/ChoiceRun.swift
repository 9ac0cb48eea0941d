// Looking for the ratio at which most images are certified, among networks that are accurate enough.
//
// Golden section assumes that certified accuracy rises to one peak and falls; successive halving (Jamieson and Talwalkar,
// 2016) does not: it asks a few images of many ratios and goes on with the better ones. A ratio is dropped as soon as
// McNemar's test on all seeds and images tells it from the best, and at the end of each round the worse half goes.
// Every ratio that is looked at is a sweep of its own with the same store: nothing is made or asked twice.

internal import Statistics

public struct ChoiceResult: Sendable {
    /// A ratio that was looked at, all seeds together.
    public struct Candidate: Sendable, Equatable {
        public var ratio: Double
        public var sparsity: Double
        public var accuracy: Double
        /// Share of the questions that were proved.
        public var certified: Double
        public var questions: Int
        /// Whether all images were asked.
        public var isComplete: Bool
        /// Per seed and image.
        var proofs: [String: Bool]
    }

    public var epsilon: String
    public var floor: Double
    /// By ratio.
    public var candidates: [Candidate]
    /// Nil when no network is accurate enough.
    public var best: Candidate?
    /// Other ratios, with all images asked, that the data does not tell from the best (McNemar's test, 5 %).
    public var ties: [Double]
    public var end: SweepSummary.End
}

public final class ChoiceRun {
    private let plan: SweepPlan
    private let options: SweepRunner.Options
    private let epsilon: String
    private let method: String
    private var known: [Double: ChoiceResult.Candidate] = [:]
    private var end = SweepSummary.End.complete
    private let start = ContinuousClock.now
    public var onEvent: (SweepEvent) -> Void = { _ in }
    public var onProgress: (SweepProgress) -> Void = { _ in }
    public var onCandidate: (ChoiceResult.Candidate) -> Void = { _ in }
    public var isCancelled: () -> Bool = { false }

    /// - Throws: when the plan has nothing to choose between.
    public init(plan: SweepPlan, options: SweepRunner.Options) throws(StudyError) {
        guard let pruning = plan.pruning else {
            throw StudyError("\(plan.name): there is no ratio to choose; add `pruning`")
        }
        guard let epsilon = plan.choice.epsilon ?? plan.epsilons.last else {
            throw StudyError("\(plan.name): a choice needs a radius; give verification.epsilons")
        }
        let method = plan.choice.pruning ?? pruning.methods[0]
        guard pruning.methods.contains(method) else {
            throw StudyError("\(plan.name): choice.pruning: '\(method)' is none of pruning.methods")
        }
        self.plan = plan
        self.options = options
        self.epsilon = epsilon
        self.method = method
    }

    public func run() throws(StudyError) -> ChoiceResult {
        switch plan.choice.method {
        case .golden: try searchByGoldenSection()
        case .halving: try searchByHalving()
        }
        let candidates = known.values.sorted { $0.ratio < $1.ratio }
        let complete = candidates.filter { $0.isComplete && $0.accuracy >= plan.choice.accuracy }
        let best = complete.max { ($0.certified, $0.ratio) < ($1.certified, $1.ratio) }
        let ties = complete.filter { other in
            other.ratio != best?.ratio && best.map { !Self.differs($0, other) } ?? false
        }
        return ChoiceResult(
            epsilon: epsilon, floor: plan.choice.accuracy, candidates: candidates, best: best,
            ties: ties.map(\.ratio), end: end)
    }

    // MARK: golden section

    private func searchByGoldenSection() throws(StudyError) {
        let all = plan.images.indices.count
        let part = (5.0.squareRoot() - 1) / 2
        var (low, high) = (plan.choice.least, plan.choice.most)
        for end in [low, high] where try score(end, images: all) == nil { return }
        while high - low > plan.choice.tolerance {
            let (left, right) = (high - part * (high - low), low + part * (high - low))
            guard let first = try score(left, images: all), let second = try score(right, images: all) else { return }
            // Of equals the sparser one.
            if first > second { high = right } else { low = left }
        }
    }

    /// Certified accuracy, or below zero where accuracy is too low; nil when the sweep was stopped.
    private func score(_ ratio: Double, images: Int) throws(StudyError) -> Double? {
        guard let candidate = try look(at: ratio, images: images) else { return nil }
        return candidate.accuracy >= plan.choice.accuracy ? candidate.certified : candidate.accuracy - 1
    }

    // MARK: successive halving

    private func searchByHalving() throws(StudyError) {
        let choice = plan.choice
        var ratios = (0..<choice.candidates).map {
            choice.least + (choice.most - choice.least) * Double($0) / Double(choice.candidates - 1)
        }
        let all = plan.images.indices.count
        var rounds = 0
        while choice.candidates >> rounds > 1 { rounds += 1 }
        for round in 0...rounds {
            let images = max(1, min(all, round == rounds ? all : all >> (rounds - round)))
            var looked: [ChoiceResult.Candidate] = []
            for ratio in ratios {
                guard let candidate = try look(at: ratio, images: images) else { return }
                if candidate.accuracy >= choice.accuracy { looked.append(candidate) }
            }
            guard let best = looked.max(by: { ($0.certified, $0.ratio) < ($1.certified, $1.ratio) }) else { return }
            looked.removeAll { $0.ratio != best.ratio && Self.differs(best, $0) }
            looked.sort { ($0.certified, $0.ratio) > ($1.certified, $1.ratio) }
            if round < rounds, ratios.count > 2 { looked = Array(looked.prefix(max(2, (ratios.count + 1) / 2))) }
            ratios = looked.map(\.ratio).sorted()
            if ratios.count == 1 && images == all { return }
        }
    }

    // MARK: one ratio

    /// Makes and asks what is missing for a ratio; nil when it was stopped.
    private func look(at given: Double, images: Int) throws(StudyError) -> ChoiceResult.Candidate? {
        let ratio = (given * 1000).rounded() / 1000
        let indices = Array(plan.images.indices.prefix(images))
        if let candidate = known[ratio],
            candidate.isComplete
                || images < plan.images.indices.count && candidate.questions >= indices.count * plan.seeds.count
        {
            return candidate
        }
        var plan = plan
        plan.pruning?.methods = [method]
        plan.pruning?.ratios = [ratio]
        plan.question = .epsilons([epsilon])
        plan.images = IndexRanges(indices.map(String.init).joined(separator: ","))!
        plan.resultsFile = "choice.json"
        plan.budget = plan.budget.map { max(0.001, $0 - seconds(since: start)) }
        let runner = try SweepRunner(plan: plan, options: options)
        (runner.onEvent, runner.onProgress, runner.isCancelled) = (onEvent, onProgress, isCancelled)
        let summary = try runner.run()
        end = summary.end
        guard summary.end == .complete, let results = runner.results else { return nil }
        let asked = results.models.filter { $0.ratio == ratio }
        var proofs: [String: Bool] = [:]
        let seeds = Dictionary(asked.map { ($0.id, $0.seed) }) { first, _ in first }
        for query in results.queries {
            guard let seed = seeds[query.model] else { continue }
            proofs["\(seed) \(query.image)"] = query.outcome == .holds
        }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
        let candidate = ChoiceResult.Candidate(
            ratio: ratio, sparsity: mean(asked.map(\.sparsity)), accuracy: mean(asked.compactMap(\.testAccuracy)),
            certified: mean(proofs.values.map { $0 ? 1 : 0 }), questions: proofs.count,
            isComplete: images >= self.plan.images.indices.count, proofs: proofs)
        known[ratio] = candidate
        onCandidate(candidate)
        return candidate
    }

    /// Whether McNemar's exact test, on the pairs of all seeds and images, tells the two apart at 5 %.
    static func differs(_ first: ChoiceResult.Candidate, _ second: ChoiceResult.Candidate) -> Bool {
        let pairs = first.proofs.compactMap { key, proved in second.proofs[key].map { (proved, $0) } }
        return PairedProportions(pairs).exactMcNemar < 0.05
    }
}
