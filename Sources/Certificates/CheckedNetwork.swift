// The network as it is checked: simplified, without max pooling, its neurons numbered.

public import Networks

/// Why no proof of the network's properties can be written down; nil when one can.
public func objectionToCertifying(_ network: Network) -> String? { CheckedNetwork.objection(to: network) }

/// A network with what replaying a proof asks of it again and again.
struct CheckedNetwork: Sendable {
    let nodes: [Node]
    let output: Int
    /// The first neuron of every activation node; -1 for other nodes.
    let firstNeuron: [Int]
    let neuronCount: Int
    /// How many products one coefficient of a node's features is the sum of, at most, when all of the node's readers
    /// have given theirs.
    let terms: [Int]
    /// Whether several nodes read the node.
    let isFork: [Bool]

    /// - Throws: when the network has something that proofs cannot speak of.
    init(_ network: Network) throws(CertificateError) {
        let network = network.simplified().decomposingMaxPools()
        if let objection = Self.objection(to: network) { throw CertificateError(objection) }
        nodes = network.nodes
        output = network.output
        var firstNeuron = [Int](repeating: -1, count: nodes.count)
        var neurons = 0
        var terms = [Int](repeating: 0, count: nodes.count)
        var readers = terms
        for (index, node) in nodes.enumerated() {
            if case .activation(.smooth) = node.operation {
                throw CertificateError("'\(node.name)' is a smooth activation, which no certificate speaks of")
            }
            if case .activation = node.operation {
                firstNeuron[index] = neurons
                neurons += node.count
            }
            for operand in node.inputs {
                readers[operand] += 1
                terms[operand] += Self.terms(of: node, operandCount: nodes[operand].count)
            }
        }
        // An objective may read the output besides.
        terms[output] += 1
        terms[0] += 1
        self.firstNeuron = firstNeuron
        neuronCount = neurons
        self.terms = terms
        isFork = readers.map { $0 > 1 }
    }

    /// Why proofs cannot speak of a network; nil when they can.
    static func objection(to network: Network) -> String? {
        for node in network.nodes {
            if case .activation(.smooth) = node.operation {
                return "node \(node.name) is a smooth activation; certificates are for piecewise linear networks"
            }
        }
        return nil
    }

    /// How many of a node's coefficients one coefficient of its operand is made of.
    private static func terms(of node: Node, operandCount: Int) -> Int {
        switch node.operation {
        case .input: 0
        case .linear(let linear): linear.weights.rows
        case .convolution(let convolution):
            convolution.outputChannels / convolution.groups * convolution.kernelHeight * convolution.kernelWidth
        case .elementwise, .reshape, .sum, .activation: 1
        case .select(let selection):
            selection.sources.reduce(into: [Int](repeating: 0, count: operandCount)) {
                if $1 >= 0 { $0[Int($1)] += 1 }
            }.max() ?? 0
        case .maxPool: 0
        }
    }

    /// The slope of an activation's value where its operand is negative.
    func negativeSlope(_ node: Int) -> Double {
        switch nodes[node].operation {
        case .activation(.leakyRelu(let slope)): slope
        case .activation(.relu): 0
        case .activation(.smooth): preconditionFailure("networks with smooth activations are refused")
        case .input, .linear, .convolution, .elementwise, .select, .reshape, .sum, .maxPool: 1
        }
    }
}
