import Evaluation
import Intervals
import Networks
import Oracles
import Properties
import RandomNumbers
import Testing

@testable import BoundPropagation

/// Small images, reshapes between shapes, selections, pooling: whatever the network, what it does at a point of the
/// region lies within the region's bounds. The networks are not simplified, so that every operator is met.
@Suite struct RandomQueryBoundsTests {
    @Test func boundsHoldWhatTheNetworkDoes() {
        var random = SplitMix64(seed: 17)
        for query in RandomQueries(seed: 650, operators: [.convolution, .maxPooling]).prefix(60) {
            let network = query.network.decomposingMaxPools()
            let plan = LanePlan(network)
            let box = query.property.regions[0]
            let region = RegionBounder(
                model: BoundModel(plan: plan), lower: plan.inputLayout.permuted(box.outwardLower),
                upper: plan.inputLayout.permuted(box.outwardUpper), options: BoundingOptions())
            let condensed = region.condensed(worthwhileShare: 2)
            for round in 0..<12 {
                let point = (0..<box.count).map { index -> Interval in
                    let (low, high) = (box.inwardLower[index], box.inwardUpper[index])
                    guard low < high else {
                        return Interval(lower: box.lower[index].lower, upper: box.upper[index].upper)
                    }
                    let isCorner = round % 2 == 0
                    return Interval(
                        isCorner
                            ? (Bool.random(using: &random) ? low : high) : Double.random(in: low...high, using: &random)
                    )
                }
                let values = network.evaluateAllNodes(at: point)
                expectSame(condensed, as: region, values, "seed \(query.seed)")
                for node in network.nodes.indices {
                    let permuted = plan.layouts[node].permuted(values[node])
                    let isContained = permuted.indices.allSatisfy {
                        permuted[$0].upper >= region.bounds.lower[node][$0]
                            && permuted[$0].lower <= region.bounds.upper[node][$0]
                    }
                    #expect(isContained, "seed \(query.seed), node \(node)")
                }
            }
        }
    }

    /// What is left of the network computes what the network does, feature by feature, within bounds that are left too.
    private func expectSame(
        _ condensed: RegionBounder, as region: RegionBounder, _ values: [[Interval]], _ name: String
    ) {
        let evaluator = LaneEvaluator(condensed.model.rigorous, lanes: 16)
        for (feature, value) in region.plan.inputLayout.permuted(values[0]).enumerated() {
            evaluator.values(of: 0)[feature * 16] = value.midpoint
        }
        evaluator.evaluate()
        for node in 1..<region.plan.nodeCount {
            let permuted = region.plan.layouts[node].permuted(values[node])
            let left = condensed.origins[node] ?? Array(permuted.indices)
            #expect(left.count == condensed.plan.layouts[node].count)
            let isSame = left.indices.allSatisfy { place in
                let value = evaluator.values(of: node)[place * 16]
                let slack = 1e-9 * (1 + value.magnitude)
                return value >= permuted[left[place]].lower - slack && value <= permuted[left[place]].upper + slack
                    && value >= condensed.bounds.lower[node][place] - slack
                    && value <= condensed.bounds.upper[node][place] + slack
            }
            #expect(isSame, "\(name), node \(node)")
        }
    }
}
