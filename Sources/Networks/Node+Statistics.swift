/// Exact counts of what a node consists of.
public struct NodeStatistics: Sendable, Equatable {
    /// Numbers that multiply features, zeros included.
    public var weights = 0
    public var nonzeroWeights = 0
    /// Numbers that are added to features, zeros included.
    public var offsets = 0
    /// Features that pass through a non-linear function.
    public var neurons = 0

    public var parameters: Int { weights + offsets }

    public init() {}

    public static func + (a: NodeStatistics, b: NodeStatistics) -> NodeStatistics {
        var sum = a
        sum.weights += b.weights
        sum.nonzeroWeights += b.nonzeroWeights
        sum.offsets += b.offsets
        sum.neurons += b.neurons
        return sum
    }
}

extension Node {
    public var statistics: NodeStatistics {
        var statistics = NodeStatistics()
        switch operation {
        case .linear(let linear):
            statistics.weights = linear.weights.rows * linear.weights.columns
            statistics.nonzeroWeights = linear.weights.nonzeros
            statistics.offsets = linear.bias.count
        case .convolution(let convolution):
            statistics.weights = convolution.weights.count
            statistics.nonzeroWeights = convolution.weights.count { $0 != 0 }
            statistics.offsets = convolution.bias.count
        case .elementwise(let elementwise):
            statistics.weights = elementwise.scale.count
            statistics.nonzeroWeights = elementwise.scale.count { $0 != 0 }
            statistics.offsets = elementwise.offset.count
        case .activation, .maxPool:
            statistics.neurons = count
        case .input, .select, .reshape, .sum: break
        }
        return statistics
    }
}

extension Network {
    /// The sum over all nodes.
    public var statistics: NodeStatistics { nodes.reduce(NodeStatistics()) { $0 + $1.statistics } }
}
