import Evaluation
import Intervals
import Networks
import Oracles
import Properties
import Testing

@testable import BoundPropagation

/// Small images, reshapes between shapes, selections, pooling: whatever the network, what it does at a point of the
/// region lies within the region's bounds. The networks are not simplified, so that every operator is met.
@Suite struct RandomQueryBoundsTests {
    @Test func boundsHoldWhatTheNetworkDoes() {
        var random = SeededGenerator(17)
        for query in RandomQueries(seed: 650, operators: [.convolution, .maxPooling]).prefix(60) {
            let network = query.network.decomposingMaxPools()
            let plan = LanePlan(network)
            let box = query.property.regions[0]
            let region = RegionBounder(
                model: BoundModel(plan: plan), lower: plan.inputLayout.permuted(box.outwardLower),
                upper: plan.inputLayout.permuted(box.outwardUpper), options: BoundingOptions())
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
}
