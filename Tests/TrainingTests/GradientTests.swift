import Datasets
import Lanes
import Networks
import RandomNumbers
import Testing

@testable import Training

/// Gradients in float64 against central differences of the loss.
@Suite("Gradients")
struct GradientTests {
    /// Every kind of layer: convolutions with stride and groups, normalisation alone and before an activation, a sum
    /// of two branches, both poolings, a reshape, matrices.
    static func network(seed: UInt64) -> TrainableNetwork {
        var random = SplitMix64(seed: seed)
        func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in 2 * random.unit() - 1 } }
        var nodes = [Node(name: "x", operation: .input, inputs: [], shape: [2, 6, 6])]
        func convolution(_ inputs: Int, _ size: Int, _ outputs: Int, kernel: Int, stride: Int, groups: Int = 1)
            -> Convolution
        {
            var c = Convolution(
                input: (inputs, size, size), outputChannels: outputs, kernel: (kernel, kernel),
                weights: numbers(outputs * inputs / groups * kernel * kernel), bias: numbers(outputs))
            (c.strideHeight, c.strideWidth, c.groups) = (stride, stride, groups)
            (c.paddingTop, c.paddingLeft, c.paddingBottom, c.paddingRight) = (
                kernel / 2, kernel / 2, kernel / 2, kernel / 2
            )
            return c
        }
        func add(_ operation: Operator, _ inputs: [Int], _ shape: [Int]) {
            nodes.append(Node(name: "n\(nodes.count)", operation: operation, inputs: inputs, shape: shape))
        }
        var normalizations: [Int: BatchNormalization] = [:]
        func normalize(_ operand: Int) {
            let shape = nodes[operand].shape
            let normalization = BatchNormalization(
                scale: numbers(shape[0]), offset: numbers(shape[0]), mean: numbers(shape[0]),
                variance: numbers(shape[0]).map { 1 + $0 * $0 }, epsilon: 1e-3)
            add(.elementwise(normalization.elementwise(count: nodes[operand].count)), [operand], shape)
            normalizations[nodes.count - 1] = normalization
        }
        add(.elementwise(Elementwise(scale: numbers(72), offset: numbers(72))), [0], [2, 6, 6])  // 1
        add(.convolution(convolution(2, 6, 4, kernel: 3, stride: 1)), [1], [4, 6, 6])  // 2
        normalize(2)  // 3
        add(.activation(.relu), [3], [4, 6, 6])  // 4
        add(.convolution(convolution(4, 6, 4, kernel: 3, stride: 2, groups: 2)), [4], [4, 3, 3])  // 5
        normalize(5)  // 6
        add(.convolution(convolution(4, 6, 4, kernel: 1, stride: 2)), [4], [4, 3, 3])  // 7
        add(.sum, [6, 7], [4, 3, 3])  // 8
        add(.activation(.leakyRelu(slope: 0.25)), [8], [4, 3, 3])  // 9
        add(
            .maxPool(Pooling(channels: 4, input: (3, 3), kernel: (2, 2), output: (2, 2))), [9], [4, 2, 2])  // 10
        add(.reshape, [10], [16])  // 11
        add(
            .linear(Linear(weights: .dense(rows: 5, columns: 16, values: numbers(80)), bias: numbers(5))), [11], [5])
        add(.activation(.relu), [12], [5])  // 13
        add(.select(Selection(sources: [3, 1, -1, 4], constants: [0, 0, 0.5, 0])), [13], [4])  // 14
        add(
            .linear(Linear(weights: .dense(rows: 3, columns: 4, values: numbers(12)), bias: numbers(3))), [14], [3])
        return TrainableNetwork(Network(nodes: nodes, output: 15), normalizations: normalizations)
    }

    private func filled(_ trainer: LaneTrainer<Double>, _ inputs: Int, labels: Int, values: Bool = false) {
        trainer.fill(trainer.batchSize) { slot, example in
            var random = SplitMix64(stream: 7, UInt64(slot))
            example = (0..<inputs).map { _ in Float(random.unit()) }
            return values ? .values((0..<labels).map { _ in Float(random.unit()) }) : .label(slot % labels)
        }
    }

    private func check(
        _ trainer: LaneTrainer<Double>, _ terms: StepTerms = StepTerms(), _ pass: IntervalPass<Double>? = nil,
        loss: (BatchResult) -> Double, fill: () -> Void
    ) {
        fill()
        _ = trainer.differentiate(terms, intervals: pass)
        let gradients = trainer.blocks.map { trainer.gradient(of: $0) }
        var random = SplitMix64(seed: 3)
        for (block, gradient) in zip(trainer.blocks, gradients) {
            let start = trainer.values(of: block)
            for _ in 0..<4 {
                let place = Int.random(in: 0..<start.count, using: &random)
                func lossMoved(by step: Double) -> Double {
                    var moved = start
                    moved[place] += step
                    trainer.set(moved, of: block)
                    fill()
                    return loss(trainer.differentiate(terms, intervals: pass))
                }
                let step = 1e-6
                let slope = (lossMoved(by: step) - lossMoved(by: -step)) / (2 * step)
                trainer.set(start, of: block)
                #expect(
                    abs(slope - gradient[place]) <= 2e-6 * (1 + abs(slope)),
                    "block \(block.kind) of node \(block.node), place \(place): \(gradient[place]), not \(slope)")
            }
        }
    }

    @Test("of cross-entropy, every layer, two workers", arguments: [1, 2] as [UInt64])
    func crossEntropy(seed: UInt64) {
        let trainer = LaneTrainer<Double>(Self.network(seed: seed), workers: 2, lanes: 16)
        check(trainer, loss: { $0.loss / 32 }, fill: { filled(trainer, 72, labels: 3) })
    }

    @Test("of the squared error")
    func squaredError() {
        let trainer = LaneTrainer<Double>(Self.network(seed: 3), workers: 1, lanes: 16)
        check(trainer, loss: { $0.loss / 16 }, fill: { filled(trainer, 72, labels: 3, values: true) })
    }

    @Test("of the worst case by intervals", arguments: [0.25, 1])
    func intervals(weight: Double) throws {
        // Statistics are constants of the worst case, so that only a network without them has this very gradient.
        let network = try Architecture.smallConvolutional.network(
            channels: 1, height: 6, width: 6, outputs: 3, mean: [0.4], deviation: [0.3], seed: 5)
        let trainer = LaneTrainer<Double>(network, workers: 2, lanes: 16)
        let terms = StepTerms(
            interval: IntervalTerms(radius: 0.05, range: 0...1, weight: weight, stability: 0))
        check(
            trainer, terms, IntervalPass(trainer), loss: { $0.loss / 32 },
            fill: { filled(trainer, 36, labels: 3) })
    }

    @Test("a batch does not depend on how many workers share it")
    func workers() {
        let network = Self.network(seed: 4)
        var gradients: [[[Double]]] = []
        for workers in [1, 2] {
            let trainer = LaneTrainer<Double>(network, workers: workers, lanes: 32 / workers)
            filled(trainer, 72, labels: 3)
            _ = trainer.differentiate(StepTerms(), intervals: nil)
            gradients.append(trainer.blocks.map { trainer.gradient(of: $0) })
        }
        for (one, two) in zip(gradients[0].joined(), gradients[1].joined()) {
            #expect(abs(one - two) <= 1e-12 * (1 + abs(one)))
        }
    }
}
