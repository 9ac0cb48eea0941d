// Exact sums of products: integers of 192 bits, in units of 2^-128.
//
// What is multiplied are float64 numbers that are multiples of 2^-64 (`ArithmeticKind.down`), with products below 2^40.
// Weights, biases and ends of regions that are none are rounded to one, and that is paid for like any other inexactness.
// A sum of fewer than 2^22 products stays below 2^63, where 192 bits end. Other factors break the sum, and a broken sum
// bounds nothing.

/// A float64 number as `mantissa * 2^(shift - 64)`, where it is one of those.
struct GridNumber {
    var mantissa: Int64 = 0
    /// More than 1000 where it is none.
    var shift: Int64 = 0

    @inline(__always)
    init(_ value: Double) {
        let bits = value.bitPattern
        let digits = Int64(bits & 0xf_ffff_ffff_ffff) | 1 << 52
        mantissa = bits >> 63 == 0 ? digits : -digits
        shift = Int64(bits >> 52 & 0x7ff) - 1011
        if shift >= 0 { return }
        if value == 0 {
            (mantissa, shift) = (0, 0)
        } else if shift >= -52 && digits & (1 << -shift - 1) == 0 {
            (mantissa, shift) = (mantissa >> -shift, 0)
        } else {
            shift = 1 << 20
        }
    }
}

struct ExactSums: LaneSums {
    /// Three a lane, the lowest first; two's complement.
    private var limbs = InlineArray<24, UInt64>(repeating: 0)
    private var isBroken = false

    struct Factors {
        var numbers = InlineArray<8, GridNumber>(repeating: GridNumber(0))
        var mostShift: Int64 = 0
    }

    static var kind: ArithmeticKind { .exact }
    static var zero: ExactSums { ExactSums() }
    private static var mostShift: Int64 { 62 }
    /// No bound is the sum of more than eight products for each.
    static var mostFeatures: Int { 1 << 19 }

    @inline(__always)
    static func factors(_ values: Eight) -> Factors {
        var result = Factors()
        for lane in 0..<8 {
            let number = GridNumber(values[lane])
            result.numbers[unchecked: lane] = number
            result.mostShift = max(result.mostShift, number.shift)
        }
        return result
    }

    var isZero: Bool {
        var bits: UInt64 = 0
        for place in 0..<24 { bits |= limbs[unchecked: place] }
        return bits == 0 && !isBroken
    }

    // MARK: sums

    @inline(__always)
    private mutating func add(_ lane: Int, _ low: UInt64, _ middle: UInt64, _ high: UInt64) {
        let place = 3 * lane
        let first = limbs[unchecked: place].addingReportingOverflow(low)
        let second = limbs[unchecked: place + 1].addingReportingOverflow(middle)
        let third = second.partialValue.addingReportingOverflow(first.overflow ? 1 : 0)
        limbs[unchecked: place] = first.partialValue
        limbs[unchecked: place + 1] = third.partialValue
        limbs[unchecked: place + 2] &+= high &+ (second.overflow ? 1 : 0) &+ (third.overflow ? 1 : 0)
    }

    /// Adds a product of two numbers, neither broken.
    @inline(__always)
    private mutating func add(_ lane: Int, _ a: GridNumber, times b: GridNumber) {
        let product = a.mantissa.multipliedFullWidth(by: b.mantissa)
        let shift = a.shift &+ b.shift
        // A shift by 64 in two steps, where `shift` is 0.
        let rest = 63 &- shift
        let middle =
            UInt64(bitPattern: product.high &<< shift) | (product.low &>> 1) &>> UInt64(truncatingIfNeeded: rest)
        add(
            lane, product.low &<< UInt64(truncatingIfNeeded: shift), middle,
            UInt64(bitPattern: (product.high &>> 1) &>> rest))
    }

    mutating func add(_ other: ExactSums) {
        isBroken = isBroken || other.isBroken
        for lane in 0..<8 {
            add(
                lane, other.limbs[unchecked: 3 * lane], other.limbs[unchecked: 3 * lane + 1],
                other.limbs[unchecked: 3 * lane + 2])
        }
    }

    mutating func add(_ values: Eight) { add(1, times: Self.factors(values)) }

    @inline(__always)
    mutating func add(_ factor: Double, times factors: Factors) {
        let factor = GridNumber(factor)
        guard factor.shift + factors.mostShift <= Self.mostShift else {
            isBroken = true
            return
        }
        for lane in 0..<8 {
            let other = factors.numbers[unchecked: lane]
            if other.mantissa != 0 { add(lane, factor, times: other) }
        }
    }

    mutating func add(_ a: Eight, minus b: Eight, times c: Eight) {
        for lane in 0..<8 {
            let (a, b, c) = (GridNumber(a[lane]), GridNumber(-b[lane]), GridNumber(c[lane]))
            guard max(a.shift, b.shift) + c.shift <= Self.mostShift else {
                isBroken = true
                return
            }
            add(lane, a, times: c)
            add(lane, b, times: c)
        }
    }

    // MARK: reading

    /// The greatest multiple of 2^-64 with at most 53 digits that is no greater, and how much less it may be.
    private func floor(_ lane: Int) -> (value: Double, off: Double) {
        let high = Int64(bitPattern: limbs[unchecked: 3 * lane + 2])
        let middle = limbs[unchecked: 3 * lane + 1]
        let isOff = limbs[unchecked: 3 * lane] != 0
        // The digits above 2^-64, and how many of the lowest ones a float64 has no room for.
        let size = high < 0 ? ~high : high
        let width = size == 0 ? 64 - (high < 0 ? ~middle : middle).leadingZeroBitCount : 128 - size.leadingZeroBitCount
        let excess = max(0, width - 53)
        if excess == 0 { return (Double(Int64(bitPattern: middle)) * 0x1p-64, isOff ? 0x1p-64 : 0) }
        let digits = (Int128(high) << 64 | Int128(middle)) >> Int128(excess)
        let unit = Double(sign: .plus, exponent: excess - 64, significand: 1)
        return (Double(Int64(truncatingIfNeeded: digits)) * unit, unit)
    }

    var chosen: (values: Eight, leftovers: Eight) {
        if isBroken { return (Eight(repeating: .nan), Eight(repeating: .nan)) }
        var (values, leftovers) = (Eight.zero, Eight.zero)
        for lane in 0..<8 { (values[lane], leftovers[lane]) = floor(lane) }
        return (values, leftovers)
    }

    func least(_ other: ExactSums, where mask: SIMDMask<Eight.MaskStorage>) -> ExactSums {
        var result = self
        result.isBroken = isBroken || other.isBroken
        for lane in 0..<8 where mask[lane] && other.isLess(than: self, lane) {
            for place in 3 * lane..<3 * lane + 3 { result.limbs[unchecked: place] = other.limbs[unchecked: place] }
        }
        return result
    }

    private func isLess(than other: ExactSums, _ lane: Int) -> Bool {
        let place = 3 * lane
        return (
            Int64(bitPattern: limbs[unchecked: place + 2]), limbs[unchecked: place + 1], limbs[unchecked: place]
        ) < (
            Int64(bitPattern: other.limbs[unchecked: place + 2]), other.limbs[unchecked: place + 1],
            other.limbs[unchecked: place]
        )
    }

    func lowerBound(less slack: Eight) -> Eight {
        var result = self
        result.add(.zero, minus: slack, times: Eight(repeating: 1))
        return result.isBroken ? Eight(repeating: -.infinity) : result.chosen.values
    }
}
