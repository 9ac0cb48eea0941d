// A proof as a value. It is a sequence of records, so that it can be written while the search goes on, read without
// holding all of it, resumed from (what is not closed is open) and tried on a neighbouring network.
//
// Neurons are numbered through the network as it is verified: activation by activation in topological order, feature
// by feature in row-major order.

/// One fixed sign on the way to a leaf: the neuron's preactivation is >= 0, or <= 0, there.
public struct PhaseSplit: Sendable, Equatable {
    public var neuron: Int
    public var isActive: Bool
    /// What the sign is worth in the bound (beta in beta-CROWN). Any number is sound, below zero useless.
    public var multiplier: Float

    public init(neuron: Int, isActive: Bool, multiplier: Float) {
        self.neuron = neuron
        self.isActive = isActive
        self.multiplier = multiplier
    }
}

/// The slope of the line below an unstable neuron, where it is not the standard one.
public struct NeuronSlope: Sendable, Equatable {
    public var neuron: Int
    /// In units of 1/128.
    public var units: UInt8

    public init(neuron: Int, units: UInt8) {
        self.neuron = neuron
        self.units = units
    }

    public static let unitsPerOne = 128.0
}

/// How the objective is bounded on one part of the region.
public struct ProofLeaf: Sendable, Equatable {
    /// The part, by the splits from the root.
    public var path: [PhaseSplit]
    /// The combination of a conjunction's constraints; empty when there is one constraint, or one neuron.
    public var weights: [Float]
    /// By ascending neuron.
    public var slopes: [NeuronSlope]

    public init(path: [PhaseSplit], weights: [Float], slopes: [NeuronSlope]) {
        self.path = path
        self.weights = weights
        self.slopes = slopes
    }
}

/// What becomes of one box of a search over input boxes.
public struct BoxStep: Sendable, Equatable {
    /// How much is computed for it.
    public var effort: Effort
    public var action: Action

    public enum Effort: UInt8, Sendable {
        case none = 0
        /// Forward bounds.
        case forward = 1
        /// Then back-substitution of the constraints, and clipping by them.
        case backward = 2
        /// Then back-substitution of every unstable neuron, and of the constraints once more.
        case refined = 3
    }

    public enum Action: Sendable, Equatable {
        /// Every disjunct is refuted here.
        case close
        /// Two halves along a moving input, by its place among them: below and above the middle of what clipping left.
        case halve(axis: Int)
        /// The same with a cut elsewhere.
        case cut(axis: Int, at: Double)
    }

    public init(effort: Effort, action: Action) {
        self.effort = effort
        self.action = action
    }
}

/// One step of a proof. README.md says what each means, and how it is written.
public enum ProofRecord: Sendable, Equatable {
    /// From here to `.endRegion`, the property's region of this number.
    case region(Int)
    case endRegion
    /// A walk through the network that tightens bounds of neurons.
    case beginSweep
    case endSweep
    /// Back-substitution, with standard slopes, for every unstable feature of a node.
    case plainBounds(node: Int)
    /// A tree that bounds one feature from one side; its leaves follow.
    case beginTree(node: Int, feature: Int, isLower: Bool)
    case leaf(ProofLeaf)
    case endTree
    /// Trees that refute disjuncts; leaves in any order.
    case beginPhases
    case phaseLeaf(disjunct: Int, ProofLeaf)
    /// What a leaf that refutes nothing shows nevertheless: phases that every counterexample has there.
    case implied(disjunct: Int, ProofLeaf, [PhaseSplit])
    /// A search over boxes that refutes the disjuncts. Boxes are numbered from 0, the region, as they are made.
    case beginBoxes(disjuncts: [Int])
    case box(Int, BoxStep)
    case endSearch
    case end

    /// The disjunct of a leaf in a search over phases.
    public var disjunct: Int? {
        switch self {
        case .phaseLeaf(let disjunct, _), .implied(let disjunct, _, _): disjunct
        default: nil
        }
    }
}
