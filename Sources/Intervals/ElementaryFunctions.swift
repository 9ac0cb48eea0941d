// Elementary functions in float64 with proved error bounds.
//
// The C library's functions come without a bound that holds on every machine, so these are our own: argument reduction
// and a Taylor or similar series with its remainder, computed in plain float64 arithmetic. Every bound below is counted
// in units u = 2^-53 from the standard model (each operation is off by a factor in 1 +- u; Higham, "Accuracy and
// Stability of Numerical Algorithms", sections 3.1 and 5.1), which holds with and without fused operations. The bounds
// are generous, a few bits lost for a short proof, and much narrower than what a relaxation loses.
//
// Goals, in this order: sound, simple to check, fast; tight only as far as that.

/// e^x for `x` between -700 and 700; arguments beyond are moved to the nearest end.
///
/// - Precondition: `x` is not NaN.
/// - Soundness: within 2^-47 of the real value, relative to it. With k the integer next to x log2 e, |r| <= 0.35 for
///   r = x - k ln 2, whose two-part subtraction errs by at most 0.8 u; the Taylor polynomial of degree 13 leaves out
///   0.1 u, and Horner's rule errs by 28 u times the polynomial of |r|, at most 57 u relative to e^r. Scaling by 2^k is
///   exact.
@inlinable
func exponential(_ x: Double) -> Double {
    let x = x < -700 ? -700 : x > 700 ? 700 : x
    // Adding 1.5 * 2^52 rounds to an integer.
    let scaled = (x * 0x1.71547652b82fep0 + 0x1.8p52) - 0x1.8p52
    // The upper part has 33 bits: times k it is exact.
    let r = (x - scaled * 0x1.62e42feep-1) - scaled * 0x1.a39ef35793c76p-33
    return exponentialSeries(r) * Double(bitPattern: UInt64(1023 + Int(scaled)) << 52)
}

/// The Taylor polynomial of degree 13.
@inlinable
func exponentialSeries(_ r: Double) -> Double { 1 + r * exponentialTail(r) }

/// (e^r - 1) / r by its Taylor polynomial of degree 12.
@inlinable
func exponentialTail(_ r: Double) -> Double {
    var sum = 1.0 / 6_227_020_800
    sum = 1.0 / 479_001_600 + r * sum
    sum = 1.0 / 39_916_800 + r * sum
    sum = 1.0 / 3_628_800 + r * sum
    sum = 1.0 / 362_880 + r * sum
    sum = 1.0 / 40_320 + r * sum
    sum = 1.0 / 5_040 + r * sum
    sum = 1.0 / 720 + r * sum
    sum = 1.0 / 120 + r * sum
    sum = 1.0 / 24 + r * sum
    sum = 1.0 / 6 + r * sum
    sum = 1.0 / 2 + r * sum
    return 1 + r * sum
}

/// e^x - 1 for `x` between -700 and 0; smaller arguments are moved to -700.
///
/// - Soundness: within 2^-45 of the real value, relative to it. Above -0.35 the series is summed without its first
///   term (41 u); below, e^x is at most 0.705 and its 64 u are at most 154 u of the difference.
@inlinable
func exponentialMinusOne(_ x: Double) -> Double {
    x > -0.35 ? x * exponentialTail(x) : exponential(x) - 1
}

/// ln(1 + y) for `y` between 0 and 1.
///
/// - Soundness: within 2^-47 of the real value, relative to it. ln(1 + y) = 2 artanh s with s = y / (2 + y) <= 1/3: all
///   terms of the series are positive, so that 17 of them err by 50 u in all, and the rest is below u.
@inlinable
func logarithmOfOnePlus(_ y: Double) -> Double {
    let s = y / (2 + y)
    let q = s * s
    var sum = 1.0 / 35
    for denominator in stride(from: 33.0, to: 0, by: -2) { sum = 1 / denominator + q * sum }
    return 2 * s * sum
}

/// The standard normal density at `z`, with `|z| <= 8.5`.
///
/// - Soundness: within 2^-46 of the real value, relative to it: the square's rounding moves the exponent by 37 u.
@inlinable
func normalDensity(_ z: Double) -> Double { 0x1.9884533d43651p-2 * exponential(-0.5 * (z * z)) }

/// The standard normal distribution function at `z`, with `|z| <= 8.5`, given the density there.
///
/// - Soundness: within 2^-44 of the real value. Phi(z) - 1/2 = phi(z) sum_n z^(2n+1) / (2n+1)!!, whose terms have one
///   sign. The n-th term errs by 3 n u, and at most 150 are added: 600 u for the sum, 705 u with the density, of at
///   most 1/2. What is left out is below 2^-59 of the sum, as the terms more than halve from there on. NaN when 150
///   terms are not enough, which does not happen.
@inlinable
func normalDistribution(_ z: Double, density: Double) -> Double {
    let q = z * z
    var term = z
    var sum = z
    var odd = 3.0
    while odd < 301 {
        term *= q / odd
        odd += 2
        if term.magnitude <= 0x1p-60 * sum.magnitude && 2 * q < odd { return 0.5 + density * sum }
        sum += term
    }
    return .nan
}
