// Exact simplification: the same real-valued function with fewer, smaller and sparser operators.
//
// Small rules, each of which looks at one node and its neighbours, are tried on every node in order until none
// applies; every rule makes the network smaller in some way, so this ends. Where float64 cannot hold a number that a
// rule makes, its `AffineError` bounds the difference, and a rule whose numbers would be badly conditioned (a sum that
// cancels) does not apply. Weights get relative errors only: an absolute one would make every zero uncertain.
extension Network {
    /// The same function with constants folded, reshapes and selections absorbed, elementwise maps and chains of
    /// linear operators merged where that adds no nonzeros, neurons and channels that are constant or not read removed,
    /// and neurons whose preactivations are equal or opposite merged. Applying it twice changes nothing more.
    ///
    /// - Precondition: the network is valid.
    /// - Soundness: the real function within the `AffineError`s of the result includes that of this network.
    public func simplified() -> Network {
        var simplifier = Simplifier(removingDeadNodes())
        simplifier.run()
        return simplifier.network
    }

    /// The same function with reshapes and elementwise maps folded into what is next to them, and every neuron and
    /// weight still there: networks of one architecture keep one structure, whatever their weights are.
    ///
    /// - Precondition: the network is valid.
    /// - Soundness: as `simplified()`.
    public func simplifiedKeepingNeurons() -> Network {
        var simplifier = Simplifier(removingDeadNodes())
        simplifier.run(Simplifier.rulesOfStructure)
        return simplifier.network
    }
}

struct Simplifier {
    private(set) var network: Network
    /// Per node the nodes that read it, once for each operand.
    private(set) var readers: [[Int]] = []

    init(_ network: Network) {
        self.network = network
        findReaders()
    }

    typealias Rule = (inout Simplifier, Int) -> Bool

    /// Rules that do not ask what weights are.
    static var rulesOfStructure: [Rule] {
        [
            { $0.skip($1) }, { $0.moveBeforeReshape($1) }, { $0.absorbReshape($1) }, { $0.composeSelections($1) },
            { $0.foldIntoOperand($1) }, { $0.foldIntoReaders($1) },
        ]
    }

    static var allRules: [Rule] {
        [
            { $0.foldConstant($1) }, { $0.skip($1) }, { $0.moveBeforeReshape($1) }, { $0.absorbReshape($1) },
            { $0.composeSelections($1) }, { $0.simplifyPooling($1) }, { $0.foldIntoOperand($1) },
            { $0.foldIntoReaders($1) }, { $0.selectRows($1) }, { $0.mergeWithOperand($1) },
            { $0.mergeTerms($1) },
            { $0.removeNeurons($1) }, { $0.removeChannels($1) }, { $0.mergeParallelNeurons($1) },
            { $0.mergeEqualFeatures($1) },
        ]
    }

    mutating func run(_ rules: [Rule] = Simplifier.allRules) {
        var isChanged = true
        while isChanged {
            isChanged = false
            for index in network.nodes.indices {
                for rule in rules where rule(&self, index) { isChanged = true }
            }
            network = network.removingDeadNodes()
            findReaders()
        }
    }

    // MARK: What rules look at and change

    func node(_ index: Int) -> Node { network.nodes[index] }

    /// The node that a node with one operand reads.
    func operand(_ index: Int) -> Int { network.nodes[index].inputs[0] }

    func isOutput(_ index: Int) -> Bool { network.output == index }

    /// Whether exactly one node reads this one and it is not the output.
    func isReadOnce(_ index: Int) -> Bool { readers[index].count == 1 && !isOutput(index) }

    /// Whether anything depends on the node; rules leave others alone.
    func isLive(_ index: Int) -> Bool { !readers[index].isEmpty || isOutput(index) }

    mutating func set(_ index: Int, _ operation: Operator) { network.nodes[index].operation = operation }

    mutating func set(_ index: Int, shape: [Int]) { network.nodes[index].shape = shape }

    mutating func set(_ index: Int, inputs: [Int]) {
        network.nodes[index].inputs = inputs
        findReaders()
    }

    /// Lets everything that reads a node read another one of the same shape, or of any when readers do not care.
    mutating func replace(_ index: Int, by other: Int) {
        for reader in readers[index] {
            network.nodes[reader].inputs = network.nodes[reader].inputs.map { $0 == index ? other : $0 }
        }
        if isOutput(index) { network.output = other }
        findReaders()
    }

    /// Puts new nodes in front of one; their inputs are indices as they are afterwards.
    mutating func insert(_ nodes: [Node], before index: Int) {
        func moved(_ place: Int) -> Int { place < index ? place : place + nodes.count }
        for place in network.nodes.indices {
            network.nodes[place].inputs = network.nodes[place].inputs.map(moved)
        }
        network.output = moved(network.output)
        network.nodes.insert(contentsOf: nodes, at: index)
        findReaders()
    }

    /// Nodes that nothing reads do not count as readers.
    private mutating func findReaders() {
        readers = [[Int]](repeating: [], count: network.nodes.count)
        for index in network.nodes.indices.reversed() where isLive(index) {
            for input in network.nodes[index].inputs { readers[input].append(index) }
        }
        for index in readers.indices { readers[index].reverse() }
    }
}

extension Operator {
    /// Whether the operator sees its operand's features in a row, whatever their shape.
    var ignoresShape: Bool {
        switch self {
        case .linear, .select, .reshape: true
        case .input, .convolution, .elementwise, .sum, .activation, .maxPool: false
        }
    }
}
