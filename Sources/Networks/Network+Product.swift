// Several networks as one: side by side in one graph, for questions about more than one of them. Every pass over a
// network, and everything built on one, then answers such questions unchanged.

internal import Intervals

extension Network {
    /// One of the networks of a product.
    public struct Member: Sendable {
        public var network: Network
        /// The network's inputs are the product's from here on; members with the same offset share their inputs.
        public var inputOffset: Int
        /// The nodes whose values the product gives, in this order; usually only the network's output.
        public var values: [Int]

        public init(_ network: Network, inputOffset: Int = 0, values: [Int]? = nil) {
            self.network = network
            self.inputOffset = inputOffset
            self.values = values ?? [network.output]
        }
    }

    /// Networks side by side: the inputs are shared or lie next to each other, the outputs are all the members' values,
    /// one after the other. What members have in common, from the input up, is there once.
    ///
    /// - Parameters:
    ///   - members: at least one; all valid, each with at least one value.
    ///   - inputShape: the shape of the product's input where the members' own do not tell; a plain vector unless given.
    /// - Returns: the product, whose output is a vector: the features of the first member's first value, then those of
    ///   its second, and so on. `Network.places(of:)` gives their ranges.
    /// - Soundness: as a function of real numbers each part is exactly what its member computes.
    public static func product(_ members: [Member], inputShape: [Int]? = nil) -> Network {
        precondition(!members.isEmpty && members.allSatisfy { !$0.values.isEmpty }, "a product of nothing")
        var product = ProductInTheMaking(members, inputShape: inputShape)
        for member in members { product.add(member) }
        return product.finished()
    }

    /// Networks of the same inputs.
    public static func product(_ networks: [Network]) -> Network {
        product(networks.map { Member($0) })
    }

    /// For each member, for each of its values, where its features are in the product's output.
    public static func places(of members: [Member]) -> [[Range<Int>]] {
        var start = 0
        return members.map { member in
            member.values.map { value in
                let range = start..<start + member.network.nodes[value].count
                start = range.upperBound
                return range
            }
        }
    }
}

private struct ProductInTheMaking {
    private var nodes: [Node] = []
    /// Places of nodes that read the same operands.
    private var byOperands: [[Int]: [Int]] = [:]
    private var parts: [Int] = []

    init(_ members: [Network.Member], inputShape: [Int]?) {
        let count = members.map { $0.inputOffset + $0.network.inputCount }.max()!
        let shapes = members.map(\.network.nodes[0].shape)
        let isCommon = members.allSatisfy { $0.inputOffset == 0 } && shapes.allSatisfy { $0 == shapes[0] }
        let shape = inputShape ?? (isCommon ? shapes[0] : [count])
        precondition(shape.reduce(1, *) >= count, "the product's input has too few features")
        nodes.append(Node(name: "input", operation: .input, inputs: [], shape: shape))
    }

    /// The place of the node in the product: one that is there already, or a new one.
    private mutating func place(_ node: Node) -> Int {
        for candidate in byOperands[node.inputs, default: []]
        where nodes[candidate].shape == node.shape && nodes[candidate].operation.isKnownEqual(to: node.operation) {
            return candidate
        }
        nodes.append(node)
        byOperands[node.inputs, default: []].append(nodes.count - 1)
        return nodes.count - 1
    }

    mutating func add(_ member: Network.Member) {
        var places = [input(of: member)]
        for node in member.network.nodes.dropFirst() {
            var moved = node
            moved.inputs = node.inputs.map { places[$0] }
            places.append(place(moved))
        }
        parts += member.values.map { places[$0] }
    }

    private mutating func input(of member: Network.Member) -> Int {
        let wanted = member.network.nodes[0]
        var at = 0
        if wanted.count < nodes[0].count {
            let sources = (0..<wanted.count).map { Int32(member.inputOffset + $0) }
            let constants = [Double](repeating: 0, count: wanted.count)
            at = place(
                Node(
                    name: wanted.name, operation: .select(Selection(sources: sources, constants: constants)),
                    inputs: [0], shape: wanted.shape))
        } else if wanted.shape != nodes[0].shape {
            at = place(Node(name: wanted.name, operation: .reshape, inputs: [0], shape: wanted.shape))
        }
        return at
    }

    /// The parts next to each other: each among zeros, and all added.
    func finished() -> Network {
        var nodes = nodes
        let total = parts.reduce(0) { $0 + nodes[$1].count }
        var start = 0
        var padded: [Int] = []
        for part in parts {
            let count = nodes[part].count
            let sources = (0..<total).map { $0 >= start && $0 < start + count ? Int32($0 - start) : -1 }
            let constants = [Double](repeating: 0, count: total)
            nodes.append(
                Node(
                    name: nodes[part].name, operation: .select(Selection(sources: sources, constants: constants)),
                    inputs: [part], shape: [total]))
            padded.append(nodes.count - 1)
            start += count
        }
        if padded.count > 1 {
            nodes.append(Node(name: "outputs", operation: .sum, inputs: padded, shape: [total]))
        }
        return Network(nodes: nodes, output: nodes.count - 1).removingDeadNodes()
    }
}

extension Operator {
    /// Whether both certainly compute the same of the same operands: operators with an `AffineError` need not, as two
    /// real numbers may be held as the same float64.
    public func isKnownEqual(to other: Operator) -> Bool {
        switch (self, other) {
        case (.linear(let a), .linear(let b)):
            a.error.isExact && b.error.isExact && a.bias == b.bias && a.weights.isKnownEqual(to: b.weights)
        case (.convolution(let a), .convolution(let b)): a.error.isExact && a == b
        case (.elementwise(let a), .elementwise(let b)): a.error.isExact && a == b
        case (.select(let a), .select(let b)):
            a.sources == b.sources
                && a.sources.indices.allSatisfy { a.sources[$0] >= 0 || a.constants[$0] == b.constants[$0] }
        case (.reshape, .reshape), (.sum, .sum): true
        case (.activation(let a), .activation(let b)): a.isKnownEqual(to: b)
        case (.maxPool(let a), .maxPool(let b)): a == b
        case (.input, _), (.linear, _), (.convolution, _), (.elementwise, _), (.select, _), (.reshape, _),
            (.sum, _), (.activation, _), (.maxPool, _):
            false
        }
    }
}

extension Activation {
    /// Whether both are certainly the same function: rounded coefficients of GELU need not stand for the same numbers.
    public func isKnownEqual(to other: Activation) -> Bool {
        if case .smooth(let function) = self, case .geluTanh = function, function != .standardGeluTanh { return false }
        return self == other
    }
}

extension Matrix {
    fileprivate func isKnownEqual(to other: Matrix) -> Bool {
        switch (self, other) {
        case (.dense(let rows, let columns, let values), .dense(let otherRows, let otherColumns, let otherValues)):
            rows == otherRows && columns == otherColumns && values == otherValues
        case (.sparse(let a), .sparse(let b)): a == b
        case (.dense, .sparse), (.sparse, .dense): false
        }
    }
}
