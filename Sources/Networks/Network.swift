/// A feed-forward network as a graph of typed operators, and the real-valued function it defines.
///
/// Every value has batch size one, which is left out of the shapes. Features of a value are numbered in row-major
/// order of its shape (channel, row, column for images), as ONNX does. Weights are real numbers held as float64;
/// where one could not be held exactly, `AffineError` bounds the difference.
public struct Network: Sendable {
    /// In topological order: a node's inputs come before it. Node 0, and only it, is the `.input`.
    public var nodes: [Node]
    /// The node whose value is the network's output.
    public var output: Int

    public init(nodes: [Node], output: Int) {
        self.nodes = nodes
        self.output = output
    }

    public var inputCount: Int { nodes[0].count }
    public var outputCount: Int { nodes[output].count }
}

/// One value of the network: an operator applied to earlier nodes.
public struct Node: Sendable {
    /// As the user knows it, for messages: the ONNX node's name, or its output's.
    public var name: String
    public var operation: Operator
    /// Indices of earlier nodes.
    public var inputs: [Int]
    /// Without the batch dimension; `[channels, height, width]` for images.
    public var shape: [Int]

    public init(name: String, operation: Operator, inputs: [Int], shape: [Int]) {
        self.name = name
        self.operation = operation
        self.inputs = inputs
        self.shape = shape
    }

    /// The number of features.
    public var count: Int { shape.reduce(1, *) }
}
