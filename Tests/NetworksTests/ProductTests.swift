import Evaluation
import Networks
import RandomNumbers
import Testing

/// A network of three inputs and one hidden layer of two ReLUs.
private func small(_ random: inout SplitMix64, hidden: [Double]) -> Network {
    Network(
        nodes: [
            Node(name: "x", operation: .input, inputs: [], shape: [3]),
            Node(
                name: "hidden",
                operation: .linear(
                    Linear(weights: .dense(rows: 2, columns: 3, values: hidden), bias: [0.5, -0.25])), inputs: [0],
                shape: [2]),
            Node(name: "relu", operation: .activation(.relu), inputs: [1], shape: [2]),
            Node(
                name: "y",
                operation: .linear(
                    Linear(weights: .dense(rows: 2, columns: 2, values: random.floats(4)), bias: [0, 1])),
                inputs: [2], shape: [2]),
        ], output: 3)
}

@Test(arguments: 0..<100)
func productsComputeWhatTheirMembersDo(seed: Int) throws {
    var random = SplitMix64(seed: seed)
    let networks = (0..<3).map { RandomGraph.make(seed: seed + 1_000 * $0, hasErrors: seed % 3 == 0) }
    var members: [Network.Member] = []
    var offset = 0
    for network in networks {
        let extra = random.integer(0...network.nodes.count - 1)
        members.append(Network.Member(network, inputOffset: offset, values: [network.output, extra]))
        offset += network.inputCount
    }
    let product = Network.product(members)
    try product.validate()
    #expect(product.inputCount == offset)
    let input = random.floats(offset, zeros: 0.1)
    let output = product.evaluate(input)
    for (member, places) in zip(members, Network.places(of: members)) {
        let own = Array(input[member.inputOffset..<member.inputOffset + member.network.inputCount])
        let values = member.network.evaluateAllNodes(own)
        #expect(Array(output[places[0]]) == values[member.values[0]])
        #expect(Array(output[places[1]]) == values[member.values[1]])
    }
    #expect(output.count == Network.places(of: members)[2][1].upperBound)
}

@Test func productsShareWhatMembersHaveInCommon() throws {
    var random = SplitMix64(seed: 1)
    let hidden = random.floats(6)
    let first = small(&random, hidden: hidden)
    let second = small(&random, hidden: hidden)
    let other = small(&random, hidden: hidden.map { -$0 })
    let shared = Network.product([first, second])
    try shared.validate()
    let names = shared.nodes.map(\.name)
    #expect(names.count { $0 == "hidden" } == 1 && names.count { $0 == "relu" } == 1)
    #expect(Network.product([first, other]).nodes.count { $0.name == "hidden" } == 2)
    #expect(Network.product([first, first]).nodes.count { $0.name == "y" } == 3)
    let apart = Network.product([Network.Member(first), Network.Member(second, inputOffset: 3)])
    #expect(apart.nodes.count { $0.name == "hidden" } == 2 && apart.inputCount == 6)
}

@Test func operatorsWithUncertainWeightsAreNotShared() {
    var random = SplitMix64(seed: 2)
    var network = small(&random, hidden: random.floats(6))
    guard case .linear(var linear) = network.nodes[1].operation else { return }
    linear.error = AffineError(relative: 0x1p-52)
    network.nodes[1].operation = .linear(linear)
    #expect(Network.product([network, network]).nodes.count { $0.name == "hidden" } == 2)
}
