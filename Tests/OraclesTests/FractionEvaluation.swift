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
    case .activation(.smooth): preconditionFailure("smooth activations have no fractions")
    case .activation(.leakyRelu(let slope)): return x.map { $0 < .zero ? Fraction(slope) * $0 : $0 }
    case .convolution(let convolution): return evaluate(convolution, at: x)
    case .maxPool(let pooling):
        return (0..<node.count).map { feature in
            let row = feature / pooling.outputWidth % pooling.outputHeight * pooling.strideHeight
            let column = feature % pooling.outputWidth * pooling.strideWidth
            let channel = feature / (pooling.outputWidth * pooling.outputHeight)
            return x.indices.filter { place in
                let (y, z) = (place / pooling.inputWidth % pooling.inputHeight, place % pooling.inputWidth)
                return place / (pooling.inputWidth * pooling.inputHeight) == channel
                    && (0..<pooling.kernelHeight).contains(y + pooling.paddingTop - row)
                    && (0..<pooling.kernelWidth).contains(z + pooling.paddingLeft - column)
            }.map { x[$0] }.max()!
        }
    }
}

/// Every input feature is scattered to the outputs that read it.
private func evaluate(_ convolution: Convolution, at x: [Fraction]) -> [Fraction] {
    let (height, width) = (convolution.outputHeight, convolution.outputWidth)
    let (kernelHeight, kernelWidth) = (convolution.kernelHeight, convolution.kernelWidth)
    let perGroup = convolution.inputChannels / convolution.groups
    var y = (0..<convolution.outputChannels * height * width).map {
        Fraction(convolution.bias[$0 / (height * width)])
    }
    for (place, value) in x.enumerated() {
        let channel = place / (convolution.inputHeight * convolution.inputWidth)
        for weight in convolution.weights.indices
        where weight / (kernelHeight * kernelWidth) % perGroup == channel % perGroup {
            let output = weight / (kernelHeight * kernelWidth * perGroup)
            guard output / (convolution.outputChannels / convolution.groups) == channel / perGroup else { continue }
            let down =
                place / convolution.inputWidth % convolution.inputHeight + convolution.paddingTop
                - weight / kernelWidth % kernelHeight * convolution.dilationHeight
            let right =
                place % convolution.inputWidth + convolution.paddingLeft
                - weight % kernelWidth * convolution.dilationWidth
            guard down >= 0, right >= 0, down % convolution.strideHeight == 0, right % convolution.strideWidth == 0,
                down / convolution.strideHeight < height, right / convolution.strideWidth < width
            else { continue }
            let target =
                (output * height + down / convolution.strideHeight) * width + right / convolution.strideWidth
            y[target] = y[target] + Fraction(convolution.weights[weight]) * value
        }
    }
    return y
}
