// A network as training runs it: layers over lanes, and one flat array of parameters.
//
// Images lie pixel by pixel in lanes (`LaneLayout`). A reshape that only matrices read costs nothing: the columns of
// those matrices are renumbered. A ReLU that alone reads a batch normalisation is computed together with it.

internal import CLaneKernels
internal import Evaluation
internal import Intervals
internal import Lanes
internal import Networks

/// What a run of parameters is.
public enum ParameterKind: Sendable, Equatable {
    case weight, bias, normalizationScale, normalizationOffset
}

/// A run of parameters that belongs to one node.
public struct ParameterBlock: Sendable {
    public let node: Int
    public let kind: ParameterKind
    /// Where the block lies among all parameters, filling included.
    public let range: Range<Int>
    /// For each number in the network's own order, its place among all parameters.
    public let places: [Int]
}

enum TrainingLayer<Scalar: TrainingLaneScalar> {
    case input
    case affine(AffineLayer<Scalar>)
    case normalization(NormalizationLayer)
    /// Not trained.
    case elementwise(scale: [Scalar], offset: [Scalar])
    case select(sources: [Int32], constants: [Scalar])
    case sum
    case activation(slope: Scalar)
    case smooth(SmoothFunction)
    /// Another node has computed the value: a reshape, or an activation done by the normalisation before it.
    case alias
    case maxPool(lane_pool_shape)
}

/// A convolution or dense matrix and where its parameters are.
final class AffineLayer<Scalar: TrainingLaneScalar> {
    let operation: TrainableConvolution<Scalar>
    /// Null for average pooling, whose weights are fixed.
    let weights: Range<Int>?
    let fixedWeights: [Scalar]
    let bias: Range<Int>?

    init(
        operation: TrainableConvolution<Scalar>, weights: Range<Int>?, fixedWeights: [Scalar], bias: Range<Int>?
    ) {
        self.operation = operation
        self.weights = weights
        self.fixedWeights = fixedWeights
        self.bias = bias
    }
}

struct NormalizationLayer {
    /// Its number among the normalisations.
    let index: Int
    let channels: Int
    let pixels: Int
    let epsilon: Double
    let scale: Range<Int>
    let offset: Range<Int>
    /// Of the activation computed with it; 1 for none.
    let slope: Double
}

/// The layers of a network, node by node, and its parameters' places.
struct TrainingGraph<Scalar: TrainingLaneScalar> {
    private(set) var layers: [TrainingLayer<Scalar>] = []
    private(set) var layouts: [LaneLayout] = []
    /// The node whose buffer holds each node's value.
    private(set) var storage: [Int] = []
    let operands: [[Int]]
    let output: Int
    private(set) var blocks: [ParameterBlock] = []
    private(set) var initial: [Double] = []
    /// The nodes of the normalisations, by their number.
    private(set) var normalizationNodes: [Int] = []
    private var readers: [[Int]]

    /// - Precondition: the network is valid.
    init(_ trainable: TrainableNetwork) {
        let network = trainable.network
        operands = network.nodes.map(\.inputs)
        output = network.output
        readers = Array(repeating: [], count: network.nodes.count)
        for (index, node) in network.nodes.enumerated() {
            for input in node.inputs { readers[input].append(index) }
        }
        var fused: Set<Int> = []
        for index in network.nodes.indices {
            let node = network.nodes[index]
            layouts.append(LaneLayout(shape: node.shape))
            storage.append(index)
            switch node.operation {
            case .input: layers.append(.input)
            case .linear(let linear): addLinear(linear, index)
            case .convolution(let convolution): addConvolution(convolution, index, trainable)
            case .elementwise(let map):
                guard let normalization = trainable.normalizations[index] else {
                    layers.append(
                        .elementwise(
                            scale: layouts[index].permuted(map.scale).map { Scalar($0) },
                            offset: layouts[index].permuted(map.offset).map { Scalar($0) }))
                    continue
                }
                let slope = fusedSlope(after: index, network)
                if slope != nil { fused.insert(readers[index][0]) }
                addNormalization(normalization, slope: slope ?? 1, index)
            case .select(let selection):
                let from = layouts[node.inputs[0]]
                let sources = selection.sources.map { $0 < 0 ? $0 : Int32(from.laneFeature(Int($0))) }
                layers.append(
                    .select(
                        sources: layouts[index].permuted(sources),
                        constants: layouts[index].permuted(selection.constants).map { Scalar($0) }))
            case .reshape: addReshape(index, network)
            case .sum: layers.append(.sum)
            case .activation(let activation):
                if fused.contains(index) {
                    layers.append(.alias)
                    storage[index] = node.inputs[0]
                } else {
                    layers.append(Self.lower(activation))
                }
            case .maxPool(let pooling): layers.append(.maxPool(lane_pool_shape(pooling)))
            }
        }
    }

    var parameterCount: Int { initial.count }

    /// Per node, whether its value depends on parameters.
    func nodesAfterParameters() -> [Bool] {
        var result: [Bool] = []
        for (node, layer) in layers.enumerated() {
            switch layer {
            case .affine(let affine) where affine.weights != nil: result.append(true)
            case .normalization: result.append(true)
            default: result.append(operands[node].contains { result[$0] })
            }
        }
        return result
    }

