/// A floating-point format in which a network may be executed.
public enum FloatFormat: String, Sendable, Hashable, CaseIterable {
    case float32, float64

    /// The relative error of one rounding to nearest, `u`.
    public var unitRoundoff: Double {
        switch self {
        case .float32: 0x1p-24
        case .float64: 0x1p-53
        }
    }

    /// Smaller results may lose all their digits.
    public var leastNormal: Double {
        switch self {
        case .float32: Double(Float.leastNormalMagnitude)
        case .float64: Double.leastNormalMagnitude
        }
    }

    public var greatestFinite: Double {
        switch self {
        case .float32: Double(Float.greatestFiniteMagnitude)
        case .float64: Double.greatestFiniteMagnitude
        }
    }

    /// Whether the number is one of the format's.
    public func holds(_ value: Double) -> Bool {
        switch self {
        case .float32: Double(Float(value)) == value
        case .float64: true
        }
    }

    /// The number of the format nearest to a decimal, ties to even.
    ///
    /// - Returns: nil beyond the format's range.
    public func nearest(to decimal: ExactDecimal) -> Double? {
        let text = decimal.description
        let value =
            switch self {
            case .float32: Float(text).map(Double.init)
            case .float64: Double(text)
            }
        return value.flatMap { $0.isFinite ? $0 : nil }
    }
}
