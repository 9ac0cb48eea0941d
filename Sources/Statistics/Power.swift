// How many seeds a question takes: the power of the paired t test.

/// A paired t test that is planned.
public struct PlannedTest: Sendable {
    /// The probability of seeing a difference where there is none.
    public var level: Double
    public var isTwoSided: Bool
    /// The probability of seeing a difference that is there; four studies of five is the custom (Cohen, Statistical
    /// Power Analysis for the Behavioral Sciences, 1988).
    public var power: Double

    public init(level: Double = 0.05, isTwoSided: Bool = true, power: Double = 0.8) {
        precondition(level > 0 && level < 1 && power > 0 && power < 1)
        self.level = level
        self.isTwoSided = isTwoSided
        self.power = power
    }

    /// The probability that `pairs` pairs show a difference whose true mean is `effect` standard deviations.
    public func power(pairs: Int, effect: Double) -> Double {
        guard pairs > 1 else { return 0 }
        let t = StudentT(degrees: Double(pairs - 1))
        let critical = t.quantile(isTwoSided ? 1 - level / 2 : 1 - level)
        let shift = effect * Double(pairs).squareRoot()
        // So far from the critical value that the series need not be summed.
        if shift - critical > 30 { return 1 }
        let above = 1 - t.probability(below: critical, shift: shift)
        return isTwoSided ? above + t.probability(below: -critical, shift: shift) : above
    }

    /// The least number of pairs that shows a difference of that mean and standard deviation; nil when no million of
    /// them would.
    ///
    /// The normal approximation with Guenther's correction (Sample size formulas for normal theory t tests, The
    /// American Statistician 35, 1981) tells where to look; beyond a thousand pairs it is the answer, right to a pair
    /// or two.
    public func pairsNeeded(mean: Double, deviation: Double) -> Int? {
        guard mean != 0, mean.isFinite, deviation.isFinite else { return nil }
        guard deviation > 0 else { return 2 }
        let effect = abs(mean) / deviation
        let critical = Normal.quantile(isTwoSided ? 1 - level / 2 : 1 - level)
        let root = (critical + Normal.quantile(power)) / effect
        let guess = root * root + critical * critical / 2
        guard guess <= 1_000_000 else { return nil }
        if guess > 1000 { return Int(guess.rounded(.up)) }
        var pairs = max(2, Int(guess))
        while pairs > 2, power(pairs: pairs - 1, effect: effect) >= power { pairs -= 1 }
        while power(pairs: pairs, effect: effect) < power { pairs += 1 }
        return pairs
    }

    /// The least true difference that `pairs` pairs with that standard deviation can be counted on to show.
    /// Nil for fewer than two pairs.
    public func detectableDifference(pairs: Int, deviation: Double) -> Double? {
        guard pairs > 1 else { return nil }
        guard deviation > 0 else { return 0 }
        var (low, high) = (0.0, 1.0)
        while power(pairs: pairs, effect: high) < power {
            low = high
            high *= 2
        }
        for _ in 0..<40 {
            let middle = (low + high) / 2
            if power(pairs: pairs, effect: middle) < power { low = middle } else { high = middle }
        }
        return high * deviation
    }
}
