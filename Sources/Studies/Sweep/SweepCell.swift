// What became of the networks of one pruning at one radius: the outcomes and their cost, averaged over seeds.
//
// Every sample here has one value per seed, the mean over that seed's images: seeds are what varies between repetitions
// of a study, images are the same in all of them.

public import Statistics

/// One ratio at one radius.
public struct SweepCell: Sendable {
    public var epsilon: String
    /// Queries by outcome, all seeds together.
    public var counts: [Outcome: Int]
    /// The share of a seed's images that ended so.
    public var shares: [Outcome: Sample]
    /// The share that holds for sure.
    public var certified: Sample?
    /// The share that is classified rightly and for which no counterexample is known: certified and undecided.
    public var attacked: Sample?
    /// The share that ended unknown, timed out or in an error.
    public var undecided: Sample?
    /// Seconds of a query, over those that were not inherited.
    public var seconds: Sample?
    /// Seconds to the proof, over those that hold and were not inherited.
    public var proofSeconds: Sample?
    /// Subproblems of a query, over those that were not inherited.
    public var nodes: Sample?
    /// How far the bound before any split stays below the least margin known to be reached.
    public var looseness: Sample?
    /// The lowest lower bound of the margins before any split.
    public var rootBound: Sample?
    /// The least margin known to be reached within the radius: the network's own robustness, apart from bounds.
    public var attackedMargin: Sample?
    public var cleanMargin: Sample?
    /// Neurons that can have either sign.
    public var unstableNeurons: Sample?
    /// The same by layer, averaged over all queries that tell.
    public var unstableByLayer: [Layer]
    /// Certified less dense's, by image: each image's difference is averaged over the seeds that have both.
    public var byImage: PairedDifference?
    /// For each seed, dense first and pruned second, on the images that both answered.
    public var bySeed: [SeedPair]
    /// What the share that certified gained over dense consists of.
    public var gain: Gain?

    public struct Layer: Sendable, Equatable {
        public var name: String
        public var unstable: Double
        /// All neurons of the layer, where the model tells.
        public var neurons: Int?
    }

    public struct SeedPair: Sendable, Equatable {
        public var seed: Int
        public var pairs: PairedProportions
    }

    /// An image is certified, misclassified, violated or undecided. So the share that certified gains is what the other
    /// three lose: more accurate, more robust, easier to decide.
    public struct Gain: Sendable, Equatable {
        public var fewerMisclassified: Double
        public var fewerViolated: Double
        public var fewerUndecided: Double

        public var total: Double { fewerMisclassified + fewerViolated + fewerUndecided }
    }
}

extension Outcome {
    public var isUndecided: Bool {
        switch self {
        case .unknown, .timeout, .error: true
        case .holds, .violated, .misclassified: false
        }
    }
}

extension SweepQuery {
    /// Whether the query itself was asked: its seconds and subproblems are its own.
    var isOwn: Bool { !origin.isInherited }
}

