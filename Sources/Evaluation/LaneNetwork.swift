// A network ready to run in lanes at one precision: forward evaluation of 64 inputs at once, and its gradient.

public import Intervals
public import Lanes
public import Networks

/// A node's operation as kernels.
public enum LaneOperator<Scalar: ElementwiseLaneScalar>: Sendable {
    case input
    case dense(DenseOperator<Scalar>)
    case sparse(SparseOperator<Scalar>)
    /// `bias` holds one number per output feature.
    case convolution(ConvolutionOperator<Scalar>, bias: [Scalar])
    case elementwise(scale: [Scalar], offset: [Scalar])
    /// `constants` is empty when every source is an operand's feature.
    case select(sources: [Int32], constants: [Scalar])
    /// Of one or more operands.
    case sum
    case activation(negativeSlope: Scalar)
    case smooth(SmoothFunction)
}

public final class LaneNetwork<Scalar: ElementwiseLaneScalar>: Sendable {
    public let plan: LanePlan
    public let operators: [LaneOperator<Scalar>]

    public init(_ plan: LanePlan) {
        self.plan = plan
        operators = plan.operations.map(Self.lower)
    }

    private static func lower(_ operation: PlannedOperation) -> LaneOperator<Scalar> {
        switch operation {
        case .input: return .input
        case .linear(let linear): return lower(linear)
        case .convolution(let convolution):
            let kernels = ConvolutionOperator<Scalar>(
                geometry: ConvolutionGeometry(convolution), weights: convolution.weights, bias: convolution.bias)
            let pixels = convolution.outputHeight * convolution.outputWidth
            let bias = (0..<pixels).flatMap { _ in convolution.bias.map { Scalar($0) } }
            return .convolution(kernels, bias: bias)
        case .elementwise(let elementwise):
            return .elementwise(
                scale: elementwise.scale.map { Scalar($0) }, offset: elementwise.offset.map { Scalar($0) })
        case .select(let selection):
            let hasConstants = selection.sources.contains { $0 < 0 }
            return .select(
                sources: selection.sources, constants: hasConstants ? selection.constants.map { Scalar($0) } : [])
        case .sum: return .sum
        case .activation(let slope): return .activation(negativeSlope: Scalar(slope))
        case .smooth(let curve): return .smooth(curve.function)
        }
    }

    /// Dense or sparse kernels by the matrix's density.
    private static func lower(_ linear: Linear) -> LaneOperator<Scalar> {
        let matrix = linear.weights
        if matrix.density < sparseDensityThreshold {
            let sparse = matrix.sparse
            return .sparse(
                SparseOperator(
                    rows: sparse.rows, columns: sparse.columns, rowStarts: sparse.rowStarts,
                    columnIndices: sparse.columnIndices, values: sparse.values, bias: linear.bias))
        }
        return .dense(
            DenseOperator(rows: matrix.rows, columns: matrix.columns, weights: matrix.dense, bias: linear.bias))
    }
}

extension ConvolutionGeometry {
    public init(_ convolution: Convolution) {
        self.init(
            inputChannels: convolution.inputChannels, inputHeight: convolution.inputHeight,
            inputWidth: convolution.inputWidth, outputChannels: convolution.outputChannels,
            kernelHeight: convolution.kernelHeight, kernelWidth: convolution.kernelWidth,
            strideHeight: convolution.strideHeight, strideWidth: convolution.strideWidth,
            paddingTop: convolution.paddingTop, paddingLeft: convolution.paddingLeft,
            paddingBottom: convolution.paddingBottom, paddingRight: convolution.paddingRight,
            dilationHeight: convolution.dilationHeight, dilationWidth: convolution.dilationWidth,
            groups: convolution.groups)
    }
}
