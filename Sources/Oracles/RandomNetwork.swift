public import Intervals
public import Networks
internal import RandomNumbers

/// Makes small networks that between them use every operator, with a residual connection.
public struct RandomNetwork {
    public enum Weights: Sendable { case floats, integers }

    var generator: SplitMix64
    var weights: Weights
    var error = AffineError.exact
    private(set) var nodes: [Node] = []

    public static func make(seed: Int, weights: Weights = .floats, error: AffineError = .exact) -> Network {
        var maker = RandomNetwork(generator: SplitMix64(seed: seed), weights: weights, error: error)
        return maker.make()
    }

    public static func input(of network: Network, seed: Int, weights: Weights = .floats) -> [Double] {
        var maker = RandomNetwork(generator: SplitMix64(seed: seed &+ 1_000_003), weights: weights)
        return (0..<network.inputCount).map { _ in maker.number() }
    }

    private mutating func make() -> Network {
        let height = Int.random(in: 3...6, using: &generator)
        let width = Int.random(in: 3...6, using: &generator)
        add(.input, [], [2, height, width])
        addConvolution(outputs: 4, groups: Bool.random(using: &generator) ? 2 : 1)
        addActivation()
        addElementwise()
        let fork = nodes.count - 1
        addConvolution(outputs: 4, keepsShape: true)
        add(.sum, [nodes.count - 1, fork], nodes[fork].shape)
        addActivation()
        if nodes.last!.shape[1] > 1, nodes.last!.shape[2] > 1 { addMaxPool() }
        add(.reshape, [nodes.count - 1], [nodes.last!.count])
        addSelection()
        addLinear(rows: 7, isSparse: false)
        addActivation()
        addLinear(rows: 6, isSparse: true)
        addActivation()
        addLinear(rows: 3, isSparse: false)
        return Network(nodes: nodes, output: nodes.count - 1)
    }

    mutating func number() -> Double {
        switch weights {
        case .floats: Double(Float.random(in: -1...1, using: &generator))
        case .integers: Double(Int.random(in: -3...3, using: &generator))
        }
    }

    private mutating func numbers(_ count: Int, sparse: Bool = false) -> [Double] {
        (0..<count).map { _ in sparse && Int.random(in: 0..<4, using: &generator) > 0 ? 0 : number() }
    }

    private func error(offsets count: Int) -> AffineError {
        guard !error.isExact else { return .exact }
        return AffineError(
            relative: error.relative, absolute: error.absolute,
            offsets: [Double](repeating: error.absolute, count: count))
    }

    private mutating func add(_ operation: Operator, _ inputs: [Int], _ shape: [Int]) {
        nodes.append(Node(name: "node \(nodes.count)", operation: operation, inputs: inputs, shape: shape))
    }

    private mutating func addConvolution(outputs: Int, groups: Int = 1, keepsShape: Bool = false) {
        let shape = nodes.last!.shape
        let kernel = keepsShape ? (3, 3) : (Int.random(in: 1...3, using: &generator), 2)
        let count = outputs * shape[0] / groups * kernel.0 * kernel.1
        var convolution = Convolution(
            input: (shape[0], shape[1], shape[2]), outputChannels: outputs, kernel: kernel,
            weights: numbers(count), bias: numbers(outputs))
        convolution.groups = groups
        convolution.error = error(offsets: outputs)
        if keepsShape {
            (convolution.paddingTop, convolution.paddingBottom) = (1, 1)
            (convolution.paddingLeft, convolution.paddingRight) = (1, 1)
        } else {
            convolution.paddingTop = Int.random(in: 0...1, using: &generator)
            convolution.paddingRight = Int.random(in: 0...2, using: &generator)
            convolution.strideHeight = Int.random(in: 1...2, using: &generator)
            convolution.dilationWidth = Int.random(in: 1...2, using: &generator)
        }
        add(
            .convolution(convolution), [nodes.count - 1],
            [outputs, convolution.outputHeight, convolution.outputWidth])
    }

    private mutating func addActivation() {
        let activation: Activation = Bool.random(using: &generator) ? .relu : .leakyRelu(slope: 0.25)
        add(.activation(activation), [nodes.count - 1], nodes.last!.shape)
    }

    private mutating func addElementwise() {
        let count = nodes.last!.count
        let elementwise = Elementwise(
            scale: numbers(count), offset: numbers(count), error: error(offsets: count))
        add(.elementwise(elementwise), [nodes.count - 1], nodes.last!.shape)
    }

