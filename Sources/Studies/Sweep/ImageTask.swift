// All radii of one image and one network: candidates of other networks first, then the grid by bisection, each question
// a verification of its own.

internal import Certificates
internal import Datasets
internal import Intervals
internal import Networks
internal import Properties
internal import Verification

struct ImageTask: Sendable {
    /// An answer about one radius.
    struct Answer: Sendable {
        /// The radius's place in the list.
        var place: Int
        var result: QueryResult
        /// The counterexample in the units of the image.
        var counterexample: [Double]?
        /// How it was searched for, where that was asked for.
        var trace: [ProofRecord]?
        /// Whether it was given up with time left.
        var isGivenUp = false
    }

    let prepared: PreparedNetwork
    let image: CenteredImage
    /// Decimals, ascending.
    let epsilons: [String]
    /// The same as numbers, for candidates.
    let radii: [Double]
    /// Counterexamples of other networks.
    let known: [CounterexamplePool.Entry]
    /// What the network gives the image's label more than the strongest other class.
    let cleanMargin: Double?
    let options: QueryOptions
    /// Whether what is not decided is asked again.
    let isTrial: Bool
    /// From what gap on a query is given up, as the network's other queries showed.
    let hopelessGap: Double?
    /// From the network that this one was pruned from, and the image's place.
    let transfer: (from: MarginTransfer, image: Int)?
    /// Whether bounds are handed on from larger radii to smaller ones.
    let handsOnBounds: Bool
    /// Whether proofs are handed on; those of others, and how far the networks are from this one.
    let handsOnProofs: Bool
    var proofs: [ProofPool.Entry]
    let model: Int
    let distances: [Double]
    var search: EpsilonSearch
    /// What was found out at radii that were asked.
    var bounds: [Int: KnownBounds] = [:]

    /// Whether every radius was tried for a short time before.
    private var hadTrial: Bool { !isTrial && !options.givesUp }

    /// Answers what is open, each answer as soon as it is known.
    mutating func run(post: (Answer) -> Void, isStopped: @escaping @Sendable () -> Bool) {
        do {
            try tryCandidates(post)
            while let place = hadTrial ? search.smallest : search.next, !isStopped() { try ask(place, post, isStopped) }
        } catch {
            // Files and data have been looked at before, so that this hardly happens; every open radius has the reason.
            for place in search.states.indices where search.states[place] == .open {
                post(Answer(place: place, result: QueryResult(outcome: .error, reason: "\(error)")))
            }
        }
    }

    private func described(_ found: Counterexample, _ origin: SweepQuery.Origin) -> QueryResult {
        var result = QueryResult(found)
        let others = found.output.indices.filter { $0 != image.label }
        let strongest = others.max { found.output[$0] < found.output[$1] }
        result.details = SweepDetails(
            origin: origin, cleanMargin: cleanMargin,
            attackedMargin: strongest.map { found.output[image.label] - found.output[$0] },
            adversarialClass: strongest)
        return result
    }

    private func query(_ place: Int) throws -> Query {
        let property = try image.property(
            epsilon: ExactDecimal(epsilons[place]) ?? .zero, classes: prepared.network.outputCount, target: nil)
        return try Query(network: prepared, property: property)
    }

    /// A point that float32 execution says is a counterexample within some radii.
    private struct Candidate {
        /// In the units of the image, and as the network's input.
        var values: [Double]
        var input: [Double]
        var source: String
        /// The smallest radius that reaches it, by its place.
        var place: Int
        var margin: Float = 0
        var outputs: [Float] = []
    }

    /// Counterexamples of other networks, and their nearest points within smaller radii, that seem to fool this one as
    /// well; those within small radii first, and of these the clearest. All of them take one batch of lanes.
    private func candidates() -> [Candidate] {
        var all: [Candidate] = []
        for entry in known {
            for (place, radius) in radii.enumerated() {
                let values = entry.moved(within: radius, of: image.values)
                all.append(
                    Candidate(
                        values: values, input: image.nearestInput(of: values), source: entry.source, place: place))
                if entry.distance <= radius { break }
            }
        }
        for (index, outputs) in prepared.outputs(at: all.map(\.input)).enumerated() {
            all[index].outputs = outputs
            all[index].margin = OpenedModel.margin(outputs, label: image.label)
        }
        return all.filter { $0.margin <= 0 }.sorted { ($0.place, $0.margin) < ($1.place, $1.margin) }
    }

    /// From the smallest radius on, until one is refuted.
    private mutating func tryCandidates(_ post: (Answer) -> Void) throws {
        var tried = [Int](repeating: 0, count: epsilons.count)
        for candidate in candidates() {
            for place in candidate.place..<epsilons.count where search.states[place] == .open && tried[place] < 2 {
                tried[place] += 1
                let start = ContinuousClock.now
                guard
                    let found = counterexample(try query(place), at: candidate.input, outputs: candidate.outputs)
                else { break }
                var result = described(found, .transferredCounterexample)
                result.seconds = seconds(since: start)
                result.details?.source = candidate.source
                try record(Answer(place: place, result: result, counterexample: image.values(of: found.input)), post)
                if search.isMonotone { return }
            }
        }
    }

