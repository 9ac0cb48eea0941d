// What pruning asks of a network: what goes into its layers on calibration data, and the gradients of their weights.

public import Datasets
internal import Evaluation
internal import Lanes
public import Networks

/// A network at work on calibration examples, with running statistics.
public final class LayerProbe {
    private let trainer: LaneTrainer<Float>
    private let network: Network
    private let examples: Examples

    /// - Precondition: examples have the network's shape.
    public init(_ network: TrainableNetwork, examples: Examples) {
        precondition(examples.shape.count == network.network.inputCount)
        trainer = LaneTrainer(network, workers: 1, lanes: 64)
        self.network = network.network
        self.examples = examples
    }

    private func fill(_ start: Int, _ count: Int) {
        let examples = examples
        trainer.fill(count) { slot, values in
            values = examples.values(at: start + slot)
            return .label(examples.labels[start + slot])
        }
    }

    /// The vectors that one group of a node's weights is multiplied by, in the order of the weights' columns: of a
    /// matrix one per example, of a convolution one per example and output pixel.
    ///
    /// - Parameters:
    ///   - node: a linear node or a convolution.
    ///   - most: about how many vectors; of a convolution's pixels evenly spaced ones are taken.
    ///   - body: gets vectors one after the other, and how many.
    public func forEachInput(of node: Int, group: Int = 0, most: Int, _ body: ([Double], Int) -> Void) {
        let operand = network.nodes[node].inputs[0]
        let lanes = trainer.lanes
        let layout = trainer.graph.layouts[operand]
        let windows: [[Int]]
        switch network.nodes[node].operation {
        case .linear(let linear): windows = [(0..<linear.weights.columns).map { layout.laneFeature($0) }]
        case .convolution(let convolution):
            windows = Self.windows(convolution, group: group, every: 1) { layout.laneFeature($0) }
        default: preconditionFailure("only matrices and convolutions have weights")
        }
        let total = windows.count * examples.count
        // Odd, so that in the end every lane has its turn.
        let step = max(1, (total + most - 1) / most) | 1
        var skipped = 0
        for start in stride(from: 0, to: examples.count, by: lanes) {
            let count = min(lanes, examples.count - start)
            fill(start, count)
            trainer.forward(batchStatistics: false)
            let values = trainer.workers[0].value(operand)
            var vectors: [Double] = []
            var found = 0
            for window in windows {
                for lane in 0..<count {
                    defer { skipped += 1 }
                    guard skipped % step == 0 else { continue }
                    for place in window { vectors.append(place < 0 ? 0 : Double(values[place * lanes + lane])) }
                    found += 1
                }
            }
            body(vectors, found)
        }
    }

    /// Per output pixel, the lane features under the kernel, -1 in the padding.
    private static func windows(
        _ c: Convolution, group: Int, every: Int, place: (Int) -> Int
    ) -> [[Int]] {
        let depth = c.inputChannels / c.groups
        var windows: [[Int]] = []
        for row in 0..<c.outputHeight {
            for column in 0..<c.outputWidth {
                var window: [Int] = []
                for channel in group * depth..<(group + 1) * depth {
                    for i in 0..<c.kernelHeight {
                        for j in 0..<c.kernelWidth {
                            let y = row * c.strideHeight - c.paddingTop + i * c.dilationHeight
                            let x = column * c.strideWidth - c.paddingLeft + j * c.dilationWidth
                            let isInside = (0..<c.inputHeight).contains(y) && (0..<c.inputWidth).contains(x)
                            window.append(isInside ? place((channel * c.inputHeight + y) * c.inputWidth + x) : -1)
                        }
                    }
                }
                windows.append(window)
            }
        }
        return windows
    }

    /// The gradient of the mean loss by each trained node's weights, in their own order.
    public func meanGradients() -> [Int: [Double]] {
        var sums: [Int: [Double]] = [:]
        forEachBatch { count in
            addGradients(lanes: 0..<count) { node, gradient in
                if sums[node] == nil { sums[node] = Array(repeating: 0, count: gradient.count) }
                for place in gradient.indices { sums[node]![place] += gradient[place] / Double(examples.count) }
            }
        }
        return sums
    }

    /// The gradients of single examples' losses.
    ///
    /// - Parameter body: gets an example's index, a node, and the gradient by its weights in their own order.
    public func forEachExampleGradient(_ body: (_ example: Int, _ node: Int, _ gradient: [Float]) -> Void) {
        var first = 0
        forEachBatch { count in
            for lane in 0..<count {
                addGradients(lanes: lane..<lane + 1) { body(first + lane, $0, $1.map { Float($0) }) }
            }
            first += count
        }
    }

    private func forEachBatch(_ body: (Int) -> Void) {
        for start in stride(from: 0, to: examples.count, by: trainer.lanes) {
            let count = min(trainer.lanes, examples.count - start)
            fill(start, count)
            trainer.forward(batchStatistics: false)
            body(count)
        }
    }

    private func addGradients(lanes: Range<Int>, _ body: (Int, [Double]) -> Void) {
        trainer.findWeightGradients(lanes: lanes)
        for block in trainer.blocks where block.kind == .weight { body(block.node, trainer.gradient(of: block)) }
    }

    /// Share of the examples whose largest output is that of their label.
    public func accuracy() -> Double {
        var hits = 0
        for start in stride(from: 0, to: examples.count, by: trainer.lanes) {
            let count = min(trainer.lanes, examples.count - start)
            fill(start, count)
            hits += trainer.evaluate(count).hits
        }
        return Double(hits) / Double(max(1, examples.count))
    }
}

extension LaneTrainer {
    /// The gradient of the summed loss of some of the first worker's lanes, statistics held fixed; after a forward
    /// pass with running statistics.
    func findWeightGradients(lanes used: Range<Int>) {
        let worker = workers[0]
        worker.parameterGradient.base.update(repeating: 0, count: graph.parameterCount)
        findLoss(worker, used: lanes, weight: 1)
        let g = worker.gradient(graph.output)
        for output in 0..<graph.layouts[graph.output].count {
            for lane in 0..<lanes where !used.contains(lane) { g[output * lanes + lane] = 0 }
        }
        backwardFixed(worker)
        collectGradient()
    }
}
