// Reading a graph: each ONNX node, in topological order, turns the values of its operands into the values of its
// outputs. A value is either a constant, which is computed at once, or a variable, which is a node of the network.
// The extensions of `GraphReader` lower one family of operators each.
internal import Intervals
internal import Networks

struct GraphReader {
    let file: String
    let opset: Int
    var decoder: TensorDecoder
    /// Constants of the file, decoded when a node asks for them.
    var initializers: [String: Onnx_TensorProto] = [:]
    var values: [String: Value] = [:]
    /// How many nodes and graph outputs still read each name.
    var uses: [String: Int] = [:]
    var nodes: [Node] = []
    /// Names whose values no node stands for; see GraphReader+Gates.swift.
    var patterns: [String: Pattern] = [:]
    /// Of the elementwise nodes that were batch normalisations.
    var normalizations: [Int: BatchNormalization] = [:]
    /// Selections that only add zeros around an image, which a convolution can do itself.
    var zeroPaddings: [Int: ZeroPadding] = [:]
    /// How many more numbers may be made that the file does not hold: a damaged file can ask for anything.
    var budget = 1 << 27

    /// The most features that one value may have.
    static let featureLimit = 1 << 23

    struct ZeroPadding {
        var source: Variable
        /// Of the padded value.
        var shape: [Int]
        var top = 0
        var left = 0
        var bottom = 0
        var right = 0
    }

    init(file: String, directory: String?, opset: Int) {
        self.file = file
        self.opset = opset
        decoder = TensorDecoder(file: file, directory: directory)
    }

    // MARK: Making nodes

    /// Without the batch dimension; a scalar has one feature.
    static func featureShape(_ shape: [Int]) -> [Int] {
        if shape.isEmpty { return [1] }
        return shape.count > 1 && shape[0] == 1 ? Array(shape.dropFirst()) : shape
    }

    /// Appends a node of the network; `shape` is ONNX's, with the batch dimension.
    mutating func emit(
        _ node: GraphNode, _ operation: Operator, _ inputs: [Int], shape: [Int]
    ) throws(ONNXError) -> Variable {
        try emit(name: node.name, operation, inputs, shape: shape, for: node)
    }

    mutating func emit(
        name: String, _ operation: Operator, _ inputs: [Int], shape: [Int], for node: GraphNode?
    ) throws(ONNXError) -> Variable {
        try admit(shape, for: node)
        nodes.append(
            Node(name: name, operation: operation, inputs: inputs, shape: Self.featureShape(shape)))
        return Variable(node: nodes.count - 1, shape: shape)
    }

    /// The variable with another shape of as many elements; a node only when the features' shape changes.
    mutating func reshape(_ node: GraphNode, _ variable: Variable, to shape: [Int]) throws(ONNXError)
        -> Variable
    {
        if Self.featureShape(shape) == nodes[variable.node].shape {
            return Variable(node: variable.node, shape: shape)
        }
        return try emit(node, .reshape, [variable.node], shape: shape)
    }

    /// Checks a value's size before it is made.
    @discardableResult
    mutating func admit(_ shape: [Int], for node: GraphNode?) throws(ONNXError) -> Int {
        if let count = checkedCount(shape, limit: Self.featureLimit), count > 0, count <= budget {
            budget -= count
            return count
        }
        let problem =
            shape.contains(0) ? "makes an empty value of shape \(shape)" : "makes a value of shape \(shape)"
        let remedy =
            shape.contains(0) ? "export the network again" : "the network is too large, or its file damaged"
        throw node?.refuse(problem, remedy: remedy) ?? ONNXError(file: file, problem: problem, remedy: remedy)
    }

    /// Charges numbers that the reader makes to the budget.
    mutating func charge(_ count: Int?, for node: GraphNode) throws(ONNXError) {
        guard let count, count <= budget else {
            throw node.refuse(
                "needs more memory than a network of this kind should",
                remedy: "the network is too large, or its file damaged")
        }
        budget -= count
    }

    // MARK: Reading nodes

    mutating func read(_ proto: Onnx_NodeProto) throws(ONNXError) {
        var node = GraphNode(
            file: file, opset: opset, proto: proto, operands: [],
            firstOperandUses: uses[proto.input.first ?? ""] ?? 0)
        if !proto.domain.isEmpty && proto.domain != "ai.onnx" {
            throw node.refuse(
                "belongs to the operator set '\(proto.domain)'",
                remedy: "only the default set is supported; export the network without it")
        }
        if try readPattern(node) {
            for name in proto.input where !name.isEmpty { release(name) }
            return
        }
        for name in proto.input {
            node.operands.append(name.isEmpty ? nil : try value(name, for: node))
        }
        let results = try lower(node)
        for (position, name) in proto.output.enumerated() where !name.isEmpty {
            if position < results.count {
                values[name] = results[position]
            } else if uses[name] != nil {
                throw node.refuse(
                    "has its output \(position) ('\(name)') read",
                    remedy: "only its first \(results.count) are supported")
            }
        }
        for name in proto.input where !name.isEmpty { release(name) }
    }

