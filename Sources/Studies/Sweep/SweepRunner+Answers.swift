// Answering the questions of a sweep.
//
// Networks are opened one after the other, each in one pass over all of its images; then the images are shared among the
// processors, one thread each. A first round gives each query a short trial; a second round asks what that left open,
// with the whole time, and with all the counterexamples that were found meanwhile.

internal import Intervals
internal import Networks
internal import Verification

extension SweepRunner {
    /// One round over everything that is open.
    private struct Round {
        var options: QueryOptions
        /// A query that is not decided in a trial is asked again.
        var isTrial = false

        /// So many subproblems, or a quarter of the time: most queries are decided by their root, however long that takes
        /// to bound on the machine at hand.
        static func trial(_ options: QueryOptions) -> Round {
            var options = options
            options.threads = 1
            options.maxNodes = min(options.maxNodes ?? .max, 128)
            options.timeout = options.timeout.map { $0 / 4 }
            return Round(options: options, isTrial: true)
        }
    }

    func answer(_ questions: SweepQuestions) throws(StudyError) -> Bool {
        progress.phase = "verifying"
        (progress.done, progress.total, progress.detail) = (questions.count - questions.openCount, questions.count, "")
        progress.counts = [:]
        for model in questions.models { progress.counts.merge(questions.outcomes(of: model), uniquingKeysWith: +) }
        for model in questions.models where questions.openImages(of: model).isEmpty {
            onEvent(.answered(records[model]!, questions.outcomes(of: model)))
        }
        var whole = Round(options: plan.query)
        whole.options.threads = plan.threads
        // Queries that are given up cost little more than a trial.
        if !plan.query.givesUp {
            guard try run(.trial(plan.query), questions) else { return false }
        }
        return try run(whole, questions)
    }

    /// Work that is ready for the next free processor.
    private struct Ready {
        var unopened: [Int]
        var isOpening = false
        var images: [(model: Int, image: Int, opened: OpenedModel)] = []
        /// Images of a network that are being worked at, or wait.
        var left: [Int: Int] = [:]
    }

    private func run(_ round: Round, _ questions: SweepQuestions) throws(StudyError) -> Bool {
        var ready = Ready(unopened: questions.models.filter { !questions.openImages(of: $0).isEmpty }.reversed())
        let jobs = plan.jobs ?? max(1, options.processors / round.options.threads)
        let write = { [self] () throws(StudyError) in try writeResultsNowAndThen(questions) }
        return try work(jobs: jobs, onTurn: write) { () throws(StudyError) in
            // The next network is opened while the last images of this one are worked at.
            if ready.images.count < jobs, !ready.isOpening, let model = ready.unopened.popLast() {
                ready.isOpening = true
                return opening(model, questions)
            }
            guard !ready.images.isEmpty else { return nil }
            let (model, image, opened) = ready.images.removeFirst()
            progress.detail = "\(recipes[model].name), image \(image)"
            return asking(model, image, task(model, image, opened, round, questions))
        } take: { message throws(StudyError) in
            switch message {
            case .opened(let model, let opened):
                ready.isOpening = false
                try take(opened, of: model, round, questions, &ready)
            case .answer(let model, let image, let answer):
                try take(answer, model, image, round, questions)
            case .ended(let model, _):
                ready.left[model]! -= 1
                if ready.left[model] == 0, questions.openImages(of: model).isEmpty {
                    onEvent(.answered(records[model]!, questions.outcomes(of: model)))
                }
            default: break
            }
        }
    }

    private func opening(_ model: Int, _ questions: SweepQuestions) -> @Sendable () -> Void {
        let open = Set(questions.openImages(of: model))
        let images = questions.images.filter { open.contains($0.key) }
        let file = recipes[model].file
        let dense = plan.reuse.contains(.margins) ? recipes.denseNetwork(of: model).map { recipes[$0] } : nil
        return { [pool, denseNetworks] in
            do throws(StudyError) {
                var opened = try OpenedModel(file: file, images: images)
                if let dense { opened.transfer = denseNetworks.transfer(from: dense, to: opened.prepared) }
                pool.post(.opened(model, opened))
            } catch {
                pool.post(.failed(error))
            }
        }
    }

    private func asking(_ model: Int, _ image: Int, _ given: ImageTask) -> @Sendable () -> Void {
        { [pool] in
            var task = given
            task.run(post: { pool.post(.answer(model: model, image: image, $0)) }, isStopped: { pool.isStopped })
            pool.post(.ended(model: model, image: image))
        }
    }

    /// With all the counterexamples that are known by now.
    private func task(
        _ model: Int, _ image: Int, _ opened: OpenedModel, _ round: Round, _ questions: SweepQuestions
    ) -> ImageTask {
        ImageTask(
            prepared: opened.prepared, image: questions.images[image]!, epsilons: plan.epsilons,
            radii: questions.radii, known: questions.pool.entries(of: image), cleanMargin: opened.margins[image],
            options: round.options, isTrial: round.isTrial, hopelessGap: questions.hopelessGap(of: model),
            transfer: opened.transfer.map { ($0, image) },
            handsOnBounds: plan.reuse.contains(.bounds), handsOnProofs: plan.reuse.contains(.proofs),
            proofs: questions.proofs.entries(of: image), model: model, distances: recipes.distances(to: model),
            search: questions.search(model, image))
    }

