// Networks of other widths, as structured pruning and merging of neurons leave them. In a chain of linear operators and
// activations, each hidden neuron of the smaller layer takes the place of a neuron of the larger one, and the places left
// over get neurons without any weight. That is the same function whatever the places are; good places make the
// differences small. They are chosen front to back, nearest rows first.

import Networks

extension Alignment {
    /// - Returns: nil unless both are chains of linear operators with the same activations in between.
    static func matchWidths(_ dense: Network, _ pruned: Network) -> Alignment? {
        guard var first = Chain(dense), var second = Chain(pruned), first.layers.count == second.layers.count,
            first.hasActivations(of: second)
        else { return nil }
        for layer in 0..<first.layers.count - 1 {
            let (a, b) = (first.layers[layer].bias.count, second.layers[layer].bias.count)
            // Sigmoids and the like of nothing are no zeros, but nothing reads them.
            if a == b { continue }
            if a > b {
                let places = Self.places(of: second.layers[layer], in: first.layers[layer])
                second.spread(layer, to: places, of: a)
            } else {
                let places = Self.places(of: first.layers[layer], in: second.layers[layer])
                first.spread(layer, to: places, of: b)
            }
        }
        guard case .success(let alignment) = match(first.network, second.network, isFilled: true) else { return nil }
        return alignment
    }

    /// For each row of the smaller layer the place among the rows of the larger one: nearest pairs first.
    private static func places(of smaller: Linear, in larger: Linear) -> [Int] {
        let columns = larger.weights.columns
        let (a, b) = (smaller.weights.dense, larger.weights.dense)
        var pairs: [(distance: Double, row: Int, place: Int)] = []
        for row in smaller.bias.indices {
            for place in larger.bias.indices {
                var square = (smaller.bias[row] - larger.bias[place]) * (smaller.bias[row] - larger.bias[place])
                for column in 0..<columns {
                    let step = a[row * columns + column] - b[place * columns + column]
                    square += step * step
                }
                pairs.append((square, row, place))
            }
        }
        pairs.sort { ($0.distance, $0.row, $0.place) < ($1.distance, $1.row, $1.place) }
        var places = [Int](repeating: -1, count: smaller.bias.count)
        var isTaken = [Bool](repeating: false, count: larger.bias.count)
        for pair in pairs where places[pair.row] < 0 && !isTaken[pair.place] {
            places[pair.row] = pair.place
            isTaken[pair.place] = true
        }
        return places
    }
}

/// Linear operators with an activation after each but the last.
private struct Chain {
    var network: Network
    var layers: [Linear]
    /// Their nodes.
    private var nodes: [Int] = []

    init?(_ network: Network) {
        self.network = network
        layers = []
        guard network.output == network.nodes.count - 1 else { return nil }
        for index in network.nodes.indices.dropFirst() {
            guard network.nodes[index].inputs == [index - 1] else { return nil }
            switch network.nodes[index].operation {
            case .linear(let linear):
                guard nodes.last != index - 1 else { return nil }
                layers.append(linear)
                nodes.append(index)
            case .activation:
                guard nodes.last == index - 1 else { return nil }
            case .input, .convolution, .elementwise, .select, .reshape, .sum, .maxPool: return nil
            }
        }
        guard nodes.last == network.output, !layers.isEmpty else { return nil }
    }

    func hasActivations(of other: Chain) -> Bool {
        guard network.nodes.count == other.network.nodes.count else { return false }
        return zip(network.nodes, other.network.nodes).allSatisfy { mine, theirs in
            switch (mine.operation, theirs.operation) {
            case (.activation(let a), .activation(let b)): a.isKnownEqual(to: b)
            case (.linear, .linear), (.input, .input): true
            default: false
            }
        }
    }

    /// Moves the neurons of a layer to places among more, the others of which read and feed nothing.
    mutating func spread(_ layer: Int, to places: [Int], of count: Int) {
        if places.count == count && places.indices.allSatisfy({ places[$0] == $0 }) { return }
        let old = layers[layer]
        let columns = old.weights.columns
        let values = old.weights.dense
        var rows = [Double](repeating: 0, count: count * columns)
        var bias = [Double](repeating: 0, count: count)
        var radii = [Double](repeating: 0, count: old.error.offsets.isEmpty ? 0 : count)
        for (row, place) in places.enumerated() {
            for column in 0..<columns { rows[place * columns + column] = values[row * columns + column] }
            bias[place] = old.bias[row]
            if !radii.isEmpty { radii[place] = old.error.offsets[row] }
        }
        let next = layers[layer + 1]
        let outputs = next.weights.rows
        let readers = next.weights.dense
        var spread = [Double](repeating: 0, count: outputs * count)
        for output in 0..<outputs {
            for (row, place) in places.enumerated() {
                spread[output * count + place] = readers[output * places.count + row]
            }
        }
        var error = old.error
        error.offsets = radii
        set(layer, Linear(weights: Matrix(rows: count, columns: columns, rowMajor: rows), bias: bias, error: error))
        set(
            layer + 1,
            Linear(weights: Matrix(rows: outputs, columns: count, rowMajor: spread), bias: next.bias, error: next.error)
        )
        for node in nodes[layer]..<nodes[layer + 1] { network.nodes[node].shape = [count] }
    }

    private mutating func set(_ layer: Int, _ linear: Linear) {
        layers[layer] = linear
        network.nodes[nodes[layer]].operation = .linear(linear)
    }
}
