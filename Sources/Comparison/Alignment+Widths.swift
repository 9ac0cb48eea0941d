// Networks of other widths, as structured pruning and merging of neurons leave them. In a chain of linear operators,
// convolutions and activations, each hidden neuron or channel of the smaller layer takes the place of one of the larger
// layer, and the places left over get neurons or channels without any weight. That is the same function whatever the places
// are; good places make the differences small. They are chosen front to back, nearest rows first.

import Networks

extension Alignment {
    /// - Returns: nil unless both are chains of linear operators and convolutions with the same activations in between.
    static func matchWidths(_ dense: Network, _ pruned: Network) -> Alignment? {
        guard var first = Chain(dense), var second = Chain(pruned), first.layers.count == second.layers.count,
            first.isAlike(second)
        else { return nil }
        for layer in 0..<first.layers.count - 1 {
            let (a, b) = (first.layers[layer], second.layers[layer])
            // Rows of other lengths are not to be compared: images of other sizes, for one.
            guard a.columns == b.columns else { return nil }
            // Sigmoids and the like of nothing are no zeros, but nothing reads them.
            if a.rows == b.rows { continue }
            if a.rows > b.rows {
                second.spread(layer, to: Self.places(of: b, in: a), of: a.rows)
            } else {
                first.spread(layer, to: Self.places(of: a, in: b), of: b.rows)
            }
        }
        guard case .success(let alignment) = match(first.network, second.network, isFilled: true) else { return nil }
        return alignment
    }

    /// For each row of the smaller layer the place among the rows of the larger one: nearest pairs first.
    private static func places(of smaller: ChainLayer, in larger: ChainLayer) -> [Int] {
        let columns = larger.columns
        var pairs: [(distance: Double, row: Int, place: Int)] = []
        for row in 0..<smaller.rows {
            for place in 0..<larger.rows {
                var square = (smaller.bias[row] - larger.bias[place]) * (smaller.bias[row] - larger.bias[place])
                for column in 0..<columns {
                    let step = smaller.weights[row * columns + column] - larger.weights[place * columns + column]
                    square += step * step
                }
                pairs.append((square, row, place))
            }
        }
        pairs.sort { ($0.distance, $0.row, $0.place) < ($1.distance, $1.row, $1.place) }
        var places = [Int](repeating: -1, count: smaller.rows)
        var isTaken = [Bool](repeating: false, count: larger.rows)
        for pair in pairs where places[pair.row] < 0 && !isTaken[pair.place] {
            places[pair.row] = pair.place
            isTaken[pair.place] = true
        }
        return places
    }
}

/// A linear operator or a convolution: a row for each neuron or output channel. A neuron, or channel, of the layer before
/// is read by a block of columns that lie together.
private struct ChainLayer {
    var rows: Int
    var weights: [Double]
    var bias: [Double]
    var columns: Int { rows == 0 ? 0 : weights.count / rows }

    init(rows: Int, weights: [Double], bias: [Double]) {
        self.rows = rows
        self.weights = weights
        self.bias = bias
    }

    /// - Returns: nil for what is neither, and for convolutions in groups.
    init?(_ operation: Operator) {
        switch operation {
        case .linear(let linear): (rows, weights, bias) = (linear.bias.count, linear.weights.dense, linear.bias)
        case .convolution(let convolution):
            guard convolution.groups == 1 else { return nil }
            (rows, weights, bias) = (convolution.outputChannels, convolution.weights, convolution.bias)
        case .input, .elementwise, .select, .reshape, .sum, .activation, .maxPool: return nil
        }
    }
}

/// Such operators with an activation after each but the last.
private struct Chain {
    var network: Network
    var layers: [ChainLayer] = []
    /// Their nodes.
    private var nodes: [Int] = []

    init?(_ network: Network) {
        self.network = network
        guard network.output == network.nodes.count - 1 else { return nil }
        for index in network.nodes.indices.dropFirst() {
            guard network.nodes[index].inputs == [index - 1] else { return nil }
            if case .activation = network.nodes[index].operation {
                guard nodes.last == index - 1, network.nodes[index].count == network.nodes[index - 1].count else {
                    return nil
                }
                continue
            }
            guard let layer = ChainLayer(network.nodes[index].operation), nodes.last != index - 1,
                network.nodes[index].count % layer.rows == 0
            else { return nil }
            layers.append(layer)
            nodes.append(index)
        }
        guard nodes.last == network.output, !layers.isEmpty else { return nil }
    }

    /// Whether the same kinds of operators follow each other, with the same activations.
    func isAlike(_ other: Chain) -> Bool {
        guard network.nodes.count == other.network.nodes.count else { return false }
        return zip(network.nodes, other.network.nodes).allSatisfy { mine, theirs in
            switch (mine.operation, theirs.operation) {
            case (.activation(let a), .activation(let b)): a.isKnownEqual(to: b)
            case (.linear, .linear), (.convolution, .convolution), (.input, .input): true
            default: false
            }
        }
    }

    /// Moves the neurons or channels of a layer to places among more, the others of which read and feed nothing.
    mutating func spread(_ layer: Int, to places: [Int], of count: Int) {
        let (old, next) = (layers[layer], layers[layer + 1])
        let columns = old.columns
        var rows = [Double](repeating: 0, count: count * columns)
        var bias = [Double](repeating: 0, count: count)
        for (row, place) in places.enumerated() {
            for column in 0..<columns { rows[place * columns + column] = old.weights[row * columns + column] }
            bias[place] = old.bias[row]
        }
        let block = next.columns / old.rows
        var readers = [Double](repeating: 0, count: next.rows * count * block)
        for output in 0..<next.rows {
            for (row, place) in places.enumerated() {
                for index in 0..<block {
                    readers[(output * count + place) * block + index] =
                        next.weights[output * next.columns + row * block + index]
                }
            }
        }
        layers[layer] = ChainLayer(rows: count, weights: rows, bias: bias)
        layers[layer + 1].weights = readers
        write(layer, movedTo: places)
        write(layer + 1, movedTo: nil)
        for node in nodes[layer]..<nodes[layer + 1] {
            if case .convolution(let convolution) = network.nodes[nodes[layer]].operation {
                network.nodes[node].shape = [count, convolution.outputHeight, convolution.outputWidth]
            } else {
                network.nodes[node].shape = [count]
            }
        }
    }

    /// Puts a layer's numbers into its node.
    ///
    /// - Parameter places: where the offsets' errors go; nil where they stay.
    private mutating func write(_ layer: Int, movedTo places: [Int]?) {
        let (own, node) = (layers[layer], nodes[layer])
        func moved(_ error: AffineError) -> AffineError {
            guard let places, !error.offsets.isEmpty else { return error }
            var result = error
            result.offsets = [Double](repeating: 0, count: own.rows)
            for (row, place) in places.enumerated() { result.offsets[place] = error.offsets[row] }
            return result
        }
        switch network.nodes[node].operation {
        case .linear(let linear):
            network.nodes[node].operation = .linear(
                Linear(
                    weights: Matrix(rows: own.rows, columns: own.columns, rowMajor: own.weights), bias: own.bias,
                    error: moved(linear.error)))
        case .convolution(var convolution):
            let window = convolution.kernelHeight * convolution.kernelWidth
            (convolution.outputChannels, convolution.inputChannels) = (own.rows, own.columns / window)
            (convolution.weights, convolution.bias) = (own.weights, own.bias)
            convolution.error = moved(convolution.error)
            network.nodes[node].operation = .convolution(convolution)
        case .input, .elementwise, .select, .reshape, .sum, .activation, .maxPool: break
        }
    }
}
