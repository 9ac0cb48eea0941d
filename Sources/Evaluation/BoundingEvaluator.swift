internal import Intervals
internal import Networks

// Interval bounds of a whole box at about twice the price of one evaluation (Rump, "Fast and parallel
// interval arithmetic", 1999): every operand is turned into midpoint m and radius r, and a row of weights w
// gives
//
//     centre  c = fl(sum w m + b)          radius  R = sum |w| r + (what the centre's rounding may be off)
//
// The centre's rounding error, and what `AffineError` allows the weights to differ, are both proportional to
// |w|, so they are charged to the operand once, as q = r + (gamma + relative) |m| + relative r, and one sum
// of |w| q per row pays for everything. Where that sum is zero nothing was read, and the bias stands exactly.

/// Lower and upper bounds, one pair per feature.
struct Bounds {
    var lower: [Double]
    var upper: [Double]

    init(repeatingZero count: Int) {
        lower = [Double](repeating: 0, count: count)
        upper = lower
    }

    /// The interval of all numbers within the radius of the centre.
    mutating func set(_ index: Int, centre: Double, radius: Double) {
        let isKnown = centre.isFinite && radius.isFinite
        lower[index] = isKnown ? differenceRoundedDown(centre, radius) : -.infinity
        upper[index] = isKnown ? sumRoundedUp(centre, radius) : .infinity
    }

    mutating func set(_ index: Int, _ interval: Interval) {
        lower[index] = interval.lower
        upper[index] = interval.upper
    }

    subscript(index: Int) -> Interval { Interval(lower: lower[index], upper: upper[index]) }
}

/// Runs a network on boxes.
struct BoundingEvaluator: NetworkEvaluator {
    func linear(_ linear: Linear, _ operand: Bounds) -> Bounds {
        var result = Bounds(repeatingZero: linear.bias.count)
        switch linear.weights {
        case .dense(let rows, let columns, let weights):
            let source = Source(operand, linear.error, longestRow: columns)
            weights.withUnsafeBufferPointer { weights in
                for row in 0..<rows {
                    let range = row * columns..<(row + 1) * columns
                    let (centre, radius) = source.row(
                        .init(rebasing: weights[range]), source.whole, bias: linear.bias[row], offset: row)
                    result.set(row, centre: centre, radius: radius)
                }
            }
        case .sparse(let matrix):
            let lengths = zip(matrix.rowStarts, matrix.rowStarts.dropFirst()).lazy.map { $1 - $0 }
            let source = Source(operand, linear.error, longestRow: lengths.max() ?? 0)
            matrix.values.withUnsafeBufferPointer { values in
                for row in 0..<matrix.rows {
                    let range = matrix.rowStarts[row]..<matrix.rowStarts[row + 1]
                    let (centre, radius) = source.row(
                        .init(rebasing: values[range]), source.gathered(matrix.columnIndices[range]),
                        bias: linear.bias[row], offset: row)
                    result.set(row, centre: centre, radius: radius)
                }
            }
        }
        return result
    }

    func convolution(_ convolution: Convolution, _ operand: Bounds) -> Bounds {
        let count = convolution.windowCount
        let source = Source(operand, convolution.error, longestRow: count)
        let positions = convolution.windows.positionCount
        var result = Bounds(repeatingZero: convolution.outputChannels * positions)
        convolution.weights.withUnsafeBufferPointer { weights in
            convolution.forEachWindow { places, outputs, position in
                let window = source.gathered(places[...])
                for output in outputs {
                    let (centre, radius) = source.row(
                        .init(rebasing: weights[output * count..<(output + 1) * count]), window,
                        bias: convolution.bias[output], offset: output)
                    result.set(output * positions + position, centre: centre, radius: radius)
                }
            }
        }
        return result
    }

    func elementwise(_ elementwise: Elementwise, _ operand: Bounds) -> Bounds {
        var result = operand
        let error = elementwise.error
        for index in operand.lower.indices {
            let scale = elementwise.scale[index]
            let scaleRadius = sumRoundedUp(productRoundedUp(error.relative, abs(scale)), error.absolute)
            let offsetRadius = error.offsets.isEmpty ? 0 : error.offsets[index]
            result.set(
                index,
                operand[index] * around(scale, scaleRadius) + around(elementwise.offset[index], offsetRadius))
        }
        return result
    }

    func select(_ selection: Selection, _ operand: Bounds) -> Bounds {
        var result = Bounds(repeatingZero: selection.sources.count)
        for (index, source) in selection.sources.enumerated() {
            result.set(index, source < 0 ? Interval(selection.constants[index]) : operand[Int(source)])
        }
        return result
    }

    func sum(_ operands: [Bounds]) -> Bounds {
        var result = operands[0]
        for operand in operands.dropFirst() {
            for index in result.lower.indices { result.set(index, result[index] + operand[index]) }
        }
        return result
    }

