import RandomNumbers
import Testing

@testable import Studies

@Suite struct GapExperienceTests {
    private func hopeless(closed: [Double], failures: [Double]) -> Double? {
        var experience = GapExperience()
        for gap in closed { experience.add(gap, isProved: true) }
        for gap in failures { experience.add(gap, isProved: false) }
        return experience.hopeless
    }

    @Test func aFewFailuresSayNothing() {
        #expect(hopeless(closed: [0.1, 0.2], failures: [5, 6, 7]) == nil)
        #expect(hopeless(closed: [], failures: [5, 6, 7, 8]) == 8)
    }

    @Test func largerGapsThanTheSmallestFailuresAreHopeless() {
        #expect(hopeless(closed: [0.5], failures: [3, 0.9, 2, 1.2, 1, 7]) == 2)
    }

    /// What was proved from a gap may be proved from one that is a little larger, whatever else failed.
    @Test func proofsMakeHope() {
        #expect(hopeless(closed: [2, 0.1], failures: [1, 1, 1, 1, 5]) == 3)
    }

    @Test func orderDoesNotMatter() {
        var random = SplitMix64(seed: 3)
        var gaps = (0..<30).map { _ in (Double.random(in: 0...3, using: &random), Bool.random(using: &random)) }
        func experience() -> GapExperience {
            var result = GapExperience()
            for (gap, isProved) in gaps { result.add(gap, isProved: isProved) }
            return result
        }
        let first = experience()
        for _ in 0..<5 {
            gaps.shuffle(using: &random)
            #expect(experience() == first)
        }
    }
}
