extension Matrix {
    public var rows: Int {
        switch self {
        case .dense(let rows, _, _): rows
        case .sparse(let matrix): matrix.rows
        }
    }

    public var columns: Int {
        switch self {
        case .dense(_, let columns, _): columns
        case .sparse(let matrix): matrix.columns
        }
    }

    /// How many entries are not zero.
    public var nonzeros: Int {
        switch self {
        case .dense(_, _, let values): values.count { $0 != 0 }
        case .sparse(let matrix): matrix.values.count { $0 != 0 }
        }
    }

    /// The share of entries that are not zero.
    public var density: Double { Double(nonzeros) / Double(max(1, rows * columns)) }

    /// Row-major entries.
    public var dense: [Double] {
        switch self {
        case .dense(_, _, let values): return values
        case .sparse(let matrix):
            var values = [Double](repeating: 0, count: matrix.rows * matrix.columns)
            for row in 0..<matrix.rows {
                for place in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                    values[row * matrix.columns + Int(matrix.columnIndices[place])] = matrix.values[place]
                }
            }
            return values
        }
    }

    /// Compressed rows without zeros.
    public var sparse: SparseMatrix {
        switch self {
        case .sparse(let matrix): return matrix
        case .dense(let rows, let columns, let values):
            var matrix = SparseMatrix(
                rows: rows, columns: columns, rowStarts: [0], columnIndices: [], values: [])
            matrix.rowStarts.reserveCapacity(rows + 1)
            for row in 0..<rows {
                for column in 0..<columns where values[row * columns + column] != 0 {
                    matrix.columnIndices.append(Int32(column))
                    matrix.values.append(values[row * columns + column])
                }
                matrix.rowStarts.append(matrix.values.count)
            }
            return matrix
        }
    }
}
