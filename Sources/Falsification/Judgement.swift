internal import Evaluation
public import Intervals
public import Networks
public import Properties

/// What is certain about a point that somebody says violates a property.
public enum Judgement: Sendable {
    /// The point lies in the disjunct's region, and all of its constraints hold there for the real-valued network.
    case violated(disjunct: Int)
    case notViolated(reason: String)
    case undecided(reason: String)
}

/// Judges a counterexample that is given exactly.
///
/// - Parameters:
///   - exactly: evaluate in exact arithmetic; otherwise rounded outward.
/// - Soundness: `.violated` and `.notViolated` are facts about the real-valued network.
public func judge(_ point: [ExactDecimal], network: Network, property: Property, exactly: Bool) -> Judgement {
    guard point.count == network.inputCount else {
        return .notViolated(reason: "it has \(point.count) inputs, the network \(network.inputCount)")
    }
    let inside = property.disjuncts.indices.filter {
        property.regions[property.disjuncts[$0].region].contains(point)
    }
    if inside.isEmpty { return .undecided(reason: "the point lies in no region of the property for certain") }
    let witness = Witness(exactly: point)
    let output = exactly ? nil : network.evaluate(at: witness.enclosures)
    var undecided = false
    for index in inside {
        switch witness.satisfies(property.disjuncts[index], output: output, network: network) {
        case true?: return .violated(disjunct: index)
        case false?: break
        case nil: undecided = true
        }
    }
    if !undecided { return .notViolated(reason: "some constraint fails there in every disjunct") }
    return .undecided(
        reason: exactly
            ? "exact evaluation is for networks of up to a million multiplications with exact weights"
            : "the violation is smaller than the rounding of its evaluation; check it exactly")
}

extension Witness {
    /// Whether all constraints hold; nil when that is not certain.
    ///
    /// - Parameter output: enclosures of the network's outputs; nil: evaluate exactly.
    fileprivate func satisfies(_ disjunct: Disjunct, output: [Interval]?, network: Network) -> Bool? {
        guard let output else { return isSatisfiedExactly(disjunct, network: network, multiplyAddLimit: 1_000_000) }
        var isShown = true
        for constraint in disjunct.constraints {
            let margin = constraint.margin(outputs: output, inputs: enclosures)
            if constraint.certainlyFails(margin: margin) { return false }
            isShown = isShown && constraint.certainlyHolds(margin: margin)
        }
        return isShown ? true : nil
    }
}
