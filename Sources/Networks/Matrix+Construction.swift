// Matrices from stored elements. Files keep them row-major or transposed, in single or double precision, and the
// largest are almost empty: those become sparse in two passes over the stored elements, without a dense copy.
extension Matrix {
    /// A matrix with at most this share of nonzeros is kept sparse.
    public static let sparseDensity = 0.35

    /// - Precondition: `elements.count == rows * columns`.
    @inlinable
    public init<Element: BinaryFloatingPoint>(rows: Int, columns: Int, rowMajor elements: [Element]) {
        precondition(elements.count == rows * columns)
        let matrix = elements.withUnsafeBufferPointer { stored -> SparseMatrix? in
            let nonzeros = stored.count { $0 != 0 }
            guard Matrix.isSparse(nonzeros: nonzeros, rows: rows, columns: columns) else { return nil }
            var matrix = SparseMatrix(
                rows: rows, columns: columns, rowStarts: [0], columnIndices: [], values: [])
            matrix.rowStarts.reserveCapacity(rows + 1)
            matrix.columnIndices.reserveCapacity(nonzeros)
            matrix.values.reserveCapacity(nonzeros)
            for row in 0..<rows {
                for column in 0..<columns where stored[row * columns + column] != 0 {
                    matrix.columnIndices.append(Int32(truncatingIfNeeded: column))
                    matrix.values.append(Double(stored[row * columns + column]))
                }
                matrix.rowStarts.append(matrix.values.count)
            }
            return matrix
        }
        if let matrix {
            self = .sparse(matrix)
        } else {
            self = .dense(rows: rows, columns: columns, values: elements.map { Double($0) })
        }
    }

    /// - Precondition: `elements.count == rows * columns`.
    @inlinable
    public init<Element: BinaryFloatingPoint>(rows: Int, columns: Int, columnMajor elements: [Element]) {
        precondition(elements.count == rows * columns)
        self = elements.withUnsafeBufferPointer { stored in
            var ends = [Int](repeating: 0, count: rows + 1)
            for column in 0..<columns {
                for row in 0..<rows where stored[column * rows + row] != 0 { ends[row + 1] += 1 }
            }
            for row in 0..<rows { ends[row + 1] += ends[row] }
            guard Matrix.isSparse(nonzeros: ends[rows], rows: rows, columns: columns) else {
                var values = [Double](repeating: 0, count: rows * columns)
                for column in 0..<columns {
                    for row in 0..<rows {
                        values[row * columns + column] = Double(stored[column * rows + row])
                    }
                }
                return .dense(rows: rows, columns: columns, values: values)
            }
            var indices = [Int32](repeating: 0, count: ends[rows])
            var values = [Double](repeating: 0, count: ends[rows])
            var places = ends
            for column in 0..<columns {
                for row in 0..<rows where stored[column * rows + row] != 0 {
                    indices[places[row]] = Int32(truncatingIfNeeded: column)
                    values[places[row]] = Double(stored[column * rows + row])
                    places[row] += 1
                }
            }
            return .sparse(
                SparseMatrix(
                    rows: rows, columns: columns, rowStarts: ends, columnIndices: indices, values: values))
        }
    }

    /// The same matrix, dense when it has too many nonzeros for the sparse form to pay.
    public init(_ matrix: SparseMatrix) {
        let isSparse = Matrix.isSparse(
            nonzeros: matrix.values.count, rows: matrix.rows, columns: matrix.columns)
        let kept = Matrix.sparse(matrix)
        self = isSparse ? kept : .dense(rows: matrix.rows, columns: matrix.columns, values: kept.dense)
    }

    @usableFromInline
    static func isSparse(nonzeros: Int, rows: Int, columns: Int) -> Bool {
        Double(nonzeros) <= sparseDensity * Double(rows) * Double(columns)
    }
}
