// Pruning whole channels and neurons: the graph shrinks, through residual connections and batch normalisations.

public import Networks

public struct ChannelOptions: Sendable {
    /// Share of the channels to go: of each group of tied channels, or of all of them, whose norms are then compared in
    /// multiples of their group's mean. A group keeps at least one.
    public var ratio = 0.5
    /// Groups count when everything that makes them is in scope.
    public var scope = PruningScope.all
    public var norm = Norm.l2
    public var isGlobal = false

    public init(ratio: Double = 0.5, scope: PruningScope = .all, norm: Norm = .l2, isGlobal: Bool = false) {
        self.ratio = ratio
        self.scope = scope
        self.norm = norm
        self.isGlobal = isGlobal
    }
}

/// The smaller network, and how many channels all groups of tied values have lost.
public struct ShrunkNetwork: Sendable {
    public var network: TrainableNetwork
    public var removed: Int
    /// How many there were in scope.
    public var channels: Int
}

/// Removes the channels whose rows have the smallest norm, summed over everything that makes a channel.
///
/// - Throws: when no group can lose channels.
public func pruneChannels(
    _ trainable: TrainableNetwork, _ options: ChannelOptions
) throws(PruningError) -> ShrunkNetwork {
    let (ratio, scope, norm) = (options.ratio, options.scope, options.norm)
    guard (0...1).contains(ratio) else { throw PruningError("the ratio is \(ratio); choose one between 0 and 1") }
    let network = trainable.network
    let groups = ChannelGroups(network)
    let inScope = Set(try scope.layers(of: network).map(\.node))
    var scores: [Int: [Double]] = [:]
    var isExcluded: Set<Int> = []
    for (index, node) in network.nodes.enumerated() where !groups.isFixed(index) {
        guard let layer = PrunableLayer(index, node), layer.groups == 1 else { continue }
        let group = groups.group(of: index)
        if !inScope.contains(index) { isExcluded.insert(group) }
        let norms = (0..<layer.rows).map { row -> Double in
            let part = layer.weights[row * layer.columns..<(row + 1) * layer.columns]
            switch norm {
            case .l1: return part.reduce(0) { $0 + $1.magnitude }
            case .l2: return part.reduce(0) { $0 + $1 * $1 }.squareRoot()
            }
        }
        scores[group] = zip(scores[group] ?? Array(repeating: 0, count: norms.count), norms).map(+)
    }
    for group in isExcluded { scores[group] = nil }
    if scores.isEmpty { throw PruningError("no channels in scope can be removed; choose another --scope") }
    let kept = options.isGlobal ? keptOfAll(scores, ratio) : scores.mapValues { keptOfGroup($0, ratio) }
    var result = trainable
    result.network = network.keeping(kept, groups)
    for (node, normalization) in trainable.normalizations {
        guard let channels = kept[groups.group(of: node)] else { continue }
        func part(_ values: [Double]) -> [Double] { channels.map { values[$0] } }
        result.normalizations[node] = BatchNormalization(
            scale: part(normalization.scale), offset: part(normalization.offset), mean: part(normalization.mean),
            variance: part(normalization.variance), epsilon: normalization.epsilon)
    }
    let channels = scores.values.reduce(0) { $0 + $1.count }
    return ShrunkNetwork(
        network: result, removed: channels - kept.values.reduce(0) { $0 + $1.count }, channels: channels)
}

private func keptOfGroup(_ scores: [Double], _ ratio: Double) -> [Int] {
    let count = min(scores.count - 1, Int((ratio * Double(scores.count)).rounded()))
    let marks = lowest(count, of: scores)
    return scores.indices.filter { !marks[$0] }
}

private func keptOfAll(_ scores: [Int: [Double]], _ ratio: Double) -> [Int: [Int]] {
    let order = scores.keys.sorted()
    var relative: [Double] = []
    for group in order {
        let list = scores[group] ?? []
        let mean = list.reduce(0, +) / Double(max(1, list.count))
        // A group's largest channel stays.
        let largest = list.indices.max { list[$0] < list[$1] }
        relative += list.enumerated().map { $0.offset == largest ? .infinity : mean > 0 ? $0.element / mean : 0 }
    }
    let most = relative.count { $0 < .infinity }
    let marks = lowest(min(most, Int((ratio * Double(relative.count)).rounded())), of: relative)
    var kept: [Int: [Int]] = [:]
    var start = 0
    for group in order {
        let count = scores[group]?.count ?? 0
        kept[group] = (0..<count).filter { !marks[start + $0] }
        start += count
    }
    return kept
}
