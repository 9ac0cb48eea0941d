// How far pruning can move the outputs, from norms alone: no search, no linear program, milliseconds.
//
// Let w, v, d bound the spectral norms of a layer's matrix W, of the pruned What and of W - What, r and rhat the
// Euclidean norms of both networks' values, e that of their difference. Each layer can be telescoped in three ways,
//
//     W y - What yhat = W (y - yhat) + (W - What) yhat                                    <=  w e + d rhat
//                     = What (y - yhat) + (W - What) y                                    <=  v e + d r
//                     = (W + What)/2 (y - yhat) + (W - What) (y + yhat)/2                 <=  m e + d (r + rhat)/2
//
// and the least of them holds. An activation multiplies by its Lipschitz constant, which is not 1 for all of them.
//
// This corrects arXiv 2507.02953, whose Theorem 2 (one pruned layer) is right but whose Corollary 1 (several layers) uses
// the norms of unpruned matrices only, although the telescoping passes through partly pruned networks: the errors of
// earlier layers pass through later layers that are pruned as well, or their values do. `published` is that formula.

import BoundPropagation
import Evaluation
import Intervals
import Networks

/// Norms of one affine node and the deviation behind it.
public struct ClosedFormLayer: Sendable {
    public var name: String
    /// The node of `Alignment.dense`.
    public var node: Int
    /// At least `||W||`, `||What||`, `||W - What||` and `||b - bhat||`.
    public var denseNorm: Double
    public var prunedNorm: Double
    public var changeNorm: Double
    public var offsetChange: Double
    /// The share of the layer's nonzero weights that pruning removed.
    public var removedShare: Double
    /// At least the Euclidean norm of the difference of both networks' values behind the layer's activation.
    public var deviation: Double
    /// The same by this layer's change alone, had no other layer been pruned.
    public var ownDeviation: Double
}

/// A bound of the deviation over a region, by norms.
public struct ClosedForm: Sendable {
    public var layers: [ClosedFormLayer]
    /// At least `||f - g||_2` all over the region, so also the maximum norm.
    public var deviation: Double
    /// Per output, at least `|f_i - g_i|`.
    public var outputs: [Double]
    /// The formula as published. Not an upper bound when several layers are pruned.
    public var published: Double
    /// Whether at most one layer was pruned and no activation is steeper than the identity or starts above 0: then that
    /// is sound as well, up to rounding.
    public var publishedIsSound: Bool
}

/// Norms of every node's operator, which do not depend on the region.
struct PairNorms: Sendable {
    struct Affine: Sendable {
        /// Norms of the linear parts of W, What, W - What and (W + What)/2.
        var dense: Double
        var pruned: Double
        var change: Double
        var mean: Double
        /// Euclidean norms of b, bhat, b - bhat.
        var denseOffset: Double
        var prunedOffset: Double
        var offsetChange: Double
    }

    /// Nil for nodes that are not affine maps of one operand.
    let nodes: [Affine?]

    init(_ alignment: Alignment) {
        let graph = alignment.dense.nodes
        nodes = graph.indices.map { index in
            guard let operand = graph[index].inputs.first else { return nil }
            let counts = (graph[operand].count, graph[index].count)
            func norm(_ network: Network) -> OperatorNorm? {
                network.nodes[index].operation.norm(operandCount: counts.0, count: counts.1)
            }
            guard let dense = norm(alignment.dense), let pruned = norm(alignment.pruned),
                let change = norm(alignment.change)
            else { return nil }
            switch graph[index].operation {
            case .linear, .convolution, .elementwise:
                // At most half the sum; the exact norm of the mean is not worth a third factorisation.
                let mean = sumRoundedUp(dense.linear, pruned.linear) / 2
                return Affine(
                    dense: dense.linear, pruned: pruned.linear, change: change.linear, mean: mean,
                    denseOffset: dense.offset, prunedOffset: pruned.offset, offsetChange: change.offset)
            case .select, .reshape, .maxPool, .input, .sum, .activation:
                return Affine(
                    dense: dense.linear, pruned: dense.linear, change: 0, mean: dense.linear,
                    denseOffset: dense.offset, prunedOffset: dense.offset, offsetChange: 0)
            }
        }
    }
}

/// Euclidean norms at one node: of both networks' values and of their difference, each at least the real one.
struct NormState {
    var dense = 0.0
    var pruned = 0.0
    var difference = 0.0
}

