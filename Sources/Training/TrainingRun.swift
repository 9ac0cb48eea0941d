// Epochs: shuffled minibatches, the schedule, the accuracy on examples that are not trained on, and when to stop.

internal import CLaneKernels
public import Datasets
internal import Evaluation
internal import Lanes
public import Networks
internal import RandomNumbers

public struct TrainingOptions: Sendable, Equatable {
    public var epochs = 100
    /// Stop after the first epoch whose test accuracy is at least this.
    public var targetAccuracy: Double?
    public var batchSize = 64
    public var threads = 1
    public var seed: UInt64 = 0
    public var optimizer = Optimizer.adamW
    public var schedule = RateSchedule()
    public var weightDecay = 1e-4
    public var augmentation = Augmentation.none
    /// What values inputs can have.
    public var inputRange: ClosedRange<Double> = -Double.infinity...Double.infinity
    public var defence = Defence.none
    /// Weight of the ReLU-stability penalty, per unstable neuron.
    public var stability = 0.0
    /// Radius of the boxes that defence and stability look at, reached over the first `rampEpochs` epochs.
    public var radius = 0.0
    public var rampEpochs = 0
    /// Whether weights that are 0 at the start stay 0.
    public var keepsZeros = false

    public enum Defence: Sendable, Equatable {
        case none
        /// The worst case by interval arithmetic counts with this weight in the end.
        case interval(weight: Double)
        /// Training on inputs that so many steps of gradient descent have made worse.
        case adversarial(steps: Int)
    }

    public init() {}
}

/// How a run stands.
public struct TrainingProgress: Sendable {
    /// Counted from 1.
    public var epoch: Int
    public var epochs: Int
    /// Examples of this epoch done, of all.
    public var done: Int
    public var total: Int
    /// Means over the examples of this epoch.
    public var loss: Double
    public var accuracy: Double
    public var examplesPerSecond: Double
    public var secondsLeftInEpoch: Double
}

public struct EpochResult: Sendable, Equatable {
    /// Counted from 1.
    public var epoch: Int
    public var loss: Double
    public var accuracy: Double
    /// On the test examples.
    public var testLoss: Double
    public var testAccuracy: Double
    /// Of training alone.
    public var seconds: Double
    public var examplesPerSecond: Double
}

/// A training run, epoch by epoch.
public final class TrainingRun {
    public let options: TrainingOptions
    private let trainer: LaneTrainer<Float>
    private let intervals: IntervalPass<Float>?
    private let training: Examples
    private let test: Examples
    /// Epochs done.
    public private(set) var epoch = 0
    private var lastTest: (loss: Double, accuracy: Double)?

    /// - Throws: when data, network and options do not belong together.
    public init(
        _ network: TrainableNetwork, training: Examples, test: Examples, options: TrainingOptions
    ) throws(TrainingError) {
        let (inputs, outputs) = (network.network.inputCount, network.network.outputCount)
        for (name, examples) in [("training", training), ("test", test)] {
            guard examples.shape.count == inputs else {
                throw TrainingError(
                    "the \(name) examples have \(examples.shape.count) numbers, the network takes \(inputs);"
                        + " choose data of the network's shape")
            }
            guard examples.count > 0 else { throw TrainingError("there are no \(name) examples; choose other data") }
            if let label = examples.labels.first(where: { !(0..<outputs).contains($0) }) {
                throw TrainingError(
                    "a \(name) example has label \(label), the network has \(outputs) outputs;"
                        + " choose a network with more outputs")
            }
        }
        guard options.batchSize % (16 * options.threads) == 0, options.batchSize <= 64 * options.threads,
            options.batchSize > 0
        else {
            throw TrainingError(
                "a batch of \(options.batchSize) does not fit \(options.threads) threads;"
                    + " choose a multiple of \(16 * options.threads), at most \(64 * options.threads)")
        }
        let needsIntervals = options.stability > 0 || options.defence.usesIntervals
        let isUnsupported = network.network.nodes.contains {
            switch $0.operation {
            case .maxPool, .activation(.smooth): true
            default: false
            }
        }
        if needsIntervals && isUnsupported {
            throw TrainingError(
                "interval training supports neither max pooling nor smooth activations;"
                    + " use adversarial training or another network")
        }
        self.options = options
        self.training = training
        self.test = test
        trainer = LaneTrainer(network, workers: options.threads, lanes: options.batchSize / options.threads)
        if options.keepsZeros { trainer.freezeZeros() }
        intervals = needsIntervals ? IntervalPass(trainer) : nil
    }

    /// The network as it is now.
    public var network: TrainableNetwork { trainer.trained() }

