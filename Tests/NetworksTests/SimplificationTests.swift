import Evaluation
import Intervals
import Networks
import RandomNumbers
import Testing

@Test(arguments: 0..<500)
func simplifiedNetworksAreTheSameFunction(seed: Int) throws {
    let network = RandomGraph.make(seed: seed, hasErrors: seed % 3 == 0)
    try network.validate()
    let simple = network.simplified()
    try simple.validate()
    #expect(neurons(simple) <= neurons(network))
    #expect(simple.inputCount == network.inputCount)
    #expect(simple.outputCount == network.outputCount)
    var random = SplitMix64(seed: seed + 50_000)
    for _ in 0..<4 {
        let input = random.floats(network.inputCount, zeros: 0.2)
        let expected = network.evaluate(input)
        let found = simple.evaluate(input)
        for (x, y) in zip(found, expected) { #expect(abs(x - y) <= 1e-9 * (1 + abs(y)), "seed \(seed)") }
        // Both enclose the same real numbers, one with the original's weights, one with the errors that
        // simplification admits to.
        let point = input.map { Interval($0) }
        for (x, y) in zip(simple.evaluate(at: point), network.evaluate(at: point)) {
            #expect(x.intersection(y) != nil, "seed \(seed): \(x) and \(y)")
        }
    }
}

@Test(arguments: 0..<200)
func simplifyingTwiceChangesNothing(seed: Int) {
    let simple = RandomGraph.make(seed: seed).simplified()
    let again = simple.simplified()
    #expect(describe(again) == describe(simple))
}

@Test(arguments: 0..<100)
func simplifyingDecomposedPoolsKeepsTheFunction(seed: Int) throws {
    let network = RandomGraph.make(seed: seed + 7_000)
    let simple = network.simplified().decomposingMaxPools().simplified()
    try simple.validate()
    var random = SplitMix64(seed: seed)
    let input = random.floats(network.inputCount)
    for (x, y) in zip(simple.evaluate(input), network.evaluate(input)) {
        #expect(abs(x - y) <= 1e-9 * (1 + abs(y)))
    }
}

private func neurons(_ network: Network) -> Int {
    network.nodes.reduce(0) { total, node in
        if case .activation = node.operation { total + node.count } else { total }
    }
}

/// Everything about a network in text.
private func describe(_ network: Network) -> String {
    network.nodes.map { "\($0)" }.joined(separator: "\n") + " output \(network.output)"
}

// MARK: What single rules do

private func network(_ shape: [Int], _ steps: [(Operator, [Int])]) -> Network {
    var nodes = [Node(name: "x", operation: .input, inputs: [], shape: shape)]
    for (operation, shape) in steps {
        nodes.append(
            Node(name: "n\(nodes.count)", operation: operation, inputs: [nodes.count - 1], shape: shape))
    }
    return Network(nodes: nodes, output: nodes.count - 1)
}

private func linear(_ rows: [[Double]], _ bias: [Double]) -> Operator {
    .linear(
        Linear(
            weights: .dense(rows: rows.count, columns: rows[0].count, values: rows.flatMap { $0 }), bias: bias
        ))
}

private func kinds(_ network: Network) -> [String] { network.nodes.map(\.operation.word) }

@Test func inputReshapesAreAbsorbed() {
    let simple = network([1, 2, 2], [(.reshape, [4]), (linear([[1, 2, 3, 4]], [0]), [1])]).simplified()
    #expect(kinds(simple) == ["input", "linear"])
    #expect(simple.nodes[0].shape == [4])
}

@Test func normalizationFoldsIntoTheNextLinear() {
    let map = Elementwise(scale: [0.5, 2], offset: [1, -1])
    let simple = network([2], [(.elementwise(map), [2]), (linear([[1, 3], [2, 4]], [1, 1]), [2])])
        .simplified()
    #expect(kinds(simple) == ["input", "linear"])
    guard case .linear(let result) = simple.nodes[1].operation else { return }
    #expect(result.weights.dense == [0.5, 6, 1, 8])
    #expect(result.bias == [-1, -1])
    #expect(result.error.isExact)
}

@Test func deadAndConstantNeuronsGo() {
    // Of four neurons the first is constant 2, the second is not read, the third is zero, the fourth stays.
    let first = linear([[0, 0], [1, 1], [0, 0], [1, -1]], [2, 0, -3, 0.5])
    let second = linear([[3, 0, 5, 7], [1, 0, 1, 1]], [1, 0])
    let simple = network([2], [(first, [4]), (.activation(.relu), [4]), (second, [2])]).simplified()
    #expect(kinds(simple) == ["input", "linear", "relu", "linear"])
    #expect(simple.nodes[2].shape == [1])
    guard case .linear(let result) = simple.nodes[3].operation else { return }
    #expect(result.weights.dense == [7, 1])
    #expect(result.bias == [7, 2])
    #expect(result.error.isExact)
}

@Test func aNetworkThatIgnoresItsInputBecomesAConstant() {
    let simple = network(
        [2], [(linear([[0, 0]], [3]), [1]), (.activation(.relu), [1]), (linear([[2], [-1]], [0, 0]), [2])]
    ).simplified()
    #expect(kinds(simple) == ["input", "linear"])
    #expect(simple.evaluate([5, 5]) == [6, -3])
}

@Test func deadAndConstantChannelsGo() {
    // Channel 0 is constant 1, channel 1 is computed, channel 2 is not read.
    let first = Convolution(
        input: (1, 3, 3), outputChannels: 3, kernel: (2, 2),
        weights: [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8], bias: [1, 0, 0])
    let second = Convolution(
        input: (3, 2, 2), outputChannels: 1, kernel: (2, 2),
        weights: [1, 1, 1, 1, 1, -1, 1, -1, 0, 0, 0, 0], bias: [0.5])
    let net = network(
        [1, 3, 3],
        [
            (.convolution(first), [3, 2, 2]), (.activation(.relu), [3, 2, 2]),
            (.convolution(second), [1, 1, 1]),
        ])
    let simple = net.simplified()
    #expect(simple.nodes[1].shape == [1, 2, 2])
    guard case .convolution(let result) = simple.nodes[3].operation else { return }
    #expect(result.weights == [1, -1, 1, -1])
    #expect(result.bias == [4.5])

    var padded = second
    padded.paddingTop = 1
    let kept = network(
        [1, 3, 3],
        [
            (.convolution(first), [3, 2, 2]), (.activation(.relu), [3, 2, 2]),
            (.convolution(padded), [1, 2, 1]),
        ]
    ).simplified()
    #expect(kept.nodes[1].shape == [2, 2, 2])
}

@Test func linearChainsMergeOnlyWhenTheyDoNotGrow() {
    let shrinks = network([3], [(linear([[1, 2, 3]], [1]), [1]), (linear([[2]], [0]), [1])]).simplified()
    #expect(kinds(shrinks) == ["input", "linear"])
    // A product of 3x1 and 1x3 would have nine nonzeros instead of six.
    let grows = network([3], [(linear([[1, 2, 3]], [1]), [1]), (linear([[2], [3], [4]], [0, 0, 0]), [3])])
    #expect(kinds(grows.simplified()) == ["input", "linear", "linear"])
}

@Test func minimaAndMaximaKeepOneNeuronEach() throws {
    // min(a, b) and max(c, d), as ½(a + b) -+ ½|a - b| with four neurons each.
    let first = linear(
        [
            [1, 1, 0, 0], [-1, -1, 0, 0], [-1, 1, 0, 0], [1, -1, 0, 0],
            [0, 0, 1, 1], [0, 0, -1, -1], [0, 0, -1, 1], [0, 0, 1, -1],
        ], [0, 0, 0, 0, 0, 0, 0, 0])
    let second = linear([[0.5, -0.5, -0.5, -0.5, 0, 0, 0, 0], [0, 0, 0, 0, 0.5, -0.5, 0.5, 0.5]], [0, 0])
    let simple = network([4], [(first, [8]), (.activation(.relu), [8]), (second, [2])]).simplified()
    try simple.validate()
    #expect(neurons(simple) == 2)
    #expect(
        simple.nodes.allSatisfy { if case .linear(let linear) = $0.operation { linear.error.isExact } else { true } })
    var random = SplitMix64(seed: 3)
    for _ in 0..<20 {
        let x = (0..<4).map { _ in Double(random.integer(-9...9)) }
        #expect(simple.evaluate(x) == [min(x[0], x[1]), max(x[2], x[3])])
    }
}

@Test func parallelNeuronsBecomeOne() {
    let first = linear([[1, 2], [2, 4], [3, -1], [0.5, 1]], [0.5, 1, 0, 0.25])
    let second = linear([[1, 1, 1, 1], [0, 2, 1, -4]], [0, 0])
    let simple = network([2], [(first, [4]), (.activation(.relu), [4]), (second, [2])]).simplified()
    #expect(kinds(simple) == ["input", "linear", "relu", "linear"])
    guard case .linear(let result) = simple.nodes[3].operation else { return }
    #expect(result.weights.dense == [3.5, 1, 2, 1])
}

extension Operator {
    fileprivate var word: String {
        switch self {
        case .input: "input"
        case .linear: "linear"
        case .convolution: "convolution"
        case .elementwise: "elementwise"
        case .select: "select"
        case .reshape: "reshape"
        case .sum: "sum"
        case .activation(.relu): "relu"
        case .activation(.leakyRelu): "leakyRelu"
        case .activation(.smooth): "smooth"
        case .maxPool: "maxPool"
        }
    }
}
