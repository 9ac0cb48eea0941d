// The questions of a sweep (networks x images x radii) and what is known of each.

internal import Certificates
internal import Datasets
internal import Intervals

final class SweepQuestions {
    let plan: SweepPlan
    /// Numbers of the recipes that are asked, in order.
    let models: [Int]
    let recipes: [ModelRecipe]
    let records: [Int: ModelRecord]
    /// By index in the dataset.
    private(set) var images: [Int: CenteredImage] = [:]
    let indices: [Int]
    let shape: ExampleShape
    let classNames: [String]
    /// The radii as numbers, for candidates; what is claimed goes by the decimals.
    let radii: [Double]
    private(set) var pool = CounterexamplePool()
    private(set) var proofs = ProofPool()
    /// By model.
    private var experience: [Int: GapExperience] = [:]
    private var answers: [Place: QueryResult] = [:]
    /// Counterexamples in the units of the images.
    private(set) var adversarialExamples: [Place: [Float]] = [:]
    private var fingerprints: [Place: Fingerprint] = [:]
    /// By image: how many radii the last network was proved for that had all of them answered.
    private var frontiers: [Int: Int] = [:]
    private let version: String
    private let store: ResultStore

    /// One question.
    struct Place: Hashable {
        var model: Int
        var image: Int
        /// Of the radius in the list.
        var epsilon: Int
    }

    /// What others need to read the sweep's answers from its store.
    struct Outline: Codable {
        var name: String
        var dataset: DatasetReference
        var digests: [String]
        var images: [Int]
        var epsilons: [String]
        var options: String
        var version: String
    }

    /// The data, which has what the plan asks of it.
    static func dataset(of plan: SweepPlan) throws -> Dataset {
        let dataset = try plan.dataset.open()
        for range in plan.images.ranges where range.upperBound > dataset.count {
            throw StudyError(
                "\(plan.dataset.path): images \(range) are asked for, there are \(dataset.count); choose others")
        }
        for counts in [plan.normalization?.mean.count, plan.normalization?.deviation.count] {
            guard counts == nil || counts == 1 || counts == dataset.shape.channels else {
                throw StudyError(
                    "\(plan.dataset.path): \(dataset.shape.channels) channels, and \(counts!) means or deviations; "
                        + "give one, or one per channel")
            }
        }
        return dataset
    }

    /// Looks up what the store knows of every question.
    init(_ runner: SweepRunner) throws(StudyError) {
        plan = runner.plan
        recipes = runner.recipes
        records = runner.records
        store = runner.store
        version = runner.options.version
        models = recipes.indices.filter { runner.recipes[$0].isAsked }
        radii = plan.epsilons.map { ExactDecimal($0)!.enclosure.midpoint }
        do {
            let dataset = try Self.dataset(of: plan)
            (shape, classNames) = (dataset.shape, dataset.classNames)
            var seen = Set<Int>()
            indices = plan.images.indices.filter { seen.insert($0).inserted }
            for index in indices {
                images[index] = try CenteredImage(dataset, index: index, normalization: plan.normalization)
            }
        } catch let error as StudyError {
            throw error
        } catch {
            throw StudyError("\(error)")
        }
        let fingerprinter = Fingerprinter(version: version)
        for place in places {
            let fingerprint = fingerprinter.fingerprint(of: query(place), options: plan.query)
            fingerprints[place] = fingerprint
            if let result = try store.result(key: query(place).key, fingerprint: fingerprint) {
                take(result, at: place)
            }
        }
        for model in models { for image in indices { noteFrontier(model, image) } }
    }

    /// Model by model, image by image.
    var places: [Place] {
        models.flatMap { model in
            indices.flatMap { image in
                plan.epsilons.indices.map { Place(model: model, image: image, epsilon: $0) }
            }
        }
    }

    var count: Int { models.count * indices.count * plan.epsilons.count }
    var openCount: Int { count - answers.count }

    func result(_ place: Place) -> QueryResult? { answers[place] }

    var outline: Outline {
        Outline(
            name: plan.name, dataset: plan.dataset, digests: models.map { recipes[$0].digest }, images: indices,
            epsilons: plan.epsilons, options: plan.query.fingerprint, version: version)
    }

    func imageQuestion(_ image: Int, epsilon: String) -> ImageQuestion {
        ImageQuestion(dataset: plan.dataset, index: image, epsilon: epsilon, normalization: plan.normalization)
    }

    func query(_ place: Place, epsilon: String? = nil) -> StudyQuery {
        StudyQuery(
            category: plan.dataset.name, networkName: recipes[place.model].name, network: recipes[place.model].file,
            subject: .image(imageQuestion(place.image, epsilon: epsilon ?? plan.epsilons[place.epsilon])))
    }

    /// What a radius that was found speaks of.
    func radiusKey(_ model: Int, _ image: Int, tolerance: Double) -> String {
        let fingerprint = Fingerprinter(version: version).fingerprint(
            of: query(Place(model: model, image: image, epsilon: 0), epsilon: "0"), options: plan.query)
        return [
            fingerprint.network, fingerprint.property, fingerprint.options, fingerprint.version, "\(tolerance)",
        ].joined(separator: " ")
    }

    /// The images of a network with questions that are open.
    func openImages(of model: Int) -> [Int] {
        indices.filter { image in
            plan.epsilons.indices.contains { answers[Place(model: model, image: image, epsilon: $0)] == nil }
        }
    }