    /// The slope of the activation that alone reads a normalisation.
    private func fusedSlope(after index: Int, _ network: Network) -> Double? {
        guard readers[index].count == 1, network.output != index,
            case .activation(let activation) = network.nodes[readers[index][0]].operation
        else { return nil }
        return switch activation {
        case .relu: 0
        case .leakyRelu(let slope): slope
        case .smooth: nil
        }
    }

    private static func lower(_ activation: Activation) -> TrainingLayer<Scalar> {
        switch activation {
        case .relu: .activation(slope: 0)
        case .leakyRelu(let slope): .activation(slope: Scalar(slope))
        case .smooth(let function): .smooth(function)
        }
    }

    private mutating func add(_ kind: ParameterKind, _ node: Int, count: Int, places: [Int], values: [Double])
        -> Range<Int>
    {
        let start = initial.count
        // Every block starts at a whole vector.
        let range = start..<start + paddedChannels(count)
        initial += Array(repeating: 0, count: range.count)
        let moved = places.map { start + $0 }
        for (place, value) in zip(moved, values) { initial[place] = value }
        blocks.append(ParameterBlock(node: node, kind: kind, range: range, places: moved))
        return range
    }

    private mutating func addLinear(_ linear: Linear, _ index: Int) {
        let from = layouts[operands[index][0]]
        let to = layouts[index]
        let (rows, columns) = (linear.weights.rows, linear.weights.columns)
        let operation = TrainableConvolution<Scalar>(rows: rows, columns: columns)
        let order = operation.places
        var places: [Int] = []
        places.reserveCapacity(rows * columns)
        for row in 0..<rows {
            let start = to.laneFeature(row) * columns
            for column in 0..<columns { places.append(order[start + from.laneFeature(column)]) }
        }
        let weights = add(
            .weight, index, count: operation.parameterCount, places: places, values: linear.weights.dense)
        let bias = add(.bias, index, count: rows, places: (0..<rows).map(to.laneFeature), values: linear.bias)
        layers.append(
            .affine(AffineLayer(operation: operation, weights: weights, fixedWeights: [], bias: bias)))
    }

    private mutating func addConvolution(_ convolution: Convolution, _ index: Int, _ trainable: TrainableNetwork) {
        let operation = TrainableConvolution<Scalar>(ConvolutionGeometry(convolution))
        let places = operation.places
        if convolution.isAveragePooling {
            var fixed = [Scalar](repeating: 0, count: operation.parameterCount)
            for (place, value) in zip(places, convolution.weights) { fixed[place] = Scalar(value) }
            layers.append(
                .affine(AffineLayer(operation: operation, weights: nil, fixedWeights: fixed, bias: nil)))
            return
        }
        let weights = add(
            .weight, index, count: operation.parameterCount, places: places, values: convolution.weights)
        // A normalisation takes a constant away again.
        let isNormalized = readers[index].allSatisfy { trainable.normalizations[$0] != nil }
        var bias: Range<Int>?
        if !isNormalized || convolution.bias.contains(where: { $0 != 0 }) {
            let count = convolution.outputChannels
            bias = add(.bias, index, count: count, places: Array(0..<count), values: convolution.bias)
        }
        layers.append(
            .affine(AffineLayer(operation: operation, weights: weights, fixedWeights: [], bias: bias)))
    }

    private mutating func addNormalization(_ normalization: BatchNormalization, slope: Double, _ index: Int) {
        let channels = normalization.channels
        let all = Array(0..<channels)
        let scale = add(
            .normalizationScale, index, count: channels, places: all, values: normalization.scale)
        let offset = add(
            .normalizationOffset, index, count: channels, places: all, values: normalization.offset)
        layers.append(
            .normalization(
                NormalizationLayer(
                    index: normalizationNodes.count, channels: channels, pixels: layouts[index].count / channels,
                    epsilon: normalization.epsilon, scale: scale, offset: offset, slope: slope)))
        normalizationNodes.append(index)
    }

    private mutating func addReshape(_ index: Int, _ network: Network) {
        let operand = operands[index][0]
        let from = layouts[operand]
        let isOnlyForMatrices =
            network.output != index
            && readers[index].allSatisfy {
                if case .linear = network.nodes[$0].operation { true } else { false }
            }
        if isOnlyForMatrices || layouts[index] == from || layouts[index].isPlain && from.isPlain {
            layers.append(.alias)
            storage[index] = storage[operand]
            if isOnlyForMatrices { layouts[index] = from }
            return
        }
        let sources = (0..<from.count).map { Int32(from.laneFeature($0)) }
        layers.append(.select(sources: layouts[index].permuted(sources), constants: []))
    }
}

extension lane_pool_shape {
    /// Without the number of lanes.
    init(_ p: Pooling) {
        self.init(
            channels: Int32(p.channels), input_rows: Int32(p.inputHeight), input_columns: Int32(p.inputWidth),
            output_rows: Int32(p.outputHeight), output_columns: Int32(p.outputWidth),
            kernel_rows: Int32(p.kernelHeight), kernel_columns: Int32(p.kernelWidth),
            row_stride: Int32(p.strideHeight), column_stride: Int32(p.strideWidth),
            row_dilation: Int32(p.dilationHeight), column_dilation: Int32(p.dilationWidth),
            top: Int32(p.paddingTop), left: Int32(p.paddingLeft), lanes: 0)
    }
}
