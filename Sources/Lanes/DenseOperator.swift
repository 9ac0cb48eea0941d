// `y = W x + b` with every weight stored.

internal import CLaneKernels

/// A dense affine map over lanes.
///
/// Weights and bias are rounded to nearest. Each result is one sum of `columns` products, the bias and, when
/// accumulating, the earlier value, in an unspecified but fixed order: no term sees more than `columns + 2` roundings.
///
/// Buffers are `[feature][lane]`, 64-byte aligned, and do not overlap; lane counts are `supportedLaneCounts`.
public final class DenseOperator<Scalar: LaneScalar>: Sendable {
    public let rows: Int
    public let columns: Int
    private let forward: PackedPanels<Scalar>
    private let transposed: PackedPanels<Scalar>
    private let bias: AlignedStorage<Scalar>
    private let kernels = Scalar.laneKernels

    /// - Parameters:
    ///   - weights: row-major, `rows * columns`.
    ///   - bias: one per row.
    public init(rows: Int, columns: Int, weights: [Double], bias: [Double]) {
        precondition(weights.count == rows * columns && bias.count == rows)
        self.rows = rows
        self.columns = columns
        forward = PackedPanels(
            weights, height: rows, channelStride: columns, offsets: (0..<columns).map(Int64.init))
        transposed = PackedPanels(
            weights, height: columns, channelStride: 1, offsets: (0..<rows).map { Int64($0 * columns) })
        self.bias = AlignedStorage(rounding: bias)
    }

    /// `y (+)= W x (+ b)`.
    ///
    /// - Parameters:
    ///   - x: `columns` features.
    ///   - y: `rows` features.
    ///   - part: the rows to compute, all when nil, so that threads can share a product. Begins at a multiple of 4.
    public func apply(
        _ x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>, lanes: Int, part: Range<Int>? = nil,
        accumulating: Bool = false, addingBias: Bool = true
    ) {
        multiply(
            forward, x, to: y, lanes: lanes, part: part, bias: addingBias ? bias.base : nil,
            accumulating: accumulating)
    }

    /// `g (+)= transpose(W) lambda`.
    ///
    /// - Parameters:
    ///   - lambda: `rows` features.
    ///   - g: `columns` features.
    ///   - part: the columns of `W` to compute, all when nil. Begins at a multiple of 4.
    public func applyTransposed(
        _ lambda: UnsafePointer<Scalar>, to g: UnsafeMutablePointer<Scalar>, lanes: Int,
        part: Range<Int>? = nil,
        accumulating: Bool = false
    ) {
        multiply(transposed, lambda, to: g, lanes: lanes, part: part, bias: nil, accumulating: accumulating)
    }

    private func multiply(
        _ panels: PackedPanels<Scalar>, _ x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>,
        lanes: Int,
        part: Range<Int>?, bias: UnsafePointer<Scalar>?, accumulating: Bool
    ) {
        requireSupported(lanes: lanes)
        let part = part ?? 0..<panels.height
        precondition(part.lowerBound >= 0 && part.upperBound <= panels.height && part.lowerBound % 4 == 0)
        precondition(part.upperBound == panels.height || part.upperBound % 4 == 0)
        guard !part.isEmpty else { return }
        var whole = lane_span(kernel: 0, count: 1, source: 0)
        withUnsafePointer(to: &whole) { span in
            var shape = lane_gather_shape(
                rows: span, columns: span, row_count: 1, column_count: 1, row_step: 1, column_step: 1,
                source_columns: 1, kernel_rows: 1, kernel_columns: 1, groups: 1, depth: Int32(panels.size),
                height: Int32(part.count), lanes: Int32(lanes), accumulating: accumulating, live: nil, live_stride: 0,
                nonzero: nil, source_count: Int64(panels.size))
            leavingOutZeros(&shape) {
                kernels.gather(
                    &$0, panels.base + part.lowerBound * panels.size, bias.map { $0 + part.lowerBound }, x,
                    y + part.lowerBound * lanes)
            }
        }
    }

    /// `g[:][lane] (+)= scales[lane] * W[rows[lane]][:]`, the backward step of one-hot coefficients.
    ///
    /// - Parameters:
    ///   - rows: one per lane; negative for a row of zeros.
    ///   - scales: one per lane.
    ///   - g: `columns` features.
    public func loadRows(
        _ rows: UnsafeBufferPointer<Int32>, scaledBy scales: UnsafePointer<Scalar>,
        to g: UnsafeMutablePointer<Scalar>, lanes: Int, accumulating: Bool = false
    ) {
        precondition(rows.count == lanes && rows.allSatisfy { $0 < self.rows })
        guard let which = rows.baseAddress else { return }
        var shape = lane_load_shape(
            height: Int64(self.rows), size: Int64(columns), lanes: Int32(lanes), accumulating: accumulating)
        kernels.load(&shape, forward.base, which, scales, g)
    }

    /// `constants[lane] += sum_i b_i * lambda[i][lane]`, summed in float64.
    public func accumulateBias(
        _ lambda: UnsafePointer<Scalar>, into constants: UnsafeMutablePointer<Scalar>, lanes: Int
    ) {
        requireSupported(lanes: lanes)
        kernels.dot(Int64(rows), Int64(rows), bias.base, lambda, constants, Int32(lanes))
    }
}
