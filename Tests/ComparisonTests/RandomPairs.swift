import Intervals
import Networks
import Oracles
import Properties
import RandomNumbers

/// Networks and what plain magnitude pruning makes of them.
struct RandomPairs {
    var generator: SplitMix64

    init(_ seed: Int) { generator = SplitMix64(seed: seed) }

    /// Layers of these widths with an activation after each but the last.
    mutating func chain(_ widths: [Int], _ activation: Activation = .relu) -> Network {
        var nodes = [Node(name: "x", operation: .input, inputs: [], shape: [widths[0]])]
        for layer in 1..<widths.count {
            let (columns, rows) = (widths[layer - 1], widths[layer])
            let reach = 1 / Double(columns).squareRoot()
            let weights = (0..<rows * columns).map { _ in number(1.7 * reach) }
            let linear = Linear(
                weights: .dense(rows: rows, columns: columns, values: weights),
                bias: (0..<rows).map { _ in number(0.3) })
            nodes.append(
                Node(name: "layer\(layer)", operation: .linear(linear), inputs: [nodes.count - 1], shape: [rows]))
            if layer < widths.count - 1 {
                nodes.append(
                    Node(
                        name: "act\(layer)", operation: .activation(activation), inputs: [nodes.count - 1],
                        shape: [rows]))
            }
        }
        return Network(nodes: nodes, output: nodes.count - 1)
    }

    mutating func number(_ reach: Double) -> Double {
        Double(Float(Double.random(in: -reach...reach, using: &generator)))
    }

    mutating func point(_ region: InputRegion) -> [Double] {
        zip(region.outwardLower, region.outwardUpper).map { Double.random(in: $0...$1, using: &generator) }
    }

    mutating func box(_ count: Int, centre reach: Double = 1, radius: Double) -> InputRegion {
        var region = InputRegion(lower: [], upper: [])
        for _ in 0..<count {
            let centre = number(reach)
            region.lower.append(Interval(Double(Float(centre - radius))))
            region.upper.append(Interval(Double(Float(centre + radius))))
        }
        return region
    }
}

extension Network {
    /// The share of each layer's weights that are least in magnitude set to 0.
    func magnitudePruned(_ share: Double) -> Network {
        var result = self
        for index in nodes.indices {
            switch nodes[index].operation {
            case .linear(var linear):
                let values = Self.pruned(linear.weights.dense, share)
                linear.weights = Matrix(rows: linear.weights.rows, columns: linear.weights.columns, rowMajor: values)
                result.nodes[index].operation = .linear(linear)
            case .convolution(var convolution):
                convolution.weights = Self.pruned(convolution.weights, share)
                result.nodes[index].operation = .convolution(convolution)
            default: break
            }
        }
        return result
    }

    private static func pruned(_ values: [Double], _ share: Double) -> [Double] {
        let sorted = values.map(\.magnitude).sorted()
        let count = Int(share * Double(values.count))
        guard count > 0 else { return values }
        let limit = sorted[count - 1]
        return values.map { $0.magnitude <= limit ? 0 : $0 }
    }
}
