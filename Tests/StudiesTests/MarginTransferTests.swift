import Evaluation
import Intervals
import Networks
import Properties
import RandomNumbers
import Testing
import Verification

@testable import Studies

/// What carries over is true of the pruned network; what is not true does not.
@Suite struct MarginTransferTests {
    private func network(_ random: inout SplitMix64) -> Network {
        func linear(_ rows: Int, _ columns: Int) -> Operator {
            let values = (0..<rows * columns).map { _ in Double(Float.random(in: -1...1, using: &random)) }
            let bias = (0..<rows).map { _ in Double(Float.random(in: -1...1, using: &random)) }
            return .linear(Linear(weights: .dense(rows: rows, columns: columns, values: values), bias: bias))
        }
        return Network(
            nodes: [
                Node(name: "x", operation: .input, inputs: [], shape: [3]),
                Node(name: "hidden", operation: linear(8, 3), inputs: [0], shape: [8]),
                Node(name: "relu", operation: .activation(.relu), inputs: [1], shape: [8]),
                Node(name: "y", operation: linear(3, 8), inputs: [2], shape: [3]),
            ], output: 3)
    }

    /// The share of the last layer's weights times a factor.
    private func changed(_ network: Network, by factor: Double) -> Network {
        var result = network
        guard case .linear(var linear) = network.nodes[3].operation else { return result }
        var values = linear.weights.dense
        for index in stride(from: 0, to: values.count, by: 3) { values[index] = Double(Float(values[index] * factor)) }
        linear.weights = .dense(rows: 3, columns: 8, values: values)
        result.nodes[3].operation = .linear(linear)
        return result
    }

    @Test func whatCarriesOverHolds() throws {
        var random = SplitMix64(seed: 4)
        var (carried, refused) = (0, 0)
        for round in 0..<60 {
            let network = network(&random)
            let pruned = changed(network, by: [0.999, 0.95, 0.5, -1][round % 4])
            let center = (0..<3).map { _ in Double(Float.random(in: -1...1, using: &random)) }
            let radius = [0.01, 0.1][round % 2]
            let outputs = network.evaluate(center)
            let label = outputs.indices.max { outputs[$0] < outputs[$1] }!
            let region = InputRegion(
                lower: center.map { Interval($0 - radius) }, upper: center.map { Interval($0 + radius) })
            let property = Property(
                inputCount: 3, outputCount: 3, regions: [region],
                disjuncts: (0..<3).filter { $0 != label }.map { other in
                    let terms = [
                        LinearConstraint.Term(index: label, coefficient: Interval(1)),
                        LinearConstraint.Term(index: other, coefficient: Interval(-1)),
                    ]
                    return Disjunct(region: 0, constraints: [LinearConstraint(outputTerms: terms, constant: .zero)])
                })
            let prepared = PreparedNetwork(pruned)
            let transfer = try #require(
                MarginTransfer(dense: DenseMargins(PreparedNetwork(network), name: "dense"), pruned: prepared))
            let verdict = verify(
                try Query(network: prepared, property: property), options: VerificationOptions()
            ).verdict
            let key = DenseMargins.Key(image: round, epsilon: 0)
            if transfer.carries(property, center: center, key: key) {
                carried += 1
                guard case .holds = verdict else {
                    Issue.record("round \(round): \(verdict)")
                    continue
                }
                for _ in 0..<50 {
                    let point = center.map { $0 + Double.random(in: -radius...radius, using: &random) }
                    let values = pruned.evaluate(point)
                    #expect(values.indices.allSatisfy { $0 == label || values[$0] < values[label] })
                }
            } else if case .holds = verdict {
                refused += 1
            }
        }
        #expect(carried >= 10, "\(carried) carried over, \(refused) held and did not")
    }
}
