// SparseGPT (Frantar and Alistarh, "SparseGPT: massive language models can be accurately pruned in one-shot", 2023,
// algorithm 1): columns are passed once from left to right, and what a removed weight loses is made up for by the
// weights to its right. With `transpose(U) U = H^-1` all the inverses this takes are rows of U.
//
// The change of a row is then `-err U` with `err_i = (w_i - kept_i) / U_ii`, and since `U H transpose(U) = I` it costs
// exactly `sum err_i^2 / 2` of the layer's quadratic loss.

/// Which weights a pass removes.
public enum SparseGPTPattern: Sendable, Equatable {
    /// This share of each block of columns, over all rows.
    case share(Double)
    /// All but `kept` of each group of `group` neighbouring columns, row by row.
    case structured(kept: Int, group: Int)
    /// These, row-major.
    case mask([Bool])
}

/// A layer's new weights and what they cost.
public struct SparseGPTResult: Sendable {
    public var weights: [Double]
    /// The increase of `sum over rows w H transpose(w) / 2`.
    public var loss: Double
}

/// - Parameters:
///   - weights: row-major, `rows` times the Hessian's size.
///   - hessian: damped, positive definite; a column without data is removed whatever the pattern.
///   - isDead: columns without data, if any.
/// - Returns: nil when the Hessian is not positive definite in floating point.
public func pruneBySparseGPT(
    _ weights: [Double], rows: Int, hessian: SymmetricMatrix, pattern: SparseGPTPattern, isDead: [Bool] = [],
    blockSize: Int = 128
) -> SparseGPTResult? {
    let size = hessian.size
    precondition(weights.count == rows * size && blockSize > 0)
    guard let inverse = hessian.inverse, let factor = inverse.upperCholesky else { return nil }
    var result = SparseGPTResult(weights: weights, loss: 0)
    for (column, dead) in isDead.enumerated() where dead {
        for row in 0..<rows { result.weights[row * size + column] = 0 }
    }
    var errors = [Double](repeating: 0, count: rows * blockSize)
    for start in stride(from: 0, to: size, by: blockSize) {
        let columns = start..<min(size, start + blockSize)
        let block = SparseGPTBlock(columns: columns, rows: rows, size: size, factor: factor)
        let removed = block.removed(pattern, result.weights)
        for index in errors.indices { errors[index] = 0 }
        result.loss += block.remove(removed, pattern, &result.weights, &errors, blockSize: blockSize)
        // What the block owes to the columns after it, at once.
        let rest = size - columns.upperBound
        result.weights.withUnsafeMutableBufferPointer { weights in
            factor.values.withUnsafeBufferPointer { factor in
                guard let w = weights.baseAddress, let u = factor.baseAddress, rest > 0 else { return }
                subtractProduct(
                    rows: rows, columns: rest, inner: columns.count, errors, stride: blockSize,
                    u + start * size + columns.upperBound, stride: size, from: w + columns.upperBound, stride: size)
            }
        }
    }
    return result
}

private struct SparseGPTBlock {
    let columns: Range<Int>
    let rows: Int
    let size: Int
    let factor: SymmetricMatrix

    /// Which of the block's weights go, `[row][column of the block]`; for structured patterns that is decided later.
    func removed(_ pattern: SparseGPTPattern, _ weights: [Double]) -> [Bool] {
        let width = columns.count
        switch pattern {
        case .structured: return Array(repeating: false, count: rows * width)
        case .mask(let mask):
            return (0..<rows * width).map { mask[$0 / width * size + columns.lowerBound + $0 % width] }
        case .share(let share):
            let scores = (0..<rows * width).map { place -> Double in
                let column = columns.lowerBound + place % width
                let scaled = weights[place / width * size + column] / factor[column, column]
                return scaled * scaled
            }
            // Shares of the columns so far, so that rounding does not add up over blocks.
            let total = (share * Double(rows * columns.upperBound)).rounded()
            let before = (share * Double(rows * columns.lowerBound)).rounded()
            return lowest(Int(total - before), of: scores)
        }
    }

    /// Passes the block's columns, row by row: rows do not depend on each other once the mask is known.
    func remove(
        _ removed: [Bool], _ pattern: SparseGPTPattern, _ weights: inout [Double], _ errors: inout [Double],
        blockSize: Int
    ) -> Double {
        let width = columns.count
        var loss = 0.0
        weights.withUnsafeMutableBufferPointer { weights in
            errors.withUnsafeMutableBufferPointer { errors in
                factor.values.withUnsafeBufferPointer { u in
                    var goes = [Bool](repeating: false, count: width)
                    for row in 0..<rows {
                        let w = row * size + columns.lowerBound
                        for i in 0..<width { goes[i] = removed[row * width + i] }
                        for i in 0..<width {
                            let column = columns.lowerBound + i
                            if case .structured(let kept, let group) = pattern, column % group == 0 {
                                let members = i..<min(width, i + group)
                                let scores = members.map { member -> Double in
                                    let place = columns.lowerBound + member
                                    let scaled = weights[w + member] / u[place * size + place]
                                    return scaled * scaled
                                }
                                let out = lowest(members.count - min(kept, members.count), of: scores)
                                for (member, isOut) in zip(members, out) { goes[member] = isOut }
                            }
                            guard goes[i] else { continue }
                            let error = weights[w + i] / u[column * size + column]
                            errors[row * blockSize + i] = error
                            loss += error * error / 2
                            weights[w + i] = 0
                            if error == 0 { continue }
                            let line = column * size + columns.lowerBound
                            for j in i + 1..<max(i + 1, width) { weights[w + j] -= error * u[line + j] }
                        }
                    }
                }
            }
        }
        return loss
    }
}

/// Marks the `count` smallest numbers; of equal ones the first.
func lowest(_ count: Int, of scores: [Double]) -> [Bool] {
    var marks = [Bool](repeating: false, count: scores.count)
    if count <= 0 { return marks }
    let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
    for place in order.prefix(count) { marks[place] = true }
    return marks
}
