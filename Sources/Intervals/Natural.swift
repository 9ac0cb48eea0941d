/// A natural number of any size, for exact comparisons of decimals: schoolbook methods on 32-bit limbs.
struct Natural: Sendable, Hashable {
    /// Least significant first, the last one not zero; empty for zero.
    private(set) var limbs: [UInt32]

    init(_ value: UInt64) {
        limbs = value == 0 ? [] : [UInt32(truncatingIfNeeded: value)]
        if value >> 32 != 0 { limbs.append(UInt32(value >> 32)) }
    }

    /// The number whose decimal digits these are, as ASCII bytes; other bytes are passed over.
    init(digits: some Sequence<UInt8>) {
        limbs = []
        var chunk: UInt32 = 0
        var scale: UInt32 = 1
        for byte in digits where byte >= 0x30 && byte <= 0x39 {
            chunk = chunk * 10 + UInt32(byte - 0x30)
            scale *= 10
            if scale == 1_000_000_000 {
                multiply(by: scale, adding: chunk)
                (chunk, scale) = (0, 1)
            }
        }
        if scale > 1 { multiply(by: scale, adding: chunk) }
    }

    var isZero: Bool { limbs.isEmpty }

    var bitWidth: Int {
        guard let last = limbs.last else { return 0 }
        return limbs.count * 32 - last.leadingZeroBitCount
    }

    var trailingZeroBitCount: Int {
        guard let index = limbs.firstIndex(where: { $0 != 0 }) else { return 0 }
        return index * 32 + limbs[index].trailingZeroBitCount
    }

    /// The number when it fits.
    var asUInt64: UInt64? {
        guard limbs.count <= 2 else { return nil }
        return limbs.reversed().reduce(0) { $0 << 32 | UInt64($1) }
    }

    mutating func multiply(by factor: UInt32, adding term: UInt32 = 0) {
        var carry = UInt64(term)
        for index in limbs.indices {
            carry += UInt64(limbs[index]) * UInt64(factor)
            limbs[index] = UInt32(truncatingIfNeeded: carry)
            carry >>= 32
        }
        if carry != 0 { limbs.append(UInt32(carry)) }
        trim()
    }

    mutating func multiplyByPowerOfFive(_ exponent: Int) {
        var remaining = exponent
        while remaining >= 13 {
            multiply(by: 1_220_703_125)
            remaining -= 13
        }
        var factor: UInt32 = 1
        for _ in 0..<remaining { factor *= 5 }
        if factor != 1 { multiply(by: factor) }
    }

    mutating func multiplyByPowerOfTen(_ exponent: Int) {
        multiplyByPowerOfFive(exponent)
        shiftLeft(exponent)
    }

    mutating func shiftLeft(_ bits: Int) {
        guard bits > 0, !isZero else { return }
        let (words, rest) = bits.quotientAndRemainder(dividingBy: 32)
        if rest != 0 { multiply(by: 1 << UInt32(rest)) }
        if words > 0 { limbs.insert(contentsOf: repeatElement(0, count: words), at: 0) }
    }

    /// Divides in place; returns the remainder.
    mutating func divide(by divisor: UInt32) -> UInt32 {
        var remainder: UInt64 = 0
        for index in limbs.indices.reversed() {
            let part = remainder << 32 | UInt64(limbs[index])
            let (quotient, rest) = part.quotientAndRemainder(dividingBy: UInt64(divisor))
            limbs[index] = UInt32(quotient)
            remainder = rest
        }
        trim()
        return UInt32(remainder)
    }

    static func + (a: Natural, b: Natural) -> Natural {
        var sum = a.limbs.count >= b.limbs.count ? a : b
        let other = a.limbs.count >= b.limbs.count ? b : a
        var carry: UInt64 = 0
        for index in sum.limbs.indices {
            carry += UInt64(sum.limbs[index]) + (index < other.limbs.count ? UInt64(other.limbs[index]) : 0)
            sum.limbs[index] = UInt32(truncatingIfNeeded: carry)
            carry >>= 32
        }
        if carry != 0 { sum.limbs.append(UInt32(carry)) }
        return sum
    }

    /// - Precondition: `a >= b`.
    static func - (a: Natural, b: Natural) -> Natural {
        precondition(a >= b, "a natural number cannot be negative")
        var difference = a
        var borrow: Int64 = 0
        for index in difference.limbs.indices {
            borrow += Int64(a.limbs[index]) - (index < b.limbs.count ? Int64(b.limbs[index]) : 0)
            difference.limbs[index] = UInt32(truncatingIfNeeded: borrow)
            borrow >>= 32
        }
        difference.trim()
        return difference
    }

    static func * (a: Natural, b: Natural) -> Natural {
        var product = Natural(0)
        product.limbs = Array(repeating: 0, count: a.limbs.count + b.limbs.count)
        for (row, factor) in a.limbs.enumerated() {
            var carry: UInt64 = 0
            for (column, limb) in b.limbs.enumerated() {
                carry += UInt64(factor) * UInt64(limb) + UInt64(product.limbs[row + column])
                product.limbs[row + column] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            product.limbs[row + b.limbs.count] = UInt32(carry)
        }
        product.trim()
        return product
    }

    private mutating func trim() {
        while limbs.last == 0 { limbs.removeLast() }
    }
}

extension Natural: Comparable {
    static func < (a: Natural, b: Natural) -> Bool {
        if a.limbs.count != b.limbs.count { return a.limbs.count < b.limbs.count }
        for index in a.limbs.indices.reversed() where a.limbs[index] != b.limbs[index] {
            return a.limbs[index] < b.limbs[index]
        }
        return false
    }
}

extension Natural: CustomStringConvertible {
    /// Decimal digits.
    var description: String {
        var rest = self
        var chunks: [String] = []
        while !rest.isZero {
            let digits = String(rest.divide(by: 1_000_000_000))
            chunks.append(rest.isZero ? digits : String(repeating: "0", count: 9 - digits.count) + digits)
        }
        return chunks.isEmpty ? "0" : chunks.reversed().joined()
    }
}
