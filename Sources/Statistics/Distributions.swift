// The distributions that intervals, tests and power need: normal, Student's t, noncentral t.
//
// Goals, in order: right to about ten digits over the whole range, simple, fast. Quantiles are found by bisection of
// the distribution function: slower than rational approximations, but with no second source of error.

internal import Glibc

/// The regularized incomplete beta function I_x(a, b), the distribution function of the beta distribution.
///
/// Lentz's evaluation of the continued fraction (NIST Handbook of Mathematical Functions, 8.17.22), on the side of
/// (a + 1) / (a + b + 2) where it converges fast.
/// - Precondition: a, b > 0 and x from 0 to 1.
public func regularizedIncompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    precondition(a > 0 && b > 0 && x >= 0 && x <= 1)
    if x == 0 || x == 1 { return x }
    if x > (a + 1) / (a + b + 2) { return 1 - regularizedIncompleteBeta(1 - x, b, a) }
    let scale = a * log(x) + b * log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)
    return exp(scale) * betaFraction(x, a, b) / a
}

private func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    func away(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
    var d = 1 / away(1 - (a + b) * x / (a + 1))
    var c = 1.0
    var value = d
    // The number of steps grows with the square root of the larger parameter.
    for step in 1...100_000 {
        let m = Double(step)
        let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / away(1 + even * d)
        c = away(1 + even / c)
        value *= d * c
        let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / away(1 + odd * d)
        c = away(1 + odd / c)
        value *= d * c
        if abs(d * c - 1) < 1e-15 { break }
    }
    return value
}

func logGamma(_ x: Double) -> Double {
    let (value, _) = lgamma(x)
    return value
}

/// The standard normal distribution.
public enum Normal {
    public static func probability(below x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }

    /// The number below which the given share of the distribution lies; ±infinity for 1 and 0.
    public static func quantile(_ share: Double) -> Double { inverse(share, of: probability) }
}

/// Student's t distribution with a positive number of degrees of freedom.
public struct StudentT: Sendable {
    public var degrees: Double

    public init(degrees: Double) {
        precondition(degrees > 0)
        self.degrees = degrees
    }

    /// Half of I at degrees / (degrees + t²) lies in each tail (NIST Handbook, 8.17; Abramowitz and Stegun, 26.7.1).
    public func probability(below t: Double) -> Double {
        guard t.isFinite else { return t < 0 ? 0 : 1 }
        let square = t * t
        let both =
            square < degrees
            ? 1 - regularizedIncompleteBeta(square / (degrees + square), 0.5, degrees / 2)
            : regularizedIncompleteBeta(degrees / (degrees + square), degrees / 2, 0.5)
        return t < 0 ? both / 2 : 1 - both / 2
    }

    public func quantile(_ share: Double) -> Double { inverse(share, of: probability) }

    /// The probability that |T| is at least |t|.
    public func twoSided(_ t: Double) -> Double { min(1, 2 * probability(below: -abs(t))) }

    /// The probability that T, with its numerator shifted by `shift`, lies below t: the power of a t test.
    ///
    /// Lenth's series (Algorithm AS 243, Applied Statistics 38, 1989), summed around its largest terms.
    public func probability(below t: Double, shift: Double) -> Double {
        if t < 0 { return 1 - probability(below: -t, shift: -shift) }
        let tail = Normal.probability(below: -shift)
        if t == 0 { return tail }
        let x = t * t / (t * t + degrees)
        let rate = shift * shift / 2
        guard rate > 0 else { return probability(below: t) }
        var sum = 0.0
        let width = 10 * (rate.squareRoot() + 4)
        for index in Int(max(0, rate - width))...Int(rate + width) {
            let j = Double(index)
            let common = -rate + j * log(rate)
            let even = exp(common - logGamma(j + 1))
            let odd = exp(common - logGamma(j + 1.5)) * shift / 2.0.squareRoot()
            sum += even * regularizedIncompleteBeta(x, j + 0.5, degrees / 2)
            sum += odd * regularizedIncompleteBeta(x, j + 1, degrees / 2)
        }
        return min(1, max(0, tail + sum / 2))
    }
}

/// Where a rising distribution function, symmetric about 0, reaches the share.
private func inverse(_ share: Double, of distribution: (Double) -> Double) -> Double {
    precondition(share >= 0 && share <= 1)
    if share == 0.5 { return 0 }
    // The lower tail is the one without cancellation.
    if share > 0.5 { return -inverse(1 - share, of: distribution) }
    if share == 0 { return -.infinity }
    var (low, high) = (-1.0, 0.0)
    while distribution(low) > share {
        high = low
        low *= 2
    }
    while true {
        let middle = (low + high) / 2
        if middle == low || middle == high { return middle }
        if distribution(middle) > share { high = middle } else { low = middle }
    }
}
