import Certificates
import Networks
import Oracles
import Properties
import RandomNumbers

/// Proofs made blindly: bounds by plain back-substitution, then splits, slopes and multipliers drawn at random. Some
/// prove their property, most do not; none may prove what is false.
struct RandomProofs {
    let network: Network
    let disjuncts: Int
    let regions: [Int]
    private var random: SplitMix64

    init(_ query: RandomQuery, seed: UInt64) {
        network = query.network.simplified().decomposingMaxPools()
        disjuncts = query.property.disjuncts.count
        regions = query.property.disjuncts.map(\.region)
        random = SplitMix64(seed: seed)
    }

    /// Neurons, activation by activation.
    var neuronCount: Int {
        network.nodes.reduce(0) { if case .activation = $1.operation { $0 + $1.count } else { $0 } }
    }

    var sweep: [ProofRecord] {
        var records: [ProofRecord] = [.beginSweep]
        for node in network.nodes {
            if case .activation = node.operation { records.append(.plainBounds(node: node.inputs[0])) }
        }
        return records + [.endSweep]
    }

    /// All leaves of a full tree over a few neurons, on the side of phases that are said to follow.
    mutating func phases(_ disjunct: Int, weights: Int, depth: Int, implied count: Int = 0) -> [ProofRecord] {
        var neurons: [Int] = []
        while neurons.count < min(depth + count, neuronCount) {
            let neuron = Int.random(in: 0..<neuronCount, using: &random)
            if !neurons.contains(neuron) { neurons.append(neuron) }
        }
        let implied = neurons.suffix(max(0, neurons.count - depth)).map {
            PhaseSplit(
                neuron: $0, isActive: Bool.random(using: &random),
                multiplier: [0.01, 0.1, 1, 10].randomElement(using: &random)!)
        }
        neurons.removeLast(implied.count)
        var records: [ProofRecord] = []
        if !implied.isEmpty {
            let leaf = ProofLeaf(path: [], weights: weights == 1 ? [] : (0..<weights).map { _ in 1 }, slopes: [])
            records.append(.implied(disjunct: disjunct, leaf, implied))
        }
        return records
            + (0..<1 << neurons.count).map { pattern in
                let path =
                    implied
                    + neurons.enumerated().map { place, neuron in
                        PhaseSplit(
                            neuron: neuron, isActive: pattern >> place & 1 == 0,
                            multiplier: Float.random(in: -0.1...1, using: &random))
                    }
                let slopes = (0..<neuronCount).filter { !neurons.contains($0) }.map {
                    NeuronSlope(neuron: $0, units: UInt8.random(in: 0...128, using: &random))
                }
                let weights = weights == 1 ? [] : (0..<weights).map { _ in Float.random(in: 0...1, using: &random) }
                return .phaseLeaf(disjunct: disjunct, ProofLeaf(path: path, weights: weights, slopes: slopes))
            }
    }

    /// A few halvings, then every box is closed.
    mutating func boxes(_ disjuncts: [Int], axes: Int, depth: Int) -> [ProofRecord] {
        var records: [ProofRecord] = [.beginBoxes(disjuncts: disjuncts)]
        let inner = axes == 0 ? 0 : (1 << depth) - 1
        for box in 0..<2 * inner + 1 {
            let isInner = box < inner
            let effort: BoxStep.Effort = isInner ? .none : .refined
            let axis = axes == 0 ? 0 : Int.random(in: 0..<axes, using: &random)
            records.append(.box(box, BoxStep(effort: effort, action: isInner ? .halve(axis: axis) : .close)))
        }
        return records + [.endSearch]
    }

    /// A random number, to draw decisions from.
    mutating func chance() -> Double { Double.random(in: 0..<1, using: &random) }
}

func bytes(_ records: [ProofRecord]) -> [UInt8] {
    var writer = ByteWriter()
    for record in records { record.write(to: &writer) }
    return writer.bytes
}
