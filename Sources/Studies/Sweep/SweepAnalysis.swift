// What a sweep says once seeds and images are averaged: for every way of pruning a line from dense to its sparsest, for
// every radius the outcomes, and whether the data can tell which ratio is best.

public import Statistics

public struct SweepAnalysis: Sendable {
    public let epsilons: [String]
    public let architectures: [Architecture]

    public struct Architecture: Sendable {
        public let name: String
        /// Dense first, then by method, scope and ratio.
        public let points: [SweepPoint]
        /// Ways of pruning, each with the positions of its points, dense first where there is one.
        public let lines: [Line]
        /// The share certified as the score of a seed: one study for each radius, nil where no seed is complete.
        public let studies: [TreatmentStudy?]
        /// The same with the share certified averaged over all radii.
        public let overall: TreatmentStudy?

        public func point(named name: String) -> SweepPoint? { points.first { $0.name == name } }
    }

    public struct Line: Sendable {
        public let name: String
        public let points: [Int]
    }

    public init(_ results: SweepResults) {
        epsilons = results.epsilons
        var queries: [String: [[SweepQuery]]] = [:]
        let radii = Dictionary(results.epsilons.enumerated().map { ($1, $0) }) { first, _ in first }
        let none = [[SweepQuery]](repeating: [], count: results.epsilons.count)
        var images = Set(results.images.map(\.index))
        for query in results.queries {
            images.insert(query.image)
            guard let radius = radii[query.epsilon] else { continue }
            queries[query.model, default: none][radius].append(query)
        }
        var names: [String] = []
        for model in results.models where !names.contains(model.architecture) { names.append(model.architecture) }
        architectures = names.map { name in
            Architecture(
                name, models: results.models.filter { $0.architecture == name }, epsilons: results.epsilons,
                queries: queries, images: images.count)
        }
    }
}

/// One way of pruning at one ratio: its networks, one per seed.
public struct SweepPoint: Sendable {
    /// Unique within the architecture, such as `dense`, `40 %` or, among several ways, `magnitude 40 %`.
    public let name: String
    public let method: String?
    public let scope: String?
    public let ratio: Double
    public let models: [SweepModel]
    public let sparsity: Sample
    public let accuracy: Sample?
    /// Test accuracy less dense's, paired by seed.
    public let accuracyDifference: PairedDifference?
    /// One for each radius.
    public let cells: [SweepCell]

    /// For each seed whose images are all answered at a radius, the share certified there.
    let scores: [[String: Double]]

    public var isDense: Bool { method == nil }
}

extension SweepAnalysis.Architecture {
    fileprivate init(
        _ name: String, models: [SweepModel], epsilons: [String], queries: [String: [[SweepQuery]]], images: Int
    ) {
        let dense = Dictionary(models.filter(\.isDense).map { ($0.seed, $0) }) { first, _ in first }
        var groups: [PointKey: [SweepModel]] = [:]
        for model in models { groups[PointKey(model), default: []].append(model) }
        let keys = groups.keys.sorted()
        let methods = Set(keys.compactMap(\.method))
        let scopes = Set(keys.compactMap(\.scope))
        func lineName(_ key: PointKey) -> String {
            [methods.count > 1 || scopes.count <= 1 ? key.method : nil, scopes.count > 1 ? key.scope : nil]
                .compactMap { $0 }.joined(separator: ", ")
        }
        let isSingle = methods.count * max(1, scopes.count) <= 1
        let points = keys.map { key in
            SweepPoint(
                key, name: key.method == nil ? "dense" : (isSingle ? "" : lineName(key) + " ") + shareText(key.ratio),
                models: groups[key]!.sorted { $0.seed < $1.seed }, dense: dense, epsilons: epsilons, queries: queries,
                images: images)
        }
        var lines: [(name: String, points: [Int])] = []
        for (index, key) in keys.enumerated() where key.method != nil {
            let name = lineName(key)
            if lines.last?.name == name {
                lines[lines.count - 1].points.append(index)
            } else {
                lines.append((name, [index]))
            }
        }
        let base = points.indices.filter { points[$0].isDense }
        if lines.isEmpty && !base.isEmpty { lines = [("dense", [])] }
        self.name = name
        self.points = points
        self.lines = lines.map { SweepAnalysis.Line(name: $0.name, points: base + $0.points) }
        studies = epsilons.indices.map { radius in
            TreatmentStudy(
                points.map { Treatment(name: $0.name, scores: $0.scores[radius]) }, baseline: "dense")
        }
        overall = TreatmentStudy(
            points.map { point in
                var scores: [String: Double] = [:]
                for seed in (point.scores.first ?? [:]).keys {
                    let values = point.scores.compactMap { $0[seed] }
                    if values.count == epsilons.count { scores[seed] = Sample(values)!.mean }
                }
                return Treatment(name: point.name, scores: scores)
            }, baseline: "dense")
    }
}

/// What the networks of a point have in common.
private struct PointKey: Hashable, Comparable {
    var method: String?
    var scope: String?
    var ratio: Double

    init(_ model: SweepModel) {
        (method, scope) = (model.method, model.isDense ? nil : model.scope)
        ratio = model.isDense ? 0 : model.ratio
    }

    static func < (left: Self, right: Self) -> Bool {
        (left.method ?? "", left.scope ?? "", left.ratio) < (right.method ?? "", right.scope ?? "", right.ratio)
    }
}

extension SweepPoint {
    fileprivate init(
        _ key: PointKey, name: String, models: [SweepModel], dense: [Int: SweepModel], epsilons: [String],
        queries: [String: [[SweepQuery]]], images: Int
    ) {
        self.name = name
        (method, scope, ratio) = (key.method, key.scope, key.ratio)
        self.models = models
        sparsity = Sample(models.map(\.sparsity))!
        accuracy = Sample(models.compactMap(\.testAccuracy))
        let isDense = key.method == nil
        accuracyDifference =
            isDense
            ? nil
            : PairedDifference(
                models.compactMap { model in
                    guard let own = model.testAccuracy, let base = dense[model.seed]?.testAccuracy else { return nil }
                    return own - base
                })
        func asked(_ model: SweepModel, _ radius: Int) -> [SweepQuery] { queries[model.id]?[radius] ?? [] }
        cells = epsilons.indices.map { radius in
            SweepCell(
                epsilon: epsilons[radius], models: models, queries: models.map { asked($0, radius) },
                dense: isDense ? nil : models.map { model in dense[model.seed].map { asked($0, radius) } })
        }
        scores = epsilons.indices.map { radius in
            var scores: [String: Double] = [:]
            for model in models {
                let list = asked(model, radius)
                guard list.count == images, images > 0 else { continue }
                scores["\(model.seed)"] = Double(list.count { $0.outcome == .holds }) / Double(images)
            }
            return scores
        }
    }
}

/// A share as percent, with no more digits than it needs.
public func shareText(_ share: Double) -> String {
    var digits = 0
    while digits < 3, abs(share * 100 - (Double(fixed(share * 100, digits)) ?? 0)) > 1e-9 { digits += 1 }
    return fixed(share * 100, digits) + " %"
}
