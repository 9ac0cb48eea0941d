// Networks by name, with random weights, before training.
//
// ResNet4 is the network of "On the robustness of pruned networks" (arXiv 2601.13303): a convolution, two residual
// blocks, global average pooling, a linear layer; convolutions without bias, each followed by a batch normalisation.

public import Networks
internal import RandomNumbers

/// An untrained network that the command line knows by name.
public enum Architecture: Sendable, Equatable {
    /// Input channels, height and width come from the data.
    case resnet4
    /// Fully connected: neurons per hidden layer, and how many of these; `256x4`.
    case fullyConnected(width: Int, depth: Int)
    /// Two convolutions of stride 2 and a hidden layer of 100 neurons.
    case smallConvolutional
    /// Four convolutions and a hidden layer of 512 neurons.
    case largeConvolutional
    /// Fully connected, 5 layers of 50 neurons, as networks that steer vehicles are.
    case controller

    /// What `init(_:)` understands, for messages.
    public static let names = ["resnet4", "WIDTHxDEPTH (256x4)", "conv-small", "conv-large", "controller"]

    public init?(_ name: String) {
        switch name {
        case "resnet4": self = .resnet4
        case "conv-small": self = .smallConvolutional
        case "conv-large": self = .largeConvolutional
        case "controller": self = .controller
        default:
            let parts = name.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
            guard parts.count == 2, let width = parts[0], let depth = parts[1], (1...16384).contains(width),
                (1...64).contains(depth)
            else { return nil }
            self = .fullyConnected(width: width, depth: depth)
        }
    }

    /// The network with random weights, which takes inputs as the data has them.
    ///
    /// - Parameters:
    ///   - normalization: what is subtracted from every input and what it is then divided by, as the network's first
    ///     operation; per channel, or one for all.
    /// - Throws: when the architecture needs larger images.
    public func network(
        channels: Int, height: Int, width: Int, outputs: Int, mean: [Double], deviation: [Double], seed: UInt64
    ) throws(TrainingError) -> TrainableNetwork {
        var builder = NetworkBuilder(shape: [channels, height, width], seed: seed)
        builder.normalizeInput(mean: mean, deviation: deviation)
        switch self {
        case .resnet4:
            try require(min(height, width) >= 2, "images of at least 2x2 pixels")
            builder.convolve(to: 32, kernel: 3)
            builder.normalize()
            builder.rectify()
            builder.residualBlock(to: 32, stride: 1)
            builder.residualBlock(to: 64, stride: 2)
            builder.averageAll()
        case .fullyConnected(let size, let depth):
            for _ in 0..<depth {
                builder.multiply(to: size)
                builder.rectify()
            }
        case .controller:
            for _ in 0..<5 {
                builder.multiply(to: 50)
                builder.rectify()
            }
        case .smallConvolutional:
            try require(min(height, width) >= 4, "images of at least 4x4 pixels")
            for size in [16, 32] {
                builder.convolve(to: size, kernel: 4, stride: 2, padding: 1, hasBias: true)
                builder.rectify()
            }
            builder.multiply(to: 100)
            builder.rectify()
        case .largeConvolutional:
            try require(min(height, width) >= 4, "images of at least 4x4 pixels")
            for (size, stride) in [(32, 1), (32, 2), (64, 1), (64, 2)] {
                builder.convolve(to: size, kernel: stride == 1 ? 3 : 4, stride: stride, padding: 1, hasBias: true)
                builder.rectify()
            }
            builder.multiply(to: 512)
            builder.rectify()
        }
        builder.multiply(to: outputs)
        return builder.result
    }

    private func require(_ holds: Bool, _ need: String) throws(TrainingError) {
        if !holds { throw TrainingError("the architecture needs \(need)") }
    }
}

/// What the user has to change, in one line.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Builds a network node by node; weights are drawn as PyTorch draws them, uniform up to `1 / sqrt(fan-in)`.
private struct NetworkBuilder {
    private var nodes: [Node]
    private var normalizations: [Int: BatchNormalization] = [:]
    private var random: SplitMix64

    init(shape: [Int], seed: UInt64) {
        nodes = [Node(name: "input", operation: .input, inputs: [], shape: shape)]
        random = SplitMix64(seed: seed)
    }

    var result: TrainableNetwork {
        TrainableNetwork(Network(nodes: nodes, output: nodes.count - 1), normalizations: normalizations)
    }

