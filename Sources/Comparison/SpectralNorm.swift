// Upper bounds of ||A||_2 that are theorems. Power iteration and its kin only give lower estimates, so the estimate is
// certified: if an ordinary float64 Cholesky factorisation of tau I - fl(A A^T) succeeds, then tau bounds ||A||^2 up to
// errors that are known in advance (Rump, "Verification of positive definiteness", BIT 46, 2006):
//
//     ||A||^2 <= tau + gamma_m ||A||_F^2 + 2 eps tau + gamma_(n+1) / (1 - gamma_(n+1)) trace(tau I - G).
//
// tau is the largest Ritz value of a Lanczos process, and a little more until the factorisation succeeds; the excess is
// about 1e-12.

import BoundPropagation
import Intervals

/// An upper bound of the largest singular value.
///
/// - Parameters:
///   - values: `rows * columns` numbers, row-major.
/// - Soundness: at least the norm of the real matrix; infinity when an entry is not finite.
/// - Complexity: `O(m n^2)` with n the smaller side. Beyond `largestGram` the geometric mean of the row and column sums
///   instead.
func spectralNormBound(rows: Int, columns: Int, _ values: [Double]) -> Double {
    var largest = 0.0
    for value in values {
        guard value.isFinite else { return .infinity }
        largest = max(largest, value.magnitude)
    }
    if largest == 0 { return 0 }
    // A power of two, so that nothing rounds but what is negligible beside the largest entry.
    let scale = Double(sign: .plus, exponent: -largest.exponent, significand: 1)
    guard scale.isFinite, scale > 0 else { return .infinity }
    let sides = GramMatrix(rows: rows, columns: columns, values.map { $0 * scale })
    let bound = sides.norm / scale
    return bound.isNaN ? .infinity : bound.nextUp
}

/// The largest side of a Gram matrix that is factored.
private let largestGram = 1536

private struct GramMatrix {
    /// `n` rows of `m` numbers each, `n <= m`.
    private let factor: [Double]
    private let n: Int
    private let m: Int

    init(rows: Int, columns: Int, _ values: [Double]) {
        if rows <= columns {
            (n, m, factor) = (rows, columns, values)
        } else {
            var transposed = [Double](repeating: 0, count: values.count)
            for row in 0..<rows {
                for column in 0..<columns { transposed[column * rows + row] = values[row * columns + column] }
            }
            (n, m, factor) = (columns, rows, transposed)
        }
    }

    /// At least the norm.
    var norm: Double {
        let simple = sumsBound
        guard n <= largestGram else { return simple }
        let gram = product()
        let frobenius = (0..<n).reduce(0) { $0 + gram[$1 * n + $1] } * (1 + roundingFactor(m + n + 2))
        let estimate = largestRitzValue(gram)
        var excess = 1e-12
        while excess < 1 {
            let tau = estimate * (1 + excess)
            if let trace = factored(gram, tau) {
                let gamma = roundingFactor(n + 1)
                let square =
                    tau + roundingFactor(m) * frobenius + 0x1p-51 * tau + gamma / (1 - gamma) * trace * (1 + 0x1p-40)
                    + 1e-290
                return min(simple, (square * (1 + 0x1p-50)).squareRoot().nextUp)
            }
            excess *= 10
        }
        return simple
    }

    /// `sqrt(||A||_1 ||A||_inf)`, and the Frobenius norm where that is less.
    private var sumsBound: Double {
        var columns = [Double](repeating: 0, count: m)
        var largestRow = 0.0
        var square = 0.0
        for row in 0..<n {
            var sum = 0.0
            for column in 0..<m {
                let magnitude = factor[row * m + column].magnitude
                sum += magnitude
                columns[column] += magnitude
                square += magnitude * magnitude
            }
            largestRow = max(largestRow, sum)
        }
        let slack = 1 + roundingFactor(n * m + 8)
        return max(0, min((largestRow * (columns.max() ?? 0)).squareRoot(), square.squareRoot()) * slack + 1e-290)
    }

