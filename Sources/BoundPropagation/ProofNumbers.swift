// What proofs call the neurons of a network: its own numbers, not the lanes'.

public import Evaluation

/// The numbers of a network's neurons and features.
public struct ProofNumbers: Sendable {
    private let plan: LanePlan
    /// Per node the network's number of every lane feature; empty where both are the same.
    private let features: [[Int32]]
    /// The number of each activation's first neuron.
    private let firstNeuron: [Int]

    /// - Parameter plan: of the whole network, simplified as the checker does it.
    public init(_ plan: LanePlan) {
        self.plan = plan
        features = plan.layouts.map { layout in
            guard let image = layout.image, image.channels > 1, image.height * image.width > 1 else { return [] }
            var order = [Int32](repeating: 0, count: layout.count)
            for index in 0..<layout.count { order[layout.laneFeature(index)] = Int32(index) }
            return order
        }
        var next = 0
        firstNeuron = (0..<plan.nodeCount).map { node in
            guard case .activation = plan.operations[node] else { return -1 }
            defer { next += plan.layouts[node].count }
            return next
        }
    }

    /// The network's number of a feature of a region's node.
    public func feature(_ feature: Int, of node: Int, in region: RegionBounder) -> Int {
        let original = region.origins[node].map { $0[feature] } ?? feature
        return features[node].isEmpty ? original : Int(features[node][original])
    }

    /// The number of each unstable neuron of a region, by slot.
    public func neurons(of region: RegionBounder) -> [Int] {
        region.unstableNeurons.map { place in
            firstNeuron[place.node] + feature(place.feature, of: region.plan.operands[place.node][0], in: region)
        }
    }

    /// Whether the neuron of this number is never inactive under a region's bounds; false where there is none.
    ///
    /// - Parameter bounds: of the whole network's region, not of a condensed one.
    public func isActive(_ neuron: Int, bounds: NodeBounds) -> Bool {
        for node in plan.activations.reversed() where firstNeuron[node] >= 0 && firstNeuron[node] <= neuron {
            let number = neuron - firstNeuron[node]
            guard number < plan.layouts[node].count else { return false }
            let operand = plan.operands[node][0]
            return bounds.lower[operand][plan.layouts[operand].laneFeature(number)] >= 0
        }
        return false
    }
}
