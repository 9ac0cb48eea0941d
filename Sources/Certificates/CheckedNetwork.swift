// The network as it is checked: simplified, without max pooling, and flat. All features of all nodes are numbered
// through, the inputs first; each is an affine function of earlier ones, or an activation of one.

public import Networks

/// Why no proof of the network's properties can be written down; nil when one can.
public func objectionToCertifying(_ network: Network) -> String? { CheckedNetwork.objection(to: network) }

/// Affine functions of features, one row after the other.
struct Rows: Sendable {
    /// Where each row begins, and the end of the last.
    var starts = [0]
    var columns: [Int32] = []
    var weights: [Double] = []

    mutating func add(_ weight: Double, _ column: Int) {
        columns.append(Int32(column))
        weights.append(weight)
    }

    mutating func endRow() { starts.append(columns.count) }
}

struct CheckedNetwork: Sendable {
    /// One node.
    struct Layer: Sendable {
        enum Kind: Sendable {
            case input, affine
            /// `z` for `z >= 0`, else `slope * z`, of the operand's features in their order.
            case activation(slope: Double)
        }

        var kind = Kind.affine
        var features: Range<Int>
        var operands: [Int]
        var firstNeuron = 0
        /// How far weights may be off, see `AffineError`.
        var relative = 0.0
        var absolute = 0.0
        /// Whether all rows have the same columns.
        var isDense = false
    }

    private(set) var layers: [Layer] = []
    private(set) var output = 0
    private(set) var neuronCount = 0
    /// Per feature; empty for inputs and activations.
    private(set) var rows = Rows()
    private(set) var biases: [Double] = []
    /// How far each bias may be off.
    private(set) var offsets: [Double] = []
    /// How many numbers the coefficient of each feature is the sum of, at most.
    private(set) var terms: [Int] = []

    var featureCount: Int { biases.count }
    var inputs: Range<Int> { layers[0].features }
    var outputs: Range<Int> { layers[output].features }

    /// Weights beyond which memory would not do.
    private static let mostWeights = 1 << 29

    /// - Throws: when the network has something that proofs cannot speak of.
    init(_ network: Network) throws(CertificateError) {
        let network = network.simplified().decomposingMaxPools()
        if let objection = Self.objection(to: network) { throw CertificateError(objection) }
        output = network.output
        for node in network.nodes {
            layers.append(
                Layer(features: featureCount..<featureCount + node.count, operands: node.inputs))
            add(node)
            guard rows.weights.count <= Self.mostWeights else {
                throw CertificateError("the network has more than \(Self.mostWeights) products")
            }
            layers[layers.count - 1].firstNeuron = neuronCount
            if case .activation = layers.last!.kind { neuronCount += node.count }
        }
        terms = Array(repeating: 0, count: featureCount)
        for column in rows.columns { terms[Int(column)] += 1 }
        for layer in layers {
            guard case .activation = layer.kind else { continue }
            for feature in layers[layer.operands[0]].features { terms[feature] += 1 }
        }
        // An objective may speak of them besides.
        for feature in outputs { terms[feature] += 1 }
        for feature in inputs { terms[feature] += 1 }
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

    /// The layer and feature of a neuron's preactivation; nil when there is no such neuron.
    func preactivation(of neuron: Int) -> (layer: Int, feature: Int)? {
        guard (0..<neuronCount).contains(neuron),
            let layer = layers.last(where: { if case .activation = $0.kind { $0.firstNeuron <= neuron } else { false } }
            )
        else { return nil }
        return (layer.operands[0], layers[layer.operands[0]].features.lowerBound + neuron - layer.firstNeuron)
    }

    // MARK: rows

    private mutating func add(_ node: Node) {
        let last = layers.count - 1
        let operands = node.inputs.map { layers[$0].features.lowerBound }
        switch node.operation {
        case .input: layers[last].kind = .input
        case .activation(let activation):
            let slope: Double = if case .leakyRelu(let slope) = activation { slope } else { 0 }
            layers[last].kind = .activation(slope: slope)
        case .linear(let linear):
            setError(linear.error)
            for row in linear.bias.indices {
                add(linear.weights, row, operands[0])
                end(linear.bias[row], linear.error, row)
            }
            if case .dense = linear.weights { layers[last].isDense = true }
        case .convolution(let convolution):
            setError(convolution.error)
            add(convolution, operands[0])
        case .elementwise(let elementwise):
            setError(elementwise.error)
            for (index, scale) in elementwise.scale.enumerated() {
                rows.add(scale, operands[0] + index)
                end(elementwise.offset[index], elementwise.error, index)
            }
        case .select(let selection):
            for (index, source) in selection.sources.enumerated() {
                if source >= 0 { rows.add(1, operands[0] + Int(source)) }
                end(source >= 0 ? 0 : selection.constants[index])
            }
        case .reshape, .sum:
            for index in 0..<node.count {
                for operand in operands { rows.add(1, operand + index) }
                end(0)
            }
        case .maxPool: preconditionFailure("max pooling was decomposed")
        }
        while featureCount < layers[last].features.upperBound { end(0) }
    }

    private mutating func setError(_ error: AffineError) {
        layers[layers.count - 1].relative = error.relative
        layers[layers.count - 1].absolute = error.absolute
    }

    private mutating func end(_ bias: Double, _ error: AffineError = .exact, _ place: Int = 0) {
        rows.endRow()
        biases.append(bias)
        offsets.append(error.offsets.isEmpty ? 0 : error.offsets[place])
    }

    private mutating func add(_ matrix: Matrix, _ row: Int, _ first: Int) {
        switch matrix {
        case .dense(_, let columns, let values):
            for column in 0..<columns { rows.add(values[row * columns + column], first + column) }
        case .sparse(let matrix):
            for place in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                rows.add(matrix.values[place], first + Int(matrix.columnIndices[place]))
            }
        }
    }

    private mutating func add(_ convolution: Convolution, _ first: Int) {
        let groupInputs = convolution.inputChannels / convolution.groups
        let groupOutputs = convolution.outputChannels / convolution.groups
        let (height, width) = (convolution.inputHeight, convolution.inputWidth)
        for channel in 0..<convolution.outputChannels {
            for row in 0..<convolution.outputHeight {
                for column in 0..<convolution.outputWidth {
                    var place = channel * groupInputs * convolution.kernelHeight * convolution.kernelWidth
                    for input in 0..<groupInputs {
                        let plane = first + (channel / groupOutputs * groupInputs + input) * height * width
                        for kernelRow in 0..<convolution.kernelHeight {
                            let y =
                                row * convolution.strideHeight + kernelRow * convolution.dilationHeight
                                - convolution.paddingTop
                            for kernelColumn in 0..<convolution.kernelWidth {
                                let x =
                                    column * convolution.strideWidth + kernelColumn * convolution.dilationWidth
                                    - convolution.paddingLeft
                                let weight = convolution.weights[place]
                                place += 1
                                guard weight != 0, 0..<height ~= y, 0..<width ~= x else { continue }
                                rows.add(weight, plane + y * width + x)
                            }
                        }
                    }
                    end(convolution.bias[channel], convolution.error, channel)
                }
            }
        }
    }
}
