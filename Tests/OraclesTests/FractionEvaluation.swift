import BigInt
import Intervals
import Networks
import Oracles

/// A rational number: the slow model's arithmetic.
struct Fraction: Comparable {
    var numerator: BigInt
    var denominator: BigInt

    init(_ numerator: BigInt, _ denominator: BigInt = 1) {
        let divisor = numerator.greatestCommonDivisor(with: denominator)
        self.numerator = numerator / divisor
        self.denominator = denominator / divisor
    }

    init(_ value: Double) {
        let shift = max(0, value == 0 ? 0 : 52 - Int(value.exponent))
        self.init(BigInt(Double(sign: .plus, exponent: shift, significand: value)), BigInt(1) << shift)
    }

    init(_ value: ExactDecimal) {
        let digits = BigInt(value.digits)! * BigInt(value.sign < 0 ? -1 : 1)
        self.init(
            digits * BigInt(10).power(max(0, value.powerOfTen)), BigInt(10).power(max(0, -value.powerOfTen)))
    }

    static func + (a: Fraction, b: Fraction) -> Fraction {
        Fraction(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)
    }
    static func * (a: Fraction, b: Fraction) -> Fraction {
        Fraction(a.numerator * b.numerator, a.denominator * b.denominator)
    }
    static func < (a: Fraction, b: Fraction) -> Bool {
        a.numerator * b.denominator < b.numerator * a.denominator
    }
    static let zero = Fraction(0)
}

/// The network's output at a rational point, operator by operator.
func evaluate(_ network: Network, at input: [Fraction]) -> [Fraction] {
    var values = [input]
    for node in network.nodes.dropFirst() {
        let operands = node.inputs.map { values[$0] }
        values.append(evaluate(node, operands))
    }
    return values[network.output]
}

private func evaluate(_ node: Node, _ operands: [[Fraction]]) -> [Fraction] {
    let x = operands[0]
    switch node.operation {
    case .input, .reshape: return x
    case .linear(let linear):
        let (columns, weights) = (linear.weights.columns, linear.weights.dense)
        return linear.bias.indices.map { row in
            (0..<columns).reduce(Fraction(linear.bias[row])) {
                $0 + Fraction(weights[row * columns + $1]) * x[$1]
            }
        }
    case .elementwise(let elementwise):
        return x.indices.map { Fraction(elementwise.scale[$0]) * x[$0] + Fraction(elementwise.offset[$0]) }
    case .select(let selection):
        return selection.sources.indices.map {
            selection.sources[$0] < 0 ? Fraction(selection.constants[$0]) : x[Int(selection.sources[$0])]
        }
    case .sum: return x.indices.map { index in operands.dropFirst().reduce(x[index]) { $0 + $1[index] } }
    case .activation(.relu): return x.map { max($0, .zero) }
    case .activation(.leakyRelu(let slope)): return x.map { $0 < .zero ? Fraction(slope) * $0 : $0 }
    case .convolution(let convolution):
        // Random queries have one channel of one row, padded by one on both sides.
        return x.indices.map { column in
            (0..<3).reduce(Fraction(convolution.bias[0])) { sum, place in
                let source = column + place - 1
                guard x.indices.contains(source) else { return sum }
                return sum + Fraction(convolution.weights[place]) * x[source]
            }
        }
    case .maxPool:
        return x.indices.map { column in x[max(0, column - 1)...min(x.count - 1, column + 1)].max()! }
    }
}
