// The tightest float64 interval around a decimal.
//
// Most literals have at most 19 significant digits and a power of ten between -27 and 27: there 128-bit
// integers give the leading 53 bits and say whether anything is left over. All others compare a candidate
// float64 with the decimal as integers of any size; beyond 800 digits the rest counts as "a little more",
// because no float64 and no midpoint has so many.

extension Interval {
    /// The tightest interval around the number a decimal literal such as `-1.05e-05` writes: a point when
    /// that number is a float64, otherwise two neighbours.
    ///
    /// Beyond float64's range the far end is infinite; below its least magnitude the near end is zero.
    ///
    /// - Returns: nil when the bytes are no decimal literal.
    /// - Complexity: linear in the literal's length.
    public init?(enclosingDecimal literal: some Collection<UInt8>) {
        guard
            let interval = literal.withContiguousStorageIfAvailable(Interval.enclosing(literal:))
                ?? Array(literal).withUnsafeBufferPointer(Interval.enclosing(literal:))
        else { return nil }
        self = interval
    }

    /// As `init(enclosingDecimal:)` of the text's UTF-8 bytes.
    public init?(enclosingDecimal literal: String) {
        self.init(enclosingDecimal: literal.utf8)
    }

    private static func enclosing(literal bytes: UnsafeBufferPointer<UInt8>) -> Interval? {
        guard let parts = DecimalLiteral(bytes) else { return nil }
        guard !parts.isZero else { return .zero }
        let magnitude: Interval
        if !parts.hasMore, let quick = intervalAround(parts.leading, exponent: parts.exponent) {
            magnitude = quick
        } else if !parts.hasMore {
            magnitude = intervalAround(Natural(parts.leading), exponent: parts.exponent)
        } else {
            magnitude = enclosingMagnitude(of: parts, in: bytes)
        }
        return parts.isNegative ? -magnitude : magnitude
    }

    /// More than 19 digits.
    private static func enclosingMagnitude(of parts: DecimalLiteral, in bytes: UnsafeBufferPointer<UInt8>)
        -> Interval
    {
        let limit = 800
        let digits = bytes[parts.digits].filter { $0 != 0x2E }
        var leading = Natural(digits: digits.prefix(limit))
        var count = min(limit, digits.count)
        if digits.dropFirst(limit).contains(where: { $0 != 0x30 }) {
            // One more digit stands for all that follow: it only has to be more than nothing.
            leading.multiply(by: 10, adding: 1)
            count += 1
        }
        return intervalAround(leading, exponent: parts.exponent - (count - 19))
    }
}

extension ExactDecimal {
    /// The tightest float64 interval around the number.
    public var enclosure: Interval {
        guard !isZero else { return .zero }
        let interval: Interval
        if let small = magnitude.asUInt64, let quick = intervalAround(small, exponent: exponent) {
            interval = quick
        } else {
            interval = intervalAround(magnitude, exponent: exponent)
        }
        return isNegative ? -interval : interval
    }
}

private let powersOfFive: [UInt64] = (0...27).map { (0..<$0).reduce(1) { power, _ in power * 5 } }

/// The interval around `digits * 10^exponent` by 128-bit arithmetic, or nil outside its reach.
///
/// - Precondition: `digits > 0`.
private func intervalAround(_ digits: UInt64, exponent: Int) -> Interval? {
    if exponent >= 0 {
        guard exponent <= 27 else { return nil }
        let product = digits.multipliedFullWidth(by: powersOfFive[exponent])
        return intervalAround(high: product.high, low: product.low, power: exponent, hasMore: false)
    }
    guard exponent >= -27 else { return nil }
    let divisor = powersOfFive[-exponent]
    let shift = digits.leadingZeroBitCount
    let high = (digits << UInt64(shift)).quotientAndRemainder(dividingBy: divisor)
    let low = divisor.dividingFullWidth((high.remainder, 0))
    return intervalAround(
        high: high.quotient, low: low.quotient, power: exponent - 64 - shift, hasMore: low.remainder != 0)
}

/// The interval around `(high * 2^64 + low + rest) * 2^power` with `rest` in 0 ..< 1, zero unless `hasMore`;
/// the result is far from the ends of float64's range, and the integer has at least 54 bits when `hasMore`.
private func intervalAround(high: UInt64, low: UInt64, power: Int, hasMore: Bool) -> Interval {
    let width = high == 0 ? 64 - low.leadingZeroBitCount : 128 - high.leadingZeroBitCount
    let surplus = width - 53
    guard surplus > 0 else { return Interval(Double(low) * powerOfTwo(power)) }
    let leading: UInt64
    let left: Bool
    if surplus >= 64 {
        leading = high >> UInt64(surplus - 64)
        left = low != 0 || leading << UInt64(surplus - 64) != high
    } else {
        leading = low >> UInt64(surplus) | high << UInt64(64 - surplus)
        left = low & ((1 << UInt64(surplus)) - 1) != 0
    }
    let lower = Double(leading) * powerOfTwo(power + surplus)
    return Interval(lower: lower, upper: left || hasMore ? lower.nextUp : lower)
}

private func powerOfTwo(_ exponent: Int) -> Double {
    Double(bitPattern: UInt64(1023 + exponent) << 52)
}

/// The interval around `digits * 10^exponent` by comparison with integers of any size.
///
/// - Precondition: `digits > 0`.
private func intervalAround(_ digits: Natural, exponent: Int) -> Interval {
    let places = digits.bitWidth * 30103 / 100_000 + 1 + exponent
    if places < -330 { return Interval(lower: 0, upper: .leastNonzeroMagnitude) }
    if places > 320 { return Interval(lower: .greatestFiniteMagnitude, upper: .infinity) }
    let decimal = ScaledDecimal(digits: digits, exponent: exponent)
    let nearest = min(Double(digits.description + "e\(exponent)") ?? 1, .greatestFiniteMagnitude)
    var least = nearest.nextDown.bitPattern
    var most = nearest.nextUp.bitPattern
    if nearest == 0 || decimal.isLess(than: Double(bitPattern: least)) { least = 0 }
    if !decimal.isLess(than: Double(bitPattern: most)) { most = Double.infinity.bitPattern }
    // Positive float64 numbers are ordered as their bit patterns are.
    while most - least > 1 {
        let middle = least + (most - least) / 2
        if decimal.isLess(than: Double(bitPattern: middle)) { most = middle } else { least = middle }
    }
    let lower = Double(bitPattern: least)
    return Interval(lower: lower, upper: decimal.isEqual(to: lower) ? lower : Double(bitPattern: most))
}

/// `digits * 10^exponent` against float64 numbers: powers of five are moved to the side where they are whole.
private struct ScaledDecimal {
    private let digits: Natural
    private let exponent: Int

    init(digits: Natural, exponent: Int) {
        var scaled = digits
        if exponent > 0 { scaled.multiplyByPowerOfFive(exponent) }
        self.digits = scaled
        self.exponent = exponent
    }

    func isLess(than value: Double) -> Bool {
        guard value < .infinity else { return true }
        let (mine, other) = sides(value)
        return mine < other
    }

    func isEqual(to value: Double) -> Bool {
        let (mine, other) = sides(value)
        return mine == other
    }

    private func sides(_ value: Double) -> (Natural, Natural) {
        let (magnitude, power) = value.magnitudeAndPowerOfTwo
        var mine = digits
        var other = Natural(magnitude)
        if exponent < 0 { other.multiplyByPowerOfFive(-exponent) }
        // digits * 2^exponent against magnitude * 2^power
        mine.shiftLeft(exponent - power)
        other.shiftLeft(power - exponent)
        return (mine, other)
    }
}