extension SweepCell {
    /// - Parameters:
    ///   - queries: one list per model.
    ///   - dense: the lists of the dense models of the same seeds, nil where there is none; nil for dense itself.
    init(epsilon: String, models: [SweepModel], queries: [[SweepQuery]], dense: [[SweepQuery]?]?) {
        self.epsilon = epsilon
        counts = [:]
        for query in queries.joined() { counts[query.outcome, default: 0] += 1 }
        func average(_ value: (SweepQuery) -> Double?) -> Sample? {
            Sample(queries.compactMap { list in Sample(list.compactMap(value))?.mean })
        }
        func share(_ isCounted: (SweepQuery) -> Bool) -> Sample? { average { isCounted($0) ? 1 : 0 } }
        shares = [:]
        for outcome in Outcome.allCases { shares[outcome] = share { $0.outcome == outcome } }
        certified = share { $0.outcome == .holds }
        attacked = share { $0.outcome != .misclassified && $0.outcome != .violated }
        undecided = share(\.outcome.isUndecided)
        // What is misclassified costs nothing and says nothing about bounds.
        func own(_ value: @escaping (SweepQuery) -> Double?) -> Sample? {
            average { $0.isOwn && $0.outcome != .misclassified ? value($0) : nil }
        }
        seconds = own(\.seconds)
        proofSeconds = own { $0.outcome == .holds ? $0.seconds : nil }
        nodes = own { Double($0.nodes) }
        looseness = average { query in
            guard let margin = query.attackedMargin, let bound = query.rootBound else { return nil }
            return margin - bound
        }
        rootBound = average(\.rootBound)
        attackedMargin = average(\.attackedMargin)
        cleanMargin = average(\.cleanMargin)
        unstableNeurons = average { $0.unstableNeurons.map(Double.init) }
        unstableByLayer = Self.layers(models: models, queries: queries)
        bySeed = []
        guard let dense else { return }
        for (index, model) in models.enumerated() {
            guard let base = dense[index] else { continue }
            let holds = Dictionary(base.map { ($0.image, $0.outcome == .holds) }) { first, _ in first }
            let pairs = queries[index].compactMap { query in
                holds[query.image].map { ($0, query.outcome == .holds) }
            }
            if !pairs.isEmpty { bySeed.append(SeedPair(seed: model.seed, pairs: PairedProportions(pairs))) }
        }
        byImage = Self.byImage(queries, dense)
        gain = Self.gain(queries, dense)
    }

    private static func layers(models: [SweepModel], queries: [[SweepQuery]]) -> [Layer] {
        var names: [String] = []
        var sums: [String: (sum: Int, count: Int)] = [:]
        for layer in queries.joined().compactMap(\.unstableByLayer).joined() {
            if sums[layer.name] == nil { names.append(layer.name) }
            sums[layer.name, default: (0, 0)].sum += layer.neurons
            sums[layer.name]!.count += 1
        }
        return names.map { name in
            Layer(
                name: name, unstable: Double(sums[name]!.sum) / Double(sums[name]!.count),
                neurons: models.first?.layers.first { $0.name == name }?.neurons)
        }
    }

    private static func byImage(_ queries: [[SweepQuery]], _ dense: [[SweepQuery]?]) -> PairedDifference? {
        var differences: [Int: [Double]] = [:]
        for (list, base) in zip(queries, dense) {
            guard let base else { continue }
            let holds = Dictionary(base.map { ($0.image, $0.outcome == .holds) }) { first, _ in first }
            for query in list {
                guard let before = holds[query.image] else { continue }
                let now = query.outcome == .holds
                differences[query.image, default: []].append(now == before ? 0 : now ? 1 : -1)
            }
        }
        return PairedDifference(differences.sorted { $0.key < $1.key }.map { Sample($0.value)!.mean })
    }

    /// Over the images that both networks of a seed answered, averaged over seeds.
    private static func gain(_ queries: [[SweepQuery]], _ dense: [[SweepQuery]?]) -> Gain? {
        var gains: [Gain] = []
        for (list, base) in zip(queries, dense) {
            guard let base else { continue }
            let before = Dictionary(base.map { ($0.image, $0.outcome) }) { first, _ in first }
            let pairs = list.compactMap { query in before[query.image].map { ($0, query.outcome) } }
            guard !pairs.isEmpty else { continue }
            func fewer(_ isCounted: (Outcome) -> Bool) -> Double {
                let sum = pairs.reduce(0) { $0 + (isCounted($1.0) ? 1 : 0) - (isCounted($1.1) ? 1 : 0) }
                return Double(sum) / Double(pairs.count)
            }
            gains.append(
                Gain(
                    fewerMisclassified: fewer { $0 == .misclassified }, fewerViolated: fewer { $0 == .violated },
                    fewerUndecided: fewer(\.isUndecided)))
        }
        guard !gains.isEmpty else { return nil }
        let count = Double(gains.count)
        return Gain(
            fewerMisclassified: gains.reduce(0) { $0 + $1.fewerMisclassified } / count,
            fewerViolated: gains.reduce(0) { $0 + $1.fewerViolated } / count,
            fewerUndecided: gains.reduce(0) { $0 + $1.fewerUndecided } / count)
    }
}
