import Evaluation
import Intervals
import Networks
import Oracles
import Properties
import Testing

@testable import Comparison

@Suite struct ComparisonTests {
    private func largestSample(
        _ dense: Network, _ pruned: Network, _ region: InputRegion, _ random: inout RandomPairs, _ count: Int,
        _ measure: DeviationMeasure
    ) -> [Double] {
        var best = [Double](repeating: 0, count: measure == .outputs ? dense.outputCount : 1)
        for _ in 0..<count {
            let point = random.point(region)
            let values = measure.values(zip(dense.evaluate(point), pruned.evaluate(point)).map { ($0 - $1).magnitude })
            best = zip(best, values).map { max($0, $1) }
        }
        return best
    }

    @Test(arguments: 0..<12)
    func bracketsCloseAndHoldSamples(seed: Int) throws {
        var random = RandomPairs(seed)
        let measure = DeviationMeasure.allCases[seed % 3]
        let dense = random.chain([2, 10, 10, 3], seed % 4 == 3 ? .smooth(.gelu) : .relu)
        let pruned = dense.magnitudePruned(0.3)
        let region = random.box(2, radius: 0.5)
        var options = ComparisonOptions()
        options.goal.measure = measure
        options.goal.tolerance = 0.1
        options.limits.maxBoxes = 20_000
        let report = Comparison(try NetworkPair(dense: dense, pruned: pruned)).deviation(over: region, options: options)
        #expect(report.isDecided, "seed \(seed)")
        let sampled = largestSample(dense, pruned, region, &random, 3000, measure)
        for (bracket, value) in zip(report.brackets, sampled) {
            #expect(value <= bracket.certified * (1 + 1e-9) + 1e-12, "seed \(seed)")
            #expect(bracket.attacked <= bracket.certified && bracket.certified <= 1.1 * bracket.attacked * (1 + 1e-9))
            #expect(value <= bracket.attacked * 1.11 + 1e-12, "seed \(seed): the attack is far off")
            let witness = try #require(bracket.witness)
            #expect(
                zip(witness.input, zip(region.outwardLower, region.outwardUpper)).allSatisfy {
                    $0 >= $1.0 && $0 <= $1.1
                })
            let there = measure.values(
                zip(dense.evaluate(witness.input), pruned.evaluate(witness.input)).map { ($0 - $1).magnitude })
            #expect(there.contains { $0 >= bracket.attacked * (1 - 1e-9) })
        }
    }

    @Test func runsRepeat() throws {
        var random = RandomPairs(1)
        let dense = random.chain([2, 12, 12, 2])
        let comparison = Comparison(try NetworkPair(dense: dense, pruned: dense.magnitudePruned(0.3)))
        let region = random.box(2, radius: 1)
        var options = ComparisonOptions()
        options.goal.tolerance = 0.05
        let first = comparison.deviation(over: region, options: options)
        options.limits.threads = 1
        let second = comparison.deviation(over: region, options: options)
        #expect(first.boxes == second.boxes && first.brackets[0].certified == second.brackets[0].certified)
    }

    /// Thresholds around the truth, against enumeration in exact arithmetic.
    @Test(arguments: 0..<12)
    func thresholdsAgreeWithExactAnswers(seed: Int) throws {
        var random = RandomPairs(seed)
        let dense = random.chain([2, 4, 3, 2])
        let pruned = dense.magnitudePruned(0.4)
        let region = random.box(2, radius: 0.5)
        let comparison = Comparison(try NetworkPair(dense: dense, pruned: pruned))
        let sampled = largestSample(dense, pruned, region, &random, 500, .maximum)[0]
        for factor in [0.7, 0.98, 1.03, 1.5] {
            let threshold = Double(Float(sampled * factor))
            let property = comparison.property(exceeding: threshold, of: [0, 1], over: region)
            let answer = try ExactOracle(network: comparison.pair.product, property: property).answer()
            var options = ComparisonOptions()
            options.goal.threshold = threshold
            options.limits.maxBoxes = 5000
            let verdict = try #require(comparison.deviation(over: region, options: options).verdict)
            let oracle = ExactOracle(network: comparison.pair.product, property: property)
            #expect(try oracle.objection(to: verdict, answer: answer) == nil, "seed \(seed), \(factor)")
            if factor != 0.98 && factor != 1.03 {
                switch verdict {
                case .holds, .violated: break
                case .unknown, .timeout: Issue.record("seed \(seed), \(factor): \(verdict)")
                }
            }
        }
    }

    @Test(arguments: 0..<16)
    func decisionsAgreeWithExactAnswers(seed: Int) throws {
        var random = RandomPairs(seed)
        let dense = random.chain([2, 4, 3, 3])
        let pruned = dense.magnitudePruned([0.15, 0.5][seed % 2])
        let region = random.box(2, radius: [0.02, 0.3][seed / 2 % 2])
        let comparison = Comparison(try NetworkPair(dense: dense, pruned: pruned))
        let problem = DecisionProblem(pair: comparison.pair, region: region)
        let oracle = ExactOracle(network: comparison.pair.product, property: problem.property)
        var options = ComparisonOptions()
        options.limits.maxBoxes = 4000
        let verdict = comparison.decision(over: region, options: options).verdict
        #expect(try oracle.objection(to: verdict, answer: try oracle.answer()) == nil, "seed \(seed)")
    }

    @Test(arguments: 0..<10)
    func unlikeNetworksAreBoundedSideBySide(seed: Int) throws {
        var random = RandomPairs(seed)
        let dense = random.chain([2, 8, 8, 2])
        let other = random.chain([2, 6, 2])
        let pair = try NetworkPair(dense: dense, pruned: other)
        #expect(pair.alignment == nil && pair.obstacle != nil)
        let region = random.box(2, radius: 0.4)
        var options = ComparisonOptions()
        options.limits.maxBoxes = 10_000
        let report = Comparison(pair).deviation(over: region, options: options)
        let sampled = largestSample(dense, other, region, &random, 2000, .maximum)[0]
        #expect(report.isDecided && report.closedForm == nil)
        #expect(sampled <= report.brackets[0].certified && report.brackets[0].certified <= 1.25 * sampled)
    }

    @Test func otherInputsAreRefused() {
        var random = RandomPairs(1)
        let (first, second) = (random.chain([2, 3, 2]), random.chain([3, 3, 2]))
        #expect(throws: ComparisonError.self) { try NetworkPair(dense: first, pruned: second) }
    }

    /// A margin carries over only where no sample shows that it is gone.
    @Test(arguments: 0..<20)
    func proofsCarryOver(seed: Int) throws {
        var random = RandomPairs(seed)
        let dense = random.chain([3, 10, 8, 3])
        let pruned = dense.magnitudePruned(0.05)
        let centre = (0..<3).map { _ in random.number(1) }
        let output = dense.evaluate(centre)
        let label = output.indices.max { output[$0] < output[$1] }!
        let property = try Property.localRobustness(center: centre, epsilon: 0.01, label: label, classes: 3)
        let transfer = RobustnessTransfer(try NetworkPair(dense: dense, pruned: pruned))
        let region = property.regions[0]
        let deviation = transfer.deviation(over: region)
        for disjunct in property.disjuncts {
            let loss = deviation.loss(of: disjunct.constraints[0])
            for _ in 0..<200 {
                let point = random.point(region)
                let f = disjunct.constraints[0].margin(
                    outputs: dense.evaluate(at: point.map { Interval($0) }), inputs: [])
                let g = disjunct.constraints[0].margin(
                    outputs: pruned.evaluate(at: point.map { Interval($0) }), inputs: [])
                #expect(f.lower - g.upper <= loss)
            }
            #expect(loss < 1)
        }
        let losses = property.disjuncts.map { deviation.loss(of: $0.constraints[0]) }
        #expect(transfer.carries(losses.map { max(0, $0) * 1.01 + 1e-9 }, of: property))
        #expect(!transfer.carries(losses.map { _ in 1e-9 }, of: property) || losses.allSatisfy { $0 < 1e-9 })
    }
}
