import Evaluation
import Intervals
import Networks
import Oracles
import Properties
import Testing

@testable import Comparison

/// Properties of two networks at once: bounds of constraints against planted points, verdicts against exact answers.
@Suite struct PairConditionTests {
    private static let activations: [Activation] = [.relu, .leakyRelu(slope: 0.25), .smooth(.gelu), .smooth(.tanh)]

    /// Of both networks' outputs, and the inputs: differences most of the time.
    private func constraint(
        _ random: inout RandomPairs, outputs: Int, inputs: Int, constant: Double, isStrict: Bool = false
    ) -> LinearConstraint {
        func term(_ index: Int, _ value: Double) -> LinearConstraint.Term {
            LinearConstraint.Term(index: index, coefficient: Interval(value))
        }
        var terms: [LinearConstraint.Term] = []
        let output = Int.random(in: 0..<outputs, using: &random.generator)
        switch Int.random(in: 0..<4, using: &random.generator) {
        case 0:
            for index in 0..<2 * outputs { terms.append(term(index, random.number(1))) }
        case 1: terms = [term(output, 1), term((output + 1) % outputs + outputs, 0.3)]
        default:
            let sign = Bool.random(using: &random.generator) ? 1.0 : -1
            terms = [term(output, sign), term(output + outputs, -sign)]
        }
        var inputTerms: [LinearConstraint.Term] = []
        if Int.random(in: 0..<3, using: &random.generator) == 0 { inputTerms = [term(inputs - 1, random.number(1))] }
        return LinearConstraint(
            outputTerms: terms, inputTerms: inputTerms, constant: Interval(constant), isStrict: isStrict)
    }

