// Directed rounding without touching the processor's rounding mode.
//
// The hardware rounds to nearest. An error-free transformation recovers what rounding lost: for a sum Knuth's
// TwoSum, for a product and a quotient one fused multiply-add. The sign of that residual says on which side
// of the rounded result the exact one lies, so the neighbour is taken only when it is needed, and the result
// is the tightest float64 on the wanted side. See Muller et al., Handbook of Floating-Point Arithmetic,
// sections 4.3 and 4.4.
//
// A sum's residual is always a float64. A product's or quotient's may be too small for one; below
// `safeMagnitude` the operands are scaled by powers of two first.
//
// Infinite operands stand for limits, as the ends of unbounded intervals do: zero times infinity is zero, a
// finite number divided by infinity is zero. What has no limit (infinity minus infinity) gives the infinity
// on the side of the rounding.

/// At or above this magnitude (2^-960) the residual of a product or of a quotient's dividend cannot
/// underflow.
@inlinable
var safeMagnitude: Double { 0x1p-960 }

/// The greatest float64 that is at most `a + b`.
///
/// - Soundness: at most the real sum; for a sum that overflows upwards, the greatest finite number.
@inlinable
public func sumRoundedDown(_ a: Double, _ b: Double) -> Double {
    let sum = a + b
    let residual = sumResidual(a, b, sum)
    if residual >= 0 && residual < .infinity { return sum }
    return stepDown(sum)
}

/// The least float64 that is at least `a + b`.
///
/// - Soundness: at least the real sum; for a sum that overflows downwards, the least finite number.
@inlinable
public func sumRoundedUp(_ a: Double, _ b: Double) -> Double {
    -sumRoundedDown(-a, -b)
}

/// The greatest float64 that is at most `a - b`.
@inlinable
public func differenceRoundedDown(_ a: Double, _ b: Double) -> Double {
    sumRoundedDown(a, -b)
}

/// The least float64 that is at least `a - b`.
@inlinable
public func differenceRoundedUp(_ a: Double, _ b: Double) -> Double {
    sumRoundedUp(a, -b)
}

/// The greatest float64 that is at most `a * b`; zero when a factor is zero.
///
/// - Soundness: at most the real product; for a product that overflows upwards, the greatest finite number.
@inlinable
public func productRoundedDown(_ a: Double, _ b: Double) -> Double {
    let product = a * b
    if product.magnitude >= safeMagnitude {
        // NaN for an infinite product: the comparison then fails and the step decides.
        let residual = product.addingProduct(-a, b)
        return residual <= 0 ? product : stepDown(product)
    }
    return smallProductRoundedDown(a, b, product)
}

/// The least float64 that is at least `a * b`; zero when a factor is zero.
///
/// - Soundness: at least the real product; for a product that overflows downwards, the least finite number.
@inlinable
public func productRoundedUp(_ a: Double, _ b: Double) -> Double {
    -productRoundedDown(-a, b)
}

/// The greatest float64 that is at most `a / b`.
///
/// - Soundness: at most the real quotient. Division by zero gives minus infinity.
@inlinable
public func quotientRoundedDown(_ a: Double, _ b: Double) -> Double {
    let quotient = a / b
    if a.magnitude >= safeMagnitude, quotient.magnitude <= .greatestFiniteMagnitude, b.isFinite {
        let residual = a.addingProduct(-quotient, b)
        if residual == 0 || (residual > 0) == (b > 0) { return quotient }
        return quotient.nextDown
    }
    return unusualQuotientRoundedDown(a, b, quotient)
}

/// The least float64 that is at least `a / b`.
///
/// - Soundness: at least the real quotient. Division by zero gives infinity.
@inlinable
public func quotientRoundedUp(_ a: Double, _ b: Double) -> Double {
    -quotientRoundedDown(-a, b)
}

/// `a + b - sum` for `sum` the rounded `a + b`, exactly; NaN or infinite when something overflowed.
@inlinable
func sumResidual(_ a: Double, _ b: Double, _ sum: Double) -> Double {
    let secondPart = sum - a
    let firstPart = sum - secondPart
    return (a - firstPart) + (b - secondPart)
}

/// The next float64 below; the greatest finite number below infinity, minus infinity for NaN.
@inlinable
func stepDown(_ value: Double) -> Double {
    value.isNaN ? -.infinity : value.nextDown
}

/// The product's magnitude is below `safeMagnitude` or it is NaN.
@usableFromInline
func smallProductRoundedDown(_ a: Double, _ b: Double, _ product: Double) -> Double {
    if a.isNaN || b.isNaN { return -.infinity }
    if a == 0 || b == 0 { return 0 }
    // Both are finite and nonzero: as significands in 1 ..< 2 their product's residual is a float64.
    let scale = -(Int(a.exponent) + Int(b.exponent))
    let significandA = Double(signOf: a, magnitudeOf: a.significand)
    let significandB = Double(signOf: b, magnitudeOf: b.significand)
    let scaledProduct = Double(sign: .plus, exponent: scale, significand: product)
    let residual = scaledProduct.addingProduct(-significandA, significandB)
    return residual <= 0 ? product : product.nextDown
}

/// The dividend is tiny or infinite, the divisor zero or infinite, the quotient infinite, or something is
/// NaN.
@usableFromInline
func unusualQuotientRoundedDown(_ a: Double, _ b: Double, _ quotient: Double) -> Double {
    if a.isNaN || b.isNaN || b == 0 { return -.infinity }
    if b.isInfinite { return a.isInfinite ? -.infinity : 0 }
    if a == 0 { return 0 }
    if quotient.isInfinite { return stepDown(quotient) }
    let scale = Int(b.exponent) - Int(a.exponent)
    let significandA = Double(signOf: a, magnitudeOf: a.significand)
    let significandB = Double(signOf: b, magnitudeOf: b.significand)
    let scaledQuotient = Double(sign: .plus, exponent: scale, significand: quotient)
    let residual = significandA.addingProduct(-scaledQuotient, significandB)
    if residual == 0 || (residual > 0) == (b > 0) { return quotient }
    return quotient.nextDown
}
