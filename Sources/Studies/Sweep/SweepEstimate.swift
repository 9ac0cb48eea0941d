// What a sweep would do, and about how long: epochs and bounds are tried on this machine for a moment.

internal import Datasets
internal import Foundation
internal import Intervals
internal import Networks
internal import ONNXFormat
internal import Training
internal import Verification

public struct SweepEstimate: Sendable {
    public var recipes: [ModelRecipe]
    /// Numbers of the recipes that are still to be made.
    public var missing: [Int]
    public var images: Int
    public var radii: Int
    /// Questions of networks that are there, without an answer so far; of the others all are open.
    public var open: Int
    public var questions: Int
    /// Seconds on all processors, should no network reach its target early; nil when nothing is to be trained.
    public var training: Double?
    /// Seconds on all processors if every query takes as long as the bounds of one.
    public var bounding: Double?
    /// Seconds if every query used its time up; nil without a limit.
    public var longest: Double?
}

extension SweepPlan {
    /// - Throws: what the sweep itself would complain about.
    public func estimate(options: SweepRunner.Options) throws(StudyError) -> SweepEstimate {
        let data = SweepData(dataset)
        let recipes = try recipes(data)
        let missing = recipes.indices.filter { !recipes[$0].isMade }
        for index in missing where recipes[index].making == .given {
            throw StudyError("\(recipes[index].file): does not exist; check the sweep's `networks`")
        }
        let asked = recipes.count(where: \.isAsked)
        let count = Set(images.indices).count
        var estimate = SweepEstimate(
            recipes: recipes, missing: missing, images: count, radii: max(1, epsilons.count),
            open: asked * count * max(1, epsilons.count), questions: asked * count * max(1, epsilons.count))
        if missing.isEmpty, FileManager.default.fileExists(atPath: folder + "/results.sqlite") {
            estimate.open = try SweepRunner(plan: self, options: options).openCount(recipes)
        }
        let jobs = Double(jobs ?? options.processors)
        let sample = try sampleNetwork(recipes, data)
        if let seconds = try secondsPerExample(sample, data) {
            var examples = 0.0
            for index in missing {
                let isTrained = recipes[index].making == .trained
                let epochs = isTrained ? training.epochs : fineTuning?.epochs ?? 0
                examples += Double(epochs * (try data.training(limit: trainingLimit).count))
            }
            if examples > 0 { estimate.training = seconds * examples / jobs }
        }
        // Bisection asks about one radius and a half per image.
        let share = reuse.contains(.epsilons) ? min(1, 1.5 / Double(max(1, epsilons.count))) : 1
        if let seconds = try secondsPerBound(sample) {
            estimate.bounding = seconds * Double(estimate.open) * share / jobs
        }
        estimate.longest = query.timeout.map { $0 * Double(estimate.open) / jobs }
        return estimate
    }

    /// A network like those of the sweep.
    private func sampleNetwork(_ recipes: [ModelRecipe], _ data: SweepData) throws(StudyError) -> TrainableNetwork? {
        do {
            if let made = recipes.first(where: \.isMade) { return try ONNXReader.readModel(path: made.file).trainable }
            guard let architecture = architecture.flatMap(Architecture.init) else { return nil }
            return try architecture.network(
                for: try data.training(limit: trainingLimit).prefix(64), outputs: 10, seed: 0)
        } catch {
            throw StudyError("\(error)")
        }
    }

    private func secondsPerExample(_ network: TrainableNetwork?, _ data: SweepData) throws(StudyError) -> Double? {
        guard let network, architecture != nil || fineTuning != nil else { return nil }
        let options = architecture == nil ? fineTuning ?? training : training
        let all = try data.training(limit: trainingLimit)
        let few = all.prefix(min(all.count, 4 * options.batchSize))
        do {
            let run = try TrainingRun(
                network, training: few, test: few.prefix(min(16, few.count)), options: options)
            // The first epoch pays for what is set up.
            _ = run.runEpoch()
            return run.runEpoch().map { 1 / $0.examplesPerSecond }
        } catch {
            throw StudyError(error.description)
        }
    }

    private func secondsPerBound(_ network: TrainableNetwork?) throws(StudyError) -> Double? {
        guard let network, let index = images.indices.first else { return nil }
        do {
            let image = try CenteredImage(try dataset.open(), index: index, normalization: normalization)
            let epsilon = ExactDecimal(epsilons.last ?? "0.01") ?? .zero
            let prepared = PreparedNetwork(network.network)
            let query = try Query(
                network: prepared,
                property: image.property(epsilon: epsilon, classes: prepared.network.outputCount, target: nil))
            let start = ContinuousClock.now
            _ = looseness(of: query)
            return seconds(since: start)
        } catch let error as StudyError {
            throw error
        } catch {
            throw StudyError("\(error)")
        }
    }
}
