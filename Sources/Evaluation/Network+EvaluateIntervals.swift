public import Intervals
public import Networks

extension Network {
    /// The output for one input that is known up to intervals, meant for points and nearly points: each
    /// operator's values are carried with about twice float64's precision and rounded outward once, at the
    /// end.
    ///
    /// - Parameter input: `inputCount` intervals, features in row-major order.
    /// - Soundness: for every real input in the intervals, and every real network within each operator's
    ///   `AffineError`, the real output lies in the result. Where nothing rounds, as after a ReLU that cuts
    ///   to zero, the result is a point. Overflow gives the whole line.
    /// - Complexity: about 25 operations per multiply-add of the network.
    public func evaluate(at input: [Interval]) -> [Interval] {
        enclosures(at: input)[output].intervals
    }

    /// Every node's value, in the sense of `evaluate(at:)`.
    public func evaluateAllNodes(at input: [Interval]) -> [[Interval]] {
        enclosures(at: input).map(\.intervals)
    }

    private func enclosures(at input: [Interval]) -> [Enclosures] {
        precondition(input.count == inputCount, "\(input.count) inputs for a network of \(inputCount)")
        return values(by: EnclosingEvaluator(), input: Enclosures(input))
    }
}
