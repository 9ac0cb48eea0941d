import Foundation
import Intervals
import Networks

/// A network's float64 value, written for plainness.
func evaluate(_ network: Network, _ input: [Double]) -> [Double] {
    var values: [[Double]] = []
    for node in network.nodes {
        let operands = node.inputs.map { values[$0] }
        values.append(apply(node.operation, operands, input: input))
    }
    return values[network.output]
}

private func apply(_ operation: Operator, _ operands: [[Double]], input: [Double]) -> [Double] {
    switch operation {
    case .input: return input
    case .linear(let linear):
        let weights = linear.weights.dense
        return linear.bias.indices.map { row in
            operands[0].indices.reduce(linear.bias[row]) {
                $0 + weights[row * operands[0].count + $1] * operands[0][$1]
            }
        }
    case .convolution(let convolution): return apply(convolution, operands[0])
    case .elementwise(let map):
        return operands[0].indices.map { map.scale[$0] * operands[0][$0] + map.offset[$0] }
    case .select(let selection):
        return selection.sources.indices.map {
            let source = Int(selection.sources[$0])
            return source < 0 ? selection.constants[$0] : operands[0][source]
        }
    case .reshape: return operands[0]
    case .sum: return operands[0].indices.map { index in operands.reduce(0) { $0 + $1[index] } }
    case .activation(.relu): return operands[0].map { max($0, 0) }
    case .activation(.leakyRelu(let slope)): return operands[0].map { $0 >= 0 ? $0 : slope * $0 }
    case .activation(.smooth(let function)): return operands[0].map { function.plainly($0) }
    case .maxPool(let pooling): return apply(pooling, operands[0])
    }
}

extension SmoothFunction {
    /// By the C library.
    func plainly(_ z: Double) -> Double {
        switch self {
        case .sigmoid: return 1 / (1 + exp(-z))
        case .tanh: return Foundation.tanh(z)
        case .softplus: return log1p(exp(z))
        case .silu: return z / (1 + exp(-z))
        case .gelu: return z * erfc(-z / 2.0.squareRoot()) / 2
        case .geluTanh(let linear, let cubic): return z * (1 + Foundation.tanh(linear * z + cubic * z * z * z)) / 2
        case .elu(let alpha): return z >= 0 ? z : alpha * expm1(z)
        }
    }
}

private func apply(_ c: Convolution, _ image: [Double]) -> [Double] {
    var result: [Double] = []
    let channels = c.inputChannels / c.groups
    for output in 0..<c.outputChannels {
        let group = output / (c.outputChannels / c.groups)
        for y in 0..<c.outputHeight {
            for x in 0..<c.outputWidth {
                var total = c.bias[output]
                for channel in 0..<channels {
                    for i in 0..<c.kernelHeight {
                        for j in 0..<c.kernelWidth {
                            let row = y * c.strideHeight - c.paddingTop + i * c.dilationHeight
                            let column = x * c.strideWidth - c.paddingLeft + j * c.dilationWidth
                            guard row >= 0, row < c.inputHeight, column >= 0, column < c.inputWidth else {
                                continue
                            }
                            let weight =
                                c.weights[
                                    ((output * channels + channel) * c.kernelHeight + i) * c.kernelWidth + j]
                            let place =
                                ((group * channels + channel) * c.inputHeight + row) * c.inputWidth + column
                            total += weight * image[place]
                        }
                    }
                }
                result.append(total)
            }
        }
    }
    return result
}

private func apply(_ p: Pooling, _ image: [Double]) -> [Double] {
    var result: [Double] = []
    for channel in 0..<p.channels {
        for y in 0..<p.outputHeight {
            for x in 0..<p.outputWidth {
                var best = -Double.infinity
                for i in 0..<p.kernelHeight {
                    for j in 0..<p.kernelWidth {
                        let row = y * p.strideHeight - p.paddingTop + i * p.dilationHeight
                        let column = x * p.strideWidth - p.paddingLeft + j * p.dilationWidth
                        guard row >= 0, row < p.inputHeight, column >= 0, column < p.inputWidth else {
                            continue
                        }
                        best = max(best, image[(channel * p.inputHeight + row) * p.inputWidth + column])
                    }
                }
                result.append(best)
            }
        }
    }
    return result
}
