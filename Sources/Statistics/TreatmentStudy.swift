// Treatments (pruning ratios) that were tried on the same seeds, one score for each: which differ from the baseline,
// which is best, and whether the data can tell.
//
// Differences are paired by seed, since the networks of a seed come from the same training. The best treatment is not
// tested against the others as if it had been named beforehand: of eight equal treatments the luckiest looks best.
// Instead a treatment stays a candidate unless some other is better by a one-sided paired t test at the level
// (1 - confidence) / (treatments - 1). The true best is among the candidates with the given confidence, whatever is
// picked by looking at the data: for it, every one of these tests is wrong with at most that probability (Bonferroni).
// This is subset selection (Gupta, On some multiple decision rules, Technometrics 7, 1965), with paired tests.

/// The scores of one treatment by seed.
public struct Treatment: Sendable, Equatable {
    public var name: String
    public var scores: [String: Double]

    public init(name: String, scores: [String: Double]) {
        self.name = name
        self.scores = scores
    }
}

/// What the scores of several treatments can tell.
public struct TreatmentStudy: Sendable {
    public let confidence: Double
    public let lowerIsBetter: Bool
    /// In the order given.
    public let entries: [Entry]
    /// Position of the treatment that differences are taken to.
    public let baseline: Int?
    /// Position of the best mean.
    public let best: Int
    /// How many differences to the baseline were tested.
    public let comparisons: Int

    public struct Entry: Sendable {
        public var name: String
        public var sample: Sample
        public var interval: ConfidenceInterval?
        /// Score less the baseline's, over the seeds that both have; nil for the baseline and without one.
        public var difference: PairedDifference?
        public var differenceInterval: ConfidenceInterval?
        public var pValue: Double?
        /// Holm's, for all differences to the baseline together.
        public var adjustedPValue: Double?
        /// How many seeds would show this difference to the baseline in four studies of five, if the true one is as
        /// large as the one observed (two-sided test of it alone).
        public var seedsNeeded: Int?
        /// Whether the data leave open that this is the best treatment.
        public var isCandidate: Bool
        /// How many seeds would take it off the candidates in four studies of five, if the true difference to the best
        /// is as large as the one observed; nil for the best itself.
        public var seedsToExclude: Int?
    }

    /// - Returns: nil for no treatment with a score.
    public init?(
        _ treatments: [Treatment], baseline: String? = nil, lowerIsBetter: Bool = false, confidence: Double = 0.95
    ) {
        precondition(confidence > 0 && confidence < 1)
        let treatments = treatments.filter { !$0.scores.isEmpty }
        guard !treatments.isEmpty else { return nil }
        self.confidence = confidence
        self.lowerIsBetter = lowerIsBetter
        let samples = treatments.map { Sample($0.scores.sorted { $0.key < $1.key }.map(\.value))! }
        let sign = lowerIsBetter ? -1.0 : 1
        let best = samples.indices.max { sign * samples[$0].mean < sign * samples[$1].mean }!
        let base = treatments.firstIndex { $0.name == baseline }
        let differences = treatments.indices.map { index in
            base.flatMap { $0 == index ? nil : Self.difference(treatments[index], to: treatments[$0]) }
        }
        let pValues = differences.map { $0?.pValue }
        let adjusted = holmAdjusted(pValues)
        let others = max(1, treatments.count - 1)
        let toDense = PlannedTest(level: 1 - confidence)
        let toBest = PlannedTest(level: (1 - confidence) / Double(others), isTwoSided: false)
        entries = treatments.indices.map { index in
            let isBeaten = treatments.indices.contains { other in
                guard other != index, let gain = Self.difference(treatments[other], to: treatments[index], sign),
                    let pValue = gain.pValueAbove
                else { return false }
                return pValue < toBest.level
            }
            let difference = differences[index]
            let toExclude = index == best ? nil : Self.difference(treatments[best], to: treatments[index])
            return Entry(
                name: treatments[index].name, sample: samples[index],
                interval: samples[index].interval(confidence: confidence), difference: difference,
                differenceInterval: difference?.interval(confidence: confidence), pValue: pValues[index],
                adjustedPValue: adjusted[index], seedsNeeded: difference.flatMap { Self.pairs(for: $0, toDense) },
                isCandidate: !isBeaten, seedsToExclude: toExclude.flatMap { Self.pairs(for: $0, toBest) })
        }
        self.baseline = base
        self.best = best
        comparisons = pValues.count { $0 != nil }
    }

    private static func difference(_ treatment: Treatment, to other: Treatment, _ sign: Double = 1) -> PairedDifference?
    {
        let seeds = treatment.scores.keys.filter { other.scores[$0] != nil }.sorted()
        return PairedDifference(seeds.map { sign * (treatment.scores[$0]! - other.scores[$0]!) })
    }

    private static func pairs(for difference: PairedDifference, _ test: PlannedTest) -> Int? {
        difference.sample.deviation.flatMap { test.pairsNeeded(mean: difference.mean, deviation: $0) }
    }

    /// The treatments that may be the best one, the observed best included.
    public var candidates: [Entry] { entries.filter(\.isCandidate) }

    /// The least difference to the baseline that so many seeds can be counted on to show, for the median spread.
    public var detectableDifference: Double? {
        let spreads = Sample(entries.compactMap { $0.difference?.sample.deviation })
        let counts = entries.compactMap { $0.difference?.count }
        guard let spread = spreads?.median, let pairs = counts.min() else { return nil }
        return PlannedTest(level: 1 - confidence).detectableDifference(pairs: pairs, deviation: spread)
    }
}
