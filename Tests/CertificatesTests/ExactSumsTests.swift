import Intervals
import RandomNumbers
import Testing

@testable import Certificates

/// Sums of 192 bits against arbitrarily long ones.
@Suite struct ExactSumsTests {
    private var random = SplitMix64(seed: 11)

    /// A multiple of 2^-64, of any size up to 2^18.
    private mutating func number() -> Double {
        let size = Double(sign: .plus, exponent: Int.random(in: -66...18, using: &random), significand: 1)
        return ArithmeticKind.exact.down(Double.random(in: -1...1, using: &random) * size)
    }

    private mutating func eight() -> Eight {
        var result = Eight.zero
        for lane in 0..<8 where !Int.random(in: 0..<5, using: &random).isMultiple(of: 5) { result[lane] = number() }
        return result
    }

    @Test mutating func sumsAreExact() {
        for _ in 0..<50 {
            var sum = ExactSums.zero
            var truth = [Dyadic](repeating: .zero, count: 8)
            for step in 0..<40 {
                let (a, b, c, factor) = (eight(), eight(), eight(), number())
                if step.isMultiple(of: 2) {
                    sum.add(factor, times: ExactSums.factors(a))
                    for lane in 0..<8 { truth[lane] += Dyadic(factor) * Dyadic(a[lane]) }
                } else {
                    sum.add(a, minus: b, times: c)
                    for lane in 0..<8 { truth[lane] += (Dyadic(a[lane]) - Dyadic(b[lane])) * Dyadic(c[lane]) }
                }
            }
            let (values, leftovers) = sum.chosen
            #expect(sum.lowerBound(less: .zero) == values)
            for lane in 0..<8 {
                let rest = truth[lane] - Dyadic(values[lane])
                #expect(rest >= .zero && rest <= Dyadic(leftovers[lane]))
                #expect(leftovers[lane] <= max(0x1p-64, values[lane].ulp))
                #expect(ArithmeticKind.exact.down(values[lane]) == values[lane])
            }
            // Taking off what they are near leaves what is left.
            var rest = sum
            rest.add(-values)
            #expect(rest.isZero == all(leftovers .== Eight.zero))
        }
    }

    @Test mutating func theLesserIsFound() {
        for _ in 0..<50 {
            let (a, b) = (eight(), eight())
            var (first, second) = (ExactSums.zero, ExactSums.zero)
            first.add(a)
            second.add(b)
            var expected = a
            let mask = a .> number()
            for lane in 0..<8 where mask[lane] { expected[lane] = min(a[lane], b[lane]) }
            #expect(first.least(second, where: mask).chosen.values == expected)
        }
    }

    @Test(arguments: [0x1p-65, 1.5 * 0x1p-64, 0x1p60, .infinity, .nan, .leastNonzeroMagnitude])
    func otherNumbersBoundNothing(number: Double) {
        var sums = [ExactSums](repeating: .zero, count: 4)
        sums[0].add(number, times: ExactSums.factors(Eight(repeating: 1)))
        sums[1].add(1, times: ExactSums.factors(Eight(repeating: number)))
        sums[2].add(Eight(repeating: number), minus: .zero, times: Eight(repeating: 1))
        sums[3].add(.zero, minus: Eight(repeating: 1), times: Eight(repeating: number))
        for sum in sums {
            #expect(!sum.isZero)
            #expect(sum.lowerBound(less: .zero) == Eight(repeating: -.infinity))
            var bound = LaneBound<ExactSums>()
            bound.add(sum)
            #expect(bound.result(underflow: 0) == Eight(repeating: -.infinity))
        }
    }

    @Test func halvesOfTheGridAreRoundedOutward() {
        let kind = ArithmeticKind.exact
        #expect(kind.down(1.5 * 0x1p-64) == 0x1p-64 && kind.up(1.5 * 0x1p-64) == 0x1p-63)
        #expect(kind.down(-1e-30) == -0x1p-64 && kind.up(-1e-30) == 0)
        #expect(ArithmeticKind.rounded.down(-1e-30) == -1e-30)
    }
}
