extension Network {
    /// What tells this graph from another one, weights and offsets aside; nil when nothing does.
    ///
    /// Two networks are isomorphic when the same operators with the same sizes are applied to the same operands in the
    /// same order, as in a network before and after training or unstructured pruning.
    public func structuralDifference(from other: Network) -> String? {
        guard nodes.count == other.nodes.count else {
            return "it has \(nodes.count) operators, the other \(other.nodes.count)"
        }
        for (mine, theirs) in zip(nodes, other.nodes) {
            guard mine.inputs == theirs.inputs, mine.operation.isIsomorphic(to: theirs.operation) else {
                return "'\(mine.name)' is another operator than '\(theirs.name)'"
            }
            guard mine.shape == theirs.shape else {
                return "'\(mine.name)' has shape \(mine.shape), '\(theirs.name)' \(theirs.shape)"
            }
        }
        return output == other.output ? nil : "another operator makes its output"
    }

    /// The first node whose numbers are not known to be those of an isomorphic network; nil when all are.
    public func firstDifferingNode(from other: Network) -> String? {
        zip(nodes, other.nodes).first { mine, theirs in
            if case .input = mine.operation { return false }
            return !mine.operation.isKnownEqual(to: theirs.operation)
        }?.0.name
    }
}

extension Operator {
    fileprivate func isIsomorphic(to other: Operator) -> Bool {
        switch (self, other) {
        case (.input, .input), (.linear, .linear), (.elementwise, .elementwise), (.reshape, .reshape), (.sum, .sum):
            return true
        case (.convolution(let a), .convolution(var b)):
            (b.weights, b.bias, b.error) = (a.weights, a.bias, a.error)
            return a == b
        case (.select(let a), .select(let b)): return a.sources == b.sources
        case (.activation(let a), .activation(let b)): return a == b
        case (.maxPool(let a), .maxPool(let b)): return a == b
        case (.input, _), (.linear, _), (.convolution, _), (.elementwise, _), (.select, _), (.reshape, _), (.sum, _),
            (.activation, _), (.maxPool, _):
            return false
        }
    }
}
