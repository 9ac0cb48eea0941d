// A conjunction's constraints as an objective: where all of them hold, no combination of their margins with weights that
// are not negative is positive.

internal import Intervals
internal import Properties

/// `output . Y + input . X + constant`, each coefficient a float64 and a radius around it.
struct Objective: Sendable {
    struct Term: Sendable {
        var feature: Int
        var coefficient: Double
        var radius: Double
    }

    let outputTerms: [Term]
    let inputTerms: [Term]
    /// Rounded down.
    let constant: Double

    init(_ constraint: LinearConstraint) {
        outputTerms = constraint.outputTerms.map { Self.term($0.index, $0.coefficient) }
        inputTerms = constraint.inputTerms.map { Self.term($0.index, $0.coefficient) }
        constant = constraint.constant.lower
    }

    /// - Parameter weights: one per constraint; none: all alike.
    /// - Throws: when there is another number of weights, or one of them is negative or not a number.
    static func combination(_ constraints: [LinearConstraint], weights: [Float]) throws(CertificateError)
        -> Objective
    {
        if constraints.count == 1 && weights.isEmpty { return Objective(constraints[0]) }
        let weights = weights.isEmpty ? constraints.map { _ in 1 } : weights
        guard weights.count == constraints.count else {
            throw CertificateError("a leaf has \(weights.count) weights for \(constraints.count) constraints")
        }
        guard weights.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
            throw CertificateError("a leaf weighs a constraint by a negative number")
        }
        var outputs: [Int: Interval] = [:]
        var inputs: [Int: Interval] = [:]
        var sum = Interval.zero
        for (weight, constraint) in zip(weights, constraints) {
            for term in constraint.outputTerms {
                outputs[term.index, default: .zero] += Double(weight) * term.coefficient
            }
            for term in constraint.inputTerms {
                inputs[term.index, default: .zero] += Double(weight) * term.coefficient
            }
            sum += Double(weight) * constraint.constant
        }
        return Objective(
            outputTerms: outputs.map { term($0.key, $0.value) }, inputTerms: inputs.map { term($0.key, $0.value) },
            constant: sum.lower)
    }

    private init(outputTerms: [Term], inputTerms: [Term], constant: Double) {
        self.outputTerms = outputTerms
        self.inputTerms = inputTerms
        self.constant = constant
    }

    private static func term(_ index: Int, _ interval: Interval) -> Term {
        Term(feature: index, coefficient: interval.lower, radius: interval.width)
    }
}

extension Backsubstitution {
    /// Starts a pass for up to eight objectives over the output; further lanes repeat the first.
    func begin(_ objectives: [Objective], _ bounds: RegionBounds) {
        var outputs: [Int: Eight] = [:]
        var inputs: [Int: Eight] = [:]
        var constants = Eight.zero
        var losses = Eight.zero
        for lane in 0..<8 {
            let objective = objectives[lane < objectives.count ? lane : 0]
            constants[lane] = objective.constant
            for term in objective.outputTerms {
                outputs[term.feature, default: .zero][lane] += term.coefficient
                if term.radius > 0 { losses[lane] += term.radius * bounds.magnitude(network.output, term.feature) }
            }
            for term in objective.inputTerms {
                inputs[term.feature, default: .zero][lane] += term.coefficient
                if term.radius > 0 { losses[lane] += term.radius * bounds.magnitude(0, term.feature) }
            }
        }
        begin(at: network.output, readsInput: !inputs.isEmpty)
        let g = coefficients(network.output)
        for (feature, values) in outputs { g[feature] = Numbers(values) }
        let x = coefficients(0)
        for (feature, values) in inputs { x[feature].add(Numbers(values)) }
        bound.add(Numbers(constants))
        bound.lose(1, times: losses)
    }

    /// Starts a pass for up to eight features of a node, each with a sign; further lanes repeat the first.
    func begin(_ targets: [(feature: Int, isLower: Bool)], of node: Int) {
        begin(at: node, features: targets.map(\.feature))
        var values: [Int: Eight] = [:]
        for lane in 0..<8 {
            let target = targets[lane < targets.count ? lane : 0]
            values[target.feature, default: .zero][lane] = target.isLower ? 1 : -1
        }
        let g = coefficients(node)
        for (feature, signs) in values { g[feature] = Numbers(signs) }
    }
}
