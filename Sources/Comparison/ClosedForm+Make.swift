import BoundPropagation
import Evaluation
import Intervals
import Networks
public import Properties

/// The closed form of a pair, ready for any number of regions.
public struct ClosedFormBounder: Sendable {
    let alignment: Alignment
    let norms: PairNorms

    /// - Complexity: a Gram matrix and a factorisation for each affine operator.
    public init(_ alignment: Alignment) {
        self.alignment = alignment
        norms = PairNorms(alignment)
    }

    /// The bound over a region.
    ///
    /// - Parameter usesBoxes: whether values may also be bounded by interval arithmetic, a large gain on small regions;
    ///   without it only the region's largest norm matters, as in the literature.
    public func bound(over region: InputRegion, usesBoxes: Bool = true) -> ClosedForm {
        let graph = alignment.dense.nodes
        let input = largestNorm(region.outwardLower, region.outwardUpper)
        let boxes = usesBoxes ? boxStates(region) : nil
        let states = norms.states(graph, input: input, boxes: boxes)
        var result = ClosedForm(
            layers: [], deviation: states[alignment.dense.output].difference, outputs: [],
            published: norms.published(graph, input: input), publishedIsSound: false)
        let affine = graph.indices.filter { isWeighted(graph[$0]) }
        for index in affine {
            guard let norm = norms.nodes[index] else { continue }
            let alone = norms.states(graph, input: input, boxes: boxes.map { $0.map(\.ofDenseOnly) }) { node in
                node == index ? (norm.change, norm.offsetChange) : (0, 0)
            }
            result.layers.append(
                ClosedFormLayer(
                    name: graph[index].name, node: index, denseNorm: norm.dense, prunedNorm: norm.pruned,
                    changeNorm: norm.change, offsetChange: norm.offsetChange,
                    removedShare: alignment.removedShare(index),
                    deviation: states[activationBehind(index) ?? index].difference,
                    ownDeviation: alone[alignment.dense.output].difference))
        }
        let changed = result.layers.count { $0.changeNorm > 0 || $0.offsetChange > 0 }
        let arePlain = graph.allSatisfy { node in
            guard case .activation(let activation) = node.operation else { return true }
            return activation.lipschitzBound <= 1 && activation.valueAtZero == .zero
        }
        result.publishedIsSound = changed <= 1 && arePlain
        result.outputs = outputs(states, total: result.deviation, boxes: boxes)
        return result
    }

    /// Before pruning: how much each layer may change for a deviation.
    ///
    /// - Returns: per weighted layer the largest spectral norm of `W - What` with which `||f - g||_2` certainly stays within
    ///   the deviation when no other layer changes, and the same when every layer changes by the same share of its norm.
    public func budgets(within deviation: Double, over region: InputRegion) -> [PruningBudget] {
        let graph = alignment.dense.nodes
        let input = largestNorm(region.outwardLower, region.outwardUpper)
        let boxes = boxStates(region).map(\.ofDenseOnly)
        func isWithin(_ changes: @escaping (Int) -> Double) -> Bool {
            let states = norms.states(graph, input: input, boxes: boxes) { (changes($0), 0) }
            return states[alignment.dense.output].difference <= deviation
        }
        func largest(_ isFine: (Double) -> Bool) -> Double {
            var (low, high) = (0.0, 1.0)
            while isFine(high), high < 1e12 { (low, high) = (high, 2 * high) }
            for _ in 0..<50 {
                let middle = low / 2 + high / 2
                if isFine(middle) { low = middle } else { high = middle }
            }
            return low
        }
        let weighted = graph.indices.filter { isWeighted(graph[$0]) }
        let share = largest { share in
            isWithin { node in
                weighted.contains(node) ? productRoundedUp(share, self.norms.nodes[node]?.dense ?? 0) : 0
            }
        }
        return weighted.map { index in
            let norm = norms.nodes[index]?.dense ?? 0
            let alone = largest { change in isWithin { $0 == index ? productRoundedUp(change, norm) : 0 } }
            return PruningBudget(
                name: graph[index].name, node: index, norm: norm, alone: productRoundedDown(alone, norm),
                together: productRoundedDown(share, norm))
        }
    }

