// A network with the tensors of its file that can be spoken of: inputs, outputs, and hidden ones by their names.

public import Networks

/// A tensor of an ONNX graph.
public struct ONNXTensor: Sendable, Equatable {
    public var name: String
    /// As ONNX names it (`float32`, `float64`, ...); nil where the file does not say.
    public var elementType: String?
    /// An unknown leading size, the batch, is 1.
    public var shape: [Int]

    public var count: Int { shape.reduce(1, *) }
}

/// A network and the tensors that its inputs and outputs are made of.
public struct ONNXInterface: Sendable {
    /// Its inputs are all of `inputs`, one after the other; its outputs all of `outputs`, and then of `hidden`.
    public var network: Network
    public var inputs: [ONNXTensor]
    public var outputs: [ONNXTensor]
    /// In the order in which they were asked for.
    public var hidden: [ONNXTensor]
    /// The first operator of the graph that programs execute with other roundings than the network's operators have:
    /// a batch normalisation, which the network holds as one product and one sum per feature, or a cast.
    public var operatorOfOwnRounding: String?
}

extension ONNXReader {
    /// Reads the network at `path` with the values of some hidden tensors behind its outputs.
    ///
    /// - Parameter hidden: names of tensors that some node of the graph makes.
    /// - Throws: `ONNXError` as `read(path:)` does, and when there is no such tensor.
    public static func readInterface(path: String, hidden: [String] = []) throws(ONNXError) -> ONNXInterface {
        let bytes = try load(path)
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return try readInterface(bytes: bytes, name: path, directory: directory, hidden: hidden)
    }

    /// As `readInterface(path:hidden:)`, from memory.
    public static func readInterface(
        bytes: [UInt8], name: String, directory: String?, hidden: [String]
    ) throws(ONNXError) -> ONNXInterface {
        let model = try parse(bytes, file: name)
        let graph = model.graph
        let made = Set(graph.node.flatMap(\.output)).union(graph.input.map(\.name))
        for tensor in hidden where !made.contains(tensor) {
            throw ONNXError(
                file: name, problem: "has no tensor '\(tensor)'",
                remedy: "write the name of a tensor as the file has it, an output of one of its nodes")
        }
        let (trainable, inputs, outputs) = try read(
            graph: (graph, model.opset), hidden: hidden, file: name, directory: directory)
        let constants = Set(graph.initializer.map(\.name))
        let types = Dictionary(
            (graph.input + graph.output).map { ($0.name, $0.type.tensorType.elemType) },
            uniquingKeysWith: { first, _ in first })
        func tensor(_ name: String, _ value: Value) -> ONNXTensor {
            let type = types[name].flatMap { ElementType(rawValue: $0) }
            return ONNXTensor(name: name, elementType: type?.onnxName, shape: value.shape)
        }
        let inputNames = graph.input.map(\.name).filter { !constants.contains($0) }
        let outputNames = graph.output.map(\.name)
        return ONNXInterface(
            network: trainable.network, inputs: zip(inputNames, inputs).map(tensor),
            outputs: zip(outputNames, outputs).map(tensor),
            hidden: zip(hidden, outputs.dropFirst(outputNames.count)).map(tensor),
            operatorOfOwnRounding: graph.node.first { ["BatchNormalization", "Cast"].contains($0.opType) }?.opType)
    }
}

extension ElementType {
    /// The name in ONNX's intermediate representation.
    fileprivate var onnxName: String {
        switch self {
        case .float: "float32"
        case .double: "float64"
        case .float16, .bfloat16, .uint8, .int8, .uint16, .int16, .int32, .int64, .uint32, .uint64, .bool: "\(self)"
        }
    }
}
