import Networks
import RandomNumbers

extension SplitMix64 {
    mutating func float() -> Double { Double(Float.random(in: -1...1, using: &self)) }

    mutating func floats(_ count: Int) -> [Double] { (0..<count).map { _ in float() } }
}

/// A small network with every operator, with a residual connection.
func makeRandomNetwork(seed: Int, isDouble: Bool = false) -> Network {
    var random = SplitMix64(seed: seed)
    var nodes: [Node] = []
    func numbers(_ count: Int) -> [Double] {
        isDouble ? (0..<count).map { _ in Double.random(in: -1...1, using: &random) } : random.floats(count)
    }
    func add(_ operation: Operator, _ inputs: [Int], _ shape: [Int]) {
        nodes.append(Node(name: "node \(nodes.count)", operation: operation, inputs: inputs, shape: shape))
    }
    let height = Int.random(in: 4...6, using: &random)
    let width = Int.random(in: 4...6, using: &random)
    add(.input, [], [2, height, width])
    var first = Convolution(
        input: (2, height, width), outputChannels: 4, kernel: (3, 2), weights: numbers(4 * 3 * 2),
        bias: numbers(4))
    first.groups = 2
    first.paddingTop = 1
    first.paddingRight = 2
    first.strideWidth = 2
    first.dilationWidth = Int.random(in: 1...2, using: &random)
    let plane = [4, first.outputHeight, first.outputWidth]
    let count = plane.reduce(1, *)
    add(.convolution(first), [0], plane)
    add(.activation(.relu), [1], plane)
    add(.elementwise(Elementwise(scale: numbers(count), offset: numbers(count))), [2], plane)
    let slope = isDouble ? 0.1 : 0.25
    add(.activation(.leakyRelu(slope: slope)), [3], plane)
    add(.sum, [4, 1, 2], plane)
    var pooling = Pooling(
        channels: 4, input: (plane[1], plane[2]), kernel: (2, 2), output: (plane[1], plane[2] / 2 + 1))
    pooling.strideWidth = 2
    pooling.paddingTop = 1
    pooling.paddingLeft = 1
    add(.maxPool(pooling), [5], [4, pooling.outputHeight, pooling.outputWidth])
    let pooled = nodes[6].count
    let sources = (0..<9).map { _ in Int32.random(in: -1..<Int32(pooled), using: &random) }
    add(.select(Selection(sources: sources, constants: numbers(9))), [6], [3, 3])
    add(.reshape, [7], [9])
    let sparse = SparseMatrix(
        rows: 6, columns: 9, rowStarts: [0, 1, 1, 3, 3, 4, 5], columnIndices: [8, 0, 4, 2, 6],
        values: numbers(5))
    add(.linear(Linear(weights: .sparse(sparse), bias: numbers(6))), [8], [2, 3])
    add(.activation(.relu), [9], [2, 3])
    add(
        .linear(Linear(weights: .dense(rows: 3, columns: 6, values: numbers(18)), bias: numbers(3))), [10],
        [3])
    return Network(nodes: nodes, output: nodes.count - 1)
}
