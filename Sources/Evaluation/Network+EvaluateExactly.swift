internal import BigInt
public import Intervals
public import Networks

extension Network {
    /// The output for one input, in exact arithmetic.
    ///
    /// - Parameters:
    ///   - input: `inputCount` finite numbers.
    ///   - multiplyAddLimit: the most multiply-adds to spend; a million take about a second.
    /// - Returns: `outputCount` numbers, or nil when an operator's weights are not known exactly, an
    ///   activation is smooth (its values are no rational numbers), or the network is too large.
    public func evaluateExactly(_ input: [Double], multiplyAddLimit: Int = 1_000_000) -> [Dyadic]? {
        guard canEvaluateExactly(multiplyAddLimit) else { return nil }
        precondition(input.count == inputCount, "\(input.count) inputs for a network of \(inputCount)")
        return values(by: ExactEvaluator(scale: Dyadic(1)), input: input.map { Dyadic($0) })[output]
    }

    /// The output for one decimal input, in exact arithmetic, as integers and powers of two over one power of
    /// ten.
    ///
    /// - Returns: `input` and `output` multiplied by the common `scale > 0`; nil as for float64 inputs.
    public func evaluateExactly(
        _ input: [ExactDecimal], multiplyAddLimit: Int = 1_000_000
    ) -> (input: [Dyadic], output: [Dyadic], scale: Dyadic)? {
        guard canEvaluateExactly(multiplyAddLimit) else { return nil }
        precondition(input.count == inputCount, "\(input.count) inputs for a network of \(inputCount)")
        let parts = input.map { DecimalParts($0) }
        let places = parts.reduce(0) { max($0, -$1.powerOfTen) }
        guard parts.allSatisfy({ $0.powerOfTen + places <= Self.decimalPlaceLimit }) else { return nil }
        let numerators = parts.map { part in
            let integer = part.digits * BigInt(10).power(part.powerOfTen + places)
            return Dyadic(mantissa: integer, exponent: 0)
        }
        let scale = Dyadic(mantissa: BigInt(10).power(places), exponent: 0)
        return (numerators, values(by: ExactEvaluator(scale: scale), input: numerators)[output], scale)
    }

    /// Powers of ten beyond this make the numbers too long to be worth it.
    private static var decimalPlaceLimit: Int { 2000 }

    private func canEvaluateExactly(_ limit: Int) -> Bool {
        var count = 0
        for node in nodes {
            switch node.operation {
            case .linear(let linear):
                guard linear.error.isExact else { return false }
                count += linear.weights.nonzeros
            case .convolution(let convolution):
                guard convolution.error.isExact else { return false }
                count += node.count * convolution.windowCount
            case .elementwise(let elementwise):
                guard elementwise.error.isExact else { return false }
                count += node.count
            case .activation(.smooth): return false
            case .input, .select, .reshape, .sum, .activation(.relu), .activation(.leakyRelu), .maxPool:
                count += node.count
            }
        }
        return count <= limit
    }
}

/// A decimal as `digits * 10^powerOfTen`.
private struct DecimalParts {
    var digits: BigInt
    var powerOfTen: Int

    init(_ decimal: ExactDecimal) {
        let pieces = decimal.description.split(separator: "e")
        let mantissa = pieces[0].split(separator: ".", omittingEmptySubsequences: false)
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        digits = BigInt(String(mantissa[0] + fraction))!
        powerOfTen = (pieces.count > 1 ? Int(pieces[1])! : 0) - fraction.utf8.count
        while !digits.isZero, powerOfTen < 0, digits % 10 == 0 {
            digits /= 10
            powerOfTen += 1
        }
        if digits.isZero { powerOfTen = 0 }
    }
}
