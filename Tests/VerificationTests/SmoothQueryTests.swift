import Evaluation
import Intervals
import Networks
import Oracles
import Properties
import RandomNumbers
import Testing
import Verification

/// Verdicts on random smooth networks against sampled points.
@Suite struct SmoothQueryTests {
    /// Whether the point certainly is a counterexample.
    private func violates(_ property: Property, _ network: Network, at input: [Double], disjunct: Disjunct) -> Bool {
        let point = input.map { Interval($0) }
        let output = network.evaluate(at: point)
        return disjunct.constraints.allSatisfy { $0.margin(outputs: output, inputs: point).upper < 0 }
    }

    /// - Returns: whether the verdict is `holds` or `violated`.
    private func check(_ network: Network, _ property: Property, maxNodes: Int, seed: Int) throws -> Bool {
        var options = VerificationOptions()
        options.maxNodes = maxNodes
        options.attack = seed % 2 == 0
        let query = try Query(network: network.decomposingMaxPools(), property: property)
        switch verify(query, options: options).verdict {
        case .holds:
            var generator = SplitMix64(seed: seed)
            for disjunct in property.disjuncts {
                let region = property.regions[disjunct.region]
                for index in 0..<100 {
                    let input = region.lower.indices.map { feature -> Double in
                        let (low, high) = (region.lower[feature].upper, region.upper[feature].lower)
                        if low >= high { return low }
                        if index % 4 == 0 { return Bool.random(using: &generator) ? low : high }
                        return Double.random(in: low...high, using: &generator)
                    }
                    #expect(!violates(property, network, at: input, disjunct: disjunct), "seed \(seed)")
                }
            }
            return true
        case .violated(let counterexample):
            let isReal = property.disjuncts.contains { disjunct in
                let point = counterexample.input.map { Interval($0) }
                let output = network.evaluate(at: point)
                return disjunct.constraints.allSatisfy { $0.margin(outputs: output, inputs: point).lower <= 1e-9 }
            }
            #expect(isReal, "seed \(seed)")
            return true
        case .unknown, .timeout: return false
        }
    }

    /// Few inputs: boxes are split.
    @Test func verdictsOnSmallNetworksAgreeWithSamples() throws {
        var decided = 0
        for (index, random) in RandomQueries(seed: 900, operators: [.convolution, .maxPooling]).prefix(30).enumerated()
        {
            let network = random.network.smoothed(seed: index)
            if try check(network, random.property, maxNodes: 300, seed: index) { decided += 1 }
        }
        #expect(decided > 15)
    }

    /// Many inputs: neurons are split.
    @Test(arguments: 0..<10)
    func verdictsOnImagesAgreeWithSamples(seed: Int) throws {
        let network = RandomNetwork.make(seed: seed).smoothed(seed: seed, with: [SmoothFunction.samples[seed]])
        let centre = RandomNetwork.input(of: network, seed: seed)
        let scores = network.evaluate(centre)
        let radius = 0.02
        let region = InputRegion(
            lower: centre.map { Interval($0 - radius) }, upper: centre.map { Interval($0 + radius) })
        // From certainly violated to a margin that needs no search.
        var verdicts: [Bool] = []
        for slack in [-0.01, 0.02, 0.1, 1, 10] {
            let margin = LinearConstraint(
                outputTerms: [.init(index: 0, coefficient: Interval(1)), .init(index: 1, coefficient: Interval(-1))],
                constant: Interval(scores[1] - scores[0] + slack))
            let property = Property(
                inputCount: network.inputCount, outputCount: network.outputCount, regions: [region],
                disjuncts: [Disjunct(region: 0, constraints: [margin])])
            verdicts.append(try check(network, property, maxNodes: 200, seed: seed))
        }
        #expect(verdicts.last == true)
    }
}
