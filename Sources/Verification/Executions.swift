// What can be said of executions in a floating-point format, next to what is known of the real network.
//
// An execution of the network is off by what Evaluation bounds. Evaluating a constraint may round as well: a sum of k
// terms, each of which went through at most 2k + 10 roundings, is off by gamma_(2k+10) times the sum of the terms'
// absolute values (Higham 2002, ch. 3). Comparing two numbers as they are rounds nothing.

import Evaluation
import Intervals
import Networks
import Properties

extension LinearConstraint {
    /// Whether it compares one value with a constant, or two values with each other.
    private var isComparison: Bool {
        let coefficients = (outputTerms + inputTerms).map(\.coefficient)
        guard coefficients.allSatisfy({ $0 == Interval(1) || $0 == Interval(-1) }) else { return false }
        return coefficients.count == 1
            || (coefficients.count == 2 && constant == .zero
                && coefficients[0] != coefficients[1])
    }

    /// The most that evaluation in a format adds to the margin, or takes from it.
    ///
    /// - Parameters:
    ///   - outputs: of the network over a box.
    ///   - inputs: the inputs' largest absolute values there.
    /// - Soundness: an upper bound, infinite where there is none.
    func executionLoss(in format: FloatFormat, outputs: ExecutionErrors, inputs: [Double]) -> Double {
        var loss = 0.0
        var size = constant.magnitude
        for term in outputTerms {
            loss += term.coefficient.magnitude * outputs.errors[term.index]
            size += term.coefficient.magnitude * (outputs.magnitudes[term.index] + outputs.errors[term.index])
        }
        for term in inputTerms { size += term.coefficient.magnitude * inputs[term.index] }
        if !isComparison {
            let roundings = Double(2 * (outputTerms.count + inputTerms.count) + 12)
            let product = roundings * format.unitRoundoff
            loss += product < 0.25 ? product / (1 - product) * size : .infinity
            if !(size < format.greatestFinite / 4) { loss = .infinity }
            loss += roundings * 2 * format.leastNormal
        }
        // The last factor covers the rounding of all this.
        return loss.isNaN ? .infinity : loss * (1 + 0x1p-20)
    }
}

extension Counterexample {
    /// Whether every execution in the format satisfies all constraints at this point, in any order of its sums.
    func holdsExecuted(in format: FloatFormat, _ disjunct: Disjunct, network: Network) -> Bool {
        // The point has to be one of the format.
        let enclosures = inputText.compactMap { ExactDecimal($0)?.enclosure }
        guard enclosures.count == input.count,
            zip(enclosures, input).allSatisfy({ $0 == Interval($1) && format.holds($1) }),
            let errors = network.executionErrors(in: format, over: input, upper: input)
        else { return false }
        let outputs = network.evaluate(at: enclosures)
        return disjunct.constraints.allSatisfy { constraint in
            let loss = constraint.executionLoss(in: format, outputs: errors, inputs: input.map(\.magnitude))
            guard loss.isFinite else { return false }
            let margin = constraint.margin(outputs: outputs, inputs: enclosures) + Interval(lower: -loss, upper: loss)
            return constraint.certainlyHolds(margin: margin)
        }
    }
}
