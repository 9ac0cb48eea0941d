// Interval arithmetic of one row of an affine operator, rounded and exact.

internal import Intervals
internal import Networks

/// Which arithmetic a proof is replayed in.
public enum ArithmeticKind: Sendable {
    /// Float64 with every rounding bounded and paid for.
    case rounded
    /// Integers times powers of two.
    case exact
}

/// A bound of `n u / (1 - n u)`, the relative error of a sum of `n` rounded numbers in any order (Higham, ch. 3).
func gamma(_ terms: Int) -> Double {
    let product = Double(terms) * 0x1p-53
    return product < 0.25 ? product / (1 - product) * (1 + 0x1p-50) : .infinity
}

/// Covers the rounding of a sum of up to 2^26 numbers that are not negative, each a few roundings off.
let sumSlack = 1 + 0x1p-24

/// `sum_i w_i y_i` for `y_i` between bounds, and the sums of magnitudes that rounding is paid by.
protocol RowSum {
    associatedtype Element: OperandRange
    init()
    mutating func add(_ weight: Double, _ element: Element)
    /// Bounds of the row's value, for all real weights and biases within the error.
    func ends(bias: Double, _ error: AffineError, offset: Double) -> (lower: Double, upper: Double)
    /// What a unit of the row's coefficient may lose on the way back, `terms` products meeting in one coefficient.
    func payment(_ error: AffineError, offset: Double, terms: Int) -> Double
}

protocol OperandRange {
    init(_ lower: Double, _ upper: Double)
}

/// Midpoint and radius: two plain sums a row (Rump 1999).
struct RoundedSum: RowSum {
    struct Element: OperandRange {
        let middle: Double
        /// Reaches both ends from the middle after rounding.
        let radius: Double

        init(_ lower: Double, _ upper: Double) {
            middle = lower == upper ? lower : lower / 2 + upper / 2
            radius = lower == upper ? 0 : max((upper - middle).nextUp, (middle - lower).nextUp)
        }
    }

    private var middle = 0.0
    private var radius = 0.0
    private var size = 0.0
    private var reach = 0.0
    private var terms = 0

    @inline(__always)
    mutating func add(_ weight: Double, _ element: Element) {
        reach += element.radius + element.middle.magnitude
        if weight == 0 { return }
        middle += weight * element.middle
        radius += weight.magnitude * element.radius
        size += weight.magnitude * element.middle.magnitude
        terms += 1
    }

    func ends(bias: Double, _ error: AffineError, offset: Double) -> (lower: Double, upper: Double) {
        if radius == 0 && size == 0 && offset == 0 && error.absolute == 0 { return (bias, bias) }
        let sizes = radius + size + bias.magnitude
        let spread =
            (radius + (gamma(terms + 3) + error.relative) * sizes + error.loss(reach) + offset) * sumSlack
            + 0x1p-1000
        guard spread.isFinite, middle.isFinite else { return (-.infinity, .infinity) }
        return ((middle + bias - spread).nextDown, (middle + bias + spread).nextUp)
    }

    func payment(_ error: AffineError, offset: Double, terms: Int) -> Double {
        ((gamma(terms + 2) + error.relative) * (radius + size) + error.loss(reach) + offset) * sumSlack
    }
}

struct ExactSum: RowSum {
    struct Element: OperandRange {
        let lower: Dyadic?
        let upper: Dyadic?
        let magnitude: Double

        init(_ lower: Double, _ upper: Double) {
            self.lower = lower.isFinite ? Dyadic(lower) : nil
            self.upper = upper.isFinite ? Dyadic(upper) : nil
            magnitude = max(lower.magnitude, upper.magnitude)
        }
    }

    private var lower: Dyadic? = .zero
    private var upper: Dyadic? = .zero
    private var size = 0.0
    private var reach = 0.0

    mutating func add(_ weight: Double, _ element: Element) {
        reach += element.magnitude
        if weight == 0 { return }
        let factor = Dyadic(weight)
        lower = plus(lower, factor, weight > 0 ? element.lower : element.upper)
        upper = plus(upper, factor, weight > 0 ? element.upper : element.lower)
        size += weight.magnitude * element.magnitude
    }

    /// Nil where an end is infinite.
    private func plus(_ sum: Dyadic?, _ factor: Dyadic, _ end: Dyadic?) -> Dyadic? {
        guard let sum, let end else { return nil }
        return sum + factor * end
    }

    func ends(bias: Double, _ error: AffineError, offset: Double) -> (lower: Double, upper: Double) {
        let slack = payment(error, offset: offset, terms: 0)
        guard slack.isFinite, let lower, let upper else { return (-.infinity, .infinity) }
        let (low, high) = (lower + Dyadic(bias) - Dyadic(slack), upper + Dyadic(bias) + Dyadic(slack))
        return (low.roundedDown, -(-high).roundedDown)
    }

