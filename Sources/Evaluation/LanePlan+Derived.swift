// Networks made from a planned one: with absolute weights, and with a property's rows folded into the last
// layer.

import Networks

extension LanePlan {
    /// The plan whose affine operators have the magnitudes of the weights, and no offsets.
    public func withAbsoluteWeights() -> LanePlan {
        LanePlan(
            self,
            operations: operations.map { operation in
                switch operation {
                case .input, .sum, .activation, .smooth: return operation
                case .linear(let linear):
                    let zero = [Double](repeating: 0, count: linear.bias.count)
                    return .linear(Linear(weights: linear.weights.mapValues(\.magnitude), bias: zero))
                case .convolution(var convolution):
                    convolution.weights = convolution.weights.map(\.magnitude)
                    convolution.bias = convolution.bias.map { _ in 0 }
                    return .convolution(convolution)
                case .elementwise(let elementwise):
                    return .elementwise(
                        Elementwise(
                            scale: elementwise.scale.map(\.magnitude),
                            offset: elementwise.offset.map { _ in 0 }))
                case .select(let selection):
                    return .select(
                        Selection(sources: selection.sources, constants: selection.constants.map { _ in 0 }))
                }
            })
    }
}

extension Matrix {
    func mapValues(_ transform: (Double) -> Double) -> Matrix {
        switch self {
        case .dense(let rows, let columns, let values):
            return .dense(rows: rows, columns: columns, values: values.map(transform))
        case .sparse(var matrix):
            matrix.values = matrix.values.map(transform)
            return .sparse(matrix)
        }
    }
}
