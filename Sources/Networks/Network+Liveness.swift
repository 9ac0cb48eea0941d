extension Network {
    /// The same function without the nodes that the output does not depend on; the input always stays.
    public func removingDeadNodes() -> Network {
        var isLive = [Bool](repeating: false, count: nodes.count)
        isLive[0] = true
        isLive[output] = true
        for index in nodes.indices.reversed() where isLive[index] {
            for input in nodes[index].inputs { isLive[input] = true }
        }
        guard isLive.contains(false) else { return self }
        var place = [Int](repeating: 0, count: nodes.count)
        var kept: [Node] = []
        for index in nodes.indices where isLive[index] {
            var node = nodes[index]
            node.inputs = node.inputs.map { place[$0] }
            place[index] = kept.count
            kept.append(node)
        }
        return Network(nodes: kept, output: place[output])
    }
}
