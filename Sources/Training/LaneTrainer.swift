// A network under training: minibatches are lanes, and each worker has its share of them.
//
// Workers run the same layers on their own lanes and meet only where a batch normalisation needs the sums of all: the
// work is a series of segments, and what is added across workers is added in their order. So a run depends on the
// seed and on the number of workers, never on timing.

internal import CLaneKernels
internal import Evaluation
public import Lanes
public import Networks

/// Buffers, parameters and statistics of one training run.
public final class LaneTrainer<Scalar: TrainingLaneScalar>: @unchecked Sendable {
    // Workers write to their own buffers only; what is shared is written between segments.
    let graph: TrainingGraph<Scalar>
    let source: TrainableNetwork
    let workers: [TrainingWorker<Scalar>]
    let kernels = Scalar.trainingKernels
    public let lanes: Int
    /// All parameters; `blocks` says which is whose.
    let parameters: LaneStorage<Scalar>
    let gradient: LaneStorage<Scalar>
    /// 1 where a parameter is free, 0 where it stays 0; null when all are free.
    var mask: LaneStorage<Scalar>?
    /// First and second moments of the optimiser.
    let moments: [LaneStorage<Scalar>]
    public internal(set) var stepCount = 0
    var statistics: [NormalizationState<Scalar>] = []
    /// Per node, whether parameters lie before its value.
    let trainedBefore: [Bool]
    /// How much of a step's batch statistics goes into the running ones.
    public var momentum = 0.1

    /// - Parameters:
    ///   - workers: threads, each with `lanes` examples of a minibatch.
    ///   - lanes: 16, 32, 48 or 64.
    /// - Precondition: the network is valid and has more inputs than none.
    public init(_ source: TrainableNetwork, workers count: Int, lanes: Int) {
        precondition(count > 0 && supportedLaneCounts.contains(lanes))
        let graph = TrainingGraph<Scalar>(source)
        self.graph = graph
        self.source = source
        self.lanes = lanes
        let parameterCount = graph.parameterCount
        parameters = LaneStorage(features: parameterCount, lanes: 1)
        gradient = LaneStorage(features: parameterCount, lanes: 1)
        moments = (0..<2).map { _ in LaneStorage(features: parameterCount, lanes: 1) }
        for (place, value) in graph.initial.enumerated() { parameters.base[place] = Scalar(value) }
        workers = (0..<count).map { TrainingWorker(graph, index: $0, lanes: lanes) }
        statistics = graph.normalizationNodes.map { NormalizationState(source.normalizations[$0]!) }
        trainedBefore = graph.nodesAfterParameters()
        for layer in graph.layers {
            guard case .affine(let affine) = layer, affine.weights == nil else { continue }
            affine.operation.load(affine.fixedWeights)
        }
        loadWeights()
    }

    public var batchSize: Int { workers.count * lanes }
    public var blocks: [ParameterBlock] { graph.blocks }

    /// A block's numbers in the network's own order.
    public func values(of block: ParameterBlock) -> [Double] {
        block.places.map { Double(parameters.base[$0]) }
    }

    /// The gradient that `differentiate` last left, in the network's own order.
    public func gradient(of block: ParameterBlock) -> [Double] { block.places.map { Double(gradient.base[$0]) } }

    public func set(_ values: [Double], of block: ParameterBlock) {
        for (place, value) in zip(block.places, values) { parameters.base[place] = Scalar(value) }
        loadWeights()
    }

    /// Keeps every weight that is 0 now at 0.
    public func freezeZeros() {
        let mask = LaneStorage<Scalar>(features: graph.parameterCount, lanes: 1)
        mask.base.update(repeating: 1, count: graph.parameterCount)
        for block in blocks where block.kind == .weight {
            for place in block.places where parameters.base[place] == 0 { mask.base[place] = 0 }
        }
        self.mask = mask
    }

    /// Packs the weights for the kernels; after every change of the parameters.
    func loadWeights() {
        let affine = graph.layers.compactMap { layer -> (AffineLayer<Scalar>, Range<Int>)? in
            if case .affine(let affine) = layer, let weights = affine.weights { (affine, weights) } else { nil }
        }
        let pieces = UnsafeSending(affine)
        forEachWorker { worker in
            for index in stride(from: worker.index, to: pieces.value.count, by: self.workers.count) {
                let (layer, weights) = pieces.value[index]
                layer.operation.load(self.parameters.base + weights.lowerBound)
            }
        }
    }

    func forEachWorker(_ body: @Sendable (TrainingWorker<Scalar>) -> Void) {
        runWorkers(workers.count) { body(workers[$0]) }
    }

