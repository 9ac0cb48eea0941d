import Networks
import Testing

private func makeNetwork(_ operation: Operator, operand: [Int], shape: [Int], inputs: [Int] = [0]) -> Network {
    Network(
        nodes: [
            Node(name: "x", operation: .input, inputs: [], shape: operand),
            Node(name: "y", operation: operation, inputs: inputs, shape: shape),
        ], output: 1)
}

private func problem(_ network: Network) -> String? {
    do throws(NetworkError) {
        try network.validate()
        return nil
    } catch {
        return error.description
    }
}

@Test func soundNetworksPass() {
    let linear = Linear(weights: .dense(rows: 2, columns: 3, values: [1, 2, 3, 4, 5, 6]), bias: [1, 2])
    #expect(problem(makeNetwork(.linear(linear), operand: [3], shape: [2])) == nil)
    #expect(problem(makeNetwork(.activation(.relu), operand: [3, 2], shape: [3, 2])) == nil)
    #expect(problem(makeNetwork(.sum, operand: [3], shape: [3], inputs: [0, 0])) == nil)
}

@Test func faultsAreNamed() {
    func expect(_ text: String, _ network: Network, _ location: SourceLocation = #_sourceLocation) {
        #expect(
            problem(network)?.contains(text) == true, "\(problem(network) ?? "valid")",
            sourceLocation: location)
    }
    var linear = Linear(weights: .dense(rows: 2, columns: 3, values: [1, 2, 3, 4, 5, 6]), bias: [1, 2])
    expect("matrix between 4", makeNetwork(.linear(linear), operand: [4], shape: [2]))
    expect("matrix between 3 and 3", makeNetwork(.linear(linear), operand: [3], shape: [3]))
    expect("operands", makeNetwork(.linear(linear), operand: [3], shape: [2], inputs: [0, 0]))
    expect("before", makeNetwork(.linear(linear), operand: [3], shape: [2], inputs: [1]))
    linear.bias = [1, .nan]
    expect("not finite", makeNetwork(.linear(linear), operand: [3], shape: [2]))
    linear.bias = [1]
    expect("1 offsets", makeNetwork(.linear(linear), operand: [3], shape: [2]))
    linear = Linear(weights: .dense(rows: 2, columns: 3, values: [1, 2, 3, .infinity, 5, 6]), bias: [1, 2])
    expect("not finite", makeNetwork(.linear(linear), operand: [3], shape: [2]))
    linear.weights = .sparse(
        SparseMatrix(rows: 2, columns: 3, rowStarts: [0, 2, 2], columnIndices: [1, 1], values: [1, 2]))
    expect("out of order", makeNetwork(.linear(linear), operand: [3], shape: [2]))
    linear.weights = .sparse(
        SparseMatrix(rows: 2, columns: 3, rowStarts: [0, 1, 2], columnIndices: [1, 2], values: [1, 2]))
    linear.error.offsets = [0]
    expect("error bounds", makeNetwork(.linear(linear), operand: [3], shape: [2]))

    let map = Elementwise(scale: [1, 2], offset: [0, 0])
    expect("shape", makeNetwork(.elementwise(map), operand: [2], shape: [2, 1]))
    expect("numbers", makeNetwork(.elementwise(map), operand: [3], shape: [3]))
    let selection = Selection(sources: [0, 3], constants: [0, 0])
    expect("does not have", makeNetwork(.select(selection), operand: [3], shape: [2]))
    expect("reshapes", makeNetwork(.reshape, operand: [3], shape: [2]))
    expect("operands", makeNetwork(.sum, operand: [3], shape: [3]))
    expect("slope", makeNetwork(.activation(.leakyRelu(slope: 2)), operand: [3], shape: [3]))
    expect("second input", makeNetwork(.input, operand: [3], shape: [3], inputs: []))
    expect("shape", makeNetwork(.reshape, operand: [3], shape: [0]))

    var convolution = Convolution(
        input: (2, 3, 3), outputChannels: 2, kernel: (2, 2), weights: .init(repeating: 1, count: 16),
        bias: [0, 0])
    #expect(problem(makeNetwork(.convolution(convolution), operand: [2, 3, 3], shape: [2, 2, 2])) == nil)
    expect(
        "operand has shape", makeNetwork(.convolution(convolution), operand: [2, 4, 3], shape: [2, 2, 2]))
    expect("but has shape", makeNetwork(.convolution(convolution), operand: [2, 3, 3], shape: [2, 3, 2]))
    convolution.groups = 2
    expect("numbers", makeNetwork(.convolution(convolution), operand: [2, 3, 3], shape: [2, 2, 2]))
    convolution.kernelHeight = 5
    expect("windows larger", makeNetwork(.convolution(convolution), operand: [2, 3, 3], shape: [2, 2, 2]))

    var pooling = Pooling(channels: 1, input: (3, 3), kernel: (2, 2), output: (2, 2))
    #expect(problem(makeNetwork(.maxPool(pooling), operand: [1, 3, 3], shape: [1, 2, 2])) == nil)
    pooling.strideWidth = 4
    expect("without any element", makeNetwork(.maxPool(pooling), operand: [1, 3, 3], shape: [1, 2, 2]))
    var network = makeNetwork(.activation(.relu), operand: [3], shape: [3])
    network.output = 2
    expect("no such node", network)
}