    private mutating func addMaxPool() {
        let shape = nodes.last!.shape
        let padding = Int.random(in: 0...1, using: &generator)
        let output = ((shape[1] + 2 * padding - 2) / 2 + 1, shape[2] - 1)
        var pooling = Pooling(channels: shape[0], input: (shape[1], shape[2]), kernel: (2, 2), output: output)
        pooling.strideHeight = 2
        pooling.paddingTop = padding
        add(.maxPool(pooling), [nodes.count - 1], [shape[0], output.0, output.1])
    }

    private mutating func addSelection() {
        let count = nodes.last!.count
        let sources = (0..<(count + 2)).map { _ in Int32.random(in: -1..<Int32(count), using: &generator) }
        let selection = Selection(sources: sources, constants: numbers(count + 2))
        add(.select(selection), [nodes.count - 1], [count + 2])
    }

    private mutating func addLinear(rows: Int, isSparse: Bool) {
        let columns = nodes.last!.count
        let matrix = Matrix.dense(
            rows: rows, columns: columns, values: numbers(rows * columns, sparse: isSparse))
        let linear = Linear(
            weights: isSparse ? .sparse(matrix.sparse) : matrix, bias: numbers(rows),
            error: error(offsets: rows))
        add(.linear(linear), [nodes.count - 1], [rows])
    }
}

extension Network {
    /// A network within each operator's `AffineError` of this one, as far from it as float64 lets us go.
    public func perturbed(seed: Int) -> Network {
        var generator = SplitMix64(seed: seed)
        func moved(_ weights: [Double], _ error: AffineError) -> [Double] {
            weights.map { weight in
                let sign: Double = Bool.random(using: &generator) ? 0.999 : -0.999
                return weight + sign * (error.relative * abs(weight) + error.absolute)
            }
        }
        func moved(offsets: [Double], _ error: AffineError) -> [Double] {
            guard !error.offsets.isEmpty else { return offsets }
            return zip(offsets, error.offsets).map {
                $0 + (Bool.random(using: &generator) ? 0.999 : -0.999) * $1
            }
        }
        var result = self
        for index in nodes.indices {
            switch nodes[index].operation {
            case .linear(var linear):
                switch linear.weights {
                case .dense(let rows, let columns, let values):
                    linear.weights = .dense(rows: rows, columns: columns, values: moved(values, linear.error))
                case .sparse(var matrix):
                    matrix.values = moved(matrix.values, linear.error)
                    linear.weights = .sparse(matrix)
                }
                linear.bias = moved(offsets: linear.bias, linear.error)
                linear.error = .exact
                result.nodes[index].operation = .linear(linear)
            case .convolution(var convolution):
                convolution.weights = moved(convolution.weights, convolution.error)
                convolution.bias = moved(offsets: convolution.bias, convolution.error)
                convolution.error = .exact
                result.nodes[index].operation = .convolution(convolution)
            case .elementwise(var elementwise):
                elementwise.scale = moved(elementwise.scale, elementwise.error)
                elementwise.offset = moved(offsets: elementwise.offset, elementwise.error)
                elementwise.error = .exact
                result.nodes[index].operation = .elementwise(elementwise)
            case .input, .select, .reshape, .sum, .activation, .maxPool: break
            }
        }
        return result
    }
}

extension Network {
    /// The network with some of its piecewise linear activations replaced by smooth ones.
    ///
    /// - Parameter functions: drawn from, evenly; every activation is replaced when there is one only.
    public func smoothed(seed: Int, with functions: [SmoothFunction] = SmoothFunction.samples) -> Network {
        var generator = SplitMix64(seed: seed &+ 77)
        var result = self
        for index in nodes.indices {
            guard case .activation = nodes[index].operation else { continue }
            if functions.count > 1 && Int.random(in: 0..<4, using: &generator) == 0 { continue }
            result.nodes[index].operation = .activation(.smooth(functions.randomElement(using: &generator)!))
        }
        return result
    }
}

extension SmoothFunction {
    /// One or more of every kind.
    public static let samples: [SmoothFunction] = [
        .sigmoid, .tanh, .softplus, .silu, .gelu, .standardGeluTanh, .geluTanh(linear: 0.75, cubic: 0.03125),
        .elu(alpha: 1), .elu(alpha: 0.25), .elu(alpha: 2.5),
    ]
}
