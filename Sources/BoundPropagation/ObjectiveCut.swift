// What a bound that is not enough says of counterexamples: they lie in a half-space.
//
// A pass that carried an objective to the input as g . x + c shows more than its least value over the box:
//
//     objective(x) >= bound + sum_i |g_i| |x_i - c_i|            for the corner c where g . x is least.
//
// At a counterexample the objective is at most 0. So wherever else only counterexamples matter, h . x + e <= 0 may be
// assumed, and any multiple of it added to what is to be bounded from below: a neuron's bound over the half-space is the
// best over one multiplier (objective cuts; Clip-and-Verify, 2025, cuts the input's box by them). Neurons that look at
// much of the input gain most. Their tighter bounds give a tighter bound of the objective, and that a smaller
// half-space.

import CLaneKernels
import Intervals
import Lanes

/// A half-space of the input: `coefficients . x + constant <= 0`.
public struct ObjectiveCut: Sendable {
    /// Per input, in the order of the lanes.
    let coefficients: [Double]
    let constant: Double
    /// How far the objective's bound lay below the most that the objective is.
    public let slack: Double
    /// The same as a multiple of the function's range over the box: how much of the box is left, roughly, below 1; from 1
    /// on all of it. At most 1e9.
    public let share: Double

    /// On some of the inputs, with the others where they make the function least.
    ///
    /// - Soundness: `coefficients . x + constant` over the inputs of the spans is not positive in the half-space.
    func projected<Scalar: LaneScalar>(to spans: [Span], _ lower: [Double], _ upper: [Double]) -> Projection<Scalar> {
        var result = Projection<Scalar>()
        var isInside = [Bool](repeating: false, count: coefficients.count)
        for span in spans {
            for input in span.feature..<span.feature + span.count {
                isInside[input] = true
                result.coefficients.append(Scalar(coefficients[input]))
                result.lower.append(Scalar(lower[input]))
                result.upper.append(Scalar(upper[input]))
            }
        }
        var constant = constant
        var size = constant.magnitude
        for input in coefficients.indices where !isInside[input] {
            let least = min(coefficients[input] * lower[input], coefficients[input] * upper[input])
            constant += least
            size += least.magnitude
        }
        let loss = size * roundingFactor(2 * coefficients.count + 8) * sumSlack + underflowAllowance
        result.constant = Scalar((constant - loss).nextDown)
        return result
    }

    struct Projection<Scalar: LaneScalar> {
        var coefficients: [Scalar] = []
        var lower: [Scalar] = []
        var upper: [Scalar] = []
        var constant: Scalar = 0
    }
}

extension LaneBounder {
    /// Where a lane's objective, whose certified bound was the last, may be `allowance` at most; nil when nothing is
    /// known.
    ///
    /// - Soundness: every input of the lane's part of the region where the objective is at most `allowance` lies in it.
    public func objectiveCut(_ lane: Int, bound: Double, allowance: Double) -> ObjectiveCut? {
        let (lower, upper) = (bounds.lower[0], bounds.upper[0])
        var all = [Double](repeating: 0, count: lower.count * lanes)
        copyInputCoefficients(to: &all, count: lower.count)
        let coefficients = lower.indices.map { all[$0 * lanes + lane] }
        // The objective is at least bound + coefficients . (x - corner).
        let slack = (allowance - bound).nextUp
        var constant = -slack
        var size = slack.magnitude
        for (input, coefficient) in coefficients.enumerated() {
            let least = coefficient * (coefficient < 0 ? upper[input] : lower[input])
            constant -= least
            size += least.magnitude
        }
        let loss = size * roundingFactor(2 * coefficients.count + 8) * sumSlack + underflowAllowance
        constant = (constant - loss).nextDown
        guard constant.isFinite else { return nil }
        let range = coefficients.indices.reduce(0) { $0 + coefficients[$1].magnitude * (upper[$1] - lower[$1]) }
        return ObjectiveCut(
            coefficients: coefficients, constant: constant, slack: slack,
            share: range > 0 ? min(slack / range, 1e9) : 1e9)
    }
}
