// What all threads that bound boxes share.

import Evaluation
import Intervals
import Lanes
import Networks

public final class BoxModel: Sendable {
    /// Input features that are not fixed to one number.
    public let moving: [Int]
    let absolute: LaneNetwork<Double>
    let rowNorms: RowNorms

    public init(_ region: RegionBounder) {
        moving = Self.moving(lower: region.inputLower, upper: region.inputUpper)
        absolute = LaneNetwork<Double>(region.plan.withAbsoluteWeights())
        rowNorms = RowNorms(region.plan)
    }

    /// Inputs whose interval is wider than the rounding of its ends.
    public static func moving(lower: [Double], upper: [Double]) -> [Int] {
        lower.indices.filter { upper[$0] - lower[$0] > 4 * max(lower[$0].ulp, upper[$0].ulp) }
    }
}

/// The rounding of a forward step, per output feature: `weights[i]` times the Euclidean norm of the operand's sizes,
/// plus `absolute` times their sum.
struct RowNorms: Sendable {
    struct Norms: Sendable {
        var weights: Table<Double>
        var absolute: Double
        var offsets: Table<Double>?
    }

    /// Nil where a step rounds nothing.
    let rows: [Norms?]

    init(_ plan: LanePlan) {
        rows = (0..<plan.nodeCount).map { node in
            let count = plan.layouts[node].count
            switch plan.operations[node] {
            case .input, .activation, .smooth, .select: return nil
            case .sum:
                if plan.operands[node].count == 1 { return nil }
                let factor = roundingFactor(2 * plan.operands[node].count) * sumSlack
                return Norms(weights: Table(Array(repeating: factor, count: count)), absolute: 0, offsets: nil)
            case .linear(let linear):
                let factor = roundingFactor(linear.weights.columns + 3) + linear.error.relative
                return Self.norms(
                    squares: Self.squaredRows(linear.weights), factor: factor, bias: linear.bias, error: linear.error)
            case .convolution(let convolution):
                let kernel =
                    convolution.inputChannels / convolution.groups * convolution.kernelHeight
                    * convolution.kernelWidth
                let squares = (0..<convolution.outputChannels).map { channel in
                    convolution.weights[channel * kernel..<(channel + 1) * kernel].reduce(0) { $0 + $1 * $1 }
                }
                let pixels = convolution.outputHeight * convolution.outputWidth
                var error = convolution.error
                error.offsets = (0..<pixels).flatMap { _ in error.offsets }
                return Self.norms(
                    squares: (0..<pixels).flatMap { _ in squares },
                    factor: roundingFactor(kernel + 3) + error.relative,
                    bias: (0..<pixels).flatMap { _ in convolution.bias }, error: error)
            case .elementwise(let elementwise):
                return Self.norms(
                    squares: elementwise.scale.map { $0 * $0 },
                    factor: roundingFactor(4) + elementwise.error.relative, bias: elementwise.offset,
                    error: elementwise.error)
            }
        }
    }

    private static func norms(squares: [Double], factor: Double, bias: [Double], error: AffineError) -> Norms {
        let offsets = bias.indices.map { index in
            bias[index].magnitude * factor * sumSlack + (error.offsets.isEmpty ? 0 : error.offsets[index])
        }
        return Norms(
            weights: Table(squares.map { $0.squareRoot() * factor * sumSlack }), absolute: error.absolute,
            offsets: Table(offsets))
    }

    private static func squaredRows(_ matrix: Matrix) -> [Double] {
        switch matrix {
        case .dense(let rows, let columns, let values):
            return (0..<rows).map { row in
                values[row * columns..<(row + 1) * columns].reduce(0) { $0 + $1 * $1 }
            }
        case .sparse(let sparse):
            return (0..<sparse.rows).map { row in
                sparse.values[sparse.rowStarts[row]..<sparse.rowStarts[row + 1]].reduce(0) { $0 + $1 * $1 }
            }
        }
    }
}
