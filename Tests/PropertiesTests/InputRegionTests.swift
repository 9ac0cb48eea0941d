import Intervals
import RandomNumbers
import Testing

@testable import Properties

/// A box of one input with ends given by decimals.
func box(_ lower: String, _ upper: String) throws -> InputRegion {
    InputRegion(
        lower: [try #require(Interval(enclosingDecimal: lower))],
        upper: [try #require(Interval(enclosingDecimal: upper))], lowerText: [lower], upperText: [upper])
}

@Suite struct InputRegionTests {
    @Test func emptinessIsDecidedExactly() throws {
        #expect(try box("1", "0.5").isCertainlyEmpty)
        #expect(try !box("0.5", "0.5").isCertainlyEmpty)
        #expect(try !box("0.1", "0.1000000000000000000001").isCertainlyEmpty)
        #expect(try box("0.1000000000000000000001", "0.1").isCertainlyEmpty)
        #expect(try !box("0.1", "0.10").isCertainlyEmpty)
        #expect(try box("1e-400", "0").isCertainlyEmpty)
        var region = try box("0.1000000000000000000001", "0.1")
        region.lowerText = [""]
        #expect(!region.isCertainlyEmpty)
        #expect(try box("0.5", "0.25").emptyInput == 0)
    }

    @Test func endsAreRoundedOutwardAndInward() throws {
        let region = try box("0.1", "0.3")
        #expect(region.outwardLower == [(0.1).nextDown] && region.inwardLower == [0.1])
        #expect(region.outwardUpper == [(0.3).nextUp] && region.inwardUpper == [0.3])
        #expect(region.enclosure == [Interval(lower: 0.1.nextDown, upper: 0.3.nextUp)])
    }

    @Test func membershipIsExact() throws {
        let region = try box("0.1", "0.3")
        #expect(region.contains([0.1]) && region.contains([0.3]))
        #expect(!region.contains([(0.1).nextDown]) && !region.contains([(0.3).nextUp]))
        #expect(region.contains([ExactDecimal("0.1")!]) && region.contains([ExactDecimal("0.3")!]))
        #expect(!region.contains([ExactDecimal("0.09999999999999999999999")!]))
        #expect(!region.contains([ExactDecimal("0.30000000000000000000001")!]))
        #expect(region.isKnownEqual(to: try box("1e-1", "0.30")))
        #expect(!region.isKnownEqual(to: try box("0.1", "0.3000000000000000000001")))
    }

    @Test func witnessesLieInsideAndAreFloat32WherePossible() throws {
        let wide = try #require(try box("0.1", "0.3").witness(near: 0.2, input: 0))
        #expect(wide.value == Double(Float(0.2)) && ExactDecimal(wide.text) == ExactDecimal(wide.value))
        #expect(try box("0.1", "0.3").witness(near: 7, input: 0)?.value == Double(Float(0.3).nextDown))
        #expect(try box("0.1", "0.3").witness(near: -.infinity, input: 0)?.value == Double(Float(0.1)))
        let narrow = try #require(try box("0.1", "0.1000000001").witness(near: 0.1, input: 0))
        #expect(narrow.value == 0.1 && narrow.enclosure.isPoint)
        let decimal = try #require(try box("0.1", "0.1").witness(near: 0.1, input: 0))
        #expect(decimal.text == "0.1" && !decimal.enclosure.isPoint)
        #expect(try box("0.2", "0.1").witness(near: 0.1, input: 0) == nil)
        #expect(try box("-0.0", "0").witness(near: -0.0, input: 0)?.text == "0.0")
        #expect(try box("1e39", "2e39").witness(near: .nan, input: 0)?.enclosure.isPoint == true)
    }

    @Test func randomWitnessesLieInside() throws {
        var generator = SplitMix64(seed: 1)
        for _ in 0..<500 {
            let center = Double.random(in: -2...2, using: &generator)
            let radius = Double(
                sign: .plus, exponent: Int.random(in: -60...0, using: &generator), significand: 1)
            let low = try #require(ExactDecimal(center).adding(ExactDecimal(-radius)))
            let high = try #require(ExactDecimal(center).adding(ExactDecimal(radius)))
            let region = try box(low.description, high.description)
            let wanted = Double.random(in: -2...2, using: &generator)
            let witness = try #require(region.witness(near: [wanted]))
            let exact = try #require(ExactDecimal(witness[0].text))
            #expect(low <= exact && exact <= high)
            #expect(region.contains([exact]))
            #expect(
                witness[0].enclosure == exact.enclosure && witness[0].enclosure.contains(witness[0].value))
            if radius > 1e-6 { #expect(Double(Float(witness[0].value)) == witness[0].value) }
        }
    }
}
