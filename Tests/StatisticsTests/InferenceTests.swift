// Published examples, and values computed by scipy 1.17 (ttest_rel, binomtest) and statsmodels' conventions.

import Statistics
import Testing

@Suite struct InferenceTests {
    /// Student's own example: hours of sleep gained by two drugs, ten patients (Biometrika 6, 1908).
    @Test func sleep() throws {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2]
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
        let difference = try #require(PairedDifference(zip(second, first).map { $0 - $1 }))
        #expect(abs(difference.mean - 1.58) < 1e-12)
        #expect(abs(try #require(difference.pValue) - 0.002832890197384273) < 1e-12)
        #expect(abs(try #require(difference.pValueAbove) - 0.002832890197384273 / 2) < 1e-12)
        let interval = try #require(difference.interval())
        #expect(abs(interval.lower - 0.7001142367230175) < 1e-9)
        #expect(abs(interval.upper - 2.459885763276983) < 1e-9)
    }

    @Test func samplesWithoutSpread() throws {
        #expect(Sample([]) == nil)
        #expect(Sample([3])?.deviation == nil)
        #expect(Sample([3])?.interval() == nil)
        #expect(PairedDifference([3])?.pValue == nil)
        // Three equal differences: no t, and the sign test's 2 / 8.
        #expect(PairedDifference([2, 2, 2])?.pValue == 0.25)
        #expect(PairedDifference([2, 2, 2])?.pValueAbove == 0.125)
        #expect(PairedDifference([-2, -2, -2])?.pValueAbove == 1)
        #expect(PairedDifference([0, 0, 0])?.pValue == 1)
        #expect(Sample([4, 1, 3])?.median == 3)
        #expect(Sample([4, 1, 3, 2])?.median == 2.5)
    }

    /// Newcombe's table of intervals (Statistics in Medicine 17, 1998): 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    @Test(arguments: [
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718),
        (10, 10, 0.7225, 1),
    ])
    func wilson(successes: Int, trials: Int, lower: Double, upper: Double) throws {
        let interval = try #require(Proportion(successes, of: trials).interval())
        #expect(abs(interval.lower - lower) < 5e-5)
        #expect(abs(interval.upper - upper) < 5e-5)
    }

    @Test(arguments: [
        (0, 0, 1), (1, 0, 1), (5, 5, 1), (2, 9, 0.0654296875), (0, 6, 0.03125), (15, 3, 0.007537841796875),
        (121, 59, 4.4344492637551645e-06), (40, 62, 0.037066767438560584),
    ])
    func mcNemar(first: Int, second: Int, expected: Double) {
        let pairs = PairedProportions(both: 3, onlyFirst: first, onlySecond: second, neither: 7)
        #expect(abs(pairs.exactMcNemar - expected) <= 1e-10 * expected)
    }

    /// Worked by hand from the formula: n = 100, 5 and 12 discordant.
    @Test func differencesOfImages() throws {
        let pairs = PairedProportions(
            (0..<100).map { ($0 < 60 || $0 >= 95, $0 < 72) })
        #expect(pairs == PairedProportions(both: 60, onlyFirst: 5, onlySecond: 12, neither: 23))
        #expect(abs(try #require(pairs.difference) - 0.07) < 1e-12)
        let interval = try #require(pairs.interval())
        let (first, second) = (6.0 / 102, 13.0 / 102)
        let half = 1.959963984540054 * ((first + second - 49 / 10404) / 102).squareRoot()
        #expect(abs(interval.lower - (7.0 / 102 - half)) < 1e-9)
        #expect(abs(interval.upper - (7.0 / 102 + half)) < 1e-9)
        #expect(PairedProportions([]).difference == nil)
        #expect(PairedProportions([]).exactMcNemar == 1)
    }

    /// As R's p.adjust documents them: c(0.01, 0.02, 0.03, 0.04, 0.05).
    @Test func corrections() {
        let pValues: [Double?] = [0.05, 0.01, nil, 0.03, 0.02, 0.04]
        let holm = holmAdjusted(pValues).map { $0.map { ($0 * 1000).rounded() / 1000 } }
        #expect(holm == [0.09, 0.05, nil, 0.09, 0.08, 0.09])
        let rate = benjaminiHochbergAdjusted(pValues).map { $0.map { ($0 * 1000).rounded() / 1000 } }
        #expect(rate == [0.05, 0.05, nil, 0.05, 0.05, 0.05])
        #expect(holmAdjusted([0.5, 0.6]) == [1, 1])
        #expect(benjaminiHochbergAdjusted([0.001, 0.9, 0.02]) == [0.003, 0.9, 0.03])
    }

    /// Cohen's custom of power 0.8 at 0.05: 34 pairs for a medium effect (0.5), 199 for a small one (0.2).
    @Test(arguments: [(0.1, 787, 1053), (0.2, 199, 265), (0.5, 34, 44), (0.8, 15, 19), (1, 10, 13), (2, 5, 5)])
    func pairsNeeded(effect: Double, fourOfFive: Int, nineOfTen: Int) {
        #expect(PlannedTest().pairsNeeded(mean: effect, deviation: 1) == fourOfFive)
        #expect(PlannedTest(power: 0.9).pairsNeeded(mean: -effect * 3, deviation: 3) == nineOfTen)
    }

    @Test(arguments: [
        (10, 0.5, 0.29317560651407687), (10, 1, 0.8030968566327219), (3, 1, 0.1792553937765518),
        (30, 0.5, 0.7539647157437905), (2, 1, 0.09280915505633609),
    ])
    func power(pairs: Int, effect: Double, expected: Double) {
        #expect(abs(PlannedTest().power(pairs: pairs, effect: effect) - expected) < 1e-9)
    }

    @Test func detectableDifference() throws {
        let least = try #require(PlannedTest().detectableDifference(pairs: 10, deviation: 2))
        #expect(abs(PlannedTest().power(pairs: 10, effect: least / 2) - 0.8) < 1e-6)
        #expect(PlannedTest().detectableDifference(pairs: 1, deviation: 2) == nil)
        #expect(PlannedTest().pairsNeeded(mean: 0, deviation: 1) == nil)
        #expect(PlannedTest().pairsNeeded(mean: 1e-9, deviation: 1) == nil)
    }
}
