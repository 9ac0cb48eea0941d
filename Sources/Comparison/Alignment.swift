// Node by node the same structure, and at each affine node the operator of the difference.

import Intervals
public import Networks

/// Two networks whose graphs are the same up to weights.
public struct Alignment: Sendable {
    public let dense: Network
    public let pruned: Network
    /// The same graph with the differences of weights and offsets, pruned minus dense negated: `W - What`, `b - bhat`.
    /// Activations and the like are as in both.
    public let change: Network
    /// Whether neurons that are always 0 were added so that widths agree.
    public let isFilled: Bool

    struct Mismatch: Error, CustomStringConvertible {
        var description: String
    }

    static func match(_ dense: Network, _ pruned: Network, isFilled: Bool = false) -> Result<Alignment, Mismatch> {
        guard dense.nodes.count == pruned.nodes.count, dense.output == pruned.output else {
            return .failure(
                Mismatch(
                    description: "the graphs have \(dense.nodes.count) and \(pruned.nodes.count) nodes"))
        }
        var nodes = dense.nodes
        for index in dense.nodes.indices {
            let (first, second) = (dense.nodes[index], pruned.nodes[index])
            guard first.inputs == second.inputs, first.shape == second.shape,
                let change = first.operation.difference(from: second.operation)
            else {
                return .failure(
                    Mismatch(
                        description: "they part at '\(first.name)' of shape \(first.shape) and "
                            + "'\(second.name)' of shape \(second.shape)"))
            }
            nodes[index].operation = change
        }
        return .success(
            Alignment(
                dense: dense, pruned: pruned, change: Network(nodes: nodes, output: dense.output), isFilled: isFilled))
    }

    /// The share of the dense network's nonzero weights at a node that are 0 in the pruned one.
    func removedShare(_ node: Int) -> Double {
        let (before, after) = (dense.nodes[node].operation.weights, pruned.nodes[node].operation.weights)
        let nonzeros = before.count { $0 != 0 }
        let left = zip(before, after).count { $0.0 != 0 && $0.1 != 0 }
        return nonzeros == 0 ? 0 : Double(nonzeros - left) / Double(nonzeros)
    }
}

extension Operator {
    /// Weights of linear operators and convolutions, in the order of their storage made dense.
    var weights: [Double] {
        switch self {
        case .linear(let linear): linear.weights.dense
        case .convolution(let convolution): convolution.weights
        case .input, .elementwise, .select, .reshape, .sum, .activation, .maxPool: []
        }
    }

    /// The operator `x -> self(x) - other(x)` of affine operators with one structure; the operator itself where both are
    /// the same and nothing is to be subtracted. Nil where the structures differ.
    func difference(from other: Operator) -> Operator? {
        switch (self, other) {
        case (.input, .input), (.reshape, .reshape), (.sum, .sum): return self
        case (.activation(let a), .activation(let b)): return a.isKnownEqual(to: b) ? self : nil
        case (.select, .select): return isKnownEqual(to: other) ? self : nil
        case (.linear(let a), .linear(let b)):
            guard a.weights.rows == b.weights.rows, a.weights.columns == b.weights.columns else { return nil }
            let weights = Differences(a.weights.dense, b.weights.dense, a.error, b.error)
            let offsets = Differences(a.bias, b.bias, .exact, .exact)
            let matrix = Matrix(rows: a.weights.rows, columns: a.weights.columns, rowMajor: weights.values)
            return .linear(
                Linear(
                    weights: matrix, bias: offsets.values, error: weights.error(offsets: offsets, a.error, b.error)))
        case (.convolution(let a), .convolution(let b)):
            var geometry = a
            geometry.weights = b.weights
            geometry.bias = b.bias
            geometry.error = b.error
            guard geometry == b else { return nil }
            let weights = Differences(a.weights, b.weights, a.error, b.error)
            let offsets = Differences(a.bias, b.bias, .exact, .exact)
            geometry.weights = weights.values
            geometry.bias = offsets.values
            geometry.error = weights.error(offsets: offsets, a.error, b.error)
            return .convolution(geometry)
        case (.elementwise(let a), .elementwise(let b)):
            let scales = Differences(a.scale, b.scale, a.error, b.error)
            let offsets = Differences(a.offset, b.offset, .exact, .exact)
            return .elementwise(
                Elementwise(
                    scale: scales.values, offset: offsets.values,
                    error: scales.error(offsets: offsets, a.error, b.error)))
        case (.input, _), (.reshape, _), (.sum, _), (.activation, _), (.select, _), (.linear, _), (.convolution, _),
            (.elementwise, _), (.maxPool, _):
            return nil
        }
    }
}

/// Differences of numbers, and how far the real ones may be from them.
private struct Differences {
    var values: [Double]
    /// Whether some difference was rounded.
    var isRounded = false
    /// What the operators' own errors add, at most.
    var absolute = 0.0

    init(_ a: [Double], _ b: [Double], _ first: AffineError, _ second: AffineError) {
        values = zip(a, b).map { $0 - $1 }
        for index in values.indices {
            if differenceRoundedDown(a[index], b[index]) != differenceRoundedUp(a[index], b[index]) { isRounded = true }
        }
        guard !(first.isExact && second.isExact) else { return }
        for (x, y) in zip(a, b) {
            let own = sumRoundedUp(
                productRoundedUp(first.relative, x.magnitude), productRoundedUp(second.relative, y.magnitude))
            absolute = max(absolute, own)
        }
        absolute = sumRoundedUp(absolute, sumRoundedUp(first.absolute, second.absolute))
    }

    /// The error of an operator with these weights.
    func error(offsets: Differences, _ first: AffineError, _ second: AffineError) -> AffineError {
        var result = AffineError(relative: isRounded ? 0x1p-53 : 0, absolute: absolute)
        if offsets.isRounded || !first.offsets.isEmpty || !second.offsets.isEmpty {
            result.offsets = offsets.values.enumerated().map { index, value in
                let own = sumRoundedUp(
                    first.offsets.isEmpty ? 0 : first.offsets[index], second.offsets.isEmpty ? 0 : second.offsets[index]
                )
                return sumRoundedUp(own, productRoundedUp(value.magnitude, 0x1p-53))
            }
        }
        return result
    }
}