    /// The value of a name, decoding it when it is a constant of the file.
    mutating func value(_ name: String, for node: GraphNode) throws(ONNXError) -> Value {
        if let value = values[name] { return value }
        guard let proto = initializers[name] else {
            throw node.refuse("reads '\(name)', which nothing makes", remedy: "export the network again")
        }
        return .constant(try decode(proto, for: node))
    }

    mutating func decode(_ proto: Onnx_TensorProto, for node: GraphNode) throws(ONNXError) -> Tensor {
        var tensor: Tensor
        do {
            tensor = try decoder.decode(proto)
        } catch {
            throw node.refuse(error.problem, remedy: error.remedy)
        }
        if !tensor.isFinite {
            throw node.refuse(
                "has a constant '\(proto.name)' with NaN or infinite elements", remedy: "repair the weights")
        }
        if tensor.shape.isEmpty, tensor.count != 1 { tensor.shape = [tensor.count] }
        return tensor
    }

    /// Forgets a value that nothing else reads, so that large constants do not pile up.
    private mutating func release(_ name: String) {
        guard let count = uses[name] else { return }
        uses[name] = count - 1
        if count <= 1 {
            values[name] = nil
            patterns[name] = nil
            initializers[name] = nil
        }
    }

    private mutating func lower(_ node: GraphNode) throws(ONNXError) -> [Value] {
        switch node.operation {
        case "Constant": [.constant(try readConstant(node))]
        case "Identity": [try node.operand(0, "input")]
        case "Dropout": [try readDropout(node)]
        case "Cast": [try readCast(node)]
        case "Add": [try readAdd(node)]
        case "Sub": [try readSub(node)]
        case "Mul": [try readMul(node)]
        case "Div": [try readDiv(node)]
        case "Neg": [try readNeg(node)]
        case "Relu": [.variable(try readRelu(node))]
        case "LeakyRelu": [.variable(try readLeakyRelu(node))]
        case "Sigmoid": [.variable(try readSmooth(node, .sigmoid))]
        case "Tanh": [.variable(try readSmooth(node, .tanh))]
        case "Softplus": [.variable(try readSmooth(node, .softplus))]
        case "Elu": [.variable(try readElu(node))]
        case "Gelu": [.variable(try readGelu(node))]
        case "MatMul": [try readMatMul(node)]
        case "Gemm": [try readGemm(node)]
        case "PRelu": [.variable(try readParametricRelu(node))]
        case "Sum": [try readSum(node)]
        case "Conv": [.variable(try readConv(node))]
        case "BatchNormalization": [.variable(try readBatchNormalization(node))]
        case "MaxPool": [.variable(try readMaxPool(node))]
        case "AveragePool": [.variable(try readAveragePool(node))]
        case "GlobalAveragePool": [.variable(try readGlobalAveragePool(node))]
        case "ReduceMean": [.variable(try readReduction(node, isMean: true))]
        case "ReduceSum": [.variable(try readReduction(node, isMean: false))]
        default: try lowerPlaces(node)
        }
    }

    /// Operators that move elements without arithmetic.
    private mutating func lowerPlaces(_ node: GraphNode) throws(ONNXError) -> [Value] {
        switch node.operation {
        case "Flatten": [try readFlatten(node)]
        case "Reshape": [try readReshape(node)]
        case "Squeeze": [try readSqueeze(node)]
        case "Unsqueeze": [try readUnsqueeze(node)]
        case "Transpose": [try readTranspose(node)]
        case "Expand": [try readExpand(node)]
        case "Slice": [try readSlice(node)]
        case "Split": try readSplit(node)
        case "Gather": [try readGather(node)]
        case "Pad": [try readPad(node)]
        case "Concat": [try readConcat(node)]
        case "Shape": [.constant(try readShape(node))]
        case "Size": [.constant(try readSize(node))]
        case "ConstantOfShape": [.constant(try readConstantOfShape(node))]
        default:
            throw node.refuse(
                "is not a supported operator",
                remedy: "export the network with operators from the list that secateur reads")
        }
    }
}