    private mutating func ask(
        _ place: Int, _ post: (Answer) -> Void, _ isStopped: @escaping @Sendable () -> Bool
    ) throws {
        let start = ContinuousClock.now
        let query = try query(place)
        if let result = transferred(query.property, place) {
            return try record(Answer(place: place, result: result), post)
        }
        var given = VerificationOptions()
        given.reportsFloat32 = false
        given.timeout = options.timeout ?? .infinity
        given.threads = options.threads
        given.seed = options.seed
        given.maxNodes = options.maxNodes ?? .max
        given.memoryLimit = options.memory / 4 * 3
        given.attack = options.attack
        given.givesUp = options.givesUp
        given.hopelessGap = hopelessGap ?? .infinity
        // The nearest larger one is the tightest.
        given.known = bounds.filter { $0.key > place }.min { $0.key < $1.key }?.value
        let isHelped = given.known != nil
        given.keepsTrace = handsOnProofs
        let proof = proofs.nearest(to: model, at: place) { distances[$0] }
        given.start = proof?.records
        let report = verify(query, options: given, isCancelled: isStopped)
        // What was cancelled has no result.
        if case .unknown = report.verdict, isStopped() { return }
        if handsOnBounds { bounds[place] = report.bounds }
        var result = QueryResult(report)
        var point: [Double]?
        if case .violated(let found) = report.verdict {
            point = image.values(of: found.input)
            result.details = described(found, .computed).details
        } else {
            result.details = SweepDetails(cleanMargin: cleanMargin)
        }
        if isHelped { result.details?.origin = .neighbouringRadius }
        if let proof, report.givenSubproblems > 0 {
            result.details?.origin = proof.model == model ? .neighbouringRadius : .transferredProof
            result.details?.source = proof.model == model ? nil : proof.source
        }
        if let trace = report.trace {
            proofs.append(ProofPool.Entry(model: model, source: "", place: place, records: trace))
        }
        result.details?.gap = report.gap
        if report.isGivenUp, let gap = report.gap, gap >= given.hopelessGap { result.details?.origin = .hopelessGap }
        result.seconds = seconds(since: start)
        var answer = Answer(place: place, result: result, counterexample: point, trace: report.trace)
        answer.isGivenUp = report.isGivenUp
        try record(answer, post)
    }

    /// An answer that follows from the network that this one was pruned from.
    private func transferred(_ property: Property, _ place: Int) -> QueryResult? {
        guard let transfer else { return nil }
        let start = ContinuousClock.now
        let key = DenseMargins.Key(image: transfer.image, epsilon: place)
        let center = image.nearestInput(of: image.values)
        guard transfer.from.carries(property, center: center, key: key) else { return nil }
        var result = QueryResult(outcome: .holds)
        result.details = SweepDetails(
            origin: .transferredMargin, source: transfer.from.source, cleanMargin: cleanMargin)
        result.seconds = seconds(since: start)
        return result
    }

    /// Posts the answer, and those that follow from it.
    private mutating func record(_ answer: Answer, _ post: (Answer) -> Void) throws {
        post(answer)
        let state: EpsilonSearch.State =
            switch answer.result.outcome {
            case .holds: .holds
            case .violated: .violated
            case .unknown, .timeout, .error, .misclassified: .undecided
            }
        if !isTrial && (answer.result.outcome == .timeout || answer.isGivenUp) {
            for place in search.giveUp(above: answer.place) {
                var result = QueryResult(
                    outcome: answer.result.outcome,
                    reason: "open at \(epsilons[answer.place]), where a proof would be easier")
                result.details = SweepDetails(origin: .openAtSmallerRadius, cleanMargin: cleanMargin)
                post(Answer(place: place, result: result))
            }
        }
        for place in search.record(state, at: answer.place) {
            if state == .holds {
                // The smaller region lies within the one that was proved.
                var result = QueryResult(outcome: .holds)
                result.details = SweepDetails(origin: .largerRadius, cleanMargin: cleanMargin)
                post(Answer(place: place, result: result))
            } else if let inherited = try confirm(answer, at: place) {
                post(inherited)
            } else {
                search.reopen(place)
            }
        }
    }

    /// A counterexample at a larger radius, where it is confirmed once more.
    private func confirm(_ answer: Answer, at place: Int) throws -> Answer? {
        guard let values = answer.counterexample else { return nil }
        let start = ContinuousClock.now
        let input = image.nearestInput(of: values)
        guard
            let found = counterexample(try query(place), at: input, outputs: prepared.outputs(at: [input])[0])
        else { return nil }
        var result = described(found, .smallerRadius)
        result.seconds = seconds(since: start)
        return Answer(place: place, result: result, counterexample: values)
    }
}