    private var last: Int { nodes.count - 1 }

    private mutating func append(_ operation: Operator, _ name: String, from inputs: [Int], shape: [Int]) {
        nodes.append(Node(name: "\(name)_\(nodes.count)", operation: operation, inputs: inputs, shape: shape))
    }

    private mutating func weights(_ count: Int, fanIn: Int) -> [Double] {
        let bound = 1 / Double(fanIn).squareRoot()
        return (0..<count).map { _ in Double(Float((2 * random.unit() - 1) * bound)) }
    }

    mutating func normalizeInput(mean: [Double], deviation: [Double]) {
        let shape = nodes[0].shape
        let plane = shape[1] * shape[2]
        func spread(_ values: [Double]) -> [Double] {
            (0..<nodes[0].count).map { values[values.count == 1 ? 0 : $0 / plane] }
        }
        let scale = spread(deviation.map { Double(Float(1 / $0)) })
        let offset = spread(zip(mean, deviation).map { Double(Float(-$0 / $1)) })
        if scale.allSatisfy({ $0 == 1 }) && offset.allSatisfy({ $0 == 0 }) { return }
        append(.elementwise(Elementwise(scale: scale, offset: offset)), "normalize", from: [0], shape: shape)
    }

    mutating func convolve(
        to outputs: Int, kernel: Int, stride: Int = 1, padding: Int? = nil, hasBias: Bool = false, from: Int? = nil
    ) {
        let operand = from ?? last
        let shape = nodes[operand].shape
        let fanIn = shape[0] * kernel * kernel
        var convolution = Convolution(
            input: (shape[0], shape[1], shape[2]), outputChannels: outputs, kernel: (kernel, kernel),
            weights: weights(outputs * fanIn, fanIn: fanIn),
            bias: hasBias ? weights(outputs, fanIn: fanIn) : Array(repeating: 0, count: outputs))
        (convolution.strideHeight, convolution.strideWidth) = (stride, stride)
        let pad = padding ?? kernel / 2
        (convolution.paddingTop, convolution.paddingLeft) = (pad, pad)
        (convolution.paddingBottom, convolution.paddingRight) = (pad, pad)
        append(
            .convolution(convolution), "conv", from: [operand],
            shape: [outputs, convolution.outputHeight, convolution.outputWidth])
    }

    mutating func normalize() {
        let shape = nodes[last].shape
        let normalization = BatchNormalization(channels: shape[0])
        append(
            .elementwise(normalization.elementwise(count: nodes[last].count)), "bn", from: [last], shape: shape)
        normalizations[last] = normalization
    }

    mutating func rectify() { append(.activation(.relu), "relu", from: [last], shape: nodes[last].shape) }

    mutating func residualBlock(to outputs: Int, stride: Int) {
        let start = last
        let isIdentity = stride == 1 && nodes[start].shape[0] == outputs
        convolve(to: outputs, kernel: 3, stride: stride)
        normalize()
        rectify()
        convolve(to: outputs, kernel: 3)
        normalize()
        let main = last
        if !isIdentity {
            convolve(to: outputs, kernel: 1, stride: stride, padding: 0, from: start)
            normalize()
        }
        append(.sum, "sum", from: [main, isIdentity ? start : last], shape: nodes[main].shape)
        rectify()
    }

    mutating func averageAll() {
        let shape = nodes[last].shape
        let count = shape[1] * shape[2]
        var convolution = Convolution(
            input: (shape[0], shape[1], shape[2]), outputChannels: shape[0], kernel: (shape[1], shape[2]),
            weights: Array(repeating: 1 / Double(count), count: shape[0] * count),
            bias: Array(repeating: 0, count: shape[0]))
        convolution.groups = shape[0]
        convolution.error = count & (count - 1) == 0 ? .exact : AffineError(relative: 0x1p-53)
        append(.convolution(convolution), "pool", from: [last], shape: [shape[0], 1, 1])
    }

    mutating func multiply(to outputs: Int) {
        let inputs = nodes[last].count
        let matrix = Matrix.dense(
            rows: outputs, columns: inputs, values: weights(outputs * inputs, fanIn: inputs))
        let bias = weights(outputs, fanIn: inputs)
        append(.linear(Linear(weights: matrix, bias: bias)), "linear", from: [last], shape: [outputs])
    }
}
