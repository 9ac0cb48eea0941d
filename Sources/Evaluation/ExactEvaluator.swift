internal import Intervals
internal import Networks

/// Runs a network in exact arithmetic, scaled: for inputs `s x` it gives `s f(x)`, every constant of the
/// network being multiplied by `s > 0`. Piecewise linear activations are positively homogeneous, so this is the same
/// computation; with `s` a power of ten it makes decimal inputs dyadic.
///
/// - Precondition: every affine operator is exact, and no activation is smooth: its value at a rational number is no
///   rational number.
struct ExactEvaluator: NetworkEvaluator {
    var scale: Dyadic

    func linear(_ linear: Linear, _ operand: [Dyadic]) -> [Dyadic] {
        let matrix = linear.weights.sparse
        return (0..<matrix.rows).map { row in
            let range = matrix.rowStarts[row]..<matrix.rowStarts[row + 1]
            return dot(matrix.values[range], matrix.columnIndices[range], operand)
                + constant(linear.bias[row])
        }
    }

    func convolution(_ convolution: Convolution, _ operand: [Dyadic]) -> [Dyadic] {
        let positions = convolution.windows.positionCount
        let count = convolution.windowCount
        var result = [Dyadic](repeating: .zero, count: convolution.outputChannels * positions)
        convolution.forEachWindow { places, outputs, position in
            for output in outputs {
                let weights = convolution.weights[output * count..<(output + 1) * count]
                result[output * positions + position] =
                    dot(weights, places[...], operand) + constant(convolution.bias[output])
            }
        }
        return result
    }

    func elementwise(_ elementwise: Elementwise, _ operand: [Dyadic]) -> [Dyadic] {
        operand.indices.map {
            Dyadic(elementwise.scale[$0]) * operand[$0] + constant(elementwise.offset[$0])
        }
    }

    func select(_ selection: Selection, _ operand: [Dyadic]) -> [Dyadic] {
        selection.sources.enumerated().map { index, source in
            source < 0 ? constant(selection.constants[index]) : operand[Int(source)]
        }
    }

    func sum(_ operands: [[Dyadic]]) -> [Dyadic] {
        operands[0].indices.map { index in operands.reduce(.zero) { $0 + $1[index] } }
    }

    func activation(_ activation: Activation, _ operand: [Dyadic]) -> [Dyadic] {
        switch activation {
        case .relu: operand.map { $0.sign < 0 ? .zero : $0 }
        case .leakyRelu(let slope): operand.map { $0.sign < 0 ? Dyadic(slope) * $0 : $0 }
        case .smooth(let function): preconditionFailure("\(function) has no exact values")
        }
    }

    func maxPool(_ pooling: Pooling, _ operand: [Dyadic]) -> [Dyadic] {
        pooling.mapWindows { places in
            places.dropFirst().reduce(operand[Int(places[0])]) { max($0, operand[Int($1)]) }
        }
    }

    private func constant(_ number: Double) -> Dyadic {
        number == 0 ? .zero : Dyadic(number) * scale
    }

    private func dot(
        _ weights: ArraySlice<Double>, _ places: ArraySlice<Int32>, _ operand: [Dyadic]
    ) -> Dyadic {
        var sum = Dyadic.zero
        for (weight, place) in zip(weights, places) where weight != 0 && place >= 0 {
            sum += Dyadic(weight) * operand[Int(place)]
        }
        return sum
    }
}
