import Evaluation
import Networks
import RandomNumbers
import Testing

/// A max pooling of a random kind over a random image.
private func makePooling(seed: Int) -> Network {
    var random = SplitMix64(seed: seed)
    let kernel = (random.integer(1...5), random.integer(1...5))
    let dilation = random.chance(0.3) ? (random.integer(1...2), random.integer(1...2)) : (1, 1)
    let reach = (dilation.0 * (kernel.0 - 1), dilation.1 * (kernel.1 - 1))
    let input = (reach.0 + random.integer(1...7), reach.1 + random.integer(1...7))
    let channels = random.integer(1...3)
    var pooling = Pooling(channels: channels, input: input, kernel: kernel, output: (1, 1))
    pooling.strideHeight = random.integer(1...4)
    pooling.strideWidth = random.integer(1...4)
    pooling.dilationHeight = dilation.0
    pooling.dilationWidth = dilation.1
    let isPadded = random.chance(0.4)
    if isPadded && dilation == (1, 1) {
        pooling.paddingTop = random.integer(0...kernel.0 - 1)
        pooling.paddingLeft = random.integer(0...kernel.1 - 1)
    }
    let after =
        isPadded && dilation == (1, 1)
        ? (random.integer(0...kernel.0 - 1), random.integer(0...kernel.1 - 1)) : (0, 0)
    pooling.outputHeight = (input.0 + pooling.paddingTop + after.0 - reach.0 - 1) / pooling.strideHeight + 1
    pooling.outputWidth = (input.1 + pooling.paddingLeft + after.1 - reach.1 - 1) / pooling.strideWidth + 1
    return Network(
        nodes: [
            Node(name: "x", operation: .input, inputs: [], shape: [channels, input.0, input.1]),
            Node(
                name: "pool", operation: .maxPool(pooling), inputs: [0],
                shape: [channels, pooling.outputHeight, pooling.outputWidth]),
        ], output: 1)
}

@Test(arguments: 0..<300)
func decomposedPoolsGiveTheSameMaxima(seed: Int) throws {
    let network = makePooling(seed: seed)
    try network.validate()
    let relus = network.decomposingMaxPools()
    try relus.validate()
    #expect(!relus.nodes.contains { $0.operation.isMaxPool })
    #expect(relus.nodes[relus.output].shape == network.nodes[1].shape)
    var random = SplitMix64(seed: seed + 10_000)
    for _ in 0..<3 {
        // Small integers: every step is exact, so the maxima must be equal.
        let input = (0..<network.inputCount).map { _ in Double(random.integer(-50...50)) }
        #expect(relus.evaluate(input) == network.evaluate(input))
    }
    #expect(relus.decomposingMaxPools().nodes.count == relus.nodes.count)
}

@Test func poolsInsideANetworkKeepTheNodesAroundThem() throws {
    var pooling = Pooling(channels: 1, input: (4, 4), kernel: (2, 2), output: (2, 2))
    pooling.strideHeight = 2
    pooling.strideWidth = 2
    let network = Network(
        nodes: [
            Node(name: "x", operation: .input, inputs: [], shape: [1, 4, 4]),
            Node(name: "relu", operation: .activation(.relu), inputs: [0], shape: [1, 4, 4]),
            Node(name: "pool", operation: .maxPool(pooling), inputs: [1], shape: [1, 2, 2]),
            Node(name: "flat", operation: .reshape, inputs: [2], shape: [4]),
        ], output: 3)
    let relus = network.decomposingMaxPools()
    try relus.validate()
    #expect(relus.nodes[1].name == "relu")
    #expect(relus.nodes.last?.name == "flat")
    #expect(relus.nodes[relus.nodes.count - 2].name == "pool")
    // One round per direction: difference, relu, tap, sum.
    #expect(relus.nodes.count == 3 + 8)
    let input = (0..<16).map { Double(($0 * 7) % 16 - 8) }
    #expect(relus.evaluate(input) == network.evaluate(input))
}

extension Operator {
    var isMaxPool: Bool { if case .maxPool = self { true } else { false } }
}
