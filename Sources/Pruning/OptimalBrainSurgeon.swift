// Optimal brain surgeon on the layerwise quadratic (Hassibi and Stork, "Second order derivatives for network pruning",
// 1993): removing weight q of a row costs `w_q^2 / (2 [H^-1]_qq)` when the others of the row move by
// `-(w_q / [H^-1]_qq) H^-1 e_q`. The loss is exactly quadratic, so the cost is exact.
//
// How many weights a row loses follows from all rows together: each row's weights are removed one after the other,
// cheapest first, and of all these sequences the cheapest steps are taken (Frantar and Alistarh, "Optimal brain
// compression", 2022).

/// One row's weights and what is left of the inverse Hessian.
struct SurgeonRow {
    private(set) var weights: [Double]
    private(set) var isRemoved: [Bool]
    private var inverse: SymmetricMatrix

    /// - Parameter removed: weights that are 0 already and stay so.
    init(_ weights: [Double], inverse: SymmetricMatrix, removed: [Bool]? = nil) {
        self.weights = weights
        self.inverse = inverse
        isRemoved = Array(repeating: false, count: weights.count)
        for (place, isGone) in (removed ?? []).enumerated() where isGone { remove(place) }
    }

    /// What removing each weight would cost; infinite for removed ones.
    func saliency(_ place: Int) -> Double {
        isRemoved[place] ? .infinity : weights[place] * weights[place] / (2 * inverse[place, place])
    }

    var cheapest: (place: Int, cost: Double)? {
        var best: (place: Int, cost: Double)?
        for place in weights.indices where !isRemoved[place] {
            let cost = saliency(place)
            if cost < best?.cost ?? .infinity { best = (place, cost) }
        }
        return best
    }

    /// Removes a weight, moves the others, and takes the weight out of the inverse.
    mutating func remove(_ place: Int) {
        let size = weights.count
        let pivot = inverse[place, place]
        let row = Array(inverse.values[place * size..<(place + 1) * size])
        let step = weights[place] / pivot
        for other in 0..<size where !isRemoved[other] { weights[other] -= step * row[other] }
        isRemoved[place] = true
        weights[place] = 0
        inverse.values.withUnsafeMutableBufferPointer { values in
            for other in 0..<size where row[other] != 0 {
                let factor = row[other] / pivot
                for column in 0..<size { values[other * size + column] -= factor * row[column] }
            }
            // Exactly, so that rounding does not let a removed weight move.
            for other in 0..<size {
                values[other * size + place] = 0
                values[place * size + other] = 0
            }
        }
    }
}

/// Removes so many weights of a layer with compensation; returns the layer's new weights.
///
/// - Parameters:
///   - weights: row-major, `rows` times the Hessian's size.
///   - count: zeros of the result, those that are there included.
///   - inverse: of the damped Hessian.
public func pruneBySurgery(_ weights: [Double], rows: Int, inverse: SymmetricMatrix, removing count: Int) -> [Double] {
    let size = inverse.size
    precondition(weights.count == rows * size && count <= weights.count)
    func row(_ index: Int) -> SurgeonRow {
        let part = Array(weights[index * size..<(index + 1) * size])
        return SurgeonRow(part, inverse: inverse, removed: part.map { $0 == 0 })
    }
    let zeros = weights.count { $0 == 0 }
    var left = max(0, count - zeros)
    // Costs of each row's removals in their order.
    let costs = (0..<rows).map { index -> [Double] in
        var surgeon = row(index)
        var list: [Double] = []
        while list.count < left, let next = surgeon.cheapest {
            list.append(next.cost)
            surgeon.remove(next.place)
        }
        return list
    }
    var taken = [Int](repeating: 0, count: rows)
    while left > 0 {
        var best: Int?
        for index in 0..<rows where taken[index] < costs[index].count {
            if best.map({ costs[index][taken[index]] < costs[$0][taken[$0]] }) ?? true { best = index }
        }
        guard let best else { break }
        taken[best] += 1
        left -= 1
    }
    return (0..<rows).flatMap { index -> [Double] in
        var surgeon = row(index)
        for _ in 0..<taken[index] {
            if let next = surgeon.cheapest { surgeon.remove(next.place) }
        }
        return surgeon.weights
    }
}
