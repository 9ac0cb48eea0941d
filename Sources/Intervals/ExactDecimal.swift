/// A decimal number held exactly: `± magnitude * 10^exponent`, for what must be decided about decimals that
/// no float64 is equal to.
///
/// Every float64 is a decimal, and sums, differences and products of decimals are decimals. The work is
/// bounded: what would need more than `digitLimit` digits or an exponent beyond `exponentLimit` is refused
/// with nil.
public struct ExactDecimal: Sendable, Hashable {
    let isNegative: Bool
    /// Not divisible by ten, unless zero.
    let magnitude: Natural
    let exponent: Int

    public static let digitLimit = 20_000
    public static let exponentLimit = 1_000_000
    public static let zero = ExactDecimal(isNegative: false, magnitude: Natural(0), exponent: 0)

    /// Brings the parts to their one form, so that equal numbers have equal parts.
    init(isNegative: Bool, magnitude: Natural, exponent: Int) {
        guard !magnitude.isZero else {
            (self.isNegative, self.magnitude, self.exponent) = (false, magnitude, 0)
            return
        }
        var stripped = magnitude
        var power = exponent
        // Ten divides only what two divides: most numbers leave at the first test.
        while stripped.trailingZeroBitCount > 0 {
            var tenth = stripped
            guard tenth.divide(by: 10) == 0 else { break }
            stripped = tenth
            power += 1
        }
        (self.isNegative, self.magnitude, self.exponent) = (isNegative, stripped, power)
    }

    /// - Returns: nil when the number would pass the limits.
    private init?(checked isNegative: Bool, _ magnitude: Natural, _ exponent: Int) {
        guard magnitude.bitWidth <= Self.digitLimit * 10 / 3, abs(exponent) <= Self.exponentLimit else {
            return nil
        }
        self.init(isNegative: isNegative, magnitude: magnitude, exponent: exponent)
    }

    /// The number a decimal literal such as `-1.05e-05` writes.
    ///
    /// - Returns: nil when the bytes are no decimal literal, or one beyond the limits.
    public init?(_ literal: some Collection<UInt8>) {
        func read(_ bytes: UnsafeBufferPointer<UInt8>) -> ExactDecimal? {
            guard bytes.count <= Self.digitLimit, let parts = DecimalLiteral(bytes) else { return nil }
            if !parts.hasMore {
                return ExactDecimal(checked: parts.isNegative, Natural(parts.leading), parts.exponent)
            }
            let digits = bytes[parts.digits]
            let count = digits.count - (digits.contains(0x2E) ? 1 : 0)
            return ExactDecimal(
                checked: parts.isNegative, Natural(digits: digits), parts.exponent - (count - 19))
        }
        guard
            let number = literal.withContiguousStorageIfAvailable(read)
                ?? Array(literal).withUnsafeBufferPointer(read)
        else { return nil }
        self = number
    }

    /// As `init(_:)` of the text's UTF-8 bytes.
    public init?(_ literal: String) {
        self.init(literal.utf8)
    }

    /// The float64 itself.
    ///
    /// - Precondition: finite.
    public init(_ value: Double) {
        precondition(value.isFinite, "only a finite number is a decimal")
        let (magnitude, power) = value.magnitudeAndPowerOfTwo
        var digits = Natural(magnitude)
        if power >= 0 {
            digits.shiftLeft(power)
        } else {
            digits.multiplyByPowerOfFive(-power)
        }
        self.init(isNegative: value < 0, magnitude: digits, exponent: min(power, 0))
    }

    /// The number is `± digits * 10^powerOfTen`; the digits are those of an integer.
    public var digits: String { magnitude.description }
    public var powerOfTen: Int { exponent }

    public var isZero: Bool { magnitude.isZero }
    public var sign: Int { isZero ? 0 : isNegative ? -1 : 1 }
}

extension ExactDecimal {
    public static prefix func - (x: ExactDecimal) -> ExactDecimal {
        ExactDecimal(isNegative: !x.isNegative, magnitude: x.magnitude, exponent: x.exponent)
    }

    /// The exact sum, or nil when it passes the limits.
    public func adding(_ other: ExactDecimal) -> ExactDecimal? {
        if isZero { return other }
        if other.isZero { return self }
        let power = min(exponent, other.exponent)
        let spread = max(exponent, other.exponent) - power
        guard spread <= Self.digitLimit else { return nil }
        let a = aligned(to: power)
        let b = other.aligned(to: power)
        if isNegative == other.isNegative { return ExactDecimal(checked: isNegative, a + b, power) }
        return a >= b
            ? ExactDecimal(checked: isNegative, a - b, power)
            : ExactDecimal(checked: other.isNegative, b - a, power)
    }

