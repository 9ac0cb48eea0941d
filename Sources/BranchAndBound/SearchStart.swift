// Starting a search over phases from the proof of a neighbour: the same network at another epsilon, pruned, trained with
// another seed, or the same search cut short (IVAN, Ugare et al. 2023, reuses trees so; here the slopes and multipliers
// of their leaves come along).
//
// A proof's leaves give the tree that they are the leaves of. Only its shape is taken: every leaf is bounded anew on
// the network at hand, and where the proof lacks one side of a split that side is open.

public import BoundPropagation
public import Certificates

/// Leaves to start from.
public struct SearchStart: Sendable {
    private final class Node {
        var neuron = -1
        var sides: [Node?] = [nil, nil]
        var leaf: ProofLeaf?
        /// Whether the neuron's phase followed; here it may not.
        var isImplied = false
    }

    /// A leaf, and the phases that followed from it.
    private typealias Step = (leaf: ProofLeaf, implied: [PhaseSplit])

    /// By the disjuncts' numbers.
    private let leaves: [Int: [Step]]
    /// What proofs call the unstable neurons, by slot.
    private let neurons: [Int]
    private let isActive: @Sendable (Int) -> Bool

    /// What the records say of one region; nil when they close no leaf there by phases.
    ///
    /// - Parameters:
    ///   - number: the region's in the property.
    ///   - whole: the region at hand.
    ///   - region: the same, perhaps condensed, as it will be searched.
    public init?(
        _ records: some Sequence<ProofRecord>, number: Int, whole: RegionBounder, searched region: RegionBounder
    ) {
        var leaves: [Int: [Step]] = [:]
        var isHere = false
        for record in records {
            switch record {
            case .region(let other): isHere = other == number
            case .beginPhases: if isHere { leaves = [:] }
            case .phaseLeaf(let disjunct, let leaf):
                if isHere && !leaf.path.isEmpty { leaves[disjunct, default: []].append((leaf, [])) }
            case .implied(let disjunct, let leaf, let phases):
                if isHere { leaves[disjunct, default: []].append((leaf, phases)) }
            case .endRegion, .beginSweep, .endSweep, .plainBounds, .beginTree, .leaf, .endTree, .beginBoxes, .box,
                .endSearch, .end:
                continue
            }
        }
        if leaves.isEmpty { return nil }
        self.leaves = leaves
        let (numbers, bounds) = (ProofNumbers(whole.plan), whole.bounds)
        neurons = numbers.neurons(of: region)
        isActive = { numbers.isActive($0, bounds: bounds) }
    }

    /// The subproblems that together are all of a disjunct; none when the proof knows nothing of it.
    ///
    /// - Parameters:
    ///   - number: the disjunct's in the property.
    ///   - bound: what is known of all of them.
    ///   - starts: the slopes to start from where a leaf says nothing, by slot.
    func subproblems(_ disjunct: Int, number: Int, bound: Double, starts: [Float]) -> [Subproblem] {
        guard let leaves = leaves[number] else { return [] }
        let slots = Dictionary(uniqueKeysWithValues: neurons.enumerated().map { ($1, Int32($0)) })
        var result: [Subproblem] = []
        func visit(_ node: Node?, _ splits: NeuronSplit?) {
            guard let node, node.neuron >= 0 else {
                result.append(
                    Subproblem(
                        disjunct: disjunct, bound: bound, splits: splits,
                        parameters: node?.leaf.map { Self.parameters($0, slots, starts) },
                        weights: node?.leaf?.weights.map(Double.init) ?? [],
                        freshSplits: node?.leaf == nil ? splits?.depth ?? 0 : 0, number: 0))
                return
            }
            // Only the side that is left has anything below it.
            if node.isImplied { return visit(node.sides[0] ?? node.sides[1], splits) }
            guard let slot = slots[node.neuron] else { return visit(node.sides[isActive(node.neuron) ? 1 : 0], splits) }
            for side in [1, 0] {
                visit(node.sides[side], NeuronSplit(slot: slot, phase: side == 1 ? 1 : -1, parent: splits))
            }
        }
        visit(Self.tree(leaves), nil)
        return result
    }

    /// The tree with these leaves. A leaf that contradicts the ones before it is left out; what it stood for is open.
    private static func tree(_ leaves: [Step]) -> Node {
        let root = Node()
        for (leaf, implied) in leaves {
            var node = root
            var fits = true
            for (place, split) in (leaf.path + implied).enumerated() {
                if node.neuron < 0 && node.leaf == nil {
                    node.neuron = split.neuron
                    node.isImplied = place >= leaf.path.count
                }
                guard node.neuron == split.neuron else {
                    fits = false
                    break
                }
                let side = split.isActive ? 1 : 0
                let next = node.sides[side] ?? Node()
                node.sides[side] = next
                node = next
            }
            if fits && node.neuron < 0 && implied.isEmpty { node.leaf = leaf }
        }
        return root
    }

    private static func parameters(_ leaf: ProofLeaf, _ slots: [Int: Int32], _ starts: [Float]) -> ParameterBlock {
        var values = starts
        for slope in leaf.slopes {
            guard let slot = slots[slope.neuron] else { continue }
            values[Int(slot)] = Float(slope.units) / Float(NeuronSlope.unitsPerOne)
        }
        for split in leaf.path {
            if let slot = slots[split.neuron] { values[Int(slot)] = max(0, split.multiplier) }
        }
        return ParameterBlock(values)
    }
}
