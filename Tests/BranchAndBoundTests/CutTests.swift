import Evaluation
import Intervals
import Networks
import Oracles
import Properties
import RandomNumbers
import Testing

@testable import BoundPropagation
@testable import BranchAndBound

@Suite struct CutTests {
    /// Cuts say where counterexamples are in the whole region, also when some disjuncts are split before others are
    /// looked at.
    @Test(arguments: 0..<6, [1, 2]) func counterexamplesLieInTheCuts(seed: Int, threads: Int) throws {
        let network = RandomNetwork.make(seed: seed).decomposingMaxPools()
        let plan = LanePlan(network)
        let centre = RandomNetwork.input(of: network, seed: seed)
        let radius = [0.002, 0.01, 0.1][seed % 3]
        var random = SplitMix64(seed: seed)
        let points = (0..<60).map { _ in
            centre.map { Bool.random(using: &random) ? $0 - radius : $0 + radius }
        }
        let outputs = points.map { network.evaluate($0) }
        let region = RegionBounder(
            model: BoundModel(plan: plan), lower: plan.inputLayout.permuted(centre.map { $0 - radius }),
            upper: plan.inputLayout.permuted(centre.map { $0 + radius }), options: BoundingOptions())
        // More disjuncts than lanes; each has a point where it is just violated.
        let disjuncts = points.indices.flatMap { index in
            [(0, 1), (1, 2)].map { pair in
                LinearConstraint(
                    outputTerms: [(pair.0, 1.0), (pair.1, -1.0)].map {
                        .init(index: $0.0, coefficient: Interval($0.1))
                    }, constant: Interval(outputs[index][pair.1] - outputs[index][pair.0] - 1e-9))
            }
        }
        let problem = SearchProblem(
            region: region, disjuncts: disjuncts.map { [Objective($0, plan: plan)] }, confirm: { _, _ in false })
        var limits = SearchLimits()
        limits.softNodes = 300
        limits.threads = threads
        let search = PhaseSearch(problem, limits: limits)
        _ = search.run { _ in }
        // A search ends early where all phases of a subproblem are fixed and nobody confirms its violation.
        #expect(search.cuts.count >= 60)
        for (disjunct, found) in search.cuts {
            let input = plan.inputLayout.permuted(points[disjunct / 2])
            let value = zip(found.cut.coefficients, input).reduce(Interval(found.cut.constant)) {
                $0 + Interval($1.0) * Interval($1.1)
            }
            #expect(value.lower <= 0)
        }
    }
}
