import Datasets
import Networks
import ONNXFormat
import RandomNumbers
import Testing

@testable import Training

@Suite("Training runs")
struct TrainingRunTests {
    private func digits(_ count: Int, _ split: Dataset.Options.Split) throws -> Examples {
        try Dataset.digits(count: count, split: split).examples()
    }

    private func makeRun(
        _ architecture: String, seed: UInt64 = 1, change: (inout TrainingOptions) -> Void = { _ in }
    ) throws -> TrainingRun {
        var options = TrainingOptions()
        options.seed = seed
        options.threads = 2
        options.batchSize = 32
        options.schedule.peak = 3e-3
        options.augmentation = Augmentation(rotation: 5, shift: 1)
        options.inputRange = 0...1
        change(&options)
        let training = try digits(640, .train)
        let (mean, deviation) = training.channelStatistics
        let network = try #require(Architecture(architecture)).network(
            channels: 1, height: 28, width: 28, outputs: 10, mean: mean, deviation: deviation, seed: seed)
        return try TrainingRun(network, training: training, test: try digits(200, .test), options: options)
    }

    @Test("accuracy on drawn digits rises", arguments: ["64x2", "conv-small"])
    func learns(architecture: String) throws {
        let run = try makeRun(architecture)
        let before = run.testAccuracy
        var last = before
        for _ in 0..<4 { last = try #require(run.runEpoch()).testAccuracy }
        #expect(before < 0.4)
        #expect(last > 0.7, "\(last)")
    }

    @Test("stops after the first epoch with the target accuracy, and a resumed run that has it already at once")
    func stopsEarly() throws {
        let run = try makeRun("64x2") { $0.targetAccuracy = 0.6 }
        let results = try #require(try run.run())
        #expect(results.count < 10)
        #expect(results.last.map { $0.testAccuracy >= 0.6 } == true)
        #expect(results.dropLast().allSatisfy { $0.testAccuracy < 0.6 })
        #expect(run.hasReachedTarget)
        let resumed = try makeRun("64x2") { $0.targetAccuracy = 0.6 }
        try resumed.resume(from: run.checkpoint)
        #expect(try resumed.run() == [])
        #expect(resumed.testAccuracy == run.testAccuracy)
        #expect(try makeRun("64x2").run(isCancelled: { true }) == nil)
    }

    @Test("the rate falls by steps, or rises and falls once")
    func schedules() {
        let steps = RateSchedule(peak: 8, course: .steps(factor: 0.5, period: 2))
        #expect([0, 1.9, 2, 5].map(steps.rate) == [8, 8, 4, 2])
        let cycle = RateSchedule(peak: 1, course: .cycle(epochs: 10))
        let rates = stride(from: 0, through: 12, by: 0.5).map(cycle.rate)
        for (place, rate) in [(0, 0.04), (3, 0.52), (6, 1)] { #expect(abs(rates[place] - rate) < 1e-12) }
        #expect(zip(rates, rates.dropFirst()).enumerated().allSatisfy { ($1.0 < $1.1) == ($0 < 6) || $0 >= 20 })
        #expect(rates[20...].allSatisfy { abs($0 - 1e-4) < 1e-12 })
        let changed = cycle.changed(rate: 2, factor: nil, period: 3, cycle: nil)
        #expect(changed == RateSchedule(peak: 2, course: .steps(factor: 0.1, period: 3)))
        #expect(cycle.changed(rate: nil, factor: nil, period: nil, cycle: 4).course == .cycle(epochs: 4))
    }

    @Test("a rate that is too high is said")
    func diverges() throws {
        let run = try makeRun("16x1") {
            $0.optimizer = .momentum(0.9)
            $0.schedule.peak = 1e30
        }
        #expect(throws: TrainingError.self) { try run.run() }
    }

    @Test("the same seed gives the same network, and a resumed run goes on as it would have")
    func repeats() throws {
        let whole = try makeRun("16x1")
        let other = try makeRun("16x1")
        _ = whole.runEpoch()
        _ = other.runEpoch()
        let state = whole.checkpoint
        #expect(state == other.checkpoint)
        _ = whole.runEpoch()
        let resumed = try makeRun("16x1")
        try resumed.resume(from: try Checkpoint(bytes: state.bytes))
        _ = resumed.runEpoch()
        #expect(resumed.checkpoint == whole.checkpoint)
        #expect(throws: TrainingError.self) { try makeRun("16x1", seed: 2).resume(from: state) }
        #expect(throws: TrainingError.self) { try makeRun("17x1").resume(from: state) }
        #expect(throws: TrainingError.self) { try Checkpoint(bytes: Array(state.bytes.dropLast())) }
    }

    @Test(
        "zeros stay zero when they are to, with every optimiser", arguments: [Optimizer.adamW, .adam, .momentum(0.9)])
    func keepsZeros(optimizer: Optimizer) throws {
        var network = try #require(Architecture("20x1")).network(
            channels: 1, height: 28, width: 28, outputs: 10, mean: [0], deviation: [1], seed: 3)
        guard case .linear(var linear) = network.network.nodes[1].operation else { return }
        linear.weights = linear.weights.mapping { $0 < 0 ? 0 : $0 }
        network.network.nodes[1].operation = .linear(linear)
        var options = TrainingOptions()
        options.optimizer = optimizer
        options.keepsZeros = true
        let run = try TrainingRun(
            network, training: try digits(128, .train), test: try digits(10, .test), options: options)
        _ = run.runEpoch()
        guard case .linear(let trained) = run.network.network.nodes[1].operation else { return }
        let (before, after) = (linear.weights.dense, trained.weights.dense)
        let isKept = zip(before, after).allSatisfy { $0 != 0 || $1 == 0 }
        let isMoved = zip(before, after).contains { $0 != $1 }
        #expect(isKept && isMoved)
    }

    @Test("defences lower the loss in the worst case")
    func defences() throws {
        func worstLoss(_ change: (inout TrainingOptions) -> Void) throws -> Double {
            let run = try makeRun("32x2") {
                $0.radius = 0.05
                $0.augmentation = .none
                change(&$0)
            }
            for _ in 0..<3 { _ = run.runEpoch() }
            return try worstCaseLoss(run.network, try digits(64, .test), radius: 0.05)
        }
        let plain = try worstLoss { _ in }
        #expect(try worstLoss { $0.defence = .interval(weight: 0.5) } < plain / 2)
        #expect(try worstLoss { $0.defence = .adversarial(steps: 3) } < plain)
        #expect(try worstLoss { $0.stability = 0.01 } < plain)
    }

    /// The mean loss of the worst outputs by interval arithmetic.
    private func worstCaseLoss(_ network: TrainableNetwork, _ examples: Examples, radius: Double) throws -> Double {
        let trainer = LaneTrainer<Double>(network, workers: 1, lanes: 64)
        trainer.fill(64) { slot, values in
            values = examples.values(at: slot)
            return .label(examples.labels[slot])
        }
        let terms = StepTerms(interval: IntervalTerms(radius: radius, range: 0...1, weight: 1, stability: 0))
        return trainer.differentiate(terms, intervals: IntervalPass(trainer)).loss / 64
    }

    @Test("refuses what does not belong together")
    func refusals() throws {
        #expect(throws: TrainingError.self) { try makeRun("8x1") { $0.batchSize = 40 } }
        #expect(throws: TrainingError.self) { try makeRun("8x1") { $0.batchSize = 256 } }
        #expect(Architecture("resnet5") == nil)
        #expect(Architecture("0x3") == nil)
        let images = try digits(20, .train)
        let small = try #require(Architecture("8x1")).network(
            channels: 1, height: 2, width: 2, outputs: 10, mean: [0], deviation: [1], seed: 0)
        #expect(throws: TrainingError.self) {
            try TrainingRun(small, training: images, test: images, options: TrainingOptions())
        }
    }
}