    /// Lines up the images of a network that was opened; images that it gets wrong are answered at once.
    private func take(
        _ opened: OpenedModel, of model: Int, _ round: Round, _ questions: SweepQuestions, _ ready: inout Ready
    ) throws(StudyError) {
        let open = questions.openImages(of: model)
        for image in open {
            if let predicted = opened.predicted[image] {
                try answerMisclassified(model, image, predicted, margin: opened.margins[image], questions)
                continue
            }
            ready.images.append((model, image, opened))
            ready.left[model, default: 0] += 1
        }
        if ready.left[model] == nil { onEvent(.answered(records[model]!, questions.outcomes(of: model))) }
    }

    private func answerMisclassified(
        _ model: Int, _ image: Int, _ predicted: Int, margin: Double?, _ questions: SweepQuestions
    ) throws(StudyError) {
        for epsilon in plan.epsilons.indices {
            let place = SweepQuestions.Place(model: model, image: image, epsilon: epsilon)
            guard questions.result(place) == nil else { continue }
            var result = QueryResult(
                outcome: .misclassified, reason: "class \(predicted) instead of \(questions.images[image]!.label)")
            result.predicted = predicted
            result.details = SweepDetails(
                origin: epsilon == 0 ? .computed : .otherRadius, cleanMargin: margin)
            try questions.add(result, at: place)
            count(result)
        }
    }

    private func take(
        _ answer: ImageTask.Answer, _ model: Int, _ image: Int, _ round: Round, _ questions: SweepQuestions
    ) throws(StudyError) {
        let place = SweepQuestions.Place(model: model, image: image, epsilon: answer.place)
        // What a trial did not decide waits for the next round, which goes on from there.
        if [.timeout, .unknown].contains(answer.result.outcome) && round.isTrial {
            if let trace = answer.trace { questions.keep(trace, of: place) }
            return
        }
        if let old = questions.result(place) {
            progress.done -= 1
            progress.counts[old.outcome, default: 0] -= 1
        }
        try questions.add(answer.result, at: place, counterexample: answer.counterexample)
        if let trace = answer.trace { questions.keep(trace, of: place) }
        count(answer.result)
    }

    private func count(_ result: QueryResult) {
        progress.done += 1
        progress.counts[result.outcome, default: 0] += 1
    }
}

// MARK: measurements

extension SweepRunner {
    private static func layers(_ counts: [Int]) -> [SweepLayer] {
        counts.enumerated().map { SweepLayer(name: "layer \($0 + 1)", neurons: $1) }
    }

    /// How many images of each network are measured.
    private static let measuredImages = 8

    /// Root bounds and unstable neurons of a few images of every network, at every radius, whether or not their answers
    /// needed a search.
    func measure(_ questions: SweepQuestions) throws(StudyError) -> Bool {
        var missing: [SweepQuestions.Place] = []
        for model in questions.models {
            let images = questions.indices.filter {
                questions.result(SweepQuestions.Place(model: model, image: $0, epsilon: 0))?.outcome != .misclassified
            }
            for image in images.prefix(Self.measuredImages) {
                for epsilon in plan.epsilons.indices {
                    let place = SweepQuestions.Place(model: model, image: image, epsilon: epsilon)
                    if let result = questions.result(place), result.details?.rootBound == nil { missing.append(place) }
                }
            }
        }
        progress.phase = "measuring bounds"
        (progress.done, progress.total, progress.detail) = (0, missing.count, "")
        missing.reverse()
        var prepared = RecentValues<Int, PreparedNetwork>(limit: 1)
        return try work(jobs: defaultJobs) { () throws(StudyError) in
            guard let place = missing.popLast() else { return nil }
            let (image, epsilon) = (questions.images[place.image]!, plan.epsilons[place.epsilon])
            let network: PreparedNetwork
            do {
                network = try prepared.value(for: place.model) {
                    try OpenedModel(file: recipes[place.model].file, images: [:]).prepared
                }
            } catch {
                throw StudyError("\(error)")
            }
            return { [pool] in
                guard
                    let property = try? image.property(
                        epsilon: ExactDecimal(epsilon) ?? .zero, classes: network.network.outputCount, target: nil),
                    let query = try? Query(network: network, property: property), let found = looseness(of: query)
                else { return }
                pool.post(.measured(place, found))
            }
        } take: { message throws(StudyError) in
            guard case .measured(let place, let looseness) = message else { return }
            progress.done += 1
            var details = questions.result(place)?.details ?? SweepDetails()
            details.rootBound = looseness.rootBound
            details.unstableByLayer = Self.layers(looseness.unstable)
            details.layers = Self.layers(looseness.neurons)
            try questions.note(details, at: place)
        }
    }
}