    private func product() -> [Double] {
        var gram = [Double](repeating: 0, count: n * n)
        factor.withUnsafeBufferPointer { factor in
            for row in 0..<n {
                for other in 0...row {
                    let sum = dot(factor.baseAddress! + row * m, factor.baseAddress! + other * m, m)
                    gram[row * n + other] = sum
                    gram[other * n + row] = sum
                }
            }
        }
        return gram
    }

    /// By Lanczos with full reorthogonalisation, from a fixed start.
    private func largestRitzValue(_ gram: [Double]) -> Double {
        if n == 1 { return gram[0] }
        let steps = min(n, 96)
        var basis: [[Double]] = []
        var diagonal: [Double] = []
        var beside: [Double] = []
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        var vector = (0..<n).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53 - 0.5
        }
        for step in 0..<steps {
            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard length > 1e-14 * (diagonal.max() ?? 1), length > 0 else { break }
            if step > 0 { beside.append(length) }
            vector = vector.map { $0 / length }
            basis.append(vector)
            var next = gram.withUnsafeBufferPointer { gram in
                vector.withUnsafeBufferPointer { vector in
                    (0..<n).map { dot(gram.baseAddress! + $0 * n, vector.baseAddress!, n) }
                }
            }
            diagonal.append(zip(next, vector).reduce(0) { $0 + $1.0 * $1.1 })
            for _ in 0..<2 {
                for known in basis {
                    let share = zip(next, known).reduce(0) { $0 + $1.0 * $1.1 }
                    for index in 0..<n { next[index] -= share * known[index] }
                }
            }
            vector = next
        }
        return largestEigenvalue(diagonal, beside)
    }

    /// Of a symmetric tridiagonal matrix, by bisection on the signs of its leading minors.
    private func largestEigenvalue(_ diagonal: [Double], _ beside: [Double]) -> Double {
        var low = diagonal.max() ?? 0
        var high = 0.0
        for index in diagonal.indices {
            let left = index > 0 && index - 1 < beside.count ? beside[index - 1] : 0
            let right = index < beside.count && index + 1 < diagonal.count ? beside[index] : 0
            high = max(high, diagonal[index] + left + right)
        }
        for _ in 0..<100 {
            let middle = low / 2 + high / 2
            guard middle > low, middle < high else { break }
            var pivot = middle - diagonal[0]
            var isAbove = pivot > 0
            for index in 1..<max(1, diagonal.count) where isAbove {
                pivot = middle - diagonal[index] - beside[index - 1] * beside[index - 1] / pivot
                isAbove = pivot > 0
            }
            if isAbove { high = middle } else { low = middle }
        }
        return high
    }

    /// Whether the Cholesky factorisation of `tau I - gram` succeeds; then the trace of that matrix.
    private func factored(_ gram: [Double], _ tau: Double) -> Double? {
        var lower = gram.map { -$0 }
        var trace = 0.0
        for index in 0..<n {
            lower[index * n + index] = tau - gram[index * n + index]
            trace += lower[index * n + index]
        }
        let succeeds = lower.withUnsafeMutableBufferPointer { lower -> Bool in
            let base = lower.baseAddress!
            for row in 0..<n {
                for column in 0..<row {
                    let sum = base[row * n + column] - dot(base + row * n, base + column * n, column)
                    base[row * n + column] = sum / base[column * n + column]
                }
                let pivot = base[row * n + row] - dot(base + row * n, base + row * n, row)
                guard pivot > 0, pivot.isFinite else { return false }
                base[row * n + row] = pivot.squareRoot()
            }
            return true
        }
        return succeeds ? trace : nil
    }
}

/// A dot product, in eight partial sums.
private func dot(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ count: Int) -> Double {
    var sums = SIMD8<Double>.zero
    var index = 0
    let (left, right) = (UnsafeRawPointer(x), UnsafeRawPointer(y))
    while index + 8 <= count {
        sums +=
            left.loadUnaligned(fromByteOffset: 8 * index, as: SIMD8<Double>.self)
            * right.loadUnaligned(fromByteOffset: 8 * index, as: SIMD8<Double>.self)
        index += 8
    }
    var sum = sums.sum()
    while index < count {
        sum += x[index] * y[index]
        index += 1
    }
    return sum
}