@Suite("Trained networks as files")
struct TrainedFileTests {
    @Test("normalisations, outputs and notes survive writing and reading")
    func roundTrip() throws {
        let network = GradientTests.network(seed: 9)
        let trainer = LaneTrainer<Double>(network, workers: 1, lanes: 16)
        // Numbers of the file are float32; so are the trained ones.
        let trained = LaneTrainer<Double>(trainer.trained(), workers: 1, lanes: 16)
        let model = ONNXModel(trainable: trained.trained(), metadata: ["secateur.seed": "9"])
        let again = try ONNXReader.readModel(
            bytes: ONNXWriter.write(model, name: "n"), name: "n.onnx", directory: nil)
        #expect(again.metadata == ["secateur.seed": "9"])
        #expect(again.trainable.normalizations.count == 2)
        #expect(
            Set(again.trainable.normalizations.values.map(\.mean))
                == Set(model.trainable.normalizations.values.map(\.mean)))
        let reader = LaneTrainer<Double>(again.trainable, workers: 1, lanes: 16)
        for trainer in [trained, reader] {
            trainer.fill(16) { slot, values in
                var random = SplitMix64(stream: 1, UInt64(slot))
                values = (0..<72).map { _ in Float(random.unit()) }
                return .label(0)
            }
            _ = trainer.evaluate(16)
        }
        for slot in 0..<16 {
            for (found, expected) in zip(reader.outputs(of: slot), trained.outputs(of: slot)) {
                #expect(abs(found - expected) <= 1e-9 * (1 + abs(expected)))
            }
        }
    }

    @Test("ResNet4 has the parameters of the study")
    func resnet4() throws {
        let network = try #require(Architecture("resnet4")).network(
            channels: 1, height: 28, width: 28, outputs: 10, mean: [0.1307], deviation: [0.3081], seed: 10)
        try network.network.validate()
        let trainer = LaneTrainer<Float>(network, workers: 1, lanes: 16)
        #expect(trainer.blocks.map(\.places.count).reduce(0, +) == 77_290)
        let convolutional = network.network.nodes.reduce(0) { count, node in
            if case .convolution(let c) = node.operation, !c.isAveragePooling { count + c.weights.count } else { count }
        }
        #expect(convolutional == 76_064)
    }
}

extension Matrix {
    fileprivate func mapping(_ transform: (Double) -> Double) -> Matrix {
        .dense(rows: rows, columns: columns, values: dense.map(transform))
    }
}