extension PairNorms {
    /// The recurrence over all nodes.
    ///
    /// - Parameters:
    ///   - input: at least the Euclidean norm of every input of the region.
    ///   - boxes: at least the norms of each node's values, from elsewhere.
    ///   - changes: per node the norms of the changes of weights and of offsets; nil for those of the pair.
    /// - Soundness: every sum and product is rounded up.
    func states(
        _ graph: [Node], input: Double, boxes: [NormState]?,
        changes: ((_ node: Int) -> (weights: Double, offsets: Double))? = nil
    ) -> [NormState] {
        var states: [NormState] = []
        for (index, node) in graph.enumerated() {
            var state = NormState()
            let operand = node.inputs.first.map { states[$0] } ?? NormState()
            switch node.operation {
            case .input: state = NormState(dense: input, pruned: input, difference: 0)
            case .sum:
                for source in node.inputs {
                    state.dense = sumRoundedUp(state.dense, states[source].dense)
                    state.pruned = sumRoundedUp(state.pruned, states[source].pruned)
                    state.difference = sumRoundedUp(state.difference, states[source].difference)
                }
            case .activation(let activation):
                let growth = activation.growthBound
                let zero = activation.valueAtZero
                let level = productRoundedUp(
                    max(zero.lower.magnitude, zero.upper.magnitude), Double(node.count).squareRoot().nextUp)
                state.dense = affine(growth, operand.dense, level)
                state.pruned = affine(growth, operand.pruned, level)
                state.difference = productRoundedUp(activation.lipschitzBound, operand.difference)
            case .linear, .convolution, .elementwise, .select, .reshape, .maxPool:
                guard let norms = nodes[index] else { return [] }
                state = step(norms, operand, changes?(index))
            }
            if let boxes {
                state.dense = min(state.dense, boxes[index].dense)
                state.pruned = min(state.pruned, boxes[index].pruned)
                state.difference = min(state.difference, boxes[index].difference)
            }
            state.pruned = min(state.pruned, sumRoundedUp(state.dense, state.difference))
            state.dense = min(state.dense, sumRoundedUp(state.pruned, state.difference))
            states.append(state)
        }
        return states
    }

    private func step(
        _ norms: Affine, _ operand: NormState, _ change: (weights: Double, offsets: Double)?
    ) -> NormState {
        var state = NormState()
        state.dense = affine(norms.dense, operand.dense, norms.denseOffset)
        if let change {
            // Planned: only W and the norm of the change are known.
            let pruned = sumRoundedUp(norms.dense, change.weights)
            state.pruned = affine(pruned, operand.pruned, sumRoundedUp(norms.denseOffset, change.offsets))
            let forth = affine(pruned, operand.difference, productRoundedUp(change.weights, operand.dense))
            let back = affine(norms.dense, operand.difference, productRoundedUp(change.weights, operand.pruned))
            state.difference = sumRoundedUp(min(forth, back), change.offsets)
            return state
        }
        state.pruned = affine(norms.pruned, operand.pruned, norms.prunedOffset)
        let mean = sumRoundedUp(operand.dense, operand.pruned) / 2
        let forth = affine(norms.dense, operand.difference, productRoundedUp(norms.change, operand.pruned))
        let back = affine(norms.pruned, operand.difference, productRoundedUp(norms.change, operand.dense))
        let between = affine(norms.mean, operand.difference, productRoundedUp(norms.change, mean))
        state.difference = sumRoundedUp(min(forth, back, between), norms.offsetChange)
        return state
    }

    private func affine(_ factor: Double, _ value: Double, _ offset: Double) -> Double {
        sumRoundedUp(productRoundedUp(factor, value), offset)
    }

    /// Corollary 1 of the paper: unpruned norms all the way, and no activation steeper than the identity.
    func published(_ graph: [Node], input: Double) -> Double {
        var values: [NormState] = []
        for (index, node) in graph.enumerated() {
            var state = node.inputs.first.map { values[$0] } ?? NormState()
            switch node.operation {
            case .input: state.dense = input
            case .sum:
                for operand in node.inputs.dropFirst() {
                    state.dense += values[operand].dense
                    state.difference += values[operand].difference
                }
            case .activation: break
            case .linear, .convolution, .elementwise, .select, .reshape, .maxPool:
                guard let norms = nodes[index] else { return .infinity }
                state.difference =
                    norms.dense * state.difference + norms.change * state.dense + norms.offsetChange
                state.dense = norms.dense * state.dense + norms.denseOffset
            }
            values.append(state)
        }
        return values.last?.difference ?? 0
    }
}
