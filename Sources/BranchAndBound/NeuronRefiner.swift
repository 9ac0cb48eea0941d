// Bounds of single neurons by branch and bound: the strongest step for deep fully connected networks.
//
// A neuron's lower bound, and the lower bound of its negative, are lane problems like a property's. Each gets a short
// best-first search over the phases of earlier layers; the least bound of its leaves is its bound. Targets are worked
// on in groups, so that the lanes are full although every target's tree is small. A neuron whose sign is decided needs
// nothing further, from either side.

public import BoundPropagation
import HeapModule
import Lanes
import Synchronization

public struct RefinementOptions: Sendable {
    /// Subproblems that one side of a neuron may cost.
    public var nodesPerTarget = 256
    /// Ascent steps for a subproblem.
    public var iterations = 10
    public var threads = 1
    public var isStopped: @Sendable () -> Bool = { false }
    /// Counts the subproblems handled.
    public let handled = NodeCounter()

    public init() {}
}

/// A count that threads share.
public final class NodeCounter: Sendable {
    private let count = Atomic<Int>(0)

    public init() {}

    public var value: Int { count.load(ordering: .relaxed) }

    func add(_ nodes: Int) { count.wrappingAdd(nodes, ordering: .relaxed) }
}

/// Tightens the bounds of a node's features.
///
/// - Soundness: each bound is the least of float64 bounds, with rounding paid, over leaves that cover the region.
public func refineNeurons(
    _ features: [Int], of node: Int, before region: RegionBounder, options: RefinementOptions
) -> [FeatureBounds] {
    let groupSize = 8
    let region = region.condensed(keeping: node)
    let groups = stride(from: 0, to: features.count, by: groupSize).map {
        Array(features[$0..<min($0 + groupSize, features.count)])
    }
    let found = Results<[FeatureBounds]>(groups.count)
    let tickets = Tickets(groups.count)
    runWorkers(min(options.threads, max(1, groups.count))) { _ in
        let refiner = NeuronRefiner(region, node: node, options: options)
        while !options.isStopped(), let index = tickets.take() { found[index] = refiner.refine(groups[index]) }
    }
    return groups.indices.flatMap { found[$0] ?? [] }
}

private final class NeuronRefiner {
    private let region: RegionBounder
    private let node: Int
    private let options: RefinementOptions
    private let bounder: LaneBounder
    /// How many neurons are tried before one is split.
    private static let branchingCandidates = 4
    /// The most lanes of a batch.
    private let lanes = 64

    init(_ region: RegionBounder, node: Int, options: RefinementOptions) {
        self.region = region
        self.node = node
        self.options = options
        bounder = LaneBounder(region, lanes: lanes)
    }

    /// One leaf of a target's tree.
    private struct Leaf: Comparable, LaneContent {
        var bound: Double
        var splits: NeuronSplit?
        var parameters: ParameterBlock?

        static func < (a: Leaf, b: Leaf) -> Bool { a.bound < b.bound }
        static func == (a: Leaf, b: Leaf) -> Bool { a.bound == b.bound }
    }

    /// One side of a neuron.
    private struct Target {
        var feature: Int
        var sign: Float
        var leaves: Heap<Leaf>
        /// The least bound of leaves that cannot be split, or that were proved positive.
        var settled = Double.infinity
        var nodes = 0

        var bound: Double { min(settled, leaves.min?.bound ?? .infinity) }
        var isOpen: Bool { !leaves.isEmpty && bound < settled }
    }

    func refine(_ features: [Int]) -> [FeatureBounds] {
        var targets = features.flatMap { feature in
            [Float(1), -1].map { sign in
                let known = sign > 0 ? region.bounds.lower[node][feature] : -region.bounds.upper[node][feature]
                return Target(
                    feature: feature, sign: sign, leaves: [Leaf(bound: known, splits: nil, parameters: nil)])
            }
        }
        while !options.isStopped() {
            let batch = takeBatch(&targets)
            if batch.isEmpty { break }
            process(batch, &targets)
            options.handled.add(batch.count)
        }
        return features.indices.map { index in
            FeatureBounds(
                feature: features[index], lower: targets[2 * index].bound, upper: -targets[2 * index + 1].bound)
        }
    }

    /// Leaves of the targets that are worth more work, in turn, until the lanes are full.
    private func takeBatch(_ targets: inout [Target]) -> [(target: Int, leaf: Leaf)] {
        var batch: [(target: Int, leaf: Leaf)] = []
        let open = targets.indices.filter { index in
            let isDecided = targets[index].bound > 0 || targets[index ^ 1].bound > 0
            return !isDecided && targets[index].isOpen && targets[index].nodes < options.nodesPerTarget
        }
        var tookSome = true
        while tookSome && batch.count < lanes {
            tookSome = false
            for index in open where batch.count < lanes {
                guard let leaf = targets[index].leaves.popMin() else { continue }
                targets[index].nodes += 1
                batch.append((index, leaf))
                tookSome = true
            }
        }
        return batch
    }

    private func process(_ batch: [(target: Int, leaf: Leaf)], _ targets: inout [Target]) {
        bounder.use(lanes: batch.count)
        let padded = (0..<bounder.lanes).map { batch[$0 < batch.count ? $0 : 0] }
        bounder.setFeatures(
            padded.map { targets[$0.target].feature }, signs: padded.map { targets[$0.target].sign }, of: node)
        bounder.load(batch.map(\.leaf))
        let isFirst = batch.contains { $0.leaf.splits == nil }
        var ascent = AscentOptions(iterations: isFirst ? 3 * options.iterations : options.iterations)
        ascent.decay = 0.95
        ascent.isStopped = options.isStopped
        let reached = bounder.ascend(ascent)
        let bounds = bounder.certify()
        let slots = bounder.filteredSlots(bounder.branchingSlots(Self.branchingCandidates), from: reached)
        for (lane, (index, leaf)) in batch.enumerated() {
            let bound = max(leaf.bound, bounds[lane])
            if bound > 0 || slots[lane] < 0 {
                targets[index].settled = min(targets[index].settled, bound)
                continue
            }
            let block = bounder.parameterBlock(lane)
            for phase: Float in [1, -1] {
                targets[index].leaves.insert(
                    Leaf(
                        bound: bound, splits: NeuronSplit(slot: slots[lane], phase: phase, parent: leaf.splits),
                        parameters: block))
            }
        }
    }
}
