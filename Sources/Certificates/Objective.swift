// A conjunction's constraints as an objective: where all of them hold, no combination of their margins with weights that
// are not negative is positive.

internal import Intervals
internal import Properties

/// `sum of coefficients . features + constant`, each coefficient a float64 and a radius around it.
struct Objective: Sendable {
    struct Term: Sendable {
        var feature: Int
        var coefficient: Double
        var radius: Double
    }

    /// Of outputs and inputs.
    private(set) var terms: [Term] = []
    /// Rounded down.
    private(set) var constant: Double

    /// - Parameter weights: one per constraint; none: all alike.
    /// - Throws: when there is another number of weights, or one of them is negative or not a number.
    init(_ constraints: [LinearConstraint], weights: [Float] = [], of network: CheckedNetwork)
        throws(CertificateError)
    {
        guard weights.isEmpty || weights.count == constraints.count else {
            throw CertificateError("a leaf has \(weights.count) weights for \(constraints.count) constraints")
        }
        guard weights.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
            throw CertificateError("a leaf weighs a constraint by a negative number")
        }
        var coefficients: [Int: Interval] = [:]
        var sum = Interval.zero
        for (place, constraint) in constraints.enumerated() {
            let weight = weights.isEmpty ? 1 : Double(weights[place])
            for (terms, first) in [
                (constraint.outputTerms, network.outputs.lowerBound), (constraint.inputTerms, 0),
            ] {
                for term in terms { coefficients[first + term.index, default: .zero] += weight * term.coefficient }
            }
            sum += weight * constraint.constant
        }
        constant = sum.lower
        terms = coefficients.map { Term(feature: $0.key, coefficient: $0.value.lower, radius: $0.value.width) }
    }
}

extension Backsubstitution {
    /// Starts a pass for up to eight objectives over the output; further lanes stay 0.
    func begin(_ objectives: [Objective], _ bounds: RegionBounds) {
        begin(at: network.output)
        var (constants, losses) = (Eight.zero, Eight.zero)
        for (lane, objective) in objectives.enumerated() {
            constants[lane] = Sums.kind.down(objective.constant)
            for term in objective.terms {
                var coefficients = Eight.zero
                coefficients[lane] = Sums.kind.down(term.coefficient)
                add(coefficients, of: term.feature)
                // What the coefficient may be off, and what adding to it on the way back rounds away.
                var error = term.radius + (term.coefficient - coefficients[lane])
                if Sums.kind == .rounded && network.inputs.contains(term.feature) {
                    error += gamma(network.terms[term.feature] + 2) * term.coefficient.magnitude
                }
                if error > 0 { losses[lane] += error * bounds.magnitude(term.feature) * sumSlack + 0x1p-1000 }
            }
            losses[lane] = Sums.kind.up(losses[lane] * sumSlack)
        }
        add(constants: constants, losses: losses)
    }

    /// Starts a pass for up to eight features of a layer, each with a sign; further lanes stay 0.
    func begin(_ targets: [(feature: Int, isLower: Bool)], of layer: Int) {
        begin(at: layer)
        for (lane, target) in targets.enumerated() {
            var coefficients = Eight.zero
            coefficients[lane] = target.isLower ? 1 : -1
            add(coefficients, of: target.feature)
        }
    }
}
