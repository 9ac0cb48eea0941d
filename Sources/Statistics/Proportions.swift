// Shares of images: one network alone, and two networks on the same images.

internal import Glibc

/// So many of so many.
public struct Proportion: Sendable, Equatable {
    public var successes: Int
    public var trials: Int

    public init(_ successes: Int, of trials: Int) {
        precondition(successes >= 0 && successes <= trials)
        self.successes = successes
        self.trials = trials
    }

    /// Nil of no trials.
    public var share: Double? { trials > 0 ? Double(successes) / Double(trials) : nil }

    /// Wilson's score interval (Probable inference, the law of succession, and statistical inference, JASA 22, 1927).
    /// Stays within 0 and 1, and has a width at 0 of n as well. Nil of no trials.
    public func interval(confidence: Double = 0.95) -> ConfidenceInterval? {
        guard let share else { return nil }
        let n = Double(trials)
        let z = Normal.quantile((1 + confidence) / 2)
        let centre = (share + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        return ConfidenceInterval(
            lower: successes == 0 ? 0 : max(0, centre - half), upper: successes == trials ? 1 : min(1, centre + half))
    }
}

/// Two networks on the same images: how often only one of them succeeds.
public struct PairedProportions: Sendable, Equatable {
    public var both: Int
    public var onlyFirst: Int
    public var onlySecond: Int
    public var neither: Int

    public init(both: Int, onlyFirst: Int, onlySecond: Int, neither: Int) {
        precondition(min(both, onlyFirst, onlySecond, neither) >= 0)
        self.both = both
        self.onlyFirst = onlyFirst
        self.onlySecond = onlySecond
        self.neither = neither
    }

    public init(_ pairs: some Sequence<(Bool, Bool)>) {
        self.init(both: 0, onlyFirst: 0, onlySecond: 0, neither: 0)
        for pair in pairs {
            switch pair {
            case (true, true): both += 1
            case (true, false): onlyFirst += 1
            case (false, true): onlySecond += 1
            case (false, false): neither += 1
            }
        }
    }

    public var count: Int { both + onlyFirst + onlySecond + neither }

    /// The second's share less the first's. Nil of no images.
    public var difference: Double? { count > 0 ? Double(onlySecond - onlyFirst) / Double(count) : nil }

    /// McNemar's test, exactly: if both were as good, the images on which they differ would be fair coin tosses
    /// (McNemar, Psychometrika 12, 1947; two-sided binomial test). It speaks of these two networks only.
    public var exactMcNemar: Double {
        let (tosses, fewer) = (onlyFirst + onlySecond, min(onlyFirst, onlySecond))
        guard tosses > 0 else { return 1 }
        let logHalf = log(0.5) * Double(tosses)
        let tail = (0...fewer).reduce(0.0) { $0 + exp(logChoose(tosses, $1) + logHalf) }
        return min(1, 2 * tail)
    }

    /// Bonett and Price's adjusted Wald interval for the difference (Journal of Educational and Behavioral Statistics
    /// 37, 2012): one image is added to each of the two kinds of disagreement. Nil of no images.
    public func interval(confidence: Double = 0.95) -> ConfidenceInterval? {
        guard count > 0 else { return nil }
        let n = Double(count + 2)
        let (first, second) = (Double(onlyFirst + 1) / n, Double(onlySecond + 1) / n)
        let z = Normal.quantile((1 + confidence) / 2)
        let middle = second - first
        let half = z * ((first + second - middle * middle) / n).squareRoot()
        return ConfidenceInterval(lower: max(-1, middle - half), upper: min(1, middle + half))
    }
}

private func logChoose(_ n: Int, _ k: Int) -> Double {
    logGamma(Double(n + 1)) - logGamma(Double(k + 1)) - logGamma(Double(n - k + 1))
}
