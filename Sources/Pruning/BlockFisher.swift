// WoodFisher (Singh and Alistarh, "WoodFisher: efficient second-order approximation for neural network compression",
// 2020): the Hessian of the loss is taken to be the empirical Fisher matrix `lambda I + mean g transpose(g)`, in blocks
// along the diagonal, and inverted by one rank-one update per example (Sherman and Morrison).

/// The inverse Fisher matrix of one layer's weights.
struct BlockFisher {
    let blockSize: Int
    private var inverses: [SymmetricMatrix]

    init(count: Int, damping: Double, blockSize: Int = 64) {
        self.blockSize = blockSize
        inverses = stride(from: 0, to: count, by: blockSize).map { start in
            var inverse = SymmetricMatrix(size: min(blockSize, count - start))
            for place in 0..<inverse.size { inverse[place, place] = 1 / damping }
            return inverse
        }
    }

    /// Adds one example's gradient, of so many.
    mutating func add(_ gradient: [Float], of total: Int) {
        for (block, start) in stride(from: 0, to: gradient.count, by: blockSize).enumerated() {
            let size = inverses[block].size
            let g = gradient[start..<start + size].map(Double.init)
            if g.allSatisfy({ $0 == 0 }) { continue }
            inverses[block].values.withUnsafeMutableBufferPointer { inverse in
                var product = [Double](repeating: 0, count: size)
                for row in 0..<size {
                    var sum = 0.0
                    for column in 0..<size { sum += inverse[row * size + column] * g[column] }
                    product[row] = sum
                }
                let scale = 1 / (Double(total) + zip(g, product).reduce(0) { $0 + $1.0 * $1.1 })
                for row in 0..<size {
                    let factor = product[row] * scale
                    for column in 0..<size { inverse[row * size + column] -= factor * product[column] }
                }
            }
        }
    }

    /// `w_q^2 / (2 [F^-1]_qq)`.
    func saliencies(_ weights: [Double]) -> [Double] {
        weights.indices.map { place in
            let inverse = inverses[place / blockSize]
            return weights[place] * weights[place] / (2 * inverse[place % blockSize, place % blockSize])
        }
    }

    /// The weights without the marked ones, the others of each block moved to where the quadratic is least.
    ///
    /// - Returns: nil when a block is not positive definite in floating point.
    func removing(_ marks: [Bool], from weights: [Double]) -> [Double]? {
        var result: [Double] = []
        for (block, start) in stride(from: 0, to: weights.count, by: blockSize).enumerated() {
            let range = start..<start + inverses[block].size
            let gone = range.map { marks[$0] || weights[$0] == 0 }
            guard let part = Pruning.removing(gone, from: Array(weights[range]), inverse: inverses[block]) else {
                return nil
            }
            result += part
        }
        return result
    }
}
