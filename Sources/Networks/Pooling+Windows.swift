extension Pooling {
    /// Per window the rows of the image in it.
    public var windowsAlongHeight: [[Int]] {
        Self.windows(
            output: outputHeight, input: inputHeight, kernel: kernelHeight, stride: strideHeight,
            dilation: dilationHeight, padding: paddingTop)
    }

    /// Per window the columns of the image in it.
    public var windowsAlongWidth: [[Int]] {
        Self.windows(
            output: outputWidth, input: inputWidth, kernel: kernelWidth, stride: strideWidth,
            dilation: dilationWidth,
            padding: paddingLeft)
    }

    private static func windows(
        output: Int, input: Int, kernel: Int, stride: Int, dilation: Int, padding: Int
    ) -> [[Int]] {
        (0..<output).map { window in
            (0..<kernel).map { window * stride - padding + $0 * dilation }.filter { $0 >= 0 && $0 < input }
        }
    }
}