    private func isWeighted(_ node: Node) -> Bool {
        switch node.operation {
        case .linear: true
        case .convolution(let convolution): !convolution.isAveragePooling
        case .input, .elementwise, .select, .reshape, .sum, .activation, .maxPool: false
        }
    }

    private func activationBehind(_ index: Int) -> Int? {
        alignment.dense.nodes.indices.first {
            if case .activation = alignment.dense.nodes[$0].operation {
                alignment.dense.nodes[$0].inputs == [index]
            } else {
                false
            }
        }
    }

    /// Norms by interval arithmetic over the box.
    private func boxStates(_ region: InputRegion) -> [NormState] {
        let dense = alignment.dense.intervalBounds(over: region.outwardLower, upper: region.outwardUpper)
        let pruned = alignment.pruned.intervalBounds(over: region.outwardLower, upper: region.outwardUpper)
        return zip(dense, pruned).map { f, g in
            let differences = f.lower.indices.map { index in
                max(
                    differenceRoundedUp(f.upper[index], g.lower[index]),
                    differenceRoundedUp(g.upper[index], f.lower[index]))
            }
            return NormState(
                dense: largestNorm(f.lower, f.upper), pruned: largestNorm(g.lower, g.upper),
                difference: euclideanLength(differences))
        }
    }

    /// Per output, by the norm of its own row.
    private func outputs(_ states: [NormState], total: Double, boxes: [NormState]?) -> [Double] {
        let output = alignment.dense.output
        let count = alignment.dense.outputCount
        guard case .linear(let dense) = alignment.dense.nodes[output].operation,
            case .linear(let pruned) = alignment.pruned.nodes[output].operation,
            case .linear(let change) = alignment.change.nodes[output].operation,
            let operand = alignment.dense.nodes[output].inputs.first
        else { return [Double](repeating: total, count: count) }
        let state = states[operand]
        func rows(_ linear: Linear) -> [Double] {
            let columns = linear.weights.columns
            let values = linear.weights.dense
            return (0..<count).map { row in
                let length = euclideanLength(Array(values[row * columns..<(row + 1) * columns]))
                let relative = productRoundedUp(length, linear.error.relative)
                let absolute = productRoundedUp(linear.error.absolute, Double(columns).squareRoot().nextUp)
                return sumRoundedUp(length, sumRoundedUp(relative, absolute))
            }
        }
        let (w, v, d) = (rows(dense), rows(pruned), rows(change))
        return (0..<count).map { row in
            let forth = sumRoundedUp(productRoundedUp(w[row], state.difference), productRoundedUp(d[row], state.pruned))
            let back = sumRoundedUp(productRoundedUp(v[row], state.difference), productRoundedUp(d[row], state.dense))
            let radius = change.error.offsets.isEmpty ? 0 : change.error.offsets[row]
            let offset = sumRoundedUp(change.bias[row].magnitude, radius)
            return min(total, sumRoundedUp(min(forth, back), offset))
        }
    }
}

/// How much a layer may change before it is pruned.
public struct PruningBudget: Sendable {
    public var name: String
    public var node: Int
    /// At least `||W||`.
    public var norm: Double
    /// Admissible `||W - What||` when this layer alone changes.
    public var alone: Double
    /// The same when all layers change by the same share of their norms.
    public var together: Double
}

extension NormState {
    /// What stays true when another network takes the pruned one's place.
    fileprivate var ofDenseOnly: NormState { NormState(dense: dense, pruned: .infinity, difference: .infinity) }
}

/// At least the Euclidean norm of every point of a box.
func largestNorm(_ lower: [Double], _ upper: [Double]) -> Double {
    euclideanLength(zip(lower, upper).map { max($0.magnitude, $1.magnitude) })
}
