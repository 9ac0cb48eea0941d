// Arithmetic between constants. The network is a function of real numbers, so a result that float64 cannot hold is
// rounded to the nearest and the tensor's `error` says how far off it may be.
internal import Intervals

enum Arithmetic {
    case add, subtract, multiply, divide

    func callAsFunction(_ x: Double, _ y: Double) -> Double {
        switch self {
        case .add: x + y
        case .subtract: x - y
        case .multiply: x * y
        case .divide: x / y
        }
    }

    func callAsFunction(_ x: Interval, _ y: Interval) -> Interval {
        switch self {
        case .add: x + y
        case .subtract: x - y
        case .multiply: x * y
        case .divide: x / y
        }
    }

    /// On integers as ONNX has it (division truncates); nil on overflow and division by zero.
    func callAsFunction(_ x: Int, _ y: Int) -> Int? {
        let (result, overflow) =
            switch self {
            case .add: x.addingReportingOverflow(y)
            case .subtract: x.subtractingReportingOverflow(y)
            case .multiply: x.multipliedReportingOverflow(by: y)
            case .divide: y == 0 ? (0, true) : x.dividedReportingOverflow(by: y)
            }
        return overflow ? nil : result
    }
}

extension Tensor {
    /// Elementwise, of two tensors of one shape; nil where the result is no finite number, or the types differ.
    static func combine(_ operation: Arithmetic, _ a: Tensor, _ b: Tensor) -> Tensor? {
        if let x = a.integers, let y = b.integers {
            var result: [Int] = []
            for (left, right) in zip(x, y) {
                guard let value = operation(left, right) else { return nil }
                result.append(value)
            }
            return Tensor(shape: a.shape, contents: .integer(result))
        }
        guard a.isInteger == b.isInteger else { return nil }
        let x = a.reals
        let y = b.reals
        var values = [Double](repeating: 0, count: x.count)
        var radii = [Double](repeating: 0, count: x.count)
        for index in values.indices {
            let value = operation(x[index], y[index])
            let enclosure = operation(a.error.enclosure(of: x[index]), b.error.enclosure(of: y[index]))
            guard value.isFinite, enclosure.isBounded else { return nil }
            values[index] = value
            radii[index] = distance(
                from: value, to: enclosure, isRoundedOnce: a.error == .none && b.error == .none)
        }
        return Tensor(shape: a.shape, contents: .double(values), error: Rounding(radii: radii, of: values))
    }

    /// Every element times a number.
    func scaled(by factor: Double) -> Tensor? {
        if factor == 1 { return self }
        let factors = Tensor(
            shape: shape, contents: .double([Double](repeating: factor, count: contents.count)))
        return Tensor.combine(.multiply, self, factors)
    }

    var negated: Tensor {
        let negative: Contents =
            switch contents {
            case .single(let values): .single(values.map { -$0 })
            case .double(let values): .double(values.map { -$0 })
            case .integer(let values): .integer(values.map { 0 &- $0 })
            }
        return Tensor(shape: shape, contents: negative, error: error)
    }
}

/// How far `value` may be from a real number in the enclosure; half a unit in the last place suffices when `value`
/// is that number rounded to nearest.
private func distance(from value: Double, to enclosure: Interval, isRoundedOnce: Bool) -> Double {
    if enclosure.isPoint && enclosure.lower == value { return 0 }
    if isRoundedOnce { return value.ulp / 2 + (value.ulp == .leastNonzeroMagnitude ? value.ulp : 0) }
    return max(differenceRoundedUp(enclosure.upper, value), differenceRoundedUp(value, enclosure.lower))
}

extension Tensor.Rounding {
    /// Bounds that cover `radii[i]` around each `values[i]`: relative ones where that is tight.
    init(radii: [Double], of values: [Double]) {
        self.init()
        for (value, radius) in zip(values, radii) where radius > 0 {
            let ratio = value == 0 ? .infinity : quotientRoundedUp(radius, value.magnitude)
            if ratio <= 0x1p-40 {
                relative = max(relative, ratio)
            } else {
                absolute = max(absolute, radius)
            }
        }
    }

    func radius(of value: Double) -> Double {
        self == .none ? 0 : sumRoundedUp(productRoundedUp(relative, value.magnitude), absolute)
    }

    func enclosure(of value: Double) -> Interval {
        let radius = radius(of: value)
        if radius == 0 { return Interval(value) }
        return Interval(lower: differenceRoundedDown(value, radius), upper: sumRoundedUp(value, radius))
    }
}
