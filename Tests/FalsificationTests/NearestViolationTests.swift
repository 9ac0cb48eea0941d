import Evaluation
import Falsification
import Intervals
import Networks
import Properties
import Testing

/// |x - 0.3| + |y + 0.2| <= 0.01 is violated nearest to the origin at (0.29, -0.2).
@Suite struct NearestViolationTests {
    private let network = Network(
        nodes: [
            Node(name: "x", operation: .input, inputs: [], shape: [2]),
            Node(
                name: "s",
                operation: .linear(
                    Linear(
                        weights: .dense(rows: 4, columns: 2, values: [1, 0, 0, 1, -1, 0, 0, -1]),
                        bias: [-0.3, 0.2, 0.3, -0.2])), inputs: [0], shape: [4]),
            Node(name: "r", operation: .activation(.relu), inputs: [1], shape: [4]),
            Node(
                name: "y",
                operation: .linear(
                    Linear(weights: .dense(rows: 1, columns: 4, values: [1, 1, 1, 1]), bias: [0])),
                inputs: [2], shape: [1]),
        ], output: 3)

    private func disjunct(_ bound: Double) -> Disjunct {
        Disjunct(
            region: 0,
            constraints: [
                LinearConstraint(
                    outputTerms: [.init(index: 0, coefficient: Interval(1))], constant: Interval(-bound))
            ])
    }

    private func surroundings(unit: [Double] = [1, 1], upper: Double = 1) -> Surroundings {
        Surroundings(center: [0, 0], unit: unit, lower: [-1, -1], upper: [upper, upper])
    }

    @Test(arguments: [[1, 1], [0.5, 2]])
    func findsTheNearest(unit: [Double]) throws {
        let nearest = try #require(
            NearestViolationSearch().run(
                around: surroundings(unit: unit), disjuncts: [disjunct(-1), disjunct(0.01)],
                model: PlainLaneModel(network)))
        #expect(network.evaluate(nearest)[0] <= 0.01 + 1e-6)
        let radius = max(abs(nearest[0]) / unit[0], abs(nearest[1]) / unit[1])
        let least = 0.29 / unit[0]
        #expect(radius >= least - 1e-6 && radius <= 1.02 * least, "\(radius)")
    }

    @Test func goesOnFromAViolation() throws {
        var search = NearestViolationSearch()
        search.stages = 2
        let start = [0.305, -0.204]
        let nearest = try #require(
            search.run(
                around: surroundings(), disjuncts: [disjunct(0.01)], model: PlainLaneModel(network), start: start))
        #expect(nearest[0] <= 0.305)
        search.isStopped = { true }
        let stopped = search.run(
            around: surroundings(), disjuncts: [disjunct(0.01)], model: PlainLaneModel(network), start: start)
        #expect(stopped.map { abs($0[0] - 0.305) < 1e-6 } == true)
    }

    @Test func staysInTheRange() {
        let nearest = NearestViolationSearch().run(
            around: surroundings(upper: 0.25), disjuncts: [disjunct(0.01)], model: PlainLaneModel(network))
        #expect(nearest == nil)
    }

    @Test func isDeterministic() {
        func nearest(_ seed: UInt64) -> [Double]? {
            var search = NearestViolationSearch()
            search.seed = seed
            return search.run(
                around: surroundings(), disjuncts: [disjunct(0.01)], model: PlainLaneModel(network))
        }
        #expect(nearest(1) == nearest(1))
    }
}
