// Both networks of a pair, what they differ by, and all their magnitudes, as kernels over lanes in float64.

import BoundPropagation
import Evaluation
import Intervals
import Networks

/// One network as a zonotope pass reads it.
final class ZonotopeModel: Sendable {
    let plan: LanePlan
    let kernels: LaneNetwork<Double>
    /// The same operators with every weight's magnitude, and no offsets.
    let magnitudes: LaneNetwork<Double>
    let nodes: [NodeConstants]
    /// Per activation node its function.
    let activations: [Activation?]

    /// What an affine node adds, and what its rounding and its weights' errors cost.
    struct NodeConstants: Sendable {
        /// In the order of the lanes; empty where all are 0.
        var offsets: [Double] = []
        /// Of each offset; empty where all are exact.
        var offsetRadii: [Double] = []
        /// Of sums as the kernels compute them.
        var rounding = 0.0
        var relative = 0.0
        var absolute = 0.0
    }

    init(_ network: Network) {
        plan = LanePlan(network)
        kernels = LaneNetwork<Double>(plan)
        magnitudes = LaneNetwork<Double>(LanePlan(network.withMagnitudes))
        nodes = plan.operations.map(Self.constants)
        activations = network.nodes.map {
            if case .activation(let activation) = $0.operation { activation } else { nil }
        }
    }

    private static func constants(_ operation: PlannedOperation) -> NodeConstants {
        var result = NodeConstants()
        switch operation {
        case .input, .activation, .smooth: break
        case .sum: result.rounding = roundingFactor(8)
        case .linear(let linear):
            result.offsets = linear.bias
            result.offsetRadii = linear.error.offsets
            result.rounding = roundingFactor(linear.weights.columns + 4)
            (result.relative, result.absolute) = (linear.error.relative, linear.error.absolute)
        case .convolution(let convolution):
            let pixels = convolution.outputHeight * convolution.outputWidth
            result.offsets = (0..<pixels).flatMap { _ in convolution.bias }
            if !convolution.error.offsets.isEmpty {
                result.offsetRadii = (0..<pixels).flatMap { _ in convolution.error.offsets }
            }
            let terms =
                convolution.inputChannels / convolution.groups * convolution.kernelHeight
                * convolution.kernelWidth
            result.rounding = roundingFactor(terms + 4)
            (result.relative, result.absolute) = (convolution.error.relative, convolution.error.absolute)
        case .elementwise(let map):
            result.offsets = map.offset
            result.offsetRadii = map.error.offsets
            result.rounding = roundingFactor(4)
            (result.relative, result.absolute) = (map.error.relative, map.error.absolute)
        case .select(let selection):
            result.offsets = selection.sources.indices.map {
                selection.sources[$0] < 0 ? selection.constants[$0] : 0
            }
        }
        if result.offsets.allSatisfy({ $0 == 0 }) { result.offsets = [] }
        return result
    }
}

/// An aligned pair.
final class PairModel: Sendable {
    let dense: ZonotopeModel
    let pruned: ZonotopeModel
    /// Nil where the networks have no common structure: then they are bounded side by side.
    let change: ZonotopeModel?
    /// Whether a node's operator differs between the networks.
    let isChanged: [Bool]

    init(_ pair: NetworkPair) {
        if let alignment = pair.alignment {
            dense = ZonotopeModel(alignment.dense)
            pruned = ZonotopeModel(alignment.pruned)
            change = ZonotopeModel(alignment.change)
            isChanged = alignment.change.nodes.map(\.operation.isNonzeroChange)
        } else {
            dense = ZonotopeModel(pair.dense.simplified().decomposingMaxPools())
            pruned = ZonotopeModel(pair.pruned.simplified().decomposingMaxPools())
            change = nil
            isChanged = []
        }
    }
}

extension Network {
    /// Every weight's magnitude and no offsets.
    fileprivate var withMagnitudes: Network {
        var result = self
        for index in nodes.indices {
            switch nodes[index].operation {
            case .input, .reshape, .sum, .activation, .maxPool: break
            case .linear(var linear):
                switch linear.weights {
                case .dense(let rows, let columns, let values):
                    linear.weights = .dense(rows: rows, columns: columns, values: values.map(\.magnitude))
                case .sparse(var matrix):
                    matrix.values = matrix.values.map(\.magnitude)
                    linear.weights = .sparse(matrix)
                }
                linear.bias = linear.bias.map { _ in 0 }
                linear.error = .exact
                result.nodes[index].operation = .linear(linear)
            case .convolution(var convolution):
                convolution.weights = convolution.weights.map(\.magnitude)
                convolution.bias = convolution.bias.map { _ in 0 }
                convolution.error = .exact
                result.nodes[index].operation = .convolution(convolution)
            case .elementwise(let map):
                result.nodes[index].operation = .elementwise(
                    Elementwise(scale: map.scale.map(\.magnitude), offset: map.offset.map { _ in 0 }))
            case .select(var selection):
                selection.constants = selection.constants.map { _ in 0 }
                result.nodes[index].operation = .select(selection)
            }
        }
        return result
    }
}

extension Operator {
    /// Of an `Alignment.change`: whether the networks differ here.
    fileprivate var isNonzeroChange: Bool {
        switch self {
        case .linear(let linear):
            linear.weights.nonzeros > 0 || linear.bias.contains { $0 != 0 } || !linear.error.isExact
        case .convolution(let convolution):
            convolution.weights.contains { $0 != 0 } || convolution.bias.contains { $0 != 0 }
                || !convolution.error.isExact
        case .elementwise(let map):
            map.scale.contains { $0 != 0 } || map.offset.contains { $0 != 0 } || !map.error.isExact
        case .input, .select, .reshape, .sum, .activation, .maxPool: false
        }
    }
}
