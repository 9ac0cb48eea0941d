// `y = W x + b` with only the nonzeros stored.

internal import CLaneKernels

/// A sparse affine map over lanes; its cost follows the nonzeros.
///
/// Weights and bias are rounded to nearest. A result with n stored entries carries, on no term, more than `n + 2`
/// roundings. Buffers are `[feature][lane]`, 64-byte aligned, and do not overlap; lane counts are
/// `supportedLaneCounts`.
public final class SparseOperator<Scalar: LaneScalar>: Sendable {
    public let rows: Int
    public let columns: Int
    /// How many entries are stored.
    public var entryCount: Int { forward.values.count }
    private let forward: Entries
    private let transposed: Entries
    private let bias: AlignedStorage<Scalar>
    private let kernels = Scalar.laneKernels

    /// One direction's entries by result feature.
    private struct Entries: Sendable {
        var starts: AlignedStorage<Int64>
        var columns: AlignedStorage<Int32>
        var values: AlignedStorage<Scalar>

        init(_ rows: CompressedRows) {
            starts = AlignedStorage(rows.starts)
            columns = AlignedStorage(rows.columns)
            values = AlignedStorage(rounding: rows.values)
        }
    }

    /// - Parameters:
    ///   - rowStarts: `rowStarts[r] ..< rowStarts[r + 1]` are row r's places in `columnIndices` and `values`.
    ///   - bias: one per row.
    public init(
        rows: Int, columns: Int, rowStarts: [Int], columnIndices: [Int32], values: [Double], bias: [Double]
    ) {
        precondition(rowStarts.count == rows + 1 && bias.count == rows)
        precondition(
            columnIndices.count == values.count && rowStarts[0] == 0 && rowStarts[rows] == values.count)
        precondition(zip(rowStarts, rowStarts.dropFirst()).allSatisfy(<=))
        precondition(columnIndices.allSatisfy { $0 >= 0 && $0 < columns })
        self.rows = rows
        self.columns = columns
        let entries = CompressedRows(
            starts: rowStarts.map(Int64.init), columns: columnIndices, values: values)
        forward = Entries(entries)
        transposed = Entries(entries.transposed(columns: columns))
        self.bias = AlignedStorage(rounding: bias)
    }

    /// `y (+)= W x (+ b)`.
    ///
    /// - Parameters:
    ///   - x: `columns` features.
    ///   - y: `rows` features.
    ///   - part: the rows to compute, all when nil, so that threads can share a product.
    public func apply(
        _ x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>, lanes: Int, part: Range<Int>? = nil,
        accumulating: Bool = false, addingBias: Bool = true
    ) {
        multiply(
            forward, x, to: y, lanes: lanes, part: part ?? 0..<rows, bias: addingBias ? bias.base : nil,
            accumulating: accumulating)
    }

    /// `g (+)= transpose(W) lambda`.
    ///
    /// - Parameters:
    ///   - lambda: `rows` features.
    ///   - g: `columns` features.
    ///   - part: the columns of `W` to compute, all when nil.
    public func applyTransposed(
        _ lambda: UnsafePointer<Scalar>, to g: UnsafeMutablePointer<Scalar>, lanes: Int,
        part: Range<Int>? = nil,
        accumulating: Bool = false
    ) {
        multiply(
            transposed, lambda, to: g, lanes: lanes, part: part ?? 0..<columns, bias: nil,
            accumulating: accumulating)
    }

    private func multiply(
        _ entries: Entries, _ x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>, lanes: Int,
        part: Range<Int>, bias: UnsafePointer<Scalar>?, accumulating: Bool
    ) {
        requireSupported(lanes: lanes)
        precondition(part.lowerBound >= 0 && part.upperBound < entries.starts.count)
        var shape = lane_sparse_shape(
            starts: entries.starts.base + part.lowerBound, columns: entries.columns.base,
            rows: Int64(part.count),
            lanes: Int32(lanes), accumulating: accumulating)
        kernels.sparse(
            &shape, entries.values.base, bias.map { $0 + part.lowerBound }, x, y + part.lowerBound * lanes)
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
        var shape = lane_sparse_shape(
            starts: forward.starts.base, columns: forward.columns.base, rows: Int64(self.rows),
            lanes: Int32(lanes),
            accumulating: accumulating)
        kernels.loadSparse(&shape, Int64(columns), forward.values.base, which, scales, g)
    }

    /// `constants[lane] += sum_i b_i * lambda[i][lane]`, summed in float64.
    public func accumulateBias(
        _ lambda: UnsafePointer<Scalar>, into constants: UnsafeMutablePointer<Scalar>, lanes: Int
    ) {
        requireSupported(lanes: lanes)
        kernels.dot(Int64(rows), Int64(rows), bias.base, lambda, constants, Int32(lanes))
    }
}

/// Compressed sparse rows before rounding.
private struct CompressedRows {
    var starts: [Int64]
    var columns: [Int32]
    var values: [Double]

    /// By counting; entries of a row of the result keep the order of the rows they come from.
    func transposed(columns columnCount: Int) -> CompressedRows {
        var starts = [Int64](repeating: 0, count: columnCount + 1)
        for column in columns { starts[Int(column) + 1] += 1 }
        for column in 0..<columnCount { starts[column + 1] += starts[column] }
        var next = starts
        var result = CompressedRows(
            starts: starts, columns: [Int32](repeating: 0, count: columns.count),
            values: [Double](repeating: 0, count: values.count))
        for row in 0..<self.starts.count - 1 {
            for entry in Int(self.starts[row])..<Int(self.starts[row + 1]) {
                let place = Int(next[Int(columns[entry])])
                next[Int(columns[entry])] += 1
                result.columns[place] = Int32(row)
                result.values[place] = values[entry]
            }
        }
        return result
    }
}
