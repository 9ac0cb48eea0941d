import Evaluation
import Intervals
import Networks
import Oracles
import Properties
import RandomNumbers
import Testing

@testable import Verification

/// Proofs that bound neurons only where counterexamples may be.
@Suite struct NarrowingTests {
    /// A random convolutional network over a box, and how low its first output less the second gets at points of the
    /// box.
    private struct Sampled {
        let network: Network
        let lower: [Double]
        let upper: [Double]
        /// Its value there is no more than that.
        var least = Double.infinity
        var middle = 0.0

        init(seed: Int, radius: Double) {
            network = RandomNetwork.make(seed: seed)
            let centre = RandomNetwork.input(of: network, seed: seed)
            lower = centre.map { $0 - radius }
            upper = centre.map { $0 + radius }
            middle = value(centre)
            var random = SplitMix64(seed: seed)
            // From corner to corner along the edges.
            for _ in 0..<4 {
                var point = centre.indices.map { Bool.random(using: &random) ? lower[$0] : upper[$0] }
                for place in point.indices {
                    var other = point
                    other[place] = point[place] == lower[place] ? upper[place] : lower[place]
                    if value(other) < value(point) { point = other }
                }
                least = min(least, value(point))
            }
        }

        private func value(_ input: [Double]) -> Double {
            let output = network.evaluate(at: input.map { Interval($0) })
            return (output[0] - output[1]).upper
        }

        /// Asks whether the difference of the outputs and a number is positive everywhere; nothing is attacked.
        func verify(plus offset: Double, float32: Bool = false) throws -> VerificationReport {
            var options = VerificationOptions()
            options.attack = false
            options.threads = 1
            options.maxNodes = 200
            options.requiresFloat32 = float32
            return try verify(plus: offset, options)
        }

        func verify(plus offset: Double, _ options: VerificationOptions) throws -> VerificationReport {
            let terms = [(0, 1.0), (1, -1.0)].map {
                LinearConstraint.Term(index: $0.0, coefficient: Interval($0.1))
            }
            let region = InputRegion(lower: lower.map { Interval($0) }, upper: upper.map { Interval($0) })
            let query = try Query(
                network: network,
                property: Property(
                    inputCount: lower.count, outputCount: 3, regions: [region],
                    disjuncts: [
                        Disjunct(
                            region: 0,
                            constraints: [LinearConstraint(outputTerms: terms, constant: Interval(offset))])
                    ]))
            return Verification.verify(query, options: options)
        }
    }

    private func holds(_ report: VerificationReport) -> Bool {
        if case .holds = report.verdict { true } else { false }
    }

    /// A property that is violated nowhere but near one corner is never proved.
    @Test(arguments: 0..<6, [false, true]) func violationsAreNotCutAway(seed: Int, float32: Bool) throws {
        let sampled = Sampled(seed: seed, radius: [0.02, 0.1, 0.3][seed % 3])
        #expect(try !holds(sampled.verify(plus: -sampled.least - 1e-9, float32: float32)))
    }

    /// Proofs become possible as the room for counterexamples becomes small.
    @Test func proofsAreFound() throws {
        var proofs = 0
        for seed in 0..<8 {
            let sampled = Sampled(seed: seed, radius: 0.05)
            if try holds(sampled.verify(plus: -sampled.least + 0.2 * (sampled.middle - sampled.least))) { proofs += 1 }
        }
        #expect(proofs >= 5)
    }

    /// What can never be proved is given up long before the time is over.
    @Test func hopelessSearchesEnd() throws {
        let sampled = Sampled(seed: 5, radius: 0.1)
        var options = VerificationOptions()
        options.attack = false
        options.threads = 1
        options.timeout = 60
        options.givesUp = true
        // There is no time for as many doublings as that takes, however fast the bound rises.
        let report = try sampled.verify(plus: -sampled.least - 1e4, options)
        guard case .unknown(let reason) = report.verdict else {
            Issue.record("\(report.verdict)")
            return
        }
        #expect(report.isGivenUp && reason.contains("given up: after"))
    }

    /// A caller who says from what gap on there is no hope gets no search there, and proofs from smaller gaps.
    @Test func hopelessGapsAreNotSearched() throws {
        var searched = 0
        for seed in 0..<8 {
            let sampled = Sampled(seed: seed, radius: 0.05)
            let offset = -sampled.least + 0.2 * (sampled.middle - sampled.least)
            let report = try sampled.verify(plus: offset)
            guard let gap = report.gap else {
                // The first bounds decide.
                #expect(holds(report))
                continue
            }
            searched += 1
            #expect(gap > 0)
            var options = VerificationOptions()
            options.attack = false
            options.threads = 1
            options.maxNodes = 200
            options.hopelessGap = 1.01 * gap
            #expect(try holds(sampled.verify(plus: offset, options)) == holds(report))
            options.hopelessGap = gap
            let given = try sampled.verify(plus: offset, options)
            guard case .unknown(let reason) = given.verdict else {
                Issue.record("\(given.verdict)")
                continue
            }
            #expect(
                given.isGivenUp && given.nodes == 1 && given.gap == gap && reason.contains("given up: the first bounds")
            )
        }
        #expect(searched >= 3)
    }

    /// What is violated is still attacked.
    @Test func counterexamplesAreFoundAcrossHopelessGaps() throws {
        var options = VerificationOptions()
        options.threads = 1
        options.hopelessGap = 0
        let sampled = Sampled(seed: 1, radius: 0.1)
        guard case .violated = try sampled.verify(plus: -sampled.least - 0.1, options).verdict else {
            Issue.record("no counterexample")
            return
        }
    }
}
