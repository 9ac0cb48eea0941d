// The rounding theory that every claim pays by (Higham, "Accuracy and Stability of Numerical Algorithms", ch. 3).

/// An upper bound of `gamma_n = n u / (1 - n u)` with `u = 2^-53`: the relative error of `n` roundings in a row, or of a
/// sum of `n` products in any order, relative to the sum of their magnitudes.
public func roundingFactor(_ count: Int) -> Double {
    let n = Double(count) * 0x1p-53
    precondition(n < 0.25, "a sum too long to bound its rounding")
    return n / (1 - n) * (1 + 0x1p-50)
}
