// A convolution over lanes in both directions, on whole feature maps or windows of them.

internal import CLaneKernels

/// A two-dimensional convolution over lanes.
///
/// Weights and bias are rounded to nearest. Each result is one sum over the kernel positions inside the windows, the
/// bias and, when accumulating, the earlier value: no term sees more roundings than there are products, plus two.
///
/// Buffers hold the pixels of a `Window`, `[row][column][channel][lane]`, 64-byte aligned, and do not overlap; lane
/// counts are `supportedLaneCounts`. Pixels outside a source's window count as zero.
///
/// A result may be asked for in part: `live` has one flag for every feature of the whole image, and results whose flag
/// is 0 are 0, or stay as they are when accumulating.
public final class ConvolutionOperator<Scalar: LaneScalar>: Sendable {
    public let geometry: ConvolutionGeometry
    private let forward: PackedPanels<Scalar>
    private let transposed: PackedPanels<Scalar>
    private let bias: AlignedStorage<Scalar>
    private let kernels = Scalar.laneKernels

    /// - Parameters:
    ///   - weights: `[outputChannels][inputChannels / groups][kernelHeight][kernelWidth]`.
    ///   - bias: one per output channel.
    public init(geometry: ConvolutionGeometry, weights: [Double], bias: [Double]) {
        let depth = geometry.inputChannels / geometry.groups
        let height = geometry.outputChannels / geometry.groups
        let area = geometry.kernelHeight * geometry.kernelWidth
        precondition(weights.count == geometry.outputChannels * depth * area)
        precondition(bias.count == geometry.outputChannels)
        self.geometry = geometry
        forward = PackedPanels(
            weights, groups: geometry.groups, groupStride: height * depth * area, height: height,
            channelStride: depth * area,
            offsets: geometry.weightOffsets(
                rows: Array(0..<geometry.kernelHeight), columns: Array(0..<geometry.kernelWidth),
                depth: depth,
                channelStride: area))
        transposed = PackedPanels(
            weights, groups: geometry.groups, groupStride: height * depth * area, height: depth,
            channelStride: area,
            offsets: geometry.weightOffsets(
                rows: geometry.vertical.backwardOrder, columns: geometry.horizontal.backwardOrder,
                depth: height,
                channelStride: depth * area))
        self.bias = AlignedStorage(rounding: bias)
    }

    public func receptiveField(of outputWindow: Window) -> Window {
        geometry.receptiveField(of: outputWindow)
    }

    /// `y (+)= W x (+ b)` for the output pixels in `outputWindow`, of an image that is zero outside `inputWindow`.
    public func apply(
        _ x: UnsafePointer<Scalar>, inputWindow: Window, to y: UnsafeMutablePointer<Scalar>,
        outputWindow: Window,
        lanes: Int, accumulating: Bool = false, addingBias: Bool = true, live: UnsafePointer<UInt8>? = nil
    ) {
        requireSupported(lanes: lanes)
        precondition(
            geometry.inputWindow.contains(inputWindow) && geometry.outputWindow.contains(outputWindow))
        let rows = geometry.vertical.forwardSpans(of: outputWindow.rows, within: inputWindow.rows)
        let columns = geometry.horizontal.forwardSpans(of: outputWindow.columns, within: inputWindow.columns)
        withShape(rows, columns, of: inputWindow, transposed: false, lanes: lanes, accumulating: accumulating) {
            flag(&$0, live, outputWindow, width: geometry.outputWidth, channels: geometry.outputChannels)
            leavingOutZeros(&$0) { kernels.gather(&$0, forward.base, addingBias ? bias.base : nil, x, y) }
        }
    }

    /// `g (+)= transpose(W) lambda` for the input pixels in `inputWindow`, of coefficients that are zero outside
    /// `outputWindow`.
    public func applyTransposed(
        _ lambda: UnsafePointer<Scalar>, outputWindow: Window, to g: UnsafeMutablePointer<Scalar>,
        inputWindow: Window, lanes: Int, accumulating: Bool = false, live: UnsafePointer<UInt8>? = nil
    ) {
        requireSupported(lanes: lanes)
        precondition(
            geometry.inputWindow.contains(inputWindow) && geometry.outputWindow.contains(outputWindow))
        let rows = geometry.vertical.backwardSpans(of: inputWindow.rows, within: outputWindow.rows)
        let columns = geometry.horizontal.backwardSpans(of: inputWindow.columns, within: outputWindow.columns)
        withShape(rows, columns, of: outputWindow, transposed: true, lanes: lanes, accumulating: accumulating) {
            flag(&$0, live, inputWindow, width: geometry.inputWidth, channels: geometry.inputChannels)
            leavingOutZeros(&$0) { kernels.gather(&$0, transposed.base, nil, lambda, g) }
        }
    }

    private func flag(
        _ shape: inout lane_gather_shape, _ live: UnsafePointer<UInt8>?, _ window: Window, width: Int, channels: Int
    ) {
        guard let live else { return }
        shape.live = live + (window.rows.lowerBound * width + window.columns.lowerBound) * channels
        shape.live_stride = Int64(width * channels)
    }

    private func withShape(
        _ rows: [lane_span], _ columns: [lane_span], of source: Window, transposed: Bool, lanes: Int,
        accumulating: Bool, _ body: (inout lane_gather_shape) -> Void
    ) {
        let inputs = geometry.inputChannels / geometry.groups
        let outputs = geometry.outputChannels / geometry.groups
        let (vertical, horizontal) = (geometry.vertical, geometry.horizontal)
        rows.withUnsafeBufferPointer { rows in
            columns.withUnsafeBufferPointer { columns in
                guard let firstRow = rows.baseAddress, let firstColumn = columns.baseAddress else { return }
                var shape = lane_gather_shape(
                    rows: firstRow, columns: firstColumn, row_count: Int32(rows.count),
                    column_count: Int32(columns.count),
                    row_step: Int32(transposed ? vertical.backwardStep : vertical.forwardStep),
                    column_step: Int32(transposed ? horizontal.backwardStep : horizontal.forwardStep),
                    source_columns: Int32(source.columns.count), kernel_rows: Int32(vertical.kernel),
                    kernel_columns: Int32(horizontal.kernel), groups: Int32(geometry.groups),
                    depth: Int32(transposed ? outputs : inputs), height: Int32(transposed ? inputs : outputs),
                    lanes: Int32(lanes), accumulating: accumulating, live: nil, live_stride: 0, nonzero: nil,
                    source_count: Int64(source.count * (transposed ? geometry.outputChannels : geometry.inputChannels)))
                body(&shape)
            }
        }
    }

    /// `constants[lane] += sum_i b_channel(i) * lambda[i][lane]` over the features of `outputWindow`, in float64.
    public func accumulateBias(
        _ lambda: UnsafePointer<Scalar>, outputWindow: Window, into constants: UnsafeMutablePointer<Scalar>,
        lanes: Int
    ) {
        requireSupported(lanes: lanes)
        let features = outputWindow.count * geometry.outputChannels
        kernels.dot(
            Int64(features), Int64(geometry.outputChannels), bias.base, lambda, constants, Int32(lanes))
    }
}

extension ConvolutionGeometry {
    /// Where a channel's weights are, in packed order `[row][column][depth]`, given the kernel's rows and columns in
    /// that order and the distance between source channels.
    fileprivate func weightOffsets(rows: [Int], columns: [Int], depth: Int, channelStride: Int) -> [Int64] {
        rows.flatMap { row in
            columns.flatMap { column in
                (0..<depth).map { Int64($0 * channelStride + row * kernelWidth + column) }
            }
        }
    }
}
