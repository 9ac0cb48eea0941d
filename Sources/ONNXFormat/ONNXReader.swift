internal import Files
public import Networks
internal import SwiftProtobuf

// A file of bytes to a network: the protocol buffer, the operator set, the graph's inputs and constants, its nodes in
// topological order, its outputs.
#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// A network, and what else its file says of it.
public struct ONNXModel: Sendable {
    public var trainable: TrainableNetwork
    /// The file's own notes, by key.
    public var metadata: [String: String]

    public init(trainable: TrainableNetwork, metadata: [String: String] = [:]) {
        self.trainable = trainable
        self.metadata = metadata
    }
}

public enum ONNXReader {
    /// The versions of the default operator set that are read.
    public static let operatorSets = 7...21

    /// Reads the network at `path`, gzipped or not; external data is looked for beside it.
    ///
    /// The network is the real-valued function that the file's weights define; where it needs a number that float64
    /// cannot hold (1/9, a batch normalisation's scale), the `AffineError` of the operator bounds the difference.
    /// - Throws: `ONNXError` naming the file, the node, its operator and attribute, and what to do.
    public static func read(path: String) throws(ONNXError) -> Network {
        try readModel(path: path).trainable.network
    }

    /// As `read(path:)`, with what else the file says.
    public static func readModel(path: String) throws(ONNXError) -> ONNXModel {
        let bytes = try load(path)
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return try readModel(bytes: bytes, name: path, directory: directory)
    }

    static func load(_ path: String) throws(ONNXError) -> [UInt8] {
        do {
            return try readFile(path)
        } catch {
            let text = error.description
            let message = text.hasPrefix(path + ": ") ? String(text.dropFirst(path.count + 2)) : text
            throw ONNXError(file: path, problem: message, remedy: "")
        }
    }

    /// Reads a network from memory; `name` stands for it in errors, and external data is looked for in `directory`.
    public static func read(bytes: [UInt8], name: String, directory: String?) throws(ONNXError) -> Network {
        try readModel(bytes: bytes, name: name, directory: directory).trainable.network
    }

    /// As `read(bytes:name:directory:)`, with what else the file says.
    public static func readModel(bytes: [UInt8], name: String, directory: String?) throws(ONNXError) -> ONNXModel {
        let model = try parse(bytes, file: name)
        let trainable = try read(graph: (model.graph, model.opset), file: name, directory: directory)
        return ONNXModel(trainable: trainable, metadata: model.metadata)
    }

    static func parse(
        _ bytes: [UInt8], file: String
    ) throws(ONNXError) -> (graph: Onnx_GraphProto, opset: Int, metadata: [String: String]) {
        func refusal(_ problem: String) -> ONNXError {
            ONNXError(
                file: file, problem: problem, remedy: "check that it is an ONNX model and fetch it again")
        }
        if bytes.isEmpty { throw refusal("is empty") }
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        let model: Onnx_ModelProto
        do {
            model = try Onnx_ModelProto(serializedBytes: bytes, options: options)
        } catch {
            let isText = bytes.prefix(512).allSatisfy {
                $0 == 9 || $0 == 10 || $0 == 13 || $0 >= 32 && $0 < 127
            }
            throw refusal(
                isText ? "is a text file, not an ONNX model" : "is not an ONNX model, or is cut short")
        }
        guard model.hasGraph, !model.graph.node.isEmpty else { throw refusal("holds no graph with nodes") }
        if let tensor = model.graph.sparseInitializer.first {
            throw ONNXError(
                file: file, problem: "keeps '\(tensor.values.name)' as a sparse tensor",
                remedy: "export the network with plain weights")
        }
        var opset = 1
        for set in model.opsetImport where set.domain.isEmpty || set.domain == "ai.onnx" {
            opset = Int(set.version)
        }
        guard operatorSets.contains(opset) else {
            throw ONNXError(
                file: file, problem: "uses version \(opset) of the ONNX operators",
                remedy: "export it with one from \(operatorSets.lowerBound) to \(operatorSets.upperBound)")
        }
        let metadata = model.metadataProps.map { ($0.key, $0.value) }
        return (model.graph, opset, Dictionary(metadata) { first, _ in first })
    }

    private static func read(
        graph model: (graph: Onnx_GraphProto, opset: Int), file: String, directory: String?
    ) throws(ONNXError) -> TrainableNetwork {
        try read(graph: model, hidden: [], file: file, directory: directory).trainable
    }

    /// The network whose output is the graph's outputs and then the hidden tensors, and these tensors.
    static func read(
        graph model: (graph: Onnx_GraphProto, opset: Int), hidden: [String], file: String, directory: String?
    ) throws(ONNXError) -> (trainable: TrainableNetwork, inputs: [Value], outputs: [Value]) {
        var reader = GraphReader(file: file, directory: directory, opset: model.opset)
        let order = try GraphOrder(model.graph, hidden: hidden, file: file)
        var graph = model.graph
        for tensor in graph.initializer {
            reader.initializers[tensor.name] = tensor
        }
        graph.initializer = []
        for index in order.nodes {
            for name in graph.node[index].input { reader.uses[name, default: 0] += 1 }
        }
        let results = graph.output.map(\.name) + hidden
        for name in results { reader.uses[name, default: 0] += 1 }
        let inputs = try reader.readInputs(graph.input)
        for index in order.nodes { try reader.read(graph.node[index]) }
        let (output, outputs) = try reader.readOutputs(results)
        let trainable = TrainableNetwork(
            Network(nodes: reader.nodes, output: output), normalizations: reader.normalizations
        ).removingDeadNodes()
        return (trainable, inputs, outputs)
    }
}
