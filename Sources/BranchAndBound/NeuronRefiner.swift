// Bounds of single neurons by branch and bound: the strongest step for deep fully connected networks.
//
// A neuron's lower bound, and the lower bound of its negative, are lane problems like a property's. Each gets a short
// best-first search over the phases of earlier layers; the least bound of its leaves is its bound. Targets are worked
// on in groups, so that the lanes are full although every target's tree is small. A neuron whose sign is decided needs
// nothing further, from either side.

public import BoundPropagation
import Certificates
import HeapModule
import Lanes
import Synchronization

public struct RefinementOptions: Sendable {
    /// Subproblems that one side of a neuron may cost.
    public var nodesPerTarget = 256
    /// Ascent steps for a subproblem.
    public var iterations = 10
    public var threads = 1
    /// Takes the trees down.
    public var scribe: ProofScribe?
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
    /// What proofs call the unstable neurons, by slot.
    private let neurons: [Int]

    init(_ region: RegionBounder, node: Int, options: RefinementOptions) {
        neurons = options.scribe?.neurons(of: region) ?? []
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
        var freshSplits: Int { 1 }
        /// What a proof says of `bound`; nil when it was known before.
        var evidence: Evidence?

        static func < (a: Leaf, b: Leaf) -> Bool { a.bound < b.bound }
        static func == (a: Leaf, b: Leaf) -> Bool { a.bound == b.bound }
    }

    /// A leaf of a proof, which may stand for several leaves of the search.
    private final class Evidence {
        let record: ByteWriter

        init(_ leaf: ProofLeaf) {
            var record = ByteWriter()
            ProofRecord.leaf(leaf).write(to: &record)
            self.record = record
        }
    }

    /// One side of a neuron.
    private struct Target {
        var feature: Int
        var sign: Float
        var leaves: Heap<Leaf>
        /// The least bound of leaves that cannot be split, or that were proved positive.
        var settled = Double.infinity
        var nodes = 0
        let known: Double
        /// What proofs say of the settled leaves; nil when some of them rest on what was known before.
        var evidence: [Evidence]? = []

        var bound: Double { min(settled, leaves.min?.bound ?? .infinity) }
        var isOpen: Bool { !leaves.isEmpty && bound < settled }
    }

    func refine(_ features: [Int]) -> [FeatureBounds] {
        var targets = features.flatMap { feature in
            [Float(1), -1].map { sign in
                let known = sign > 0 ? region.bounds.lower[node][feature] : -region.bounds.upper[node][feature]
                return Target(
                    feature: feature, sign: sign, leaves: [Leaf(bound: known, splits: nil, parameters: nil)],
                    known: known)
            }
        }
        while !options.isStopped() {
            let batch = takeBatch(&targets)
            if batch.isEmpty { break }
            process(batch, &targets)
            options.handled.add(batch.count)
        }
        takeDown(&targets)
        return features.indices.map { index in
            FeatureBounds(
                feature: features[index], lower: targets[2 * index].bound, upper: -targets[2 * index + 1].bound)
        }
    }

    /// Records the targets' trees, and gives up the bounds that gained too little to be recorded.
    private func takeDown(_ targets: inout [Target]) {
        guard let scribe = options.scribe else { return }
        for index in targets.indices {
            let target = targets[index]
            let width = region.bounds.upper[node][target.feature] - region.bounds.lower[node][target.feature]
            let open = target.leaves.unordered.map(\.evidence)
            guard target.bound > target.known + ProofScribe.leastGain * width, var evidence = target.evidence,
                open.allSatisfy({ $0 != nil })
            else {
                targets[index].leaves = []
                targets[index].settled = target.known
                continue
            }
            // Two open leaves may rest on their parent's bound.
            var seen = Set<ObjectIdentifier>()
            evidence += open.compactMap(\.self).filter { seen.insert(ObjectIdentifier($0)).inserted }
            var records = ByteWriter()
            let feature = scribe.feature(target.feature, of: node, in: region)
            ProofRecord.beginTree(node: node, feature: feature, isLower: target.sign > 0).write(to: &records)
            for leaf in evidence { records.append(leaf.record) }
            ProofRecord.endTree.write(to: &records)
            scribe.recorder.record(records)
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
        if options.scribe != nil { bounder.roundForProof() }
        let bounds = bounder.certify()
        let slots = bounder.filteredSlots(bounder.branchingSlots(Self.branchingCandidates), from: reached)
        for (lane, (index, leaf)) in batch.enumerated() {
            let bound = max(leaf.bound, bounds[lane])
            var evidence = leaf.evidence
            if options.scribe != nil, bounds[lane] > leaf.bound {
                evidence = Evidence(bounder.leaf(lane, path: leaf.splits.path, neurons: neurons))
            }
            if bound > 0 || slots[lane] < 0 {
                targets[index].settled = min(targets[index].settled, bound)
                if let evidence { targets[index].evidence?.append(evidence) } else { targets[index].evidence = nil }
                continue
            }
            let block = bounder.parameterBlock(lane)
            for phase: Float in [1, -1] {
                targets[index].leaves.insert(
                    Leaf(
                        bound: bound, splits: NeuronSplit(slot: slots[lane], phase: phase, parent: leaf.splits),
                        parameters: block, evidence: evidence))
            }
        }
    }
}
