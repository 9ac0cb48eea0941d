import RandomNumbers
import Testing

@testable import Intervals

/// A decimal as its digits in an array, least significant first, at 10^-60: the slow model.
private struct DigitModel: Equatable {
    var digits: [Int]

    init(digits: [Int]) { self.digits = digits }

    init(mantissa: String, exponent: Int) {
        digits = Array(repeating: 0, count: 60 + exponent) + mantissa.reversed().map { $0.wholeNumberValue! }
        digits += Array(repeating: 0, count: 200 - digits.count)
    }

    static func + (a: DigitModel, b: DigitModel) -> DigitModel {
        var carry = 0
        return DigitModel(
            digits: zip(a.digits, b.digits).map { x, y in
                carry += x + y
                defer { carry /= 10 }
                return carry % 10
            })
    }

    func isLess(than other: DigitModel) -> Bool {
        for (x, y) in zip(digits, other.digits).reversed() where x != y { return x < y }
        return false
    }
}

@Suite struct ExactDecimalTests {
    @Test func sumsAndOrderMatchDigitByDigit() throws {
        var generator = SplitMix64(seed: 4)
        for _ in 0..<500 {
            let (textA, exponentA) = randomParts(&generator)
            let (textB, exponentB) = randomParts(&generator)
            let a = try #require(ExactDecimal("\(textA)e\(exponentA)"))
            let b = try #require(ExactDecimal("\(textB)e\(exponentB)"))
            let sum = try #require(a.adding(b))
            let modelA = DigitModel(mantissa: textA, exponent: exponentA)
            let modelB = DigitModel(mantissa: textB, exponent: exponentB)
            #expect(
                DigitModel(mantissa: sum.magnitude.description, exponent: sum.exponent) == modelA + modelB)
            #expect((a < b) == modelA.isLess(than: modelB))
            #expect((a == b) == (modelA == modelB))
            #expect(sum.adding(-b) == a)
            #expect((-a < -b) == (b < a))
        }
    }

    private func randomParts(_ generator: inout SplitMix64) -> (String, Int) {
        let count = Int.random(in: 1...45, using: &generator)
        let digits = (0..<count).map { _ in
            String(Int.random(in: 0...9, using: &generator) / Int.random(in: 1...2, using: &generator))
        }
        return (digits.joined(), Int.random(in: -30...3, using: &generator))
    }

    @Test func productsDistributeAndDivideBack() throws {
        var generator = SplitMix64(seed: 5)
        for _ in 0..<300 {
            let numbers = try (0..<3).map { _ in
                let (text, exponent) = randomParts(&generator)
                return try #require(
                    ExactDecimal((Bool.random(using: &generator) ? "-" : "") + "\(text)e\(exponent)"))
            }
            let sum = try #require(numbers[0].adding(numbers[1]))
            let left = try #require(sum.multiplied(by: numbers[2]))
            let first = try #require(numbers[0].multiplied(by: numbers[2]))
            let second = try #require(numbers[1].multiplied(by: numbers[2]))
            #expect(left == first.adding(second))
            let divisor = ExactDecimal(Double(Int.random(in: 1...5000, using: &generator)) / 128)
            #expect(numbers[0].multiplied(by: divisor)?.divided(exactlyBy: divisor) == numbers[0])
        }
        #expect(ExactDecimal("1")?.divided(exactlyBy: ExactDecimal(3)) == nil)
        #expect(ExactDecimal("1")?.divided(exactlyBy: ExactDecimal(0)) == nil)
        #expect(ExactDecimal("-1")?.divided(exactlyBy: ExactDecimal(40)) == ExactDecimal("-0.025"))
    }

    @Test func textReadsBack() throws {
        for text in [
            "0", "-0.0", "1e-05", "1E+3", "+.5", "5.", "1234567890123456789012345678901234567890.5e-20",
            "-1e300", "00.00100",
        ] {
            let number = try #require(ExactDecimal(text))
            #expect(ExactDecimal(number.description) == number, "\(text) as \(number)")
            #expect(Double(number.description) == Double(text) ?? Double(text.replacing("5.", with: "5")))
        }
        #expect(ExactDecimal("1e-05")?.description == "0.00001")
        #expect(ExactDecimal("-0.05")?.description == "-0.05")
        #expect(ExactDecimal(0.1).description == "0.1000000000000000055511151231257827021181583404541015625")
        #expect(ExactDecimal("12e2")?.description == "1200.0")
    }

    @Test func badTextAndLimits() {
        for text in [
            "", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "1 ", " 1", "nan", "inf", "--1", "1e5.0",
            "1_000",
        ] {
            #expect(ExactDecimal(text) == nil, "\(text)")
            #expect(Interval(enclosingDecimal: text) == nil, "\(text)")
        }
        #expect(ExactDecimal("1e2000000") == nil)
        #expect(ExactDecimal("1e99999999999999999999999") == nil)
        #expect(ExactDecimal("0e99999999999999999999999") == .zero)
        #expect(ExactDecimal("1e900000")?.adding(ExactDecimal(1)) == nil)
        #expect(ExactDecimal("1e900000").map { $0 > ExactDecimal(1) } == true)
    }

    @Test func floatsAreExact() throws {
        var generator = SplitMix64(seed: 6)
        for _ in 0..<500 {
            let value = generator.anyDouble()
            #expect(ExactDecimal(value).enclosure == Interval(value))
            #expect(ExactDecimal(ExactDecimal(value).description) == ExactDecimal(value))
            let other = generator.anyDouble()
            #expect((ExactDecimal(value) < ExactDecimal(other)) == (value < other))
        }
    }
}
