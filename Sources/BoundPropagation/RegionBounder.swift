// Everything about one network over one input box: the bounds of every node, the relaxations they give, and the
// passes that bound objectives under them.

public import Evaluation
public import Lanes

/// Immutable once made; shared by the threads that search.
public final class RegionBounder: Sendable {
    public let model: BoundModel
    public let bounds: NodeBounds
    let relaxations: Relaxations
    /// Per node that lost features by condensing, the original ones of those that stayed.
    public let origins: [Int: [Int]]

    public var plan: LanePlan { model.plan }
    /// The unstable neurons, in the order of the rows of per-lane arrays; smooth ones once for each of their rows.
    public var unstableNeurons: [NeuronPlace] { relaxations.neurons }

    /// The slopes of the lines below unstable neurons that ascent begins with, by slot.
    public var standardSlopes: [Float] { relaxations.starts }

    init(model: BoundModel, bounds: NodeBounds, relaxations: Relaxations, origins: [Int: [Int]] = [:]) {
        self.origins = origins
        self.model = model
        self.bounds = bounds
        self.relaxations = relaxations
    }

    public var inputLower: [Double] { bounds.lower[0] }
    public var inputUpper: [Double] { bounds.upper[0] }

    /// Per activation node the slope of every feature when each unstable neuron has its phase (1 or -1, by slot).
    public func fixedSlopes(_ phases: [Float]) -> [Int: [Double]] {
        var result: [Int: [Double]] = [:]
        for node in plan.activations {
            guard case .activation(let negativeSlope) = plan.operations[node] else { continue }
            let slots = relaxations.tables[node]!.slots
            result[node] = (0..<slots.count).map { feature in
                let slot = slots[feature]
                let isActive = slot >= 0 ? phases[Int(slot)] > 0 : slot == laneActive
                return isActive ? 1 : negativeSlope
            }
        }
        return result
    }

    /// The share of the unstable neurons that are no part of an image, which `BoundingOptions.refine` is asked for.
    public var refinableShare: Double {
        let refinable = unstableNeurons.count { plan.layouts[$0.node].image == nil }
        return Double(refinable) / Double(max(1, unstableNeurons.count))
    }

    /// The preactivation at which a phase of a slot divides its neuron's range; nil for a smooth neuron's rows that are
    /// no split.
    public func splitPoint(_ slot: Int) -> Double? {
        let neuron = relaxations.neurons[slot]
        guard let table = relaxations.smoothTables[neuron.node] else { return 0 }
        return table.splitPoint(row: slot - Int(table.slots[neuron.feature]), feature: neuron.feature)
    }

    /// The number of neurons that need relaxing.
    public var unstableCount: Int {
        plan.isPiecewiseLinear ? unstableNeurons.count : Set(unstableNeurons).count
    }

    /// The number of neurons, by activation features.
    public var neuronCount: Int { plan.activations.reduce(0) { $0 + plan.layouts[$1].count } }
}

/// A network prepared for bounding: its kernels in both precisions and its operators' norms.
public final class BoundModel: Sendable {
    public let plan: LanePlan
    public let search: LaneNetwork<Float>
    public let rigorous: LaneNetwork<Double>
    let norms: OperatorNorms

    public init(plan: LanePlan) {
        self.plan = plan
        search = LaneNetwork<Float>(plan)
        rigorous = LaneNetwork<Double>(plan)
        norms = OperatorNorms(plan)
    }
}
