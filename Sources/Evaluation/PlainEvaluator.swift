internal import Intervals
internal import Networks

/// Ordinary floating-point execution, every sum in the order in which the operator's definition lists its
/// terms, the bias last. It ignores `AffineError`.
struct PlainEvaluator<Scalar: BinaryFloatingPoint>: NetworkEvaluator {
    func linear(_ linear: Linear, _ operand: [Scalar]) -> [Scalar] {
        switch linear.weights {
        case .dense(let rows, let columns, let weights):
            return (0..<rows).map { row in
                let sum = dot(weights[row * columns..<(row + 1) * columns], operand[...])
                return sum + Scalar(linear.bias[row])
            }
        case .sparse(let matrix):
            return (0..<matrix.rows).map { row in
                var sum: Scalar = 0
                for place in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                    sum += Scalar(matrix.values[place]) * operand[Int(matrix.columnIndices[place])]
                }
                return sum + Scalar(linear.bias[row])
            }
        }
    }

    func convolution(_ convolution: Convolution, _ operand: [Scalar]) -> [Scalar] {
        let positions = convolution.windows.positionCount
        let count = convolution.windowCount
        var result = [Scalar](repeating: 0, count: convolution.outputChannels * positions)
        var window = [Scalar](repeating: 0, count: count)
        convolution.forEachWindow { places, outputs, position in
            for (index, place) in places.enumerated() { window[index] = place < 0 ? 0 : operand[Int(place)] }
            for output in outputs {
                let sum = dot(convolution.weights[output * count..<(output + 1) * count], window[...])
                result[output * positions + position] = sum + Scalar(convolution.bias[output])
            }
        }
        return result
    }

    func elementwise(_ elementwise: Elementwise, _ operand: [Scalar]) -> [Scalar] {
        operand.indices.map { Scalar(elementwise.scale[$0]) * operand[$0] + Scalar(elementwise.offset[$0]) }
    }

    func select(_ selection: Selection, _ operand: [Scalar]) -> [Scalar] {
        selection.sources.enumerated().map { index, source in
            source < 0 ? Scalar(selection.constants[index]) : operand[Int(source)]
        }
    }

    func sum(_ operands: [[Scalar]]) -> [Scalar] {
        var result = operands[0]
        for operand in operands.dropFirst() {
            for index in result.indices { result[index] += operand[index] }
        }
        return result
    }

    func activation(_ activation: Activation, _ operand: [Scalar]) -> [Scalar] {
        switch activation {
        case .relu: operand.map { $0 < 0 ? 0 : $0 }
        case .leakyRelu(let slope): operand.map { $0 >= 0 ? $0 : Scalar(slope) * $0 }
        case .smooth(let function): operand.map { Scalar(function.jet(Double($0)).value) }
        }
    }

    func maxPool(_ pooling: Pooling, _ operand: [Scalar]) -> [Scalar] {
        pooling.mapWindows { places in places.reduce(-Scalar.infinity) { max($0, operand[Int($1)]) } }
    }

    private func dot(_ weights: ArraySlice<Double>, _ values: ArraySlice<Scalar>) -> Scalar {
        weights.withUnsafeBufferPointer { weights in
            values.withUnsafeBufferPointer { values in
                var sum: Scalar = 0
                for index in 0..<weights.count { sum += Scalar(weights[index]) * values[index] }
                return sum
            }
        }
    }
}
