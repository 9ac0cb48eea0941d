// The networks of Specs/. Every weight is a short binary fraction: exact in float32, and so short that float64
// evaluates the whole network without rounding, which makes the properties' constructions exact.

import Intervals
import Networks
import RandomNumbers

/// Builds a network node by node.
struct NetworkBuilder {
    private(set) var nodes: [Node]
    private var generator: SplitMix64

    init(inputShape: [Int], seed: UInt64) {
        nodes = [Node(name: "input", operation: .input, inputs: [], shape: inputShape)]
        generator = SplitMix64(seed: seed)
    }

    var last: Int { nodes.count - 1 }
    var network: Network { Network(nodes: nodes, output: last) }

    @discardableResult
    mutating func append(_ name: String, _ operation: Operator, inputs: [Int], shape: [Int]) -> Int {
        nodes.append(Node(name: name, operation: operation, inputs: inputs, shape: shape))
        return last
    }

    @discardableResult
    mutating func relu(_ name: String) -> Int {
        append(name, .activation(.relu), inputs: [last], shape: nodes[last].shape)
    }

    @discardableResult
    mutating func softplus(_ name: String) -> Int {
        append(name, .activation(.smooth(.softplus)), inputs: [last], shape: nodes[last].shape)
    }

    mutating func linear(_ name: String, rows: [[Double]], bias: [Double]) {
        let columns = nodes[last].count
        let weights = Matrix.dense(rows: rows.count, columns: columns, values: rows.flatMap { $0 })
        append(name, .linear(Linear(weights: weights, bias: bias)), inputs: [last], shape: [rows.count])
    }

    /// A layer of random weights, of which about the given share is kept.
    mutating func randomLinear(_ name: String, outputs: Int, unit: Double, keeping share: Double = 1) {
        let columns = nodes[last].count
        var rows: [[Double]] = []
        for _ in 0..<outputs {
            rows.append(
                (0..<columns).map { _ in
                    let weight = generator.multiple(of: unit, steps: 64)
                    return Double(generator.next() >> 11) * 0x1p-53 < share ? weight : 0
                })
        }
        linear(name, rows: rows, bias: (0..<outputs).map { _ in generator.multiple(of: 1 / 64, steps: 16) })
    }

    /// A 3x3 convolution of random weights that keeps height and width.
    mutating func randomConvolution(_ name: String, channels: Int, unit: Double) {
        let shape = nodes[last].shape
        let count = channels * shape[0] * 9
        let weights = (0..<count).map { _ in generator.multiple(of: unit, steps: 64) }
        let bias = (0..<channels).map { _ in generator.multiple(of: 1 / 64, steps: 16) }
        var convolution = Convolution(
            input: (shape[0], shape[1], shape[2]), outputChannels: channels, kernel: (3, 3),
            weights: weights, bias: bias)
        (convolution.paddingTop, convolution.paddingLeft) = (1, 1)
        (convolution.paddingBottom, convolution.paddingRight) = (1, 1)
        append(name, .convolution(convolution), inputs: [last], shape: [channels, shape[1], shape[2]])
    }
}

/// Fully connected, 6 - 32 - 32 - 3.
func denseNetwork() -> Network {
    var builder = NetworkBuilder(inputShape: [6], seed: 1)
    builder.randomLinear("hidden1", outputs: 32, unit: 1 / 64)
    builder.relu("relu1")
    builder.randomLinear("hidden2", outputs: 32, unit: 1 / 128)
    builder.relu("relu2")
    builder.randomLinear("scores", outputs: 3, unit: 1 / 128)
    return builder.network
}

/// Fully connected, 16 - 64 - 64 - 4, nine weights of ten zero.
func sparseNetwork() -> Network {
    var builder = NetworkBuilder(inputShape: [16], seed: 2)
    builder.randomLinear("hidden1", outputs: 64, unit: 1 / 64, keeping: 0.1)
    builder.relu("relu1")
    builder.randomLinear("hidden2", outputs: 64, unit: 1 / 64, keeping: 0.1)
    builder.relu("relu2")
    builder.randomLinear("scores", outputs: 4, unit: 1 / 64, keeping: 0.1)
    return builder.network
}

/// An 8x8 image through two convolutions, the second with a connection around it, into three scores.
func residualNetwork() -> Network {
    var builder = NetworkBuilder(inputShape: [1, 8, 8], seed: 3)
    builder.randomConvolution("convolution1", channels: 4, unit: 1 / 128)
    let fork = builder.relu("relu1")
    builder.randomConvolution("convolution2", channels: 4, unit: 1 / 256)
    builder.append("sum", .sum, inputs: [builder.last, fork], shape: [4, 8, 8])
    builder.relu("relu2")
    builder.append("flatten", .reshape, inputs: [builder.last], shape: [256])
    builder.randomLinear("scores", outputs: 3, unit: 1 / 512)
    return builder.network
}

/// A pendulum's controller: the torque `clamp(-(3/2 angle + 3/4 speed), -1, 1)`.
func controllerNetwork() -> Network {
    // clamp(v) = relu(v + 1) - relu(v - 1) - 1
    var builder = NetworkBuilder(inputShape: [2], seed: 0)
    builder.linear("command", rows: [[-1.5, -0.75], [-1.5, -0.75]], bias: [1, -1])
    builder.relu("corners")
    builder.linear("torque", rows: [[1, -1]], bias: [-1])
    return builder.network
}

/// `|a| + |b| - |a + b|`.
func triangleNetwork() -> Network {
    var builder = NetworkBuilder(inputShape: [2], seed: 0)
    builder.linear(
        "signed", rows: [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1]],
        bias: [Double](repeating: 0, count: 6))
    builder.relu("parts")
    builder.linear("slack", rows: [[1, 1, 1, 1, -1, -1]], bias: [0])
    return builder.network
}

/// Of inputs between 0 and 1: how far their sum is from half their number, and the sum of their distances to 0 or 1.
func parityNetwork(inputs count: Int) -> Network {
    // The distance of x to the nearer of 0 and 1 is x - relu(2 x - 1); the sum passes through a ReLU unchanged.
    var builder = NetworkBuilder(inputShape: [count], seed: 0)
    let doubled = (0..<count).map { row in (0..<count).map { row == $0 ? 2.0 : 0 } }
    let ones = [Double](repeating: 1, count: count)
    builder.linear("folds", rows: doubled + [ones], bias: ones.map(-) + [0])
    builder.relu("folded")
    let zeros = [Double](repeating: 0, count: count)
    builder.linear("distances", rows: [zeros + [1], ones.map(-) + [1]], bias: [-Double(count) / 2, 0])
    return builder.network
}

/// With z = a + b: softplus(z) - softplus(-z) - z, which is 0, and softplus(z).
func softplusNetwork() -> Network {
    var builder = NetworkBuilder(inputShape: [2], seed: 0)
    builder.linear("opposites", rows: [[1, 1], [-1, -1]], bias: [0, 0])
    builder.softplus("softplus")
    builder.linear("difference", rows: [[1, -1], [1, 0]], bias: [0, 0])
    let difference = builder.last
    let less = Matrix.dense(rows: 2, columns: 2, values: [-1, -1, 0, 0])
    let bypass = builder.append("bypass", .linear(Linear(weights: less, bias: [0, 0])), inputs: [0], shape: [2])
    builder.append("sum", .sum, inputs: [difference, bypass], shape: [2])
    return builder.network
}
