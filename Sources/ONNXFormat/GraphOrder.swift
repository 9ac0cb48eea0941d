/// The nodes of a graph that its outputs, or tensors that are asked for, depend on, each after those whose values it reads.
struct GraphOrder {
    private(set) var nodes: [Int] = []

    /// - Throws: `ONNXError` when two nodes make the same value, a value is made by none, or the graph has a cycle.
    init(_ graph: Onnx_GraphProto, hidden: [String] = [], file: String) throws(ONNXError) {
        func refuse(_ index: Int, _ problem: String) -> ONNXError {
            let node = graph.node[index]
            return ONNXError(
                file: file, node: node.name.isEmpty ? node.output.first ?? node.opType : node.name,
                operation: node.opType, problem: problem,
                remedy: "the file is damaged; export the network again")
        }
        var known = Set(graph.input.map(\.name))
        for tensor in graph.initializer { known.insert(tensor.name) }
        var makers: [String: Int] = [:]
        for (index, node) in graph.node.enumerated() {
            for name in node.output where !name.isEmpty {
                guard makers.updateValue(index, forKey: name) == nil, !known.contains(name) else {
                    throw refuse(index, "makes '\(name)', which something else makes too")
                }
            }
        }
        let results = graph.output.map(\.name) + hidden
        let needed = try Self.needed(graph, results, makers: makers, known: known, refuse: refuse)
        try sort(graph, makers: makers, needed: needed, refuse: refuse)
    }

    private static func needed(
        _ graph: Onnx_GraphProto, _ results: [String], makers: [String: Int], known: Set<String>,
        refuse: (Int, String) -> ONNXError
    ) throws(ONNXError) -> [Bool] {
        var needed = [Bool](repeating: false, count: graph.node.count)
        var waiting: [Int] = []
        for name in results {
            if let maker = makers[name] { waiting.append(maker) }
        }
        while let index = waiting.popLast() {
            if needed[index] { continue }
            needed[index] = true
            for name in graph.node[index].input where !name.isEmpty && !known.contains(name) {
                guard let maker = makers[name] else {
                    throw refuse(index, "reads '\(name)', which nothing makes")
                }
                waiting.append(maker)
            }
        }
        return needed
    }

    /// Depth first in the file's order, so that a sorted file keeps it.
    private mutating func sort(
        _ graph: Onnx_GraphProto, makers: [String: Int], needed: [Bool], refuse: (Int, String) -> ONNXError
    ) throws(ONNXError) {
        enum State { case unseen, open, done }
        var states = [State](repeating: .unseen, count: graph.node.count)
        for start in graph.node.indices where needed[start] && states[start] == .unseen {
            var stack = [(node: start, next: 0)]
            states[start] = .open
            while let (index, next) = stack.last {
                let inputs = graph.node[index].input
                guard next < inputs.count else {
                    states[index] = .done
                    nodes.append(index)
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                guard let maker = makers[inputs[next]] else { continue }
                switch states[maker] {
                case .done: break
                case .open: throw refuse(maker, "depends on its own output")
                case .unseen:
                    states[maker] = .open
                    stack.append((maker, 0))
                }
            }
        }
    }
}
