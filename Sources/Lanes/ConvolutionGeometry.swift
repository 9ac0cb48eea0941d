/// The shape of a two-dimensional, zero-padded convolution. Images are `[row][column][channel]`.
public struct ConvolutionGeometry: Sendable, Hashable {
    public let inputChannels: Int
    public let outputChannels: Int
    public let groups: Int
    let vertical: ConvolutionAxis
    let horizontal: ConvolutionAxis

    public init(
        inputChannels: Int, inputHeight: Int, inputWidth: Int, outputChannels: Int, kernelHeight: Int,
        kernelWidth: Int, strideHeight: Int = 1, strideWidth: Int = 1, paddingTop: Int = 0,
        paddingLeft: Int = 0,
        paddingBottom: Int = 0, paddingRight: Int = 0, dilationHeight: Int = 1, dilationWidth: Int = 1,
        groups: Int = 1
    ) {
        precondition(groups > 0 && inputChannels % groups == 0 && outputChannels % groups == 0)
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.groups = groups
        vertical = ConvolutionAxis(
            input: inputHeight, kernel: kernelHeight, stride: strideHeight, dilation: dilationHeight,
            paddingBefore: paddingTop, paddingAfter: paddingBottom)
        horizontal = ConvolutionAxis(
            input: inputWidth, kernel: kernelWidth, stride: strideWidth, dilation: dilationWidth,
            paddingBefore: paddingLeft, paddingAfter: paddingRight)
    }

    public var inputHeight: Int { vertical.input }
    public var inputWidth: Int { horizontal.input }
    public var outputHeight: Int { vertical.output }
    public var outputWidth: Int { horizontal.output }
    public var kernelHeight: Int { vertical.kernel }
    public var kernelWidth: Int { horizontal.kernel }

    /// The whole input.
    public var inputWindow: Window { .full(height: inputHeight, width: inputWidth) }
    /// The whole output.
    public var outputWindow: Window { .full(height: outputHeight, width: outputWidth) }

    /// The input pixels that the pixels of `outputWindow` depend on, as a rectangle, without the padding.
    public func receptiveField(of outputWindow: Window) -> Window {
        Window(
            rows: vertical.receptiveField(of: outputWindow.rows),
            columns: horizontal.receptiveField(of: outputWindow.columns))
    }
}

/// One axis of a convolution: output o and kernel position k meet input `o * stride - paddingBefore + k * dilation`.
struct ConvolutionAxis: Sendable, Hashable {
    let input: Int
    let kernel: Int
    let stride: Int
    let dilation: Int
    let paddingBefore: Int
    let paddingAfter: Int

    init(input: Int, kernel: Int, stride: Int, dilation: Int, paddingBefore: Int, paddingAfter: Int) {
        precondition(input > 0 && kernel > 0 && stride > 0 && dilation > 0)
        precondition(input + paddingBefore + paddingAfter >= dilation * (kernel - 1) + 1)
        self.input = input
        self.kernel = kernel
        self.stride = stride
        self.dilation = dilation
        self.paddingBefore = paddingBefore
        self.paddingAfter = paddingAfter
    }

    var output: Int { (input + paddingBefore + paddingAfter - dilation * (kernel - 1) - 1) / stride + 1 }

    func receptiveField(of outputs: Range<Int>) -> Range<Int> {
        guard let last = outputs.last else { return 0..<0 }
        let begin = outputs.lowerBound * stride - paddingBefore
        let end = last * stride - paddingBefore + (kernel - 1) * dilation + 1
        let clamped = min(max(begin, 0), input)
        return clamped..<max(clamped, min(end, input))
    }
}
