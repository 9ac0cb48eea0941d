internal import Intervals
internal import Networks

/// Runs a network on enclosed numbers: pointwise, tight, and paying for every rounding and every
/// `AffineError`.
struct EnclosingEvaluator: NetworkEvaluator {
    func linear(_ linear: Linear, _ operand: Enclosures) -> Enclosures {
        let source = Source(operand, linear.error)
        var result = Enclosures(capacity: linear.bias.count)
        switch linear.weights {
        case .dense(let rows, let columns, let weights):
            weights.withUnsafeBufferPointer { weights in
                for row in 0..<rows {
                    result.append(
                        compensatedDot(
                            .init(rebasing: weights[row * columns..<(row + 1) * columns]), source.whole,
                            bias: linear.bias[row], offset: source.offset(row)))
                }
            }
        case .sparse(let matrix):
            matrix.values.withUnsafeBufferPointer { values in
                for row in 0..<matrix.rows {
                    let range = matrix.rowStarts[row]..<matrix.rowStarts[row + 1]
                    result.append(
                        compensatedDot(
                            .init(rebasing: values[range]), source.gathered(matrix.columnIndices[range]),
                            bias: linear.bias[row], offset: source.offset(row)))
                }
            }
        }
        return result
    }

    func convolution(_ convolution: Convolution, _ operand: Enclosures) -> Enclosures {
        let source = Source(operand, convolution.error)
        let positions = convolution.windows.positionCount
        let count = convolution.windowCount
        var result = Enclosures(repeatingZero: convolution.outputChannels * positions)
        convolution.weights.withUnsafeBufferPointer { weights in
            convolution.forEachWindow { places, outputs, position in
                let window = source.gathered(places[...])
                for output in outputs {
                    result[output * positions + position] = compensatedDot(
                        .init(rebasing: weights[output * count..<(output + 1) * count]), window,
                        bias: convolution.bias[output], offset: source.offset(output))
                }
            }
        }
        return result
    }

    func elementwise(_ elementwise: Elementwise, _ operand: Enclosures) -> Enclosures {
        let source = Source(operand, elementwise.error)
        var result = Enclosures(capacity: operand.count)
        for index in 0..<operand.count {
            result.append(
                source.scaled(
                    index, by: elementwise.scale[index], bias: elementwise.offset[index],
                    offset: source.offset(index, of: index)))
        }
        return result
    }

    func select(_ selection: Selection, _ operand: Enclosures) -> Enclosures {
        var result = Enclosures(capacity: selection.sources.count)
        for (index, source) in selection.sources.enumerated() {
            result.append(source < 0 ? .init(exactly: selection.constants[index]) : operand[Int(source)])
        }
        return result
    }

    func sum(_ operands: [Enclosures]) -> Enclosures {
        let ones = [Double](repeating: 1, count: operands.count)
        var terms = CompensatedOperand(repeatingZero: operands.count)
        var result = Enclosures(capacity: operands[0].count)
        ones.withUnsafeBufferPointer { ones in
            for index in 0..<operands[0].count {
                for (place, operand) in operands.enumerated() {
                    terms.high[place] = operand.high[index]
                    terms.low[place] = operand.low[index]
                    terms.spread[place] = operand.radius[index]
                }
                result.append(compensatedDot(ones, terms, bias: 0, offset: 0))
            }
        }
        return result
    }

    func activation(_ activation: Activation, _ operand: Enclosures) -> Enclosures {
        var result = operand
        if case .smooth(let function) = activation {
            let curve = SmoothCurve(function)
            for index in 0..<operand.count {
                let element = operand[index]
                let range = curve.range(over: Interval(lower: element.lower, upper: element.upper))
                result[index] = .init(range.lower, range.upper)
            }
            return result
        }
        let source = Source(operand, .exact)
        for index in 0..<operand.count {
            let element = operand[index]
            let (lower, upper) = (element.lower, element.upper)
            if lower >= 0 { continue }
            switch activation {
            case .smooth: break
            case .relu: result[index] = upper <= 0 ? .init(exactly: 0) : .init(0, upper)
            case .leakyRelu(let slope):
                result[index] =
                    upper <= 0
                    ? source.scaled(index, by: slope, bias: 0, offset: 0)
                    : .init(productRoundedDown(slope, lower), upper)
            }
        }
        return result
    }

    /// A window's largest element when one is certainly that, otherwise the interval that holds the largest.
    func maxPool(_ pooling: Pooling, _ operand: Enclosures) -> Enclosures {
        var result = Enclosures(capacity: pooling.channels * pooling.windows.positionCount)
        let elements = pooling.mapWindows { places in
            let window = places.map { operand[Int($0)] }
            let lowers = window.map(\.lower)
            let best = lowers.indices.max { lowers[$0] < lowers[$1] }!
            let others = window.indices.lazy.filter { $0 != best }.map { window[$0].upper }.max()
            guard let others, others > lowers[best] else { return window[best] }
            return Enclosures.Element(lowers[best], max(others, window[best].upper))
        }
        for element in elements { result.append(element) }
        return result
    }
}

/// An operand prepared for the affine operator that reads it.
private struct Source {
    let whole: CompensatedOperand
    /// The largest magnitude of each element; empty when the operator is exact.
    let magnitude: [Double]
    let error: AffineError
    /// What the absolute error of all weights of a row adds together.
    let absolute: Double

    init(_ operand: Enclosures, _ error: AffineError) {
        var whole = CompensatedOperand(repeatingZero: 0)
        whole.high = operand.high
        whole.low = operand.low
        whole.spread = operand.radius
        self.error = error
        if error.relative == 0, error.absolute == 0 {
            magnitude = []
            absolute = 0
        } else {
            magnitude = (0..<operand.count).map { index in
                let element = operand[index]
                return max(abs(element.lower), abs(element.upper))
            }
            for index in magnitude.indices {
                let weightError = productRoundedUp(error.relative, magnitude[index])
                whole.spread[index] = sumRoundedUp(whole.spread[index], weightError)
            }
            let sum = magnitude.reduce(0, sumRoundedUp)
            absolute = error.absolute == 0 ? 0 : productRoundedUp(error.absolute, sum)
        }
        self.whole = whole
    }

    /// The elements at the places; zero where a place is -1.
    func gathered(_ places: ArraySlice<Int32>) -> CompensatedOperand {
        var window = CompensatedOperand(repeatingZero: places.count)
        for (index, place) in places.enumerated() where place >= 0 {
            window.high[index] = whole.high[Int(place)]
            window.low[index] = whole.low[Int(place)]
            window.spread[index] = whole.spread[Int(place)]
        }
        return window
    }

    func scaled(_ index: Int, by scale: Double, bias: Double, offset: Double) -> Enclosures.Element {
        var operand = CompensatedOperand(repeatingZero: 1)
        operand.high[0] = whole.high[index]
        operand.low[0] = whole.low[index]
        operand.spread[0] = whole.spread[index]
        return withUnsafePointer(to: scale) {
            compensatedDot(.init(start: $0, count: 1), operand, bias: bias, offset: offset)
        }
    }

    /// The radius of a row's bias, and what absolute weight errors add to the row.
    func offset(_ row: Int) -> Double {
        error.offsets.isEmpty ? absolute : sumRoundedUp(error.offsets[row], absolute)
    }

    /// The same for a row that reads one element only.
    func offset(_ row: Int, of index: Int) -> Double {
        let absolute = error.absolute == 0 ? 0 : productRoundedUp(error.absolute, magnitude[index])
        return error.offsets.isEmpty ? absolute : sumRoundedUp(error.offsets[row], absolute)
    }
}