    /// Plants points: the margin at each lies within what is said of the box.
    private func expectSampled(_ pair: NetworkPair, _ region: InputRegion, _ random: inout RandomPairs, _ seed: Int) {
        let pass = DifferencePass(PairModel(pair))
        let (lower, upper) = (region.outwardLower, region.outwardUpper)
        #expect(pass.run(lower: lower, upper: upper))
        for _ in 0..<12 {
            let constraint = constraint(
                &random, outputs: pair.outputCount, inputs: pair.inputCount, constant: random.number(1))
            let (range, form) = pass.bound(constraint, lower, upper)
            #expect(form.range.width >= 0)
            for _ in 0..<12 {
                let point = random.point(region)
                let outputs = (pair.dense.evaluate(point) + pair.pruned.evaluate(point)).map { Interval($0) }
                let margin = constraint.margin(outputs: outputs, inputs: point.map { Interval($0) }).midpoint
                let slack = 1e-11 * (1 + outputs.reduce(0) { $0 + $1.magnitude })
                #expect(
                    range.lower - slack <= margin && margin <= range.upper + slack, "seed \(seed): \(margin) \(range)")
            }
        }
    }

    @Test(arguments: 0..<24)
    func boundsHoldPlantedPoints(seed: Int) throws {
        var random = RandomPairs(seed)
        let dense = random.chain([3, 9, 8, 4], Self.activations[seed % 4])
        let pair = try NetworkPair(dense: dense, pruned: dense.magnitudePruned([0.05, 0.4, 0.9][seed % 3]))
        #expect(pair.alignment != nil)
        expectSampled(pair, random.box(3, radius: [0.01, 0.2, 1][seed % 3]), &random, seed)
    }

    /// Networks of other structure, and inputs that do not move.
    @Test(arguments: 0..<12)
    func boundsHoldPlantedPointsSideBySide(seed: Int) throws {
        var random = RandomPairs(seed)
        let (dense, other) = (random.chain([3, 9, 8, 4]), random.chain([3, 6, 4]))
        let pair = try NetworkPair(dense: dense, pruned: other)
        #expect(pair.alignment == nil)
        var region = random.box(3, radius: 0.4)
        region.upper[seed % 3] = region.lower[seed % 3]
        expectSampled(pair, region, &random, seed)
    }

    /// Differences of networks that are nearly the same are seen as small, whatever their outputs are.
    @Test func differencesAreBoundedAsSuch() throws {
        var random = RandomPairs(5)
        let dense = random.chain([2, 24, 24, 2])
        let pair = try NetworkPair(dense: dense, pruned: dense.magnitudePruned(0.02))
        let pass = DifferencePass(PairModel(pair))
        #expect(pass.run(lower: [-1, -1], upper: [1, 1]))
        let term = { LinearConstraint.Term(index: $0, coefficient: Interval($1)) }
        let difference = LinearConstraint(outputTerms: [term(0, 1), term(2, -1)], constant: .zero)
        let single = LinearConstraint(outputTerms: [term(0, 1)], constant: .zero)
        let width = pass.bound(difference, [-1, -1], [1, 1]).0.width
        #expect(width < 0.2 * pass.bound(single, [-1, -1], [1, 1]).0.width)
        // The same plus an output: no worse than the output alone and the difference.
        let mixed = LinearConstraint(outputTerms: [term(0, 2), term(2, -1)], constant: .zero)
        let sum = width + pass.bound(single, [-1, -1], [1, 1]).0.width
        #expect(pass.bound(mixed, [-1, -1], [1, 1]).0.width < 1.01 * sum)
    }

    @Test(arguments: 0..<16)
    func verdictsAgreeWithExactAnswers(seed: Int) throws {
        var random = RandomPairs(seed)
        let dense = random.chain([2, 4, 3, 2])
        let pair = try NetworkPair(dense: dense, pruned: dense.magnitudePruned([0.1, 0.3][seed % 2]))
        let comparison = Comparison(pair)
        var limits = ComparisonLimits()
        limits.maxBoxes = 3000
        var decided = 0
        for _ in 0..<6 {
            let region = random.box(2, radius: 0.5)
            let disjuncts = (0..<2).map { _ in
                Disjunct(
                    region: 0,
                    constraints: (0..<Int.random(in: 1...2, using: &random.generator)).map { _ in
                        constraint(
                            &random, outputs: 2, inputs: 2, constant: random.number(0.6),
                            isStrict: Bool.random(using: &random.generator))
                    })
            }
            let property = Property(inputCount: 2, outputCount: 4, regions: [region], disjuncts: disjuncts)
            let oracle = ExactOracle(network: pair.product, property: property)
            let report = comparison.decide(property, limits: limits)
            let objection = try oracle.objection(to: report.verdict, answer: try oracle.answer())
            #expect(objection == nil, "seed \(seed): \(objection ?? "")")
            switch report.verdict {
            case .holds, .violated: decided += 1
            case .unknown, .timeout: break
            }
        }
        #expect(decided >= 4)
    }

    /// The largest difference is attained: at it a strict bound holds, another one does not.
    @Test func boundariesAreNotCrossed() throws {
        func network(_ weight: Double) -> Network {
            Network(
                nodes: [
                    Node(name: "x", operation: .input, inputs: [], shape: [1]),
                    Node(
                        name: "y",
                        operation: .linear(Linear(weights: .dense(rows: 1, columns: 1, values: [weight]), bias: [0])),
                        inputs: [0], shape: [1]),
                ], output: 1)
        }
        let comparison = Comparison(try NetworkPair(dense: network(1), pruned: network(0.5)))
        let region = InputRegion(lower: [Interval(0)], upper: [Interval(1)])
        func verdict(_ level: Double) -> Verdict {
            var limits = ComparisonLimits()
            limits.maxBoxes = 200
            return comparison.decide(comparison.property(exceeding: level, of: [0], over: region), limits: limits)
                .verdict
        }
        guard case .holds = verdict(0.5000001) else {
            Issue.record("\(verdict(0.5000001))")
            return
        }
        guard case .violated = verdict(0.4999) else {
            Issue.record("\(verdict(0.4999))")
            return
        }
        if case .violated = verdict(0.5) { Issue.record("0.5 is not exceeded") }
    }
}