    /// The exact product, or nil when it passes the limits.
    public func multiplied(by other: ExactDecimal) -> ExactDecimal? {
        ExactDecimal(
            checked: isNegative != other.isNegative, magnitude * other.magnitude, exponent + other.exponent)
    }

    /// The quotient where it is a decimal and the divisor's digits, less its factors two and five, fit 32
    /// bits; otherwise nil.
    public func divided(exactlyBy divisor: ExactDecimal) -> ExactDecimal? {
        guard var rest = divisor.magnitude.asUInt64, rest != 0 else { return nil }
        let twos = rest.trailingZeroBitCount
        rest >>= UInt64(twos)
        var fives = 0
        while rest % 5 == 0 {
            rest /= 5
            fives += 1
        }
        guard let factor = UInt32(exactly: rest) else { return nil }
        // Divide by 2^twos * 5^fives as by 10^(twos + fives) after multiplying by 5^twos * 2^fives.
        var quotient = magnitude
        guard quotient.divide(by: factor) == 0 else { return nil }
        quotient.multiplyByPowerOfFive(twos)
        quotient.shiftLeft(fives)
        return ExactDecimal(
            checked: isNegative != divisor.isNegative, quotient, exponent - divisor.exponent - twos - fives)
    }

    /// The digits at a lower power of ten.
    private func aligned(to power: Int) -> Natural {
        var digits = magnitude
        digits.multiplyByPowerOfTen(exponent - power)
        return digits
    }
}

extension ExactDecimal: Comparable {
    public static func < (a: ExactDecimal, b: ExactDecimal) -> Bool {
        if a.sign != b.sign { return a.sign < b.sign }
        return a.isNegative ? magnitudeOf(b, isLessThan: a) : magnitudeOf(a, isLessThan: b)
    }

    private static func magnitudeOf(_ a: ExactDecimal, isLessThan b: ExactDecimal) -> Bool {
        if a.exponent == b.exponent || a.isZero || b.isZero { return a.magnitude < b.magnitude }
        // log10(2) lies in (0.30102, 0.30103): most pairs differ in their number of digits.
        let (leastA, mostA) = a.decimalPlaces
        let (leastB, mostB) = b.decimalPlaces
        if mostA < leastB { return true }
        if mostB < leastA { return false }
        let power = min(a.exponent, b.exponent)
        return a.aligned(to: power) < b.aligned(to: power)
    }

    /// Bounds of log10 of the magnitude.
    private var decimalPlaces: (least: Int, most: Int) {
        let bits = magnitude.bitWidth
        return ((bits - 1) * 30102 / 100_000 + exponent, bits * 30103 / 100_000 + 1 + exponent)
    }
}

extension ExactDecimal: CustomStringConvertible {
    /// A literal that reads back as this number: plain where that is short, else with an exponent.
    public var description: String {
        let digits = magnitude.description
        let sign = isNegative ? "-" : ""
        let places = digits.utf8.count + exponent
        if exponent >= 0 && places <= 21 {
            return sign + digits + String(repeating: "0", count: exponent) + ".0"
        }
        if exponent < 0 && places > 0 {
            return sign + digits.prefix(places) + "." + digits.dropFirst(places)
        }
        if places <= 0 && places > -6 {
            return sign + "0." + String(repeating: "0", count: -places) + digits
        }
        let fraction = digits.dropFirst()
        return sign + digits.prefix(1) + (fraction.isEmpty ? "" : "." + fraction) + "e\(places - 1)"
    }
}

extension ExactDecimal {
    /// A literal that reads back as this number and has no exponent, however long.
    public var plainDescription: String {
        let digits = magnitude.description
        let sign = isNegative ? "-" : ""
        let places = digits.utf8.count + exponent
        if exponent >= 0 { return sign + digits + String(repeating: "0", count: exponent) + ".0" }
        if places > 0 { return sign + digits.prefix(places) + "." + digits.dropFirst(places) }
        return sign + "0." + String(repeating: "0", count: -places) + digits
    }
}

extension Double {
    /// `|self| = magnitude * 2^power`, for a finite number.
    var magnitudeAndPowerOfTwo: (magnitude: UInt64, power: Int) {
        let isSmall = exponentBitPattern == 0
        let hidden: UInt64 = isSmall ? 0 : 1 << 52
        return (significandBitPattern | hidden, Int(isSmall ? 1 : exponentBitPattern) - 1075)
    }
}