    /// How many answers of a network ended how.
    func outcomes(of model: Int) -> [Outcome: Int] {
        var counts: [Outcome: Int] = [:]
        for image in indices {
            for epsilon in plan.epsilons.indices {
                guard let result = answers[Place(model: model, image: image, epsilon: epsilon)] else { continue }
                counts[result.outcome, default: 0] += 1
            }
        }
        return counts
    }

    /// The search over the radii of an image, with what is known already.
    func search(_ model: Int, _ image: Int) -> EpsilonSearch {
        let isMonotone = plan.reuse.contains(.epsilons)
        var search = EpsilonSearch(
            count: plan.epsilons.count, isMonotone: isMonotone,
            expected: isMonotone ? frontiers[image] ?? commonFrontier : nil)
        for epsilon in plan.epsilons.indices {
            guard let result = answers[Place(model: model, image: image, epsilon: epsilon)] else { continue }
            search.restore(
                result.outcome == .holds ? .holds : result.outcome == .violated ? .violated : .undecided, at: epsilon)
        }
        return search
    }

    // MARK: answers

    /// Keeps how an answer was searched for.
    func keep(_ trace: [ProofRecord], of place: Place) {
        proofs.add(
            ProofPool.Entry(
                model: place.model, source: recipes[place.model].name, place: place.epsilon, records: trace),
            image: place.image)
    }

    /// Keeps an answer.
    func add(_ result: QueryResult, at place: Place, counterexample: [Double]? = nil) throws(StudyError) {
        let query = query(place)
        try store.add(
            ResultStore.Row(
                key: query.key, category: query.category, network: query.networkName, property: query.propertyName,
                fingerprint: fingerprints[place]!, timeout: plan.query.timeout, result: result))
        take(result, at: place, counterexample: counterexample)
        noteFrontier(place.model, place.image)
    }

    /// Notes more about an answer that is there.
    func note(_ details: SweepDetails, at place: Place) throws(StudyError) {
        answers[place]?.details = details
        try store.note(details, key: query(place).key, fingerprint: fingerprints[place]!)
    }

    private func take(_ result: QueryResult, at place: Place, counterexample: [Double]? = nil) {
        var light = result
        light.witness = nil
        answers[place] = light
        learn(from: result, model: place.model)
        guard result.outcome == .violated, let image = images[place.image],
            let values = counterexample ?? result.witness.flatMap(witnessInputs).map({ image.values(of: $0) })
        else { return }
        adversarialExamples[place] = values.map { Float($0) }
        guard plan.reuse.contains(.counterexamples) else { return }
        pool.add(
            values.map { Float($0) }, image: place.image, center: image.values,
            source: result.details?.source ?? recipes[place.model].name)
    }

    private func learn(from result: QueryResult, model: Int) {
        guard let details = result.details, let gap = details.gap, details.origin != .hopelessGap else { return }
        switch result.outcome {
        case .holds, .unknown, .timeout:
            experience[model, default: GapExperience()].add(gap, isProved: result.outcome == .holds)
        case .violated, .misclassified, .error: break
        }
    }

    /// The gap from which on a network's queries are given up; nil: none.
    func hopelessGap(of model: Int) -> Double? {
        plan.query.givesUp && plan.reuse.contains(.failures) ? experience[model]?.hopeless : nil
    }

    /// How many radii most images were proved for, each by the last network that had all of them answered.
    private var commonFrontier: Int? {
        let counts = Dictionary(grouping: frontiers.values, by: \.self).mapValues(\.count)
        return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
    }

    private func noteFrontier(_ model: Int, _ image: Int) {
        var proved = 0
        for epsilon in plan.epsilons.indices {
            guard let result = answers[Place(model: model, image: image, epsilon: epsilon)],
                result.outcome != .misclassified
            else { return }
            if result.outcome == .holds { proved = epsilon + 1 }
        }
        frontiers[image] = proved
    }

    // MARK: what reuse saved

    /// - Parameter kinds: those that are switched on.
    func savings(_ kinds: Set<Reuse>) -> [SweepSummary.Saving] {
        // What a search for an answer of that kind takes, by radius and outcome.
        var searched: [[String]: (count: Int, seconds: Double)] = [:]
        for (place, result) in answers where result.details?.origin == .computed {
            for key in [["\(place.epsilon)", result.outcome.rawValue], [result.outcome.rawValue]] {
                searched[key, default: (0, 0)].count += 1
                searched[key, default: (0, 0)].seconds += result.seconds
            }
        }
        return Reuse.allCases.map { kind in
            var (queries, seconds, isKnown) = (0, 0.0, false)
            for (place, result) in answers where result.details.map({ kind.origins.contains($0.origin) }) ?? false {
                queries += 1
                guard kind != .proofs && kind != .bounds else { continue }
                let keys = [["\(place.epsilon)", result.outcome.rawValue], [result.outcome.rawValue]]
                guard let alike = keys.lazy.compactMap({ searched[$0] }).first else { continue }
                isKnown = true
                seconds += alike.seconds / Double(alike.count) - result.seconds
            }
            return SweepSummary.Saving(
                kind: kind, isOn: kinds.contains(kind), queries: queries, seconds: isKnown ? seconds : nil)
        }
    }
}

extension Reuse {
    /// How answers are marked that it helped to.
    var origins: [SweepQuery.Origin] {
        switch self {
        case .epsilons: [.largerRadius, .smallerRadius, .openAtSmallerRadius]
        case .counterexamples: [.transferredCounterexample]
        case .proofs: [.transferredProof]
        case .bounds: [.neighbouringRadius]
        case .margins: [.transferredMargin]
        case .failures: [.hopelessGap]
        }
    }
}