    func activation(_ activation: Activation, _ operand: Bounds) -> Bounds {
        var result = operand
        if case .smooth(let function) = activation {
            let curve = SmoothCurve(function)
            for index in operand.lower.indices { result.set(index, curve.range(over: operand[index])) }
            return result
        }
        for index in operand.lower.indices where operand.lower[index] < 0 {
            switch activation {
            case .smooth: break
            case .relu: result.set(index, operand[index].relu())
            case .leakyRelu(let slope): result.set(index, operand[index].leakyRelu(slope: slope))
            }
        }
        return result
    }

    func maxPool(_ pooling: Pooling, _ operand: Bounds) -> Bounds {
        var result = Bounds(repeatingZero: 0)
        result.lower = pooling.mapWindows { places in
            places.reduce(-.infinity) { max($0, operand.lower[Int($1)]) }
        }
        result.upper = pooling.mapWindows { places in
            places.reduce(-.infinity) { max($0, operand.upper[Int($1)]) }
        }
        return result
    }

    private func around(_ centre: Double, _ radius: Double) -> Interval {
        Interval(lower: differenceRoundedDown(centre, radius), upper: sumRoundedUp(centre, radius))
    }
}

/// An operand as midpoints and charges (the `q` above), prepared for the affine operator that reads it.
private struct Source {
    struct Operand {
        var middle: [Double]
        var charge: [Double]
    }

    let whole: Operand
    private let rounding: Double
    private let offsets: [Double]
    /// What the absolute error of all weights of a row adds together.
    private let absolute: Double

    init(_ operand: Bounds, _ error: AffineError, longestRow: Int) {
        rounding = roundingFactor(longestRow + 8)
        offsets = error.offsets
        let count = operand.lower.count
        var middle = [Double](repeating: 0, count: count)
        var charge = middle
        var sum = 0.0
        for index in 0..<count {
            let (lower, upper) = (operand.lower[index], operand.upper[index])
            if lower == 0, upper == 0 { continue }
            let centre = lower == upper ? lower : lower / 2 + upper / 2
            let radius = max(differenceRoundedUp(centre, lower), differenceRoundedUp(upper, centre))
            let magnitude = max(abs(lower), abs(upper))
            middle[index] = centre
            // Each factor 1 + 2^-50 pays for the line's own roundings; the floor keeps |w| q from vanishing
            // unseen.
            let relative = (rounding * abs(centre) + error.relative * magnitude) * (1 + 0x1p-50)
            charge[index] = max((radius + relative) * (1 + 0x1p-50), 0x1p-500)
            sum += magnitude
        }
        whole = Operand(middle: middle, charge: charge)
        absolute = error.absolute == 0 ? 0 : sum * error.absolute * (1 + roundingFactor(count + 8))
    }

    /// The elements at the places; zero where a place is -1.
    func gathered(_ places: ArraySlice<Int32>) -> Operand {
        var middle = [Double](repeating: 0, count: places.count)
        var charge = middle
        for (index, place) in places.enumerated() where place >= 0 {
            middle[index] = whole.middle[Int(place)]
            charge[index] = whole.charge[Int(place)]
        }
        return Operand(middle: middle, charge: charge)
    }

    /// - Parameter offset: the index of the bias's radius.
    func row(
        _ weights: UnsafeBufferPointer<Double>, _ operand: Operand, bias: Double, offset: Int
    ) -> (centre: Double, radius: Double) {
        let (product, charges) = sums(weights, operand)
        let margin = (offsets.isEmpty ? 0 : offsets[offset]) + absolute
        if charges == 0, isUntouched(weights, operand) { return (bias, margin * (1 + 0x1p-50)) }
        let tiny = Double(weights.count + 1) * 0x1p-1070
        let radius = (charges + rounding * abs(bias) + margin + tiny) * (1 + 2 * rounding + 0x1p-50)
        return (product + bias, radius)
    }

    private func sums(
        _ weights: UnsafeBufferPointer<Double>, _ operand: Operand
    ) -> (product: Double, charges: Double) {
        operand.middle.withUnsafeBufferPointer { middle in
            operand.charge.withUnsafeBufferPointer { charge in
                var products = (SIMD4<Double>.zero, SIMD4<Double>.zero)
                var charges = (SIMD4<Double>.zero, SIMD4<Double>.zero)
                let count = weights.count
                var index = 0
                while index + 8 <= count {
                    let first = load(weights, index, count)
                    let second = load(weights, index + 4, count)
                    products.0 += first * load(middle, index, count)
                    products.1 += second * load(middle, index + 4, count)
                    charges.0 += magnitudes(first) * load(charge, index, count)
                    charges.1 += magnitudes(second) * load(charge, index + 4, count)
                    index += 8
                }
                while index < count {
                    let weight = load(weights, index, count)
                    products.0 += weight * load(middle, index, count)
                    charges.0 += magnitudes(weight) * load(charge, index, count)
                    index += 4
                }
                return ((products.0 + products.1).sum(), (charges.0 + charges.1).sum())
            }
        }
    }

    /// Whether every weight meets a zero or is one.
    private func isUntouched(_ weights: UnsafeBufferPointer<Double>, _ operand: Operand) -> Bool {
        weights.indices.allSatisfy { weights[$0] == 0 || operand.charge[$0] == 0 }
    }
}
