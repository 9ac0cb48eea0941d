import Networks
import RandomNumbers

/// Random graphs full of things to simplify: zero rows and columns, constant neurons and channels, chains of affine
/// operators, selections and reshapes, residual sums.
struct RandomGraph {
    private var random: SplitMix64
    private var nodes: [Node] = []
    /// Whether some operators come with an `AffineError`.
    private var hasErrors: Bool

    static func make(seed: Int, hasErrors: Bool = false) -> Network {
        var graph = RandomGraph(random: SplitMix64(seed: seed), hasErrors: hasErrors)
        return graph.make()
    }

    private init(random: SplitMix64, hasErrors: Bool) {
        self.random = random
        self.hasErrors = hasErrors
    }

    private mutating func make() -> Network {
        let shape = random.chance(0.5) ? [random.integer(1...3), 4, 5] : [random.integer(2...9)]
        add(.input, [], shape)
        for _ in 0..<random.integer(3...14) { addAny() }
        let flat = nodes.count - 1
        addLinear(from: flat, rows: 3)
        return Network(nodes: nodes, output: nodes.count - 1)
    }

    private mutating func add(_ operation: Operator, _ inputs: [Int], _ shape: [Int]) {
        nodes.append(Node(name: "n\(nodes.count)", operation: operation, inputs: inputs, shape: shape))
    }

    private mutating func error(offsets: Int) -> AffineError {
        guard hasErrors, random.chance(0.4) else { return .exact }
        return AffineError(
            relative: 0x1p-52, offsets: random.chance(0.5) ? [Double](repeating: 0x1p-60, count: offsets) : []
        )
    }

    private mutating func addAny() {
        // Mostly on the last node, sometimes on an earlier one, so that some nodes have several readers.
        let source = random.chance(0.85) ? nodes.count - 1 : random.integer(0...nodes.count - 1)
        let shape = nodes[source].shape
        switch random.integer(0...9) {
        case 0, 1: addLinear(from: source, rows: random.integer(1...9))
        case 2, 3: add(.activation(random.chance(0.7) ? .relu : .leakyRelu(slope: 0.25)), [source], shape)
        case 4: addElementwise(from: source)
        case 5: addReshape(from: source)
        case 6: addSelection(from: source)
        case 7:
            let equal = nodes.indices.filter { nodes[$0].shape == shape }
            let other = equal[random.integer(0...equal.count - 1)]
            add(.sum, [source, other], shape)
        default:
            if shape.count == 3 && min(shape[1], shape[2]) > 1 {
                random.chance(0.7) ? addConvolution(from: source) : addPooling(from: source)
            } else {
                addLinear(from: source, rows: random.integer(1...9))
            }
        }
    }

    private mutating func addLinear(from source: Int, rows: Int) {
        let columns = nodes[source].count
        var values = random.floats(rows * columns, zeros: random.chance(0.5) ? 0.7 : 0)
        for row in 0..<rows where random.chance(0.15) {
            for column in 0..<columns { values[row * columns + column] = 0 }
        }
        for column in 0..<columns where random.chance(0.15) {
            for row in 0..<rows { values[row * columns + column] = 0 }
        }
        var bias = random.floats(rows, zeros: 0.3)
        // Rows that are multiples of others, as networks with minima and maxima have.
        let hasMultiples = random.chance(0.3)
        for row in 1..<max(1, rows) where hasMultiples && random.chance(0.6) {
            let other = random.integer(0...row - 1)
            let factor = [1, -1, 2, -0.5][random.integer(0...3)]
            for column in 0..<columns { values[row * columns + column] = factor * values[other * columns + column] }
            bias[row] = factor * bias[other]
        }
        let weights =
            random.chance(0.5)
            ? Matrix(rows: rows, columns: columns, rowMajor: values)
            : Matrix.dense(rows: rows, columns: columns, values: values)
        add(.linear(Linear(weights: weights, bias: bias, error: error(offsets: rows))), [source], [rows])
    }

    private mutating func addElementwise(from source: Int) {
        let shape = nodes[source].shape
        let count = nodes[source].count
        var map = Elementwise(
            scale: random.floats(count, zeros: 0.1), offset: random.floats(count, zeros: 0.5),
            error: error(offsets: count))
        if shape.count == 3, random.chance(0.7) {
            let size = shape[1] * shape[2]
            map.scale = (0..<count).map { map.scale[$0 / size * size] }
            map.offset = (0..<count).map { map.offset[$0 / size * size] }
        }
        if random.chance(0.2) { map.scale = map.scale.map { _ in 1 } }
        if random.chance(0.3) { map.offset = map.offset.map { _ in 0 } }
        add(.elementwise(map), [source], shape)
    }

    private mutating func addReshape(from source: Int) {
        let shape = nodes[source].shape
        if random.chance(0.3) { return add(.reshape, [source], shape) }
        if shape.count == 3 { return add(.reshape, [source], [nodes[source].count]) }
        let count = nodes[source].count
        let width = [2, 3, 1].first { count % ($0 * 2) == 0 } ?? 1
        add(.reshape, [source], [1, count / width, width])
    }

    private mutating func addSelection(from source: Int) {
        let count = nodes[source].count
        var sources = (0..<Int32(count)).map { $0 }
        switch random.integer(0...3) {
        case 0: break
        case 1: sources.shuffle(using: &random)
        case 2: sources = (0..<random.integer(1...8)).map { _ in Int32(random.integer(-1...count - 1)) }
        default: sources = sources.filter { _ in random.chance(0.6) } + [-1]
        }
        let constants = random.floats(sources.count)
        add(.select(Selection(sources: sources, constants: constants)), [source], [sources.count])
    }

    private mutating func addConvolution(from source: Int) {
        let shape = nodes[source].shape
        let outputs = random.integer(1...4)
        let kernel = (random.integer(1...2), random.integer(1...2))
        let channels = shape[0]
        let taps = kernel.0 * kernel.1
        var weights = random.floats(outputs * channels * taps)
        for output in 0..<outputs where random.chance(0.2) {
            for place in 0..<channels * taps { weights[output * channels * taps + place] = 0 }
        }
        for channel in 0..<channels where random.chance(0.2) {
            for output in 0..<outputs {
                for tap in 0..<taps { weights[(output * channels + channel) * taps + tap] = 0 }
            }
        }
        var convolution = Convolution(
            input: (channels, shape[1], shape[2]), outputChannels: outputs, kernel: kernel, weights: weights,
            bias: random.floats(outputs, zeros: 0.3))
        if random.chance(0.4) {
            convolution.paddingTop = 1
            convolution.paddingRight = 1
        }
        if random.chance(0.2) { convolution.strideWidth = 2 }
        convolution.error = error(offsets: outputs)
        add(
            .convolution(convolution), [source], [outputs, convolution.outputHeight, convolution.outputWidth])
    }

    private mutating func addPooling(from source: Int) {
        let shape = nodes[source].shape
        let kernel = (random.integer(1...2), random.integer(1...2))
        let pooling = Pooling(
            channels: shape[0], input: (shape[1], shape[2]), kernel: kernel,
            output: (shape[1] - kernel.0 + 1, shape[2] - kernel.1 + 1))
        add(.maxPool(pooling), [source], [shape[0], pooling.outputHeight, pooling.outputWidth])
    }
}
