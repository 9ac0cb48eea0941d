// The rounding theory that every claim pays by (Higham, "Accuracy and Stability of Numerical Algorithms", ch. 3).

/// The unit roundoff of float64.
public let unitRoundoff = 0x1p-53

/// An upper bound of `gamma_n = n u / (1 - n u)`: the relative error of a sum of `n` products, in any order.
public func roundingFactor(_ terms: Int) -> Double {
    let product = Double(terms) * unitRoundoff
    return product / (1 - product) * (1 + 4 * unitRoundoff)
}

/// A factor that covers the rounding of a sum of up to 2^26 nonnegative numbers, each itself a few roundings off.
public let sumSlack = 1 + 0x1p-24

/// More than all the underflow that any one bound's products can lose: at most 2^40 of them, 2^-1074 each.
public let underflowAllowance = 0x1p-1000
