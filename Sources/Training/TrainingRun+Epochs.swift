// A whole run: epochs until the target accuracy is reached, or there are no more.

public import Datasets
public import Networks

extension TrainingRun {
    /// Whether the network has the target accuracy on the test examples, after an epoch at least.
    public var hasReachedTarget: Bool {
        guard let target = options.targetAccuracy, epoch > 0 else { return false }
        return testAccuracy >= target
    }

    /// Runs what is left of the epochs, or fewer when the target accuracy is reached.
    ///
    /// - Parameters:
    ///   - isCancelled: asked after each minibatch.
    ///   - afterEpoch: told of each epoch, for instance to keep a checkpoint.
    /// - Returns: the epochs that were run; nil when cancelled, with the network in the middle of one.
    /// - Throws: when the loss is no longer a number, and what `afterEpoch` throws.
    @discardableResult
    public func run(
        progress: (TrainingProgress) -> Void = { _ in }, isCancelled: () -> Bool = { false },
        afterEpoch: (EpochResult) throws -> Void = { _ in }
    ) throws -> [EpochResult]? {
        var results: [EpochResult] = []
        while epoch < options.epochs && !hasReachedTarget {
            guard let result = runEpoch(progress: progress, isCancelled: isCancelled) else { return nil }
            results.append(result)
            guard result.loss.isFinite else {
                throw TrainingError("the loss is no longer a number; choose a lower --rate")
            }
            try afterEpoch(result)
        }
        return results
    }
}

extension TrainingOptions {
    /// How a network that was trained like this is fine-tuned: zeros stay, and the rate makes a cycle of 8 epochs up to
    /// a tenth of its size, which gives ResNet4 with 40 % zeros its accuracy back in one of them.
    public var finetuning: TrainingOptions {
        var options = self
        options.keepsZeros = true
        options.schedule.peak *= 0.1
        if case .cycle = options.schedule.course { options.schedule.course = .cycle(epochs: 8) }
        return options
    }

    /// As many threads as processors, or fewer when a batch is too small for so many.
    public static func threads(batchSize: Int, processors: Int) -> Int {
        (1...max(1, processors)).last { batchSize % (16 * $0) == 0 && batchSize <= 64 * $0 } ?? processors
    }
}

extension Architecture {
    /// How a network of this architecture is trained unless told otherwise. That of ResNet4 is the study's (AdamW,
    /// weight decay 1e-4, batches of 64, images turned by up to 10 degrees) but for the rate: there 1e-3, and a tenth of it
    /// after 30 epochs, where accuracy on MNIST stays near 99 % until it falls; here a cycle that is over after 12. The
    /// others have the study's schedule and no turning.
    public var recipe: TrainingOptions {
        var options = TrainingOptions()
        switch self {
        case .resnet4:
            options.augmentation = Augmentation(rotation: 10)
            options.schedule = RateSchedule(peak: 1e-2, course: .cycle(epochs: 12))
        case .fullyConnected, .smallConvolutional, .largeConvolutional, .controller: break
        }
        return options
    }

    /// The network with random weights for these examples; it subtracts their mean and divides by their standard
    /// deviation itself.
    ///
    /// - Parameters:
    ///   - outputs: one per class if nil.
    ///   - normalization: instead of the examples' own mean and deviation; per channel, or one for all.
    /// - Throws: when the architecture needs larger images, or there are numbers for other channels.
    public func network(
        for examples: Examples, outputs: Int? = nil, normalization: (mean: [Double], deviation: [Double])? = nil,
        seed: UInt64
    ) throws(TrainingError) -> TrainableNetwork {
        let shape = examples.shape
        let (mean, deviation) = normalization ?? examples.channelStatistics
        guard mean.count == deviation.count, mean.count == 1 || mean.count == shape.channels else {
            throw TrainingError(
                "there are \(mean.count) means and \(deviation.count) deviations for \(shape.channels) channels;"
                    + " give one each, or as many as channels")
        }
        return try network(
            channels: shape.channels, height: shape.height, width: shape.width,
            outputs: outputs ?? (examples.labels.max() ?? 0) + 1, mean: mean, deviation: deviation, seed: seed)
    }
}