    /// The network with the parameters and running statistics as they are now.
    public func trained() -> TrainableNetwork {
        var result = source
        for (index, node) in graph.normalizationNodes.enumerated() {
            result.normalizations[node]?.mean = statistics[index].runningMean.map { Double(Float($0)) }
            result.normalizations[node]?.variance = statistics[index].runningVariance.map { Double(Float($0)) }
        }
        for block in blocks {
            let numbers = values(of: block).map { Double(Float($0)) }
            switch (block.kind, result.network.nodes[block.node].operation) {
            case (.weight, .linear(var linear)):
                linear.weights = Matrix(
                    rows: linear.weights.rows, columns: linear.weights.columns, rowMajor: numbers)
                linear.error = .exact
                result.network.nodes[block.node].operation = .linear(linear)
            case (.bias, .linear(var linear)):
                linear.bias = numbers
                result.network.nodes[block.node].operation = .linear(linear)
            case (.weight, .convolution(var convolution)):
                convolution.weights = numbers
                convolution.error = .exact
                result.network.nodes[block.node].operation = .convolution(convolution)
            case (.bias, .convolution(var convolution)):
                convolution.bias = numbers
                result.network.nodes[block.node].operation = .convolution(convolution)
            case (.normalizationScale, _): result.normalizations[block.node]?.scale = numbers
            case (.normalizationOffset, _): result.normalizations[block.node]?.offset = numbers
            default: preconditionFailure("a block of parameters belongs to no operator that has any")
            }
        }
        for (node, normalization) in result.normalizations {
            result.network.nodes[node].operation = .elementwise(
                normalization.elementwise(count: result.network.nodes[node].count))
        }
        return result
    }
}

/// A value handed to workers that only read it.
struct UnsafeSending<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// One worker's buffers: values and gradients of all nodes for its lanes, and its share of the parameters' gradient.
final class TrainingWorker<Scalar: TrainingLaneScalar>: @unchecked Sendable {
    // Used by one thread at a time.
    let index: Int
    let lanes: Int
    private let values: [LaneStorage<Scalar>?]
    private let gradients: [LaneStorage<Scalar>?]
    private let storage: [Int]
    let parameterGradient: LaneStorage<Scalar>
    let scratch: LaneStorage<Scalar>
    /// Per normalisation, two sums per channel.
    var sums: [[Double]]
    var losses: [Double]
    var largest: [Int32]
    var labels: [Int32]
    /// `[lane][output]` when outputs are trained towards numbers.
    var targets: [Float] = []
    var example: [Float]
    let places: [Int32]
    /// The inputs before an attack.
    let start: LaneStorage<Scalar>
    var intervals: IntervalBuffers<Scalar>?

    init(_ graph: TrainingGraph<Scalar>, index: Int, lanes: Int) {
        self.index = index
        self.lanes = lanes
        storage = graph.storage
        func buffers() -> [LaneStorage<Scalar>?] {
            graph.layouts.indices.map {
                graph.storage[$0] == $0 ? LaneStorage(features: graph.layouts[$0].count, lanes: lanes) : nil
            }
        }
        values = buffers()
        gradients = buffers()
        parameterGradient = LaneStorage(features: graph.parameterCount, lanes: 1)
        var scratchCount = 1
        var channels = [Int](repeating: 0, count: graph.normalizationNodes.count)
        for layer in graph.layers {
            if case .affine(let affine) = layer {
                scratchCount = max(scratchCount, affine.operation.scratchCount(lanes: lanes))
            } else if case .normalization(let normalization) = layer {
                channels[normalization.index] = normalization.channels
            }
        }
        scratch = LaneStorage(features: scratchCount, lanes: 1)
        sums = channels.map { Array(repeating: 0, count: 2 * $0) }
        losses = Array(repeating: 0, count: lanes)
        largest = Array(repeating: 0, count: lanes)
        labels = Array(repeating: 0, count: lanes)
        let inputs = graph.layouts[0]
        example = Array(repeating: 0, count: inputs.count)
        places = (0..<inputs.count).map { Int32(inputs.laneFeature($0)) }
        start = LaneStorage(features: inputs.count, lanes: lanes)
    }

    func value(_ node: Int) -> UnsafeMutablePointer<Scalar> { values[storage[node]]!.base }
    func gradient(_ node: Int) -> UnsafeMutablePointer<Scalar> { gradients[storage[node]]!.base }
}

/// A batch normalisation's statistics, and what its kernels read.
struct NormalizationState<Scalar: TrainingLaneScalar> {
    var runningMean: [Double]
    var runningVariance: [Double]
    /// Of the step under way.
    var mean: [Double]
    var inverseDeviation: [Double]
    var shift: [Scalar]
    var scale: [Scalar]
    var offset: [Scalar]
    var slant: [Scalar]
    var level: [Scalar]

    init(_ normalization: BatchNormalization) {
        runningMean = normalization.mean
        runningVariance = normalization.variance
        mean = runningMean
        inverseDeviation = runningVariance.map { _ in 1 }
        let zeros = [Scalar](repeating: 0, count: normalization.channels)
        (shift, scale, offset, slant, level) = (zeros, zeros, zeros, zeros, zeros)
    }
}
