// What one backward step through an affine operator leaves unpaid. Treat the computed coefficients g on the
// operand as exact numbers chosen by us; then r = W^T lambda - g remains, and
//     |r_i| <= (gamma_n + relative) * sum_j |W_ji| |lambda_j| + absolute * sum_j |lambda_j|
//           <= (gamma_n + relative) * |W_.i|_2 |lambda|_2     + absolute * |lambda|_1      (Cauchy-Schwarz),
// so that the bound loses at most  euclidean * |lambda|_2 + absolute * |lambda|_1  with the two numbers below, which
// depend on the operator and the operand's range only. No second pass with |W| is needed.

import Evaluation
import Intervals
import Networks

/// Loss of a bound per unit of the coefficients' norms when they are taken back through an operator.
struct Residual: Sendable {
    /// Per unit of the Euclidean norm.
    var euclidean = 0.0
    /// Per unit of the sum of magnitudes.
    var absolute = 0.0
    /// The Euclidean norm of the node's own largest magnitudes: what accumulating into its coefficients can lose.
    var range = 0.0
}

/// The norms of every affine operator's columns, once per network.
struct OperatorNorms: Sendable {
    /// Per node: the Euclidean norm of each operand feature's column, rounded up, times its rounding factor.
    private let columns: [[Double]]
    private let absolutes: [Double]

    init(_ plan: LanePlan) {
        var columns: [[Double]] = []
        var absolutes: [Double] = []
        for node in 0..<plan.nodeCount {
            let (weights, error) = Self.columnLosses(plan, node)
            columns.append(weights)
            absolutes.append(error)
        }
        self.columns = columns
        self.absolutes = absolutes
    }

    private static func columnLosses(_ plan: LanePlan, _ node: Int) -> ([Double], Double) {
        switch plan.operations[node] {
        case .input, .sum, .activation, .smooth: return ([], 0)
        case .linear(let linear):
            let factor = roundingFactor(linear.weights.rows + 2) + linear.error.relative
            return (squaredColumns(linear.weights).map { losses($0, factor) }, linear.error.absolute)
        case .convolution(let convolution):
            let groupInputs = convolution.inputChannels / convolution.groups
            let groupOutputs = convolution.outputChannels / convolution.groups
            let kernel = convolution.kernelHeight * convolution.kernelWidth
            var squares = [Double](repeating: 0, count: convolution.inputChannels)
            for output in 0..<convolution.outputChannels {
                let group = output / groupOutputs
                for input in 0..<groupInputs {
                    for place in 0..<kernel {
                        let weight = convolution.weights[(output * groupInputs + input) * kernel + place]
                        squares[group * groupInputs + input] += weight * weight
                    }
                }
            }
            let factor = roundingFactor(groupOutputs * kernel + 2) + convolution.error.relative
            let channels = squares.map { losses($0, factor) }
            let pixels = convolution.inputHeight * convolution.inputWidth
            return ((0..<pixels).flatMap { _ in channels }, convolution.error.absolute)
        case .elementwise(let elementwise):
            let factor = roundingFactor(2) + elementwise.error.relative
            return (elementwise.scale.map { losses($0 * $0, factor) }, elementwise.error.absolute)
        case .select(let selection):
            var copies = [Int](repeating: 0, count: plan.layouts[plan.operands[node][0]].count)
            for source in selection.sources where source >= 0 { copies[Int(source)] += 1 }
            return (copies.map { $0 < 2 ? 0 : losses(Double($0), roundingFactor($0 + 1)) }, 0)
        }
    }

    private static func losses(_ square: Double, _ factor: Double) -> Double {
        square.squareRoot() * factor * sumSlack
    }

    private static func squaredColumns(_ matrix: Matrix) -> [Double] {
        var squares = [Double](repeating: 0, count: matrix.columns)
        switch matrix {
        case .dense(let rows, let columns, let values):
            for row in 0..<rows {
                for column in 0..<columns {
                    let weight = values[row * columns + column]
                    squares[column] += weight * weight
                }
            }
        case .sparse(let sparse):
            for (column, weight) in zip(sparse.columnIndices, sparse.values) {
                squares[Int(column)] += weight * weight
            }
        }
        return squares
    }

    /// The losses at a node given its operand's bounds.
    func residual(_ plan: LanePlan, _ node: Int, bounds: NodeBounds) -> Residual {
        var result = Residual()
        for feature in 0..<plan.layouts[node].count {
            let magnitude = bounds.magnitude(node, feature)
            result.range += magnitude * magnitude
        }
        result.range = result.range.squareRoot() * sumSlack
        guard !columns[node].isEmpty || absolutes[node] > 0, let operand = plan.operands[node].first else {
            return result
        }
        var total = 0.0
        for feature in 0..<plan.layouts[operand].count {
            let magnitude = bounds.magnitude(operand, feature)
            result.euclidean += columns[node][feature] * magnitude
            total += magnitude
        }
        result.euclidean *= sumSlack
        result.absolute = absolutes[node] * total * sumSlack
        return result
    }
}
