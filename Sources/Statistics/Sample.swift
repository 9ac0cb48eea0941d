// Numbers that were observed independently, one per seed (or per image), and what they say about their mean.

internal import Glibc

/// Where the true value lies, with the confidence that it was made for.
public struct ConfidenceInterval: Sendable, Equatable {
    public var lower: Double
    public var upper: Double

    public init(lower: Double, upper: Double) {
        self.lower = lower
        self.upper = upper
    }

    public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }
}

/// Count, mean and standard deviation of a sample.
public struct Sample: Sendable, Equatable {
    public let values: [Double]
    public let mean: Double
    /// The standard deviation with the divisor count - 1; nil for a single value.
    public let deviation: Double?

    public var count: Int { values.count }

    /// Nil for no values.
    public init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        self.values = values
        let mean = values.reduce(0, +) / Double(values.count)
        self.mean = mean
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
    }

    /// Student's interval for the mean: mean ± t · deviation / √count, with count - 1 degrees of freedom.
    ///
    /// It covers the true mean as often as it says if the values are normal, and nearly so for means of many images.
    /// Nil for a single value.
    public func interval(confidence: Double = 0.95) -> ConfidenceInterval? {
        guard let deviation else { return nil }
        let t = StudentT(degrees: Double(count - 1)).quantile((1 + confidence) / 2)
        let half = t * deviation / Double(count).squareRoot()
        return ConfidenceInterval(lower: mean - half, upper: mean + half)
    }

    /// The middle value, or the mean of both.
    public var median: Double {
        let sorted = values.sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}

/// Differences of two treatments, one per seed (or image) that both have: what seeds have in common cancels.
public struct PairedDifference: Sendable, Equatable {
    public let sample: Sample

    /// Nil for no differences.
    public init?(_ differences: [Double]) {
        guard let sample = Sample(differences) else { return nil }
        self.sample = sample
    }

    public var mean: Double { sample.mean }
    public var count: Int { sample.count }
    public func interval(confidence: Double = 0.95) -> ConfidenceInterval? { sample.interval(confidence: confidence) }

    /// The paired t test of no difference (Student, The probable error of a mean, 1908). Nil for one pair.
    ///
    /// Where all differences are equal t is undefined, and the sign test takes its place: the least it can say is
    /// 2 / 2^count.
    public var pValue: Double? {
        guard let deviation = sample.deviation else { return nil }
        if mean == 0 { return 1 }
        guard deviation > 0 else { return min(1, 2 * pow(0.5, Double(count))) }
        return StudentT(degrees: Double(count - 1)).twoSided(statistic(deviation))
    }

    /// The same against the one alternative that the true mean is above 0.
    public var pValueAbove: Double? {
        guard let deviation = sample.deviation else { return nil }
        guard deviation > 0 else { return mean > 0 ? pow(0.5, Double(count)) : 1 }
        return StudentT(degrees: Double(count - 1)).probability(below: -statistic(deviation))
    }

    private func statistic(_ deviation: Double) -> Double { mean / (deviation / Double(count).squareRoot()) }
}
