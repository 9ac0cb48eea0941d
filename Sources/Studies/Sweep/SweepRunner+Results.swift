// What statistics and reports read: the sweep's answers as plain values, in a file of its folder.

internal import Datasets
internal import Foundation

extension SweepRunner {
    /// Every few seconds, more seldom where it takes long.
    func writeResultsNowAndThen(_ questions: SweepQuestions) throws(StudyError) {
        guard ContinuousClock.now >= nextWriting else { return }
        let start = ContinuousClock.now
        try writeResults(questions)
        nextWriting = ContinuousClock.now + .seconds(max(5, 50 * seconds(since: start)))
    }

    func writeResults(_ questions: SweepQuestions) throws(StudyError) {
        let results = results(questions)
        self.results = results
        try results.write(to: "\(plan.folder)/\(plan.resultsFile)")
    }

    func results(_ questions: SweepQuestions) -> SweepResults {
        var results = SweepResults(
            name: plan.name, dataset: "\(plan.dataset.name) \(plan.dataset.split)",
            imageShape: [questions.shape.channels, questions.shape.height, questions.shape.width],
            epsilons: plan.epsilons, timeout: plan.query.timeout, version: options.version, planned: questions.count)
        results.classNames = questions.classNames.isEmpty ? nil : questions.classNames
        results.seconds = seconds(since: start)
        results.images = questions.indices.map { index in
            let image = questions.images[index]!
            return SweepImage(index: index, label: image.label, values: image.values.map { Float($0) })
        }
        results.models = questions.models.map { model(records[$0]!, number: $0, questions) }
        results.queries = questions.places.compactMap { query($0, questions) }
        if plan.epsilons.isEmpty {
            results.epsilons = Self.roundRadii(radii)
            results.queries = answers(of: radii, at: results.epsilons, questions)
            results.planned = questions.models.count * questions.indices.count * results.epsilons.count
        }
        results.savings = questions.savings(plan.reuse).filter { $0.queries > 0 }.flatMap { saving in
            saving.kind.origins.map { origin in
                SweepSaving(
                    origin: origin, queries: results.queries.count { $0.origin == origin },
                    secondsSaved: saving.seconds.map {
                        $0 * Double(results.queries.count { $0.origin == origin }) / Double(saving.queries)
                    },
                    estimate: saving.seconds == nil
                        ? nil : "what searches for the same outcome at the same radius took on average")
            }
        }
        return results
    }

    private func model(_ record: ModelRecord, number: Int, _ questions: SweepQuestions) -> SweepModel {
        let details = questions.indices.lazy.flatMap { image in
            self.plan.epsilons.indices.lazy.map { SweepQuestions.Place(model: number, image: image, epsilon: $0) }
        }.compactMap { questions.result($0)?.details?.layers }
        let inside = record.file.hasPrefix(plan.folder + "/")
        return SweepModel(
            id: recipes[number].name, architecture: record.architecture, seed: Int(clamping: record.seed),
            method: record.method, scope: record.method == nil ? nil : plan.pruning.map { "\($0.scope)" },
            ratio: record.ratio,
            sparsity: max(0, record.sparsity), testAccuracy: record.accuracy, layers: details.first ?? [],
            file: inside ? String(record.file.dropFirst(plan.folder.count + 1)) : record.file,
            digest: record.networkDigest)
    }

    private func query(_ place: SweepQuestions.Place, _ questions: SweepQuestions) -> SweepQuery? {
        guard let result = questions.result(place) else { return nil }
        let details = result.details ?? SweepDetails()
        let example = questions.adversarialExamples[place]
        return SweepQuery(
            model: recipes[place.model].name, epsilon: plan.epsilons[place.epsilon], image: place.image,
            label: questions.images[place.image]!.label, predicted: result.predicted, outcome: result.outcome,
            reason: result.reason, seconds: details.origin.isInherited ? 0 : result.seconds, nodes: result.nodes,
            rootBound: details.rootBound, finalBound: result.worstBound.flatMap { $0.isFinite ? $0 : nil },
            attackedMargin: details.attackedMargin, cleanMargin: details.cleanMargin,
            unstableNeurons: details.unstableByLayer.map { $0.reduce(0) { $0 + $1.neurons } },
            unstableByLayer: details.unstableByLayer, origin: details.origin, source: details.source,
            adversarialExample: example, adversarialClass: details.adversarialClass)
    }
}

extension SweepQuery.Origin {
    /// Whether there was no question at all.
    var isInherited: Bool {
        switch self {
        case .largerRadius, .smallerRadius, .openAtSmallerRadius, .otherRadius: true
        case .computed, .hopelessGap, .transferredCounterexample, .transferredProof, .neighbouringRadius,
            .transferredMargin:
            false
        }
    }
}
