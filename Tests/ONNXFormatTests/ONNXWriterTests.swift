import Networks
import ONNXFormat
import RandomNumbers
import Testing

@Test(arguments: 0..<20, [false, true])
func writtenNetworksReadBackAsTheSameFunction(seed: Int, isDouble: Bool) throws {
    let network = makeRandomNetwork(seed: seed, isDouble: isDouble)
    let bytes = ONNXWriter.write(network, name: "random")
    let again = try ONNXReader.read(bytes: bytes, name: "random.onnx", directory: nil)
    var random = SplitMix64(seed: seed + 1000)
    for _ in 0..<3 {
        let input = random.floats(network.inputCount)
        let expected = evaluate(network, input)
        let found = evaluate(again, input)
        #expect(found.count == expected.count)
        for (x, y) in zip(found, expected) { #expect(abs(x - y) <= 1e-13 * (1 + abs(y))) }
    }
    #expect(ONNXWriter.write(network, name: "random") == bytes)
}

@Test func anIdentityNetworkIsWritten() throws {
    let input = Node(name: "x", operation: .input, inputs: [], shape: [2, 2])
    let bytes = ONNXWriter.write(Network(nodes: [input], output: 0), name: "identity")
    let again = try ONNXReader.read(bytes: bytes, name: "identity.onnx", directory: nil)
    #expect(evaluate(again, [1, 2, 3, 4]) == [1, 2, 3, 4])
}
