public import Intervals

/// What a node computes. Readers lower a file format's many operators to these few; every switch over them is
/// exhaustive, so that a new one makes the compiler list what is missing.
public enum Operator: Sendable {
    /// The network's input; no operands.
    case input
    /// `y = W x + b` over the flattened features of one operand.
    case linear(Linear)
    /// A two-dimensional convolution of one operand.
    case convolution(Convolution)
    /// `y_i = scale_i * x_i + offset_i` of one operand.
    case elementwise(Elementwise)
    /// `y_i = x_(source_i)`, or a constant, of one operand: slices, gathers, transpositions, constant padding.
    case select(Selection)
    /// The same features in another shape, of one operand.
    case reshape
    /// The sum of two or more operands of one shape.
    case sum
    /// A function of one real number applied to each feature of one operand.
    case activation(Activation)
    /// The maximum over windows of an image, of one operand.
    case maxPool(Pooling)
}

/// How far the float64 numbers of an affine operator may be from the real ones it stands for.
///
/// A real weight `w*` held as `w` satisfies `|w* - w| <= relative * |w| + absolute`. Operators read from a file are
/// exact; folding a batch normalisation or merging two operators leaves rounding, which every rigorous pass pays for.
public struct AffineError: Sendable, Equatable {
    public var relative: Double
    public var absolute: Double
    /// The radius of each offset; empty when all are exact.
    public var offsets: [Double]

    public init(relative: Double = 0, absolute: Double = 0, offsets: [Double] = []) {
        self.relative = relative
        self.absolute = absolute
        self.offsets = offsets
    }

    public static let exact = AffineError()
    public var isExact: Bool { self == .exact }
}

/// A matrix, dense or with only its nonzeros. Row-major; rows are outputs.
public enum Matrix: Sendable, Equatable {
    case dense(rows: Int, columns: Int, values: [Double])
    case sparse(SparseMatrix)
}

/// Compressed sparse rows.
public struct SparseMatrix: Sendable, Equatable {
    public var rows: Int
    public var columns: Int
    /// `rowStarts[r] ..< rowStarts[r + 1]` are row `r`'s places in `columnIndices` and `values`.
    public var rowStarts: [Int]
    /// Ascending within a row.
    public var columnIndices: [Int32]
    public var values: [Double]

    public init(rows: Int, columns: Int, rowStarts: [Int], columnIndices: [Int32], values: [Double]) {
        self.rows = rows
        self.columns = columns
        self.rowStarts = rowStarts
        self.columnIndices = columnIndices
        self.values = values
    }
}

public struct Linear: Sendable, Equatable {
    public var weights: Matrix
    /// One per row.
    public var bias: [Double]
    public var error: AffineError

    public init(weights: Matrix, bias: [Double], error: AffineError = .exact) {
        self.weights = weights
        self.bias = bias
        self.error = error
    }
}

/// A two-dimensional convolution over an image of shape `[channels, height, width]`, zero padded.
public struct Convolution: Sendable, Equatable {
    public var inputChannels: Int
    public var inputHeight: Int
    public var inputWidth: Int
    public var outputChannels: Int
    public var kernelHeight: Int
    public var kernelWidth: Int
    public var strideHeight = 1
    public var strideWidth = 1
    public var dilationHeight = 1
    public var dilationWidth = 1
    public var paddingTop = 0
    public var paddingLeft = 0
    public var paddingBottom = 0
    public var paddingRight = 0
    public var groups = 1
    /// `[outputChannels][inputChannels / groups][kernelHeight][kernelWidth]`, as ONNX has it.
    public var weights: [Double]
    /// One per output channel.
    public var bias: [Double]
    /// Offsets are per output channel.
    public var error = AffineError.exact

    public init(
        input: (channels: Int, height: Int, width: Int), outputChannels: Int,
        kernel: (height: Int, width: Int),
        weights: [Double], bias: [Double]
    ) {
        inputChannels = input.channels
        inputHeight = input.height
        inputWidth = input.width
        self.outputChannels = outputChannels
        kernelHeight = kernel.height
        kernelWidth = kernel.width
        self.weights = weights
        self.bias = bias
    }

    public var outputHeight: Int {
        (inputHeight + paddingTop + paddingBottom - dilationHeight * (kernelHeight - 1) - 1) / strideHeight
            + 1
    }
    public var outputWidth: Int {
        (inputWidth + paddingLeft + paddingRight - dilationWidth * (kernelWidth - 1) - 1) / strideWidth + 1
    }
}

public struct Elementwise: Sendable, Equatable {
    /// One per feature.
    public var scale: [Double]
    public var offset: [Double]
    public var error: AffineError

    public init(scale: [Double], offset: [Double], error: AffineError = .exact) {
        self.scale = scale
        self.offset = offset
        self.error = error
    }
}

public struct Selection: Sendable, Equatable {
    /// Per output feature the operand's feature, or -1 for the constant in `constants`.
    public var sources: [Int32]
    /// Per output feature; only read where the source is -1. Exact.
    public var constants: [Double]

    public init(sources: [Int32], constants: [Double]) {
        self.sources = sources
        self.constants = constants
    }
}

public enum Activation: Sendable, Equatable {
    case relu
    /// `x` where `x >= 0`, else `slope * x`; the slope is exact and in `0 ... 1`.
    case leakyRelu(slope: Double)
    case smooth(SmoothFunction)
}

/// Windows of a max pooling over `[channels, height, width]`; padding never wins.
public struct Pooling: Sendable, Equatable {
    public var channels: Int
    public var inputHeight: Int
    public var inputWidth: Int
    public var kernelHeight: Int
    public var kernelWidth: Int
    public var strideHeight = 1
    public var strideWidth = 1
    public var dilationHeight = 1
    public var dilationWidth = 1
    public var paddingTop = 0
    public var paddingLeft = 0
    public var outputHeight: Int
    public var outputWidth: Int

    public init(
        channels: Int, input: (height: Int, width: Int), kernel: (height: Int, width: Int),
        output: (height: Int, width: Int)
    ) {
        self.channels = channels
        inputHeight = input.height
        inputWidth = input.width
        kernelHeight = kernel.height
        kernelWidth = kernel.width
        outputHeight = output.height
        outputWidth = output.width
    }
}
