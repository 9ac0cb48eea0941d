import Intervals

// A dot product of float64 weights with enclosed numbers, computed as if in twice the precision (Ogita, Rump,
// Oishi, "Accurate sum and dot product", 2005, algorithm Dot2), with a rigorous bound of what is still
// missing. Products and sums are split into rounded result and exact error (Dekker, Knuth); the errors are
// summed beside.
//
// Ours differs in that the bound keeps exact things exact: it is a multiple of the sum of the errors'
// magnitudes, so that it vanishes when no operation rounded, and a network of small integers evaluates to
// points.

/// The operand of a dot product, laid out for it: for a convolution one gathered window.
struct CompensatedOperand {
    var high: [Double]
    var low: [Double]
    /// What a unit of weight adds to the radius: the element's own, and the relative error of the weight.
    var spread: [Double]

    init(repeatingZero count: Int) {
        high = [Double](repeating: 0, count: count)
        low = high
        spread = high
    }
}

/// `sum of weights * operand + bias`, enclosed.
///
/// - Parameter offset: a radius to add, for what the caller knows of the bias and of absolute weight errors.
/// - Soundness: contains the real number. An overflow gives "nothing known".
func compensatedDot(
    _ weights: UnsafeBufferPointer<Double>, _ operand: CompensatedOperand, bias: Double, offset: Double
) -> Enclosures.Element {
    let count = weights.count
    return operand.high.withUnsafeBufferPointer { high in
        operand.low.withUnsafeBufferPointer { low in
            operand.spread.withUnsafeBufferPointer { spread in
                var sums = CompensatedSums()
                var index = 0
                while index < count {
                    sums.add(
                        load(weights, index, count), load(high, index, count), load(low, index, count),
                        load(spread, index, count))
                    index += 4
                }
                let total = sums.total(bias: bias)
                var radius = total.spread + offset
                if total.magnitude > 0 || total.spread > 0 || !isExact(weights, high, low, spread) {
                    // Every rounding of the corrections is relative to their magnitude; the second term pays
                    // for products below the normal numbers, a few units of 2^-1074 each.
                    radius += total.magnitude * roundingFactor(count + 16) + Double(count + 1) * 0x1p-1060
                }
                // The sums of magnitudes and spreads, and the lines above, were themselves rounded.
                if radius > 0 { radius *= 1 + roundingFactor(2 * count + 32) }
                let (sum, error) = twoSum(total.sum, total.correction)
                return Enclosures.Element(high: sum, low: error, radius: radius)
            }
        }
    }
}

/// Four running sums of each kind.
private struct CompensatedSums {
    var sum = SIMD4<Double>.zero
    var correction = SIMD4<Double>.zero
    /// The magnitudes of everything that went into `correction`.
    var magnitude = SIMD4<Double>.zero
    var spread = SIMD4<Double>.zero

    @inline(__always)
    mutating func add(
        _ weight: SIMD4<Double>, _ high: SIMD4<Double>, _ low: SIMD4<Double>, _ spread: SIMD4<Double>
    ) {
        let product = weight * high
        let (weightHead, weightTail) = split(weight)
        let (highHead, highTail) = split(high)
        let productError =
            weightTail * highTail
            - (((product - weightHead * highHead) - weightTail * highHead) - weightHead * highTail)
        let next = sum + product
        let part = next - sum
        let sumError = (sum - (next - part)) + (product - part)
        sum = next
        let exactErrors = productError + sumError
        let lowProduct = weight * low
        correction += exactErrors + lowProduct
        magnitude += magnitudes(exactErrors) + magnitudes(lowProduct)
        self.spread += magnitudes(weight) * spread
    }

    func total(bias: Double) -> (sum: Double, correction: Double, magnitude: Double, spread: Double) {
        var total = bias
        var correction = 0.0
        var magnitude = 0.0
        for lane in 0..<4 {
            let (next, error) = twoSum(total, sum[lane])
            total = next
            correction += error + self.correction[lane]
            magnitude += abs(error) + self.magnitude[lane]
        }
        return (total, correction, magnitude, spread.sum())
    }
}

/// Veltkamp's splitting into two halves of 26 bits.
@inline(__always)
private func split(_ x: SIMD4<Double>) -> (head: SIMD4<Double>, tail: SIMD4<Double>) {
    let scaled = 134_217_729 * x
    let head = scaled - (scaled - x)
    return (head, x - head)
}

@inline(__always)
func magnitudes(_ x: SIMD4<Double>) -> SIMD4<Double> {
    unsafeBitCast(unsafeBitCast(x, to: SIMD4<UInt64>.self) & (UInt64.max >> 1), to: SIMD4<Double>.self)
}

/// Four numbers from the index on, zeros beyond the end.
@inline(__always)
func load(_ numbers: UnsafeBufferPointer<Double>, _ index: Int, _ count: Int) -> SIMD4<Double> {
    if index + 4 <= count {
        return UnsafeRawPointer(numbers.baseAddress! + index).loadUnaligned(as: SIMD4<Double>.self)
    }
    var part = SIMD4<Double>.zero
    for lane in 0..<(count - index) { part[lane] = numbers[index + lane] }
    return part
}

/// Whether no product can have rounded unseen: each is exactly zero, or has no error but one that is a
/// float64 number.
private func isExact(
    _ weights: UnsafeBufferPointer<Double>, _ high: UnsafeBufferPointer<Double>,
    _ low: UnsafeBufferPointer<Double>,
    _ spread: UnsafeBufferPointer<Double>
) -> Bool {
    weights.indices.allSatisfy { index in
        let weight = weights[index]
        if weight == 0 { return true }
        guard low[index] == 0, spread[index] == 0 else { return false }
        return high[index] == 0 || abs(weight * high[index]) >= 0x1p-960
    }
}