    /// Only what the weights themselves may be off.
    func payment(_ error: AffineError, offset: Double, terms: Int) -> Double {
        if error.isExact { return 0 }
        let loss = (error.relative * size + error.loss(reach) + offset) * sumSlack
        return loss == 0 ? 0 : loss + 0x1p-1000
    }
}

extension Dyadic {
    /// The greatest float64 that is no greater; minus infinity below all of them.
    var roundedDown: Double {
        let near = Double(self)
        if near == .infinity { return .greatestFiniteMagnitude }
        if near == -.infinity { return near }
        if Dyadic(near) <= self { return near }
        return near.nextDown
    }
}

extension AffineError {
    /// What absolute errors of the weights add up to, for magnitudes of the operand that add up to `reach`.
    fileprivate func loss(_ reach: Double) -> Double { absolute == 0 ? 0 : absolute * reach }
}

/// Gives every row of an affine operator with its sum over the operand's ranges; the error's offset is the row's own.
func forEachRow<Sum: RowSum>(
    of operation: Operator, _ elements: [Sum.Element], as: Sum.Type,
    _ body: (_ row: Int, _ bias: Double, _ error: AffineError, _ offset: Double, _ sum: Sum) -> Void
) {
    switch operation {
    case .linear(let linear):
        let offsets = linear.error.offsets
        for row in 0..<linear.weights.rows {
            body(
                row, linear.bias[row], linear.error, offsets.isEmpty ? 0 : offsets[row],
                sum(linear.weights, row, elements, as: Sum.self, isInexact: linear.error.absolute > 0))
        }
    case .elementwise(let elementwise):
        let offsets = elementwise.error.offsets
        for index in elementwise.scale.indices {
            var sum = Sum()
            sum.add(elementwise.scale[index], elements[index])
            body(index, elementwise.offset[index], elementwise.error, offsets.isEmpty ? 0 : offsets[index], sum)
        }
    case .convolution(let convolution):
        let offsets = convolution.error.offsets
        let positions = convolution.outputHeight * convolution.outputWidth
        for channel in 0..<convolution.outputChannels {
            for position in 0..<positions {
                var sum = Sum()
                convolution.forEachWeight(
                    channel, position / convolution.outputWidth, position % convolution.outputWidth
                ) { sum.add($0, elements[$1]) }
                body(
                    channel * positions + position, convolution.bias[channel], convolution.error,
                    offsets.isEmpty ? 0 : offsets[channel], sum)
            }
        }
    case .input, .select, .reshape, .sum, .activation, .maxPool: break
    }
}

/// - Parameter isInexact: weights that are not stored may differ from zero.
private func sum<Sum: RowSum>(
    _ weights: Matrix, _ row: Int, _ elements: [Sum.Element], as: Sum.Type, isInexact: Bool
) -> Sum {
    var sum = Sum()
    switch weights {
    case .dense(_, let columns, let values):
        values.withUnsafeBufferPointer { values in
            elements.withUnsafeBufferPointer { elements in
                for column in 0..<columns { sum.add(values[row * columns + column], elements[column]) }
            }
        }
    case .sparse(let matrix):
        let places = matrix.rowStarts[row]..<matrix.rowStarts[row + 1]
        for place in places { sum.add(matrix.values[place], elements[Int(matrix.columnIndices[place])]) }
        guard isInexact else { break }
        let stored = Set(matrix.columnIndices[places])
        for column in elements.indices where !stored.contains(Int32(column)) { sum.add(0, elements[column]) }
    }
    return sum
}

extension Convolution {
    /// The weights of one output with the features they meet; padding is left out.
    @inline(__always)
    func forEachWeight(_ channel: Int, _ row: Int, _ column: Int, _ body: (_ weight: Double, _ feature: Int) -> Void) {
        let groupInputs = inputChannels / groups
        let firstInput = channel / (outputChannels / groups) * groupInputs
        weights.withUnsafeBufferPointer { weights in
            for input in 0..<groupInputs {
                for kernelRow in 0..<kernelHeight {
                    let y = row * strideHeight + kernelRow * dilationHeight - paddingTop
                    guard y >= 0, y < inputHeight else { continue }
                    let place = ((channel * groupInputs + input) * kernelHeight + kernelRow) * kernelWidth
                    let line = ((firstInput + input) * inputHeight + y) * inputWidth
                    for kernelColumn in 0..<kernelWidth {
                        let x = column * strideWidth + kernelColumn * dilationWidth - paddingLeft
                        guard x >= 0, x < inputWidth else { continue }
                        body(weights[place + kernelColumn], line + x)
                    }
                }
            }
        }
    }
}
