/// A decimal literal taken apart: sign, significant digits, power of ten.
///
/// Its form is `[+-] digits [. digits] [e [+-] digits]`, with a digit before or after the point.
struct DecimalLiteral {
    var isNegative = false
    /// The first significant digits, at most 19 of them, as a number.
    var leading: UInt64 = 0
    /// The power of ten that belongs to `leading`.
    var exponent = 0
    /// Whether a digit other than zero follows those in `leading`.
    var hasMore = false
    /// The places of the first and the past-last significant digit; the point may lie between them.
    var digits = 0..<0

    /// Exponents stop here: far outside float64, far inside `Int`.
    static let exponentLimit = 1_000_000_000

    /// - Returns: nil unless all the bytes are one decimal literal.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        var place = 0
        if place < bytes.count, bytes[place] == 0x2D || bytes[place] == 0x2B {
            isNegative = bytes[place] == 0x2D
            place += 1
        }
        guard readDigits(bytes, &place) else { return nil }
        if place < bytes.count {
            guard bytes[place] | 0x20 == 0x65, let written = Self.readExponent(bytes, &place),
                place == bytes.count
            else { return nil }
            exponent += written
        }
        if leading == 0 { exponent = 0 }
    }

    var isZero: Bool { leading == 0 }

    private mutating func readDigits(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> Bool {
        var start: Int?
        var seen = 0
        var taken = 0
        var pastPoint = 0
        while place < bytes.count {
            let byte = bytes[place]
            if byte == 0x2E {
                if pastPoint == 1 { break }
                pastPoint = 1
                place += 1
                continue
            }
            guard byte >= 0x30 && byte <= 0x39 else { break }
            let digit = UInt64(byte - 0x30)
            seen += 1
            place += 1
            if start == nil {
                guard digit != 0 else {
                    exponent -= pastPoint
                    continue
                }
                start = place - 1
            }
            if taken < 19 {
                leading = leading * 10 + digit
                taken += 1
                exponent -= pastPoint
            } else {
                hasMore = hasMore || digit != 0
                exponent += 1 - pastPoint
            }
        }
        digits = (start ?? place)..<place
        return seen > 0
    }

    private static func readExponent(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> Int? {
        place += 1
        var isNegative = false
        if place < bytes.count, bytes[place] == 0x2D || bytes[place] == 0x2B {
            isNegative = bytes[place] == 0x2D
            place += 1
        }
        let first = place
        var value = 0
        while place < bytes.count, bytes[place] >= 0x30, bytes[place] <= 0x39 {
            value = min(value * 10 + Int(bytes[place] - 0x30), exponentLimit)
            place += 1
        }
        guard place > first else { return nil }
        return isNegative ? -value : value
    }
}
