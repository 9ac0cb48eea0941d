import BigInt
import Evaluation
import Intervals
import Networks
import Oracles
import RandomNumbers
import Testing

@Suite struct ExactEvaluationTests {
    @Test(arguments: 0..<30)
    func intervalsHoldTheExactOutput(seed: Int) throws {
        let network = RandomNetwork.make(seed: seed)
        let input = RandomNetwork.input(of: network, seed: seed)
        let exact = try #require(network.evaluateExactly(input))
        for (exact, interval) in zip(exact, network.evaluate(at: input.map { Interval($0) })) {
            #expect(Dyadic(interval.lower) <= exact && exact <= Dyadic(interval.upper))
            #expect(abs(Double(exact) - interval.lower) <= interval.lower.ulp * 2)
        }
        let decimals = try #require(network.evaluateExactly(input.map { ExactDecimal($0) }))
        for (scaled, exact) in zip(decimals.output, exact) { #expect(scaled == exact * decimals.scale) }
    }

    @Test func decimalsThatNoFloatEqualsAreExact() throws {
        // relu(10 x - 1) at x = 0.1 is zero, though 0.1 is no float64.
        let network = Network(
            nodes: [
                Node(name: "x", operation: .input, inputs: [], shape: [1]),
                Node(
                    name: "e", operation: .elementwise(Elementwise(scale: [10], offset: [-1])), inputs: [0],
                    shape: [1]),
            ], output: 1)
        for (text, sign) in [
            ("0.1", 0), ("0.10000000000000000000001", 1), ("99e-3", -1), ("3e2", 1), ("0", -1),
        ] {
            let result = try #require(network.evaluateExactly([ExactDecimal(text)!]))
            #expect(result.output[0].sign == sign)
            #expect(result.scale.sign == 1)
        }
        #expect(network.evaluateExactly([0.1])![0].sign == 1)
    }

    @Test func refusesWhatItCannotDecide() {
        let inexact = RandomNetwork.make(seed: 1, error: AffineError(relative: 1e-9))
        #expect(inexact.evaluateExactly(RandomNetwork.input(of: inexact, seed: 1)) == nil)
        let network = RandomNetwork.make(seed: 1)
        #expect(
            network.evaluateExactly(RandomNetwork.input(of: network, seed: 1), multiplyAddLimit: 10) == nil)
    }

    @Test(arguments: 0..<200)
    func dyadicArithmeticAgreesWithIntegers(seed: Int) {
        var generator = SplitMix64(seed: seed)
        func number() -> (Dyadic, BigInt) {
            let mantissa = Int.random(in: -1000...1000, using: &generator)
            let exponent = Int.random(in: -8...8, using: &generator)
            return (
                Dyadic(mantissa: BigInt(mantissa), exponent: exponent), BigInt(mantissa) << (exponent + 8)
            )
        }
        let (x, scaledX) = number()
        let (y, scaledY) = number()
        #expect(x + y == Dyadic(mantissa: scaledX + scaledY, exponent: -8))
        #expect(x - y == Dyadic(mantissa: scaledX - scaledY, exponent: -8))
        #expect(x * y == Dyadic(mantissa: scaledX * scaledY, exponent: -16))
        #expect((x < y) == (scaledX < scaledY))
        #expect((x == y) == (scaledX == scaledY))
        #expect(Double(x) == Double(Int(scaledX)) / 256)
        #expect(Dyadic(Double(x)) == x)
    }

    @Test(arguments: [0, -0.0, 1, -1.5, 0x1p-1074, -0x1.8p-1050, Double.greatestFiniteMagnitude, 0.1])
    func doublesComeBack(number: Double) {
        #expect(Double(Dyadic(number)) == number)
    }
}
