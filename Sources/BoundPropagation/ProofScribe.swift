// What the engine finds, in the words of proofs: neurons and features as the network numbers them, not the lanes.

public import Certificates
public import Evaluation

/// Knows the numbers of a network's neurons, and who takes the proof down.
public final class ProofScribe: Sendable {
    /// A bound that gains less than this share of what is known of a feature is not worth its place in a proof.
    public static let leastGain = 0.001
    /// How far above zero a bound must lie to be recorded as positive, in units of the objective's largest magnitude:
    /// a checker rounds otherwise.
    public static let leastMargin = 1e-11

    public let recorder: ProofRecorder
    let numbers: ProofNumbers

    /// - Parameter plan: of the whole network, simplified as the checker does it, without smooth activations.
    public init(_ recorder: ProofRecorder, plan: LanePlan) {
        self.recorder = recorder
        numbers = ProofNumbers(plan)
    }

    /// The network's number of a feature of a region's node.
    public func feature(_ feature: Int, of node: Int, in region: RegionBounder) -> Int {
        numbers.feature(feature, of: node, in: region)
    }

    /// The number of each unstable neuron of a region, by slot.
    public func neurons(of region: RegionBounder) -> [Int] { numbers.neurons(of: region) }
}

extension LaneBounder {
    /// Rounds the slopes and weights to what a proof can say, so that what is certified next can be written down.
    public func roundForProof() {
        for place in 0..<slotCount * lanes where phases[place] == 0 {
            parameters[place] =
                (parameters[place] * Float(NeuronSlope.unitsPerOne)).rounded() / Float(NeuronSlope.unitsPerOne)
        }
        roundWeights()
    }

    /// The splits of a lane's path with their multipliers; see `leaf`.
    public func splits(_ lane: Int, path: [(slot: Int32, phase: Float)], neurons: [Int]) -> [PhaseSplit] {
        path.map { slot, phase in
            PhaseSplit(
                neuron: neurons[Int(slot)], isActive: phase > 0, multiplier: parameters[Int(slot) * lanes + lane])
        }
    }

    /// What was certified last in a lane, as a leaf.
    ///
    /// - Parameters:
    ///   - neurons: their numbers by slot.
    ///   - path: slots and phases from the root.
    public func leaf(_ lane: Int, path: [(slot: Int32, phase: Float)], neurons: [Int]) -> ProofLeaf {
        let splits = splits(lane, path: path, neurons: neurons)
        var slopes: [NeuronSlope] = []
        forEachLowerSlope(lane) { slot, isStandard in
            if isStandard { return }
            let units = parameters[slot * lanes + lane] * Float(NeuronSlope.unitsPerOne)
            slopes.append(NeuronSlope(neuron: neurons[slot], units: UInt8(min(255, max(0, units)))))
        }
        slopes.sort { $0.neuron < $1.neuron }
        let weights = rowWeights(lane)
        return ProofLeaf(path: splits, weights: weights.count == 1 ? [] : weights.map { Float($0) }, slopes: slopes)
    }
}
