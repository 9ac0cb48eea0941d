/// What makes a graph of nodes no network.
public struct NetworkError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Index of the node at fault.
    public var node: Int
    public var name: String
    public var problem: String

    public init(node: Int, name: String, problem: String) {
        self.node = node
        self.name = name
        self.problem = problem
    }

    public var description: String { "node \(node) '\(name)' \(problem)" }
}
