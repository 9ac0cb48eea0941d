// The same question with many inputs, so that methods for large inputs are asked as well. Each input becomes a sum of
// eight new ones, each with a weight of its own and a box an eighth as wide: what the sums reach is exactly the old
// box, so the old answer holds.

import Intervals
import Networks
import Properties

extension RandomQueryMaker {
    private static let share = 8

    /// - Returns: nil when an end is not known exactly.
    mutating func widened(_ query: RandomQuery) -> RandomQuery? {
        let inputs = query.network.inputCount
        let weights = (0..<inputs * Self.share).map { _ in [-2, -1, -0.5, 0.5, 1, 2][random.integer(0...5)] }
        var wide = query
        wide.core = (query.network, query.property)
        wide.network = prepending(weights, to: query.network)
        wide.property.inputCount = weights.count
        for index in query.property.regions.indices {
            guard let region = spread(query.property.regions[index], over: weights) else { return nil }
            wide.property.regions[index] = region
        }
        for disjunct in wide.property.disjuncts.indices {
            for place in wide.property.disjuncts[disjunct].constraints.indices {
                let terms = wide.property.disjuncts[disjunct].constraints[place].inputTerms
                wide.property.disjuncts[disjunct].constraints[place].inputTerms = terms.flatMap { term in
                    (term.index * Self.share..<(term.index + 1) * Self.share).map {
                        LinearConstraint.Term(
                            index: $0, coefficient: term.coefficient * Interval(weights[$0]))
                    }
                }
            }
        }
        return wide
    }

    /// The network behind a layer that sums each group of inputs.
    private func prepending(_ weights: [Double], to network: Network) -> Network {
        let inputs = network.inputCount
        let sums = SparseMatrix(
            rows: inputs, columns: weights.count, rowStarts: (0...inputs).map { $0 * Self.share },
            columnIndices: weights.indices.map { Int32($0) }, values: weights)
        let bias = Array(repeating: 0.0, count: inputs)
        var nodes = [
            Node(name: "input", operation: .input, inputs: [], shape: [weights.count]),
            Node(
                name: "sums", operation: .linear(Linear(weights: .sparse(sums), bias: bias)), inputs: [0],
                shape: [inputs]),
        ]
        for node in network.nodes.dropFirst() {
            var moved = node
            moved.inputs = node.inputs.map { $0 + 1 }
            nodes.append(moved)
        }
        return Network(nodes: nodes, output: network.output + 1)
    }

    /// A box whose groups' sums reach exactly the region.
    private mutating func spread(_ region: InputRegion, over weights: [Double]) -> InputRegion? {
        var wide = InputRegion(lower: [], upper: [])
        var move = 0.0
        for (place, weight) in weights.enumerated() {
            // An eighth of the old box, moved; the moves of each pair cancel.
            move = place % 2 == 0 ? dyadic() : -move
            func end(_ old: ExactDecimal?) -> ExactDecimal? {
                old?.multiplied(by: ExactDecimal(0.125))?.adding(ExactDecimal(move))?
                    .multiplied(by: ExactDecimal(1 / weight))
            }
            let input = place / Self.share
            guard let first = end(region.exactLower(input)), let second = end(region.exactUpper(input)) else {
                return nil
            }
            let (lower, upper) = (min(first, second), max(first, second))
            wide.lower.append(lower.enclosure)
            wide.upper.append(upper.enclosure)
            wide.lowerText.append(lower.description)
            wide.upperText.append(upper.description)
        }
        return wide
    }
}
