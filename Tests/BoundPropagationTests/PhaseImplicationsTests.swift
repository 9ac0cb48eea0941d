import Evaluation
import Intervals
import Networks
import Oracles
import Properties
import RandomNumbers
import Testing

@testable import BoundPropagation

@Suite struct PhaseImplicationsTests {
    private static let inputs = 8
    private static let hidden = 16

    /// A random network with one hidden layer, and what it does at all corners of a box and some points within.
    private struct Sampled {
        let region: RegionBounder
        let objective: Objective
        /// Preactivations and output.
        var points: [(hidden: [Double], output: Double)] = []

        init(seed: Int, error: AffineError = .exact) {
            var random = SplitMix64(seed: seed)
            func numbers(_ count: Int) -> [Double] {
                (0..<count).map { _ in Double(Float.random(in: -1...1, using: &random)) }
            }
            let (inputs, hidden) = (PhaseImplicationsTests.inputs, PhaseImplicationsTests.hidden)
            let (weights, bias, row) = (numbers(hidden * inputs), numbers(hidden), numbers(hidden))
            let first = Linear(
                weights: .dense(rows: hidden, columns: inputs, values: weights), bias: bias, error: error)
            let second = Linear(weights: .dense(rows: 1, columns: hidden, values: row), bias: [0])
            let network = Network(
                nodes: [
                    Node(name: "x", operation: .input, inputs: [], shape: [inputs]),
                    Node(name: "a", operation: .linear(first), inputs: [0], shape: [hidden]),
                    Node(name: "r", operation: .activation(.relu), inputs: [1], shape: [hidden]),
                    Node(name: "y", operation: .linear(second), inputs: [2], shape: [1]),
                ], output: 3)
            let plan = LanePlan(network)
            let centre = numbers(inputs)
            region = RegionBounder(
                model: BoundModel(plan: plan), lower: centre.map { $0 - 0.5 }, upper: centre.map { $0 + 0.5 },
                options: BoundingOptions())
            let term = LinearConstraint.Term(index: 0, coefficient: Interval(1))
            objective = Objective(LinearConstraint(outputTerms: [term], constant: Interval(0)), plan: plan)
            for index in 0..<1 << inputs + 1 {
                let point = centre.indices.map { place in
                    let end = (index >> place) & 1 == 1 ? 0.5 : -0.5
                    return centre[place] + (index < 1 << inputs ? end : Double.random(in: -0.5...0.5, using: &random))
                }
                let values = (0..<hidden).map { neuron in
                    (0..<inputs).reduce(bias[neuron]) { $0 + weights[neuron * inputs + $1] * point[$1] }
                }
                points.append((values, (0..<hidden).reduce(0) { $0 + row[$1] * max(0, values[$1]) }))
            }
        }

        /// The bounder after its bound was certified, and the bound.
        func bounded() -> (bounder: LaneBounder, bound: Double) {
            let bounder = LaneBounder(region)
            bounder.use(lanes: 1)
            bounder.setObjectives(LaneObjectives(single: [objective]))
            bounder.resetParameters()
            _ = bounder.ascend(AscentOptions(iterations: 20))
            return (bounder, bounder.certify()[0])
        }
    }

    /// Points where the output is as low as the budget allows have every phase that is said to follow from it.
    @Test(arguments: [false, true]) func lowPointsHaveTheImpliedPhases(isForProof: Bool) throws {
        var implied = 0
        for seed in 0..<40 {
            let sampled = Sampled(seed: seed)
            let implications = try #require(PhaseImplications(sampled.region, lanes: 64, isForProof: isForProof))
            let (bounder, bound) = sampled.bounded()
            for rank in [0, 3] {
                let limit = sampled.points.map(\.output).sorted()[rank]
                bounder.phases.update(repeating: 0, count: bounder.slotCount * bounder.lanes)
                let found = implications.fix(in: bounder, budgets: [limit - bound + 1e-9])[0]
                implied += found.count
                for phase in found {
                    let feature = sampled.region.unstableNeurons[Int(phase.slot)].feature
                    #expect(bounder.phases[Int(phase.slot) * bounder.lanes] == phase.phase)
                    #expect(phase.multiplier > 0 && (!isForProof || phase.multiplier.isFinite))
                    for point in sampled.points where point.output <= limit {
                        #expect(Double(phase.phase) * point.hidden[feature] >= -1e-9)
                    }
                }
            }
        }
        #expect(implied > 40)
    }

    /// Operators that may err by more than the neuron's range say nothing about its phase.
    @Test func operatorErrorsArePaidFor() throws {
        for seed in 0..<10 {
            let sampled = Sampled(seed: seed, error: AffineError(offsets: Array(repeating: 50, count: Self.hidden)))
            let implications = try #require(PhaseImplications(sampled.region, lanes: 64))
            #expect(implications.fix(in: sampled.bounded().bounder, budgets: [1e-9])[0].isEmpty)
        }
    }

    /// A lane that is not asked about keeps its phases.
    @Test func negativeBudgetsImplyNothing() throws {
        let sampled = Sampled(seed: 1)
        let implications = try #require(PhaseImplications(sampled.region, lanes: 64))
        #expect(implications.fix(in: sampled.bounded().bounder, budgets: [-1])[0].isEmpty)
    }
}
