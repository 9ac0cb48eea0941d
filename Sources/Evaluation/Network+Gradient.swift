internal import Intervals
public import Networks

// Reverse mode over the graph, the slow model for everything faster. At a kink - a ReLU at zero, a tie in a
// pooling window - it takes one of the one-sided derivatives: zero, and the first of the largest.
extension Network {
    /// The gradient of `outputWeights . output` with respect to the input, in float64.
    ///
    /// - Parameters:
    ///   - outputWeights: `outputCount` numbers.
    ///   - input: `inputCount` numbers.
    /// - Returns: `inputCount` numbers.
    public func gradient(of outputWeights: [Double], at input: [Double]) -> [Double] {
        precondition(
            outputWeights.count == outputCount, "\(outputWeights.count) weights for \(outputCount) outputs")
        let values = evaluateAllNodes(input)
        var gradients = nodes.map { [Double](repeating: 0, count: $0.count) }
        gradients[output] = outputWeights
        for index in nodes.indices.reversed() {
            let node = nodes[index]
            let gradient = gradients[index]
            for operand in node.inputs {
                node.operation.pullBack(gradient, at: values[operand], into: &gradients[operand])
            }
        }
        return gradients[0]
    }
}

extension Operator {
    /// Adds to an operand's gradient what the node's own gradient says about it.
    fileprivate func pullBack(_ gradient: [Double], at operand: [Double], into result: inout [Double]) {
        switch self {
        case .input: break
        case .linear(let linear): linear.pullBack(gradient, into: &result)
        case .convolution(let convolution): convolution.pullBack(gradient, into: &result)
        case .elementwise(let elementwise):
            for index in gradient.indices { result[index] += elementwise.scale[index] * gradient[index] }
        case .select(let selection):
            for (index, source) in selection.sources.enumerated() where source >= 0 {
                result[Int(source)] += gradient[index]
            }
        case .reshape, .sum:
            for index in gradient.indices { result[index] += gradient[index] }
        case .activation(let activation):
            for index in gradient.indices {
                switch activation {
                case .relu: if operand[index] > 0 { result[index] += gradient[index] }
                case .leakyRelu(let slope):
                    result[index] += gradient[index] * (operand[index] >= 0 ? 1 : slope)
                case .smooth(let function):
                    result[index] += gradient[index] * function.jet(operand[index]).slope
                }
            }
        case .maxPool(let pooling):
            let winners = pooling.mapWindows { places in
                places.dropFirst().reduce(places[0]) { operand[Int($1)] > operand[Int($0)] ? $1 : $0 }
            }
            for (index, winner) in winners.enumerated() { result[Int(winner)] += gradient[index] }
        }
    }
}

extension Linear {
    fileprivate func pullBack(_ gradient: [Double], into result: inout [Double]) {
        switch weights {
        case .dense(let rows, let columns, let values):
            for row in 0..<rows where gradient[row] != 0 {
                for column in 0..<columns { result[column] += values[row * columns + column] * gradient[row] }
            }
        case .sparse(let matrix):
            for row in 0..<matrix.rows where gradient[row] != 0 {
                for place in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                    result[Int(matrix.columnIndices[place])] += matrix.values[place] * gradient[row]
                }
            }
        }
    }
}

extension Convolution {
    fileprivate func pullBack(_ gradient: [Double], into result: inout [Double]) {
        let positions = windows.positionCount
        let count = windowCount
        forEachWindow { places, outputs, position in
            for output in outputs {
                let factor = gradient[output * positions + position]
                for index in 0..<count where places[index] >= 0 {
                    result[Int(places[index])] += weights[output * count + index] * factor
                }
            }
        }
    }
}
