import RandomNumbers
import Testing

@testable import Intervals

@Suite struct DecimalEnclosureTests {
    /// The interval holds the decimal, and no smaller one would.
    private func check(_ text: String) throws {
        let interval = try #require(Interval(enclosingDecimal: text))
        let exact = try #require(ExactDecimal(text))
        if interval.isPoint {
            #expect(ExactDecimal(interval.lower) == exact, "\(text)")
            return
        }
        #expect(interval.lower.nextUp == interval.upper, "\(text)")
        #expect(interval.lower == -.infinity || ExactDecimal(interval.lower) < exact, "\(text)")
        #expect(interval.upper == .infinity || exact < ExactDecimal(interval.upper), "\(text)")
    }

    @Test func randomDecimalsAreEnclosedTightly() throws {
        var generator = SplitMix64(seed: 7)
        for _ in 0..<1000 {
            let count =
                Bool.random(using: &generator)
                ? Int.random(in: 1...19, using: &generator) : Int.random(in: 18...60, using: &generator)
            var digits = (0..<count).map { _ in String(Int.random(in: 0...9, using: &generator)) }
            if Bool.random(using: &generator) {
                digits.insert(".", at: Int.random(in: 0...count, using: &generator))
            }
            let exponent =
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: ""
                case 1: "e\(Int.random(in: -30...30, using: &generator))"
                case 2: "e\(Int.random(in: -400...400, using: &generator))"
                default: "E+05"
                }
            try check((Bool.random(using: &generator) ? "-" : "") + digits.joined() + exponent)
        }
    }

    @Test func floatsPrintedInFullArePointsAndTheirShortFormsEnclose() throws {
        var generator = SplitMix64(seed: 8)
        for _ in 0..<1000 {
            let value = generator.anyDouble()
            #expect(Interval(enclosingDecimal: ExactDecimal(value).description) == Interval(value))
            let short = try #require(Interval(enclosingDecimal: value.description))
            #expect(short.contains(value))
            try check(value.description)
        }
    }

    @Test func decimalsBesideAFloatAreTold() throws {
        var generator = SplitMix64(seed: 9)
        for _ in 0..<120 {
            let value = generator.anyDouble().magnitude
            guard value > 0 else { continue }
            let tiny = try #require(ExactDecimal("1e-1300"))
            let above = try #require(ExactDecimal(value).adding(tiny))
            let below = try #require(ExactDecimal(value).adding(-tiny))
            #expect(
                Interval(enclosingDecimal: above.description) == Interval(lower: value, upper: value.nextUp))
            #expect(
                Interval(enclosingDecimal: below.description) == Interval(lower: value.nextDown, upper: value)
            )
            #expect(above.enclosure == Interval(lower: value, upper: value.nextUp))
        }
    }

    @Test func edges() throws {
        let greatest = Double.greatestFiniteMagnitude
        let least = Double.leastNonzeroMagnitude
        #expect(Interval(enclosingDecimal: "0.5") == Interval(0.5))
        #expect(Interval(enclosingDecimal: "-0.0e9999999999") == .zero)
        #expect(Interval(enclosingDecimal: "1e400") == Interval(lower: greatest, upper: .infinity))
        #expect(Interval(enclosingDecimal: "-1e400") == Interval(lower: -.infinity, upper: -greatest))
        #expect(Interval(enclosingDecimal: "1e-400") == Interval(lower: 0, upper: least))
        #expect(Interval(enclosingDecimal: "-1e-99999999999999999999") == Interval(lower: -least, upper: 0))
        #expect(
            Interval(enclosingDecimal: "1.7976931348623159e308")
                == Interval(lower: greatest, upper: .infinity))
        #expect(
            Interval(enclosingDecimal: "1.7976931348623157e308")
                == Interval(lower: greatest.nextDown, upper: greatest))
        #expect(Interval(enclosingDecimal: "4.9e-324") == Interval(lower: 0, upper: least))
        #expect(Interval(enclosingDecimal: "5e-324") == Interval(lower: least, upper: 2 * least))
        #expect(Interval(enclosingDecimal: "9007199254740993") == Interval(lower: 0x1p53, upper: 0x1p53 + 2))
        #expect(Interval(enclosingDecimal: "18446744073709551616") == Interval(0x1p64))
    }

    @Test func veryLongLiterals() throws {
        let zeros = String(repeating: "0", count: 5000)
        #expect(
            Interval(enclosingDecimal: "0." + zeros + "1")
                == Interval(lower: 0, upper: .leastNonzeroMagnitude))
        #expect(Interval(enclosingDecimal: "0." + zeros + "25e5001") == Interval(2.5))
        #expect(Interval(enclosingDecimal: "1" + zeros + "e-5000") == Interval(1))
        #expect(Interval(enclosingDecimal: "1." + zeros) == Interval(1))
        #expect(Interval(enclosingDecimal: "1." + zeros + "1") == Interval(lower: 1, upper: 1.0.nextUp))
        #expect(
            Interval(enclosingDecimal: String(repeating: "9", count: 100_000) + "e-100000")
                == Interval(lower: 1.0.nextDown, upper: 1))
        let half = "1" + String(repeating: "0", count: 29) + "5"
        #expect(
            Interval(enclosingDecimal: half + zeros + "e-5030") == Interval(enclosingDecimal: half + "e-30"))
    }
}
