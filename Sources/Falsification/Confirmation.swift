internal import Evaluation
internal import Intervals
public import Networks
public import Properties

/// What is certain about a candidate counterexample.
public enum Confirmation: Sendable {
    /// A theorem: at this point of the region every constraint of the disjunct holds for the real network.
    case violated(Counterexample)
    /// Certainly some constraint fails at the point tried, by this margin at most: a small one means that the
    /// property is violated within a tolerance, which decides nothing here.
    case notViolated(margin: Double)
    case undecided(reason: String)
}

/// Moves a candidate to a point that can be written down, and decides there whether the disjunct is
/// satisfied.
///
/// The point lies in the region for certain. Each coordinate is the float32 number nearest to the candidate's
/// where the box holds one, else the nearest float64, else the box's own decimal. It is evaluated rounded
/// outward, and in exact arithmetic where that leaves a constraint open and the network is small. When the
/// float32 point does not violate the property, the candidate's float64 point is tried as well: a violation
/// there is as true.
///
/// - Parameters:
///   - candidate: one number per input, near or in the box, as found by any search.
///   - multiplyAddLimit: the largest network for exact arithmetic.
/// - Soundness: `.violated` is a fact about the real-valued network and the decimals of the property's file.
public func confirm(
    _ candidate: [Double], disjunct: Disjunct, region: InputRegion, network: Network,
    multiplyAddLimit: Int = 1_000_000
) -> Confirmation {
    precondition(candidate.count == region.count && region.count == network.inputCount)
    guard let witness = Witness(near: candidate, in: region) else {
        return .undecided(reason: "no point of the input box could be written down")
    }
    let confirmation = witness.decide(disjunct, network: network, multiplyAddLimit: multiplyAddLimit)
    if case .violated = confirmation { return confirmation }
    let moved = witness.movedTo(candidate, in: region)
    guard moved.input != witness.input,
        case .violated(let counterexample) = moved.decide(
            disjunct, network: network, multiplyAddLimit: multiplyAddLimit)
    else { return confirmation }
    return .violated(counterexample)
}

extension Witness {
    fileprivate func decide(_ disjunct: Disjunct, network: Network, multiplyAddLimit: Int) -> Confirmation {
        let output = network.evaluate(at: enclosures)
        var worst = -Double.infinity
        var isShown = true
        for constraint in disjunct.constraints {
            let margin = constraint.margin(outputs: output, inputs: enclosures)
            if constraint.certainlyFails(margin: margin) { return .notViolated(margin: margin.upper) }
            worst = max(worst, margin.upper)
            isShown = isShown && constraint.certainlyHolds(margin: margin)
        }
        if isShown { return .violated(counterexample(output: output)) }
        switch isSatisfiedExactly(disjunct, network: network, multiplyAddLimit: multiplyAddLimit) {
        case true?: return .violated(counterexample(output: output))
        case false?: return .notViolated(margin: worst)
        case nil: return .undecided(reason: "the violation is smaller than the rounding of its evaluation")
        }
    }

    private func counterexample(output: [Interval]) -> Counterexample {
        Counterexample(input: input, inputText: text, output: output.map(\.midpoint))
    }

    /// Decides by exact arithmetic; nil when the network is too large or inexact, or a coefficient of the
    /// property is a decimal known to an interval only that is too wide.
    func isSatisfiedExactly(_ disjunct: Disjunct, network: Network, multiplyAddLimit: Int) -> Bool? {
        guard disjunct.constraints.allSatisfy(\.isBounded), let decimals,
            let values = network.evaluateExactly(decimals, multiplyAddLimit: multiplyAddLimit)
        else { return nil }
        var isCertain = true
        for constraint in disjunct.constraints {
            let (lower, upper) = constraint.exactMargin(
                output: values.output, input: values.input, scale: values.scale)
            if constraint.isStrict ? lower.sign >= 0 : lower.sign > 0 { return false }
            isCertain = isCertain && (constraint.isStrict ? upper.sign < 0 : upper.sign <= 0)
        }
        return isCertain ? true : nil
    }
}

extension LinearConstraint {
    fileprivate var isBounded: Bool {
        constant.isBounded && (outputTerms + inputTerms).allSatisfy(\.coefficient.isBounded)
    }

    /// Bounds of `scale * margin`, equal when all coefficients are known exactly.
    fileprivate func exactMargin(
        output: [Dyadic], input: [Dyadic], scale: Dyadic
    ) -> (lower: Dyadic, upper: Dyadic) {
        var (lower, upper) = (Dyadic.zero, Dyadic.zero)
        func add(_ coefficient: Interval, _ value: Dyadic) {
            let ends = [Dyadic(coefficient.lower) * value, Dyadic(coefficient.upper) * value]
            lower += min(ends[0], ends[1])
            upper += max(ends[0], ends[1])
        }
        add(constant, scale)
        for term in outputTerms { add(term.coefficient, output[term.index]) }
        for term in inputTerms { add(term.coefficient, input[term.index]) }
        return (lower, upper)
    }
}
