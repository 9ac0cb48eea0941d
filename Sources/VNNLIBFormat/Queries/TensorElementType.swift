public import Intervals

/// The type of a tensor's elements, as ONNX names it, or `real`.
public enum TensorElementType: String, Sendable, Hashable, CaseIterable {
    case real
    case float16, float32, float64, bfloat16
    case float8e4m3fn, float8e4m3fnuz, float8e5m2, float8e5m2fnuz, float4e2m1
    case int4, int8, int16, int32, int64
    case uint4, uint8, uint16, uint32, uint64
    case complex64, complex128, bool, string

    /// What can be written where such an element stands.
    enum Literals { case decimals, integers, naturals, none }

    var literals: Literals {
        switch self {
        case .real, .float16, .float32, .float64, .bfloat16, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2,
            .float8e5m2fnuz, .float4e2m1:
            .decimals
        case .int4, .int8, .int16, .int32, .int64: .integers
        case .uint4, .uint8, .uint16, .uint32, .uint64: .naturals
        case .complex64, .complex128, .bool, .string: .none
        }
    }

    /// The floating-point format whose executions a query of this type asks about; nil for the real network.
    public var floatFormat: FloatFormat? {
        switch self {
        case .float32: .float32
        case .float64: .float64
        default: nil
        }
    }

    /// Whether queries of this type are answered.
    public var isSupported: Bool { self == .real || floatFormat != nil }
}
