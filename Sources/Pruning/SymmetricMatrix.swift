// Symmetric positive definite matrices of calibration data, by BLAS and LAPACK.
//
// Storage is row-major. LAPACK's is column-major, and of a symmetric matrix the lower triangle by columns is the upper
// one by rows: `L` there means the upper triangle here.

internal import COpenBLAS

/// A square matrix, row-major, of which both triangles are kept.
public struct SymmetricMatrix: Sendable {
    public let size: Int
    public var values: [Double]

    public init(size: Int) {
        self.size = size
        values = Array(repeating: 0, count: size * size)
    }

    public init(size: Int, values: [Double]) {
        precondition(values.count == size * size)
        self.size = size
        self.values = values
    }

    public subscript(row: Int, column: Int) -> Double {
        get { values[row * size + column] }
        set { values[row * size + column] = newValue }
    }

    /// Adds `factor` times the product of a matrix with its transpose.
    ///
    /// - Parameter columns: `count` vectors of `size` numbers, one after the other.
    public mutating func addProducts(of columns: [Double], count: Int, factor: Double) {
        precondition(columns.count >= count * size)
        if count == 0 { return }
        let n = Int32(size)
        values.withUnsafeMutableBufferPointer { values in
            // As rows of a row-major matrix the vectors are transposed already.
            cblas_dsyrk(
                CblasRowMajor, CblasUpper, CblasTrans, n, Int32(count), factor, columns, n, 1, values.baseAddress, n)
        }
        mirror()
    }

    /// Copies the upper triangle to the lower one.
    private mutating func mirror() {
        for row in 1..<max(1, size) {
            for column in 0..<row { values[row * size + column] = values[column * size + row] }
        }
    }

    /// `self + (share * mean diagonal) I`; the identity where everything is 0.
    public func damped(_ share: Double) -> SymmetricMatrix {
        var result = self
        let mean = (0..<size).reduce(0) { $0 + self[$1, $1] } / Double(max(1, size))
        for place in 0..<size { result[place, place] += mean > 0 ? share * mean : 1 }
        return result
    }

    /// The inverse, nil when the matrix is not positive definite in floating point.
    public var inverse: SymmetricMatrix? {
        guard var result = choleskyInPlace() else { return nil }
        var n = Int32(size)
        var info: Int32 = 0
        dpotri_("L", &n, &result.values, &n, &info)
        guard info == 0 else { return nil }
        result.mirror()
        return result
    }

    /// Upper triangular `U` with `transpose(U) U` this matrix; zeros below.
    public var upperCholesky: SymmetricMatrix? {
        guard var result = choleskyInPlace() else { return nil }
        for row in 1..<max(1, size) {
            for column in 0..<row { result.values[row * size + column] = 0 }
        }
        return result
    }

    /// `x` with `A x = b`; nil when the matrix is not positive definite in floating point.
    public func solution(of b: [Double]) -> [Double]? {
        precondition(b.count == size)
        var (factor, result) = (values, b)
        var (n, columns, strideA, strideB) = (Int32(size), Int32(1), Int32(size), Int32(size))
        var info: Int32 = 0
        dposv_("L", &n, &columns, &factor, &strideA, &result, &strideB, &info)
        return info == 0 ? result : nil
    }

    private func choleskyInPlace() -> SymmetricMatrix? {
        var result = self
        var n = Int32(size)
        var info: Int32 = 0
        dpotrf_("L", &n, &result.values, &n, &info)
        return info == 0 ? result : nil
    }

    /// `transpose(x) A x`.
    public func quadraticForm(_ x: [Double]) -> Double {
        var sum = 0.0
        for row in 0..<size where x[row] != 0 {
            var product = 0.0
            for column in 0..<size { product += values[row * size + column] * x[column] }
            sum += x[row] * product
        }
        return sum
    }
}

/// Processors that BLAS may use; as many as there are unless told otherwise.
public func useThreadsForLinearAlgebra(_ count: Int) { openblas_set_num_threads(Int32(count)) }

/// `c -= a b` on parts of row-major matrices.
func subtractProduct(
    rows: Int, columns: Int, inner: Int, _ a: UnsafePointer<Double>, stride strideA: Int, _ b: UnsafePointer<Double>,
    stride strideB: Int, from c: UnsafeMutablePointer<Double>, stride strideC: Int
) {
    if rows == 0 || columns == 0 || inner == 0 { return }
    cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(inner), -1, a, Int32(strideA), b,
        Int32(strideB), 1, c, Int32(strideC))
}
