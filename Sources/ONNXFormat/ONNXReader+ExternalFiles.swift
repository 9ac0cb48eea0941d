internal import SwiftProtobuf

extension ONNXReader {
    /// The other files that the network at `path` keeps weights in, as it names them: relative to its directory, sorted,
    /// each once. Whether they are there is not looked at.
    ///
    /// - Throws: when the file cannot be read or is no ONNX model.
    public static func externalFiles(ofNetworkAt path: String) throws(ONNXError) -> [String] {
        let graph = try parse(try load(path), file: path).graph
        var tensors = graph.initializer
        for node in graph.node { tensors += node.attribute.compactMap { $0.hasT ? $0.t : nil } }
        let locations = tensors.flatMap { $0.externalData.filter { $0.key == "location" }.map(\.value) }
        return Set(locations).sorted()
    }
}
