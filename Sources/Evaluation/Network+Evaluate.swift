public import Networks

// The reference model: float64 in plain order. Everything faster or more rigorous is tested against it.
extension Network {
    /// The output for one input, in float64.
    ///
    /// - Parameter input: `inputCount` numbers, features in row-major order.
    /// - Returns: `outputCount` numbers.
    /// - Soundness: none; ordinary rounding, and `AffineError` is ignored.
    public func evaluate(_ input: [Double]) -> [Double] {
        evaluateAllNodes(input)[output]
    }

    /// Every node's value for one input, in float64.
    public func evaluateAllNodes(_ input: [Double]) -> [[Double]] {
        precondition(input.count == inputCount, "\(input.count) inputs for a network of \(inputCount)")
        return values(by: PlainEvaluator<Double>(), input: input)
    }

    /// The output for one input, in float32 with weights rounded to float32: what a deployed network
    /// computes, up to the order of its sums.
    public func evaluateFloat32(_ input: [Float]) -> [Float] {
        precondition(input.count == inputCount, "\(input.count) inputs for a network of \(inputCount)")
        return values(by: PlainEvaluator<Float>(), input: input)[output]
    }
}
