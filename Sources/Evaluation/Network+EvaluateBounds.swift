public import Networks

extension Network {
    /// Bounds of every node's value over a box, by interval arithmetic: cheap and loose.
    ///
    /// - Parameters:
    ///   - lower: `inputCount` numbers, none above its partner in `upper`.
    ///   - upper: `inputCount` numbers.
    /// - Returns: per node, one lower and one upper bound for each feature.
    /// - Soundness: for every real input in the box, and every real network within each operator's
    ///   `AffineError`, each node's real value lies between its bounds. Overflow, and NaN in the box, give
    ///   minus and plus infinity.
    /// - Complexity: about two multiply-adds per multiply-add of the network.
    public func intervalBounds(
        over lower: [Double], upper: [Double]
    ) -> [(lower: [Double], upper: [Double])] {
        precondition(lower.count == inputCount, "\(lower.count) lower ends for a network of \(inputCount)")
        precondition(upper.count == inputCount, "\(upper.count) upper ends for a network of \(inputCount)")
        var box = Bounds(repeatingZero: 0)
        box.lower = lower
        box.upper = upper
        for index in lower.indices where !(lower[index] <= upper[index]) {
            precondition(lower[index].isNaN || upper[index].isNaN, "the box is empty at input \(index)")
            (box.lower[index], box.upper[index]) = (-.infinity, .infinity)
        }
        return values(by: BoundingEvaluator(), input: box).map { ($0.lower, $0.upper) }
    }
}
