extension Network {
    /// The same function of some of the inputs of a longer vector, in another order perhaps, or with some of them equal.
    ///
    /// - Parameters:
    ///   - inputs: for each input of this network its place in the vector.
    ///   - count: the vector's length.
    /// - Returns: this network when nothing changes.
    public func reading(inputs: [Int], of count: Int) -> Network {
        precondition(inputs.count == inputCount && inputs.allSatisfy { (0..<count).contains($0) })
        if count == inputCount, inputs == Array(0..<count) { return self }
        let selection = Selection(
            sources: inputs.map { Int32($0) }, constants: [Double](repeating: 0, count: inputs.count))
        var result = self
        result.nodes[0] = Node(name: nodes[0].name, operation: .select(selection), inputs: [-1], shape: nodes[0].shape)
        for index in result.nodes.indices { result.nodes[index].inputs = result.nodes[index].inputs.map { $0 + 1 } }
        result.nodes.insert(Node(name: "inputs", operation: .input, inputs: [], shape: [count]), at: 0)
        result.output += 1
        return result
    }

    /// The same function, of whose outputs only some are given, in another order perhaps.
    ///
    /// - Parameter outputs: at least one of this network's outputs.
    /// - Returns: this network when nothing changes.
    public func giving(outputs: [Int]) -> Network {
        precondition(!outputs.isEmpty && outputs.allSatisfy { (0..<outputCount).contains($0) })
        if outputs == Array(0..<outputCount) { return self }
        let selection = Selection(
            sources: outputs.map { Int32($0) }, constants: [Double](repeating: 0, count: outputs.count))
        var result = self
        result.nodes.append(
            Node(name: nodes[output].name, operation: .select(selection), inputs: [output], shape: [outputs.count]))
        result.output = result.nodes.count - 1
        return result.removingDeadNodes()
    }
}
