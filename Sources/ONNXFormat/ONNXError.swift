/// Why an ONNX file was refused: where in it, what is wrong, and what to do.
public struct ONNXError: Error, Sendable, Equatable, CustomStringConvertible {
    public var file: String
    /// The node's name, or its first output's when it has none.
    public var node: String?
    public var operation: String?
    public var attribute: String?
    public var problem: String
    public var remedy: String

    public init(
        file: String, node: String? = nil, operation: String? = nil, attribute: String? = nil,
        problem: String,
        remedy: String
    ) {
        self.file = file
        self.node = node
        self.operation = operation
        self.attribute = attribute
        self.problem = problem
        self.remedy = remedy
    }

    /// One line, such as `net.onnx: node 'conv1' (Conv), attribute 'pads': is negative; crop with a Slice`.
    public var description: String {
        var place: [String] = []
        if let node { place.append("node '\(node)'" + (operation.map { " (\($0))" } ?? "")) }
        if let attribute { place.append("attribute '\(attribute)'") }
        let prefix = place.isEmpty ? file : file + ": " + place.joined(separator: ", ")
        let line = prefix + ": " + problem + (remedy.isEmpty ? "" : "; " + remedy)
        return String(line.map { $0.isNewline ? " " : $0 })
    }
}
