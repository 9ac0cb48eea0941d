// Making one network of a sweep: train, or prune and fine-tune, and write the file with notes on how it came about.
//
// The state is kept after every epoch, so that an interrupted training goes on where it was and gives the same network.

internal import Datasets
internal import Files
internal import Foundation
internal import Networks
internal import ONNXFormat
internal import Pruning
internal import Training

/// What making a network tells.
enum MakingEvent: Sendable {
    case progress(TrainingProgress)
    case epoch(EpochResult)
}

struct ModelMaker: Sendable {
    let plan: SweepPlan
    let recipe: ModelRecipe
    /// The dense network's recipe, for a pruned one.
    let parent: ModelRecipe?
    /// Nil where neither training nor calibration needs examples.
    let training: Examples?
    let test: Examples
    let range: ClosedRange<Double>?

    /// Makes the network and writes its file.
    ///
    /// - Returns: false when cancelled; what was reached is kept for the next time.
    /// - Throws: what keeps it from being made.
    func make(tell: (MakingEvent) -> Void, isCancelled: () -> Bool) throws(StudyError) -> Bool {
        do {
            try FileManager.default.createDirectory(
                atPath: (recipe.file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            switch recipe.making {
            case .given: return true
            case .trained: return try train(tell, isCancelled)
            case .pruned: return try prune(tell, isCancelled)
            }
        } catch let error as StudyError {
            throw error
        } catch {
            throw StudyError("\(recipe.name): \(error)")
        }
    }

    private func train(_ tell: (MakingEvent) -> Void, _ isCancelled: () -> Bool) throws -> Bool {
        guard let name = plan.architecture, let architecture = Architecture(name), let training else {
            throw StudyError("\(recipe.name): there is nothing to train")
        }
        let start = try architecture.network(for: training, seed: recipe.seed)
        return try run(
            ONNXModel(trainable: start), options: plan.training, origin: .architecture(name), tell, isCancelled)
    }

    private func prune(_ tell: (MakingEvent) -> Void, _ isCancelled: () -> Bool) throws -> Bool {
        guard let parent, let task = plan.pruning?.task(recipe) else {
            throw StudyError("\(recipe.name): there is nothing to prune")
        }
        var model = try ONNXReader.readModel(path: parent.file)
        let calibration =
            task.needsCalibration ? training.map { $0.prefix(min(plan.pruning?.calibration ?? 0, $0.count)) } : nil
        let result = try Pruning.prune(model.trainable, task, calibration: calibration)
        model.trainable = result.network
        let parentDigest = try digest(ofFile: parent.file)
        model.notePruning(task, result, parent: parentDigest)
        guard var options = plan.fineTuning else {
            try write(model)
            return true
        }
        options.keepsZeros = true
        return try run(model, options: options, origin: .parent(digest: parentDigest), tell, isCancelled)
    }

    /// Trains from the start, or from where an earlier run was interrupted.
    private func run(
        _ start: ONNXModel, options given: TrainingOptions, origin: ModelOrigin, _ tell: (MakingEvent) -> Void,
        _ isCancelled: () -> Bool
    ) throws -> Bool {
        guard let training else { throw StudyError("\(recipe.name): there are no training examples") }
        var options = given
        options.seed = recipe.seed
        if let range { options.inputRange = range }
        let run = try TrainingRun(start.trainable, training: training, test: test, options: options)
        // A state that is damaged costs its epochs.
        if let bytes = try? readFile(recipe.checkpoint), let checkpoint = try? Checkpoint(bytes: bytes) {
            try? run.resume(from: checkpoint)
        }
        let epochs = try run.run(
            progress: { tell(.progress($0)) }, isCancelled: isCancelled,
            afterEpoch: { epoch in
                tell(.epoch(epoch))
                try replaceFile(recipe.checkpoint, with: run.checkpoint.bytes)
            })
        guard epochs != nil else { return false }
        var model = start
        model.trainable = run.network
        model.noteTraining(run, data: plan.dataset.path, origin: origin)
        try write(model)
        try? FileManager.default.removeItem(atPath: recipe.checkpoint)
        return true
    }

    private func write(_ model: ONNXModel) throws {
        var model = model
        model.metadata["secateur.recipe"] = recipe.digest
        try replaceFile(recipe.file, with: ONNXWriter.write(model, name: recipe.name))
    }
}

extension SweepPruning {
    /// What becomes of a dense network.
    func task(_ recipe: ModelRecipe) -> PruningTask? {
        guard let name = recipe.method else { return nil }
        if name == Self.channels {
            return .channels(ChannelOptions(ratio: recipe.ratio, scope: scope, isGlobal: !isPerLayer))
        }
        guard let method = PruningMethod(rawValue: name) else { return nil }
        var options = PruningOptions()
        options.method = method
        options.scope = scope
        options.ratio = recipe.ratio
        options.isGlobal = !isPerLayer
        options.seed = recipe.seed
        options.revival = revival
        options.damping = damping
        return .weights(options)
    }
}

extension SweepPlan {
    /// Whether some method of pruning looks at examples.
    var calibrates: Bool {
        pruning?.methods.contains { PruningMethod(rawValue: $0)?.needsCalibration ?? false } ?? false
    }
}

/// Writes a whole file; what was there before stays until the new one is complete.
func replaceFile(_ path: String, with bytes: [UInt8]) throws(StudyError) {
    do {
        try Data(bytes).write(to: URL(filePath: path), options: .atomic)
    } catch {
        throw StudyError("\(path): cannot be written (\(error.localizedDescription)); free some space and run again")
    }
}
