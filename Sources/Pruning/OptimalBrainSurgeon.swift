// Optimal brain surgeon on the layerwise quadratic (Hassibi and Stork, "Second order derivatives for network pruning",
// 1993): removing weight q of a row costs `w_q^2 / (2 [H^-1]_qq)` when the others of the row move by
// `-(w_q / [H^-1]_qq) H^-1 e_q`. The loss is exactly quadratic, so the cost is exact.
//
// How many weights a row loses follows from all rows together: each row's weights are removed one after the other,
// cheapest first, and of all these sequences the cheapest steps are taken (Frantar and Alistarh, "Optimal brain
// compression", 2022). Where the others of a row end up depends on which weights are gone, not on their order, so the
// last step is one linear system per row.

internal import Lanes

/// One row's sequence of removals. What is left of the inverse Hessian is kept without the removed places: the last one
/// takes the place of the one that goes.
private struct SurgeonRow {
    private var weights: [Double]
    /// The lower triangle counts; rows are `stride` long.
    private var inverse: [Double]
    private let stride: Int
    /// The places of the row that are left, by their places here.
    private var places: [Int]
    /// Per group of the pattern, how many may still go.
    private var allowance: [Int]
    private let group: Int

    /// - Parameter pattern: keep so many of each group of neighbours.
    init(_ weights: [Double], inverse: SymmetricMatrix, pattern: (kept: Int, group: Int)?) {
        self.weights = weights
        self.inverse = inverse.values
        stride = weights.count
        places = Array(weights.indices)
        let group = pattern?.group ?? max(1, weights.count)
        self.group = group
        allowance = Swift.stride(from: 0, to: weights.count, by: group).map { start in
            min(group, weights.count - start) - (pattern?.kept ?? 0)
        }
        for place in weights.indices where weights[place] == 0 { remove(places.firstIndex(of: place)!) }
    }

    /// Removals in their order, cheapest first, with their costs.
    mutating func sequence(most: Int) -> [(place: Int, cost: Double)] {
        var list: [(place: Int, cost: Double)] = []
        while list.count < most, let next = cheapest {
            list.append((places[next.index], next.cost))
            remove(next.index)
        }
        return list
    }

    private var cheapest: (index: Int, cost: Double)? {
        var best: (index: Int, cost: Double)?
        for index in places.indices where allowance[places[index] / group] > 0 {
            let cost = weights[index] * weights[index] / (2 * inverse[index * stride + index])
            if cost < best?.cost ?? .infinity { best = (index, cost) }
        }
        return best
    }

    /// Takes a weight out of the row and out of the inverse, and moves the others.
    private mutating func remove(_ index: Int) {
        let (count, width) = (places.count, stride)
        let step = weights[index]
        allowance[places[index] / group] -= 1
        inverse.withUnsafeMutableBufferPointer { matrix in
            weights.withUnsafeMutableBufferPointer { weights in
                withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { row in
                    for other in 0..<count {
                        row[other] = matrix[max(index, other) * width + min(index, other)]
                    }
                    let pivot = row[index]
                    for other in 0..<count {
                        let factor = row[other] / pivot
                        if factor == 0 { continue }
                        weights[other] -= step * factor
                        let line = matrix.baseAddress! + other * width
                        for column in 0...other { line[column] -= factor * row[column] }
                    }
                    let last = count - 1
                    weights[index] = weights[last]
                    for other in 0..<index { matrix[index * width + other] = matrix[last * width + other] }
                    if index < last {
                        for other in index + 1..<last { matrix[other * width + index] = matrix[last * width + other] }
                        matrix[index * width + index] = matrix[last * width + last]
                    }
                }
            }
        }
        places.swapAt(index, count - 1)
        places.removeLast()
        weights.removeLast()
    }
}

/// Removes so many weights of a layer with compensation; returns the layer's new weights.
///
/// - Parameters:
///   - weights: row-major, `rows` times the Hessian's size.
///   - count: zeros of the result, those that are there included; with a pattern no more than it allows.
///   - inverse: of the damped Hessian.
///   - pattern: keep so many of each group of neighbouring columns.
/// - Returns: nil when the Hessian is not positive definite in floating point.
/// - Complexity: about a sixth of `rows` times the cube of the Hessian's size, on all `threads`.
public func pruneBySurgery(
    _ weights: [Double], rows: Int, inverse: SymmetricMatrix, removing count: Int,
    pattern: (kept: Int, group: Int)? = nil, threads: Int = 1
) -> [Double]? {
    let size = inverse.size
    precondition(weights.count == rows * size && count <= weights.count && threads > 0)
    let row: @Sendable (Int) -> [Double] = { Array(weights[$0 * size..<($0 + 1) * size]) }
    var left = max(0, count - weights.count { $0 == 0 })
    let most = left
    let sequences = onWorkers(threads, count: rows) { index -> [(place: Int, cost: Double)] in
        var surgeon = SurgeonRow(row(index), inverse: inverse, pattern: pattern)
        return surgeon.sequence(most: most)
    }
    var taken = [Int](repeating: 0, count: rows)
    while left > 0 {
        var best: (row: Int, cost: Double)?
        for index in 0..<rows where taken[index] < sequences[index].count {
            let cost = sequences[index][taken[index]].cost
            if cost < best?.cost ?? .infinity { best = (index, cost) }
        }
        guard let best else { break }
        taken[best.row] += 1
        left -= 1
    }
    let removals = taken
    let results = onWorkers(threads, count: rows) { index in
        var marks = row(index).map { $0 == 0 }
        for step in sequences[index].prefix(removals[index]) { marks[step.place] = true }
        return removing(marks, from: row(index), inverse: inverse)
    }
    if results.contains(where: { $0 == nil }) { return nil }
    return results.flatMap { $0 ?? [] }
}

/// A row without the marked weights, the others where the quadratic is least:
/// `w - H^-1[:, M] (H^-1[M, M])^-1 w[M]`.
///
/// - Returns: nil when the inverse is not positive definite in floating point.
func removing(_ marks: [Bool], from weights: [Double], inverse: SymmetricMatrix) -> [Double]? {
    let gone = marks.indices.filter { marks[$0] }
    if gone.isEmpty { return weights }
    var system = SymmetricMatrix(size: gone.count)
    for (row, from) in gone.enumerated() {
        for (column, other) in gone.enumerated() { system[row, column] = inverse[from, other] }
    }
    guard let steps = system.solution(of: gone.map { weights[$0] }) else { return nil }
    var result = weights
    for (step, from) in zip(steps, gone) where step != 0 {
        inverse.values.withUnsafeBufferPointer { values in
            for place in result.indices { result[place] -= step * values[from * inverse.size + place] }
        }
    }
    for place in gone { result[place] = 0 }
    return result
}

/// `body` of every index, by so many threads.
private func onWorkers<Value: Sendable>(
    _ threads: Int, count: Int, _ body: @Sendable (Int) -> Value
) -> [Value] {
    let (tickets, results) = (Tickets(count), Results<Value>(count))
    runWorkers(threads) { _ in
        while let index = tickets.take() { results[index] = body(index) }
    }
    return (0..<count).map { results[$0]! }
}
