extension Network {
    /// The same function without the nodes that the output does not depend on; the input always stays.
    public func removingDeadNodes() -> Network { removingDeadNodesWithPlaces().network }

    /// The same, and for every node its index in the result, nil where it is gone.
    func removingDeadNodesWithPlaces() -> (network: Network, places: [Int?]) {
        var isLive = [Bool](repeating: false, count: nodes.count)
        isLive[0] = true
        isLive[output] = true
        for index in nodes.indices.reversed() where isLive[index] {
            for input in nodes[index].inputs { isLive[input] = true }
        }
        guard isLive.contains(false) else { return (self, nodes.indices.map { $0 }) }
        var place = [Int](repeating: 0, count: nodes.count)
        var kept: [Node] = []
        for index in nodes.indices where isLive[index] {
            var node = nodes[index]
            node.inputs = node.inputs.map { place[$0] }
            place[index] = kept.count
            kept.append(node)
        }
        return (
            Network(nodes: kept, output: place[output]), nodes.indices.map { isLive[$0] ? place[$0] : nil }
        )
    }
}

extension TrainableNetwork {
    /// The same function without the nodes that the output does not depend on; the input always stays.
    public func removingDeadNodes() -> TrainableNetwork {
        let (network, places) = network.removingDeadNodesWithPlaces()
        var kept: [Int: BatchNormalization] = [:]
        for (node, normalization) in normalizations {
            if let place = places[node] { kept[place] = normalization }
        }
        return TrainableNetwork(network, normalizations: kept)
    }
}
