/// The rounded sum and its error: `sum + error` is exactly `x + y` (Knuth), unless the sum overflows.
@inline(__always)
func twoSum(_ x: Double, _ y: Double) -> (sum: Double, error: Double) {
    let sum = x + y
    let part = sum - x
    return (sum, (x - (sum - part)) + (y - part))
}

/// `n u / (1 - n u)` with `u = 2^-53`, rounded up: the relative error of `n` roundings in a row, or of a sum
/// of `n + 1` terms in any order relative to the sum of their magnitudes (Higham's gamma).
func roundingFactor(_ count: Int) -> Double {
    let n = Double(count) * 0x1p-53
    precondition(n < 0.25, "a sum too long to bound its rounding")
    return n / (1 - n) * (1 + 0x1p-50)
}
