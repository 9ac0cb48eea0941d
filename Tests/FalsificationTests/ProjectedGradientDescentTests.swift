import Evaluation
import Falsification
import Intervals
import Networks
import Properties
import Testing

@Suite struct ProjectedGradientDescentTests {
    @Test func findsANarrowViolation() throws {
        // |x - 0.3| + |y + 0.2| <= 0.01, written with four neurons.
        let network = distance(from: [0.3, -0.2])
        let disjunct = atMost(0.01)
        var found: Counterexample?
        let outcome = ProjectedGradientDescent().run(
            region: box(2), disjuncts: [disjunct], model: PlainLaneModel(network)
        ) { candidate, index in
            #expect(index == 0)
            guard
                case .violated(let counterexample) = confirm(
                    candidate, disjunct: disjunct, region: box(2), network: network)
            else { return false }
            found = counterexample
            return true
        }
        #expect(outcome.isFound)
        let point = try #require(found).input
        #expect(abs(point[0] - 0.3) + abs(point[1] + 0.2) <= 0.01)
    }

    @Test func reportsTheLeastMarginWhenThereIsNone() {
        let network = distance(from: [0.3, -0.2])
        var descent = ProjectedGradientDescent()
        descent.rounds = 2
        let outcome = descent.run(
            region: box(2), disjuncts: [atMost(-0.1), atMost(-2)], model: PlainLaneModel(network)
        ) { _, _ in
            Issue.record("nothing violates this")
            return true
        }
        #expect(!outcome.isFound && outcome.starts == 128)
        #expect(outcome.leastMargins[0] >= 0.1 && outcome.leastMargins[0] < 0.12)
        #expect(outcome.leastMargins[1] >= 2 && outcome.leastMargins[1] < 2.02)
    }

    @Test func judgesEveryPointForEveryDisjunct() {
        // The second disjunct has no constraints: the first point satisfies it.
        let network = distance(from: [0.3, -0.2])
        let model = PlainLaneModel(network)
        let free = Disjunct(region: 0, constraints: [])
        let outcome = ProjectedGradientDescent().run(
            region: box(2), disjuncts: [atMost(-2), free], model: model
        ) { candidate, index in
            candidate.count == 2 && index == 1
        }
        #expect(outcome.isFound && model.evaluations == 1)
    }

    @Test func descendsOnInputTermsAndConjunctions() {
        // distance <= 0.5 and x >= 0.75: reached only near (0.75...0.8, -0.2).
        let network = distance(from: [0.3, -0.2])
        var disjunct = atMost(0.5)
        disjunct.constraints.append(
            LinearConstraint(
                outputTerms: [], inputTerms: [.init(index: 0, coefficient: Interval(-1))],
                constant: Interval(0.75)))
        let outcome = ProjectedGradientDescent().run(
            region: box(2), disjuncts: [disjunct], model: PlainLaneModel(network)
        ) { candidate, _ in
            candidate[0] >= 0.75 && network.evaluate(candidate)[0] <= 0.5
        }
        #expect(outcome.isFound)
    }

    @Test func isDeterministicAndStops() {
        let network = distance(from: [0.3, -0.2])
        func margins(seed: UInt64, stopped: Bool = false) -> [Float] {
            var descent = ProjectedGradientDescent()
            descent.rounds = 2
            descent.iterations = 5
            descent.seed = seed
            descent.isStopped = { stopped }
            return descent.run(
                region: box(2), disjuncts: [atMost(-1)], model: PlainLaneModel(network)
            ) { _, _ in true }.leastMargins
        }
        #expect(margins(seed: 1) == margins(seed: 1))
        #expect(margins(seed: 1) != margins(seed: 2))
        #expect(margins(seed: 1, stopped: true) == [.infinity])
    }

    @Test func keepsPointsInTheBox() {
        var region = box(3)
        region.lower[1] = Interval(0.1)
        region.upper[1] = Interval(0.1)
        region.lower[2] = Interval(lower: 0.1, upper: 0.2)
        let network = distance(from: [5, 5, 5])
        _ = ProjectedGradientDescent().run(
            region: region, disjuncts: [atMost(100)], model: PlainLaneModel(network)
        ) { candidate, _ in
            #expect(abs(candidate[0]) <= 1)
            #expect(abs(candidate[1] - 0.1) < 1e-7)
            #expect(candidate[2] >= 0.2 && candidate[2] <= 1)
            return false
        }
    }

    /// One output, the L1 distance from a point.
    private func distance(from point: [Double]) -> Network {
        let count = point.count
        var weights = [Double](repeating: 0, count: 2 * count * count)
        for index in 0..<count {
            weights[index * count + index] = 1
            weights[(count + index) * count + index] = -1
        }
        let split = Linear(
            weights: .dense(rows: 2 * count, columns: count, values: weights),
            bias: point.map { -$0 } + point)
        let sum = Linear(
            weights: .dense(rows: 1, columns: 2 * count, values: [Double](repeating: 1, count: 2 * count)),
            bias: [0])
        return Network(
            nodes: [
                Node(name: "x", operation: .input, inputs: [], shape: [count]),
                Node(name: "s", operation: .linear(split), inputs: [0], shape: [2 * count]),
                Node(name: "r", operation: .activation(.relu), inputs: [1], shape: [2 * count]),
                Node(name: "y", operation: .linear(sum), inputs: [2], shape: [1]),
            ], output: 3)
    }

    private func box(_ count: Int) -> InputRegion {
        InputRegion(
            lower: [Interval](repeating: Interval(-1), count: count),
            upper: [Interval](repeating: Interval(1), count: count))
    }

    private func atMost(_ bound: Double) -> Disjunct {
        Disjunct(
            region: 0,
            constraints: [
                LinearConstraint(
                    outputTerms: [.init(index: 0, coefficient: Interval(1))], constant: Interval(-bound))
            ])
    }
}