    /// Runs the next epoch and tests.
    ///
    /// - Parameter isCancelled: asked after each minibatch; a cancelled epoch returns nil and leaves the network in
    ///   the middle of it.
    public func runEpoch(
        progress: (TrainingProgress) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) -> EpochResult? {
        let clock = ContinuousClock()
        let start = clock.now
        let size = options.batchSize
        var order = Array(0..<training.count)
        var random = SplitMix64(stream: options.seed, 1, UInt64(epoch))
        order.shuffle(using: &random)
        let batches = (order.count + size - 1) / size
        var sum = BatchResult()
        for batch in 0..<batches {
            fill(batch, order)
            let time = Double(epoch) + Double(batch) / Double(batches)
            let ramp = rampShare(epoch: time)
            sum = sum + trainer.differentiate(terms(ramp), intervals: intervals)
            trainer.update(
                options.optimizer, rate: options.schedule.rate(epoch: time), decay: options.weightDecay)
            if isCancelled() { return nil }
            let done = (batch + 1) * size
            let seconds = (clock.now - start) / .seconds(1)
            let speed = Double(done) / seconds
            progress(
                TrainingProgress(
                    epoch: epoch + 1, epochs: options.epochs, done: min(done, order.count), total: order.count,
                    loss: sum.loss / Double(done), accuracy: Double(sum.hits) / Double(done),
                    examplesPerSecond: speed,
                    secondsLeftInEpoch: Double(max(0, order.count - done)) / speed))
        }
        let seconds = (clock.now - start) / .seconds(1)
        let tested = evaluate(test)
        lastTest = tested
        epoch += 1
        let count = Double(batches * size)
        return EpochResult(
            epoch: epoch, loss: sum.loss / count, accuracy: Double(sum.hits) / count, testLoss: tested.loss,
            testAccuracy: tested.accuracy, seconds: seconds, examplesPerSecond: count / seconds)
    }

    /// Mean loss and accuracy with running statistics.
    public func evaluate(_ examples: Examples) -> (loss: Double, accuracy: Double) {
        var sum = BatchResult()
        var first = 0
        while first < examples.count {
            let start = first
            let count = min(options.batchSize, examples.count - start)
            trainer.fill(count) { slot, values in
                values = examples.values(at: start + slot)
                return .label(examples.labels[start + slot])
            }
            sum = sum + trainer.evaluate(count)
            first += count
        }
        let total = Double(examples.count)
        return (sum.loss / total, Double(sum.hits) / total)
    }

    /// On the test examples, with the network as it was after the last epoch, or before the first.
    public var testAccuracy: Double {
        if let lastTest { return lastTest.accuracy }
        let tested = evaluate(test)
        lastTest = tested
        return tested.accuracy
    }

    /// A minibatch's examples; the last one is filled up from the beginning of the order.
    private func fill(_ batch: Int, _ order: [Int]) {
        let (training, augmentation, shape) = (training, options.augmentation, training.shape)
        let (seed, epoch, size) = (options.seed, UInt64(epoch), options.batchSize)
        trainer.fill(size) { slot, values in
            let place = batch * size + slot
            let example = order[place % order.count]
            let image = training.values(at: example)
            if augmentation == .none {
                values = image
            } else {
                var random = SplitMix64(stream: seed, 2 + epoch, UInt64(place))
                augmentation.apply(
                    image, channels: shape.channels, height: shape.height, width: shape.width, using: &random,
                    to: &values)
            }
            return .label(training.labels[example])
        }
    }

    private func rampShare(epoch: Double) -> Double {
        options.rampEpochs == 0 ? 1 : min(1, epoch / Double(options.rampEpochs))
    }

    private func terms(_ ramp: Double) -> StepTerms {
        var terms = StepTerms()
        let radius = options.radius * ramp
        if case .adversarial(let steps) = options.defence {
            terms.attack = StepTerms.Attack(radius: radius, steps: steps, range: options.inputRange)
        }
        if intervals != nil {
            var weight = 0.0
            if case .interval(let final) = options.defence { weight = final * ramp }
            terms.interval = IntervalTerms(
                radius: radius, range: options.inputRange, weight: weight, stability: options.stability)
        }
        return terms
    }
}

extension TrainingOptions.Defence {
    var usesIntervals: Bool {
        if case .interval = self { true } else { false }
    }
}

extension TrainingRun {
    /// All that a later run needs to go on as this one would have: parameters, moments, statistics, epochs.
    public var checkpoint: Checkpoint {
        let count = trainer.graph.parameterCount
        func numbers(_ base: UnsafeMutablePointer<Float>) -> [Float] {
            Array(UnsafeBufferPointer(start: base, count: count))
        }
        return Checkpoint(
            epoch: epoch, steps: trainer.stepCount, seed: options.seed, parameters: numbers(trainer.parameters.base),
            moments: trainer.moments.map { numbers($0.base) },
            statistics: trainer.statistics.map { [$0.runningMean, $0.runningVariance] })
    }

    /// Goes on from a checkpoint of a run with the same network and options.
    ///
    /// - Throws: when it belongs to another network or seed.
    public func resume(from checkpoint: Checkpoint) throws(TrainingError) {
        let count = trainer.graph.parameterCount
        let channels = trainer.statistics.map { $0.runningMean.count }
        guard checkpoint.parameters.count == count, checkpoint.moments.count == trainer.moments.count,
            checkpoint.moments.allSatisfy({ $0.count == count }),
            checkpoint.statistics.map({ $0.map(\.count) }) == channels.map({ [$0, $0] })
        else { throw TrainingError("belongs to another network; resume with the options it was made with") }
        guard checkpoint.seed == options.seed else {
            throw TrainingError("was made with seed \(checkpoint.seed); resume with --seed \(checkpoint.seed)")
        }
        epoch = checkpoint.epoch
        lastTest = nil
        trainer.stepCount = checkpoint.steps
        trainer.parameters.base.update(from: checkpoint.parameters, count: count)
        for (moments, saved) in zip(trainer.moments, checkpoint.moments) {
            moments.base.update(from: saved, count: count)
        }
        for (index, saved) in checkpoint.statistics.enumerated() {
            trainer.statistics[index].runningMean = saved[0]
            trainer.statistics[index].runningVariance = saved[1]
        }
        trainer.loadWeights()
    }
}
