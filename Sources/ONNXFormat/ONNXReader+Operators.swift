extension ONNXReader {
    /// An operator that is read, and whether execution in floating point is bounded for it.
    public struct SupportedOperator: Sendable {
        public var name: String
        /// Whether its rounding in float32 and float64 is bounded, whatever the order of its sums.
        public var hasBoundedRounding: Bool
    }

    /// The operators that networks may have; some with restrictions, which the reader names.
    public static let operators: [SupportedOperator] = {
        let bounded = [
            "Add", "AveragePool", "Concat", "Constant", "ConstantOfShape", "Conv", "Div", "Dropout", "Expand",
            "Flatten",
            "Gather", "Gemm", "GlobalAveragePool", "Identity", "LeakyRelu", "MatMul", "MaxPool", "Mul", "Neg", "PRelu",
            "Pad", "ReduceMean", "ReduceSum", "Relu", "Reshape", "Shape", "Size", "Slice", "Split", "Squeeze", "Sub",
            "Sum", "Transpose", "Unsqueeze",
        ]
        let others = [
            "BatchNormalization", "Cast", "Elu", "Erf", "Gelu", "Pow", "Sigmoid", "Softplus", "Tanh",
        ]
        return
            (bounded.map { SupportedOperator(name: $0, hasBoundedRounding: true) }
            + others.map { SupportedOperator(name: $0, hasBoundedRounding: false) }).sorted { $0.name < $1.name }
    }()
}
