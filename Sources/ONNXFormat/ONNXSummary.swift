/// What an ONNX file says of itself, before it is lowered.
public struct ONNXSummary: Sendable, Equatable {
    /// The version of the default operator set.
    public var operatorSet: Int
    /// How many nodes have each operator, by the operators' names.
    public var operators: [String: Int]
    /// The file's own notes, by key.
    public var metadata: [String: String]
}

extension ONNXReader {
    /// The summary of the model at `path`, gzipped or not, also of one whose operators cannot be read.
    ///
    /// - Throws: `ONNXError` when it is no ONNX model.
    public static func summary(path: String) throws(ONNXError) -> ONNXSummary {
        let model = try parse(try load(path), file: path)
        var summary = ONNXSummary(operatorSet: model.opset, operators: [:], metadata: model.metadata)
        for node in model.graph.node { summary.operators[node.opType, default: 0] += 1 }
        return summary
    }
}
