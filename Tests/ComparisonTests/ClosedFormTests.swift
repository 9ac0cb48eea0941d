import Evaluation
import Intervals
import Networks
import Oracles
import Properties
import Testing

@testable import Comparison

@Suite struct ClosedFormTests {
    private func region(_ lower: [Double], _ upper: [Double]) -> InputRegion {
        InputRegion(lower: lower.map { Interval($0) }, upper: upper.map { Interval($0) })
    }

    /// Two layers whose small entries go: the norms grow from 3 to 4, and the published corollary does not see it.
    @Test func publishedFormulaIsNoBoundForSeveralLayers() throws {
        let weights: [Double] = [2, 2, -1, -1, 2, 2, 2, -1, 2]
        func network(_ values: [Double]) -> Network {
            let linear = Linear(weights: .dense(rows: 3, columns: 3, values: values), bias: [0, 0, 0])
            var nodes = [Node(name: "x", operation: .input, inputs: [], shape: [3])]
            for layer in 0..<2 {
                nodes.append(
                    Node(name: "w\(layer)", operation: .linear(linear), inputs: [nodes.count - 1], shape: [3]))
                nodes.append(
                    Node(
                        name: "r\(layer)", operation: .activation(.relu), inputs: [nodes.count - 1], shape: [3]))
            }
            return Network(nodes: nodes, output: nodes.count - 1)
        }
        let pair = try NetworkPair(dense: network(weights), pruned: network(weights.map { max(0, $0) }))
        let point = region([1, 1, 1], [1, 1, 1])
        let bounder = ClosedFormBounder(try #require(pair.alignment))
        let closed = bounder.bound(over: point, usesBoxes: false)
        let truth = 7 * 3.0.squareRoot()
        #expect(abs(closed.published - 6 * 3.0.squareRoot()) < 1e-9)
        #expect(!closed.publishedIsSound && closed.published < truth)
        #expect(closed.deviation >= truth && closed.deviation <= 12.125)
        let difference = zip(pair.dense.evaluate([1, 1, 1]), pair.pruned.evaluate([1, 1, 1])).map { $0 - $1 }
        #expect(abs(difference.reduce(0) { $0 + $1 * $1 }.squareRoot() - truth) < 1e-12)
        // On a point, intervals are exact.
        #expect(bounder.bound(over: point).deviation <= 12.125)
        #expect(abs(closed.layers[0].denseNorm - 3) < 1e-9 && abs(closed.layers[0].prunedNorm - 4) < 1e-9)
        #expect(abs(closed.layers[0].removedShare - 1.0 / 3) < 1e-12)
    }

    /// Where GELU is steepest a change of its argument grows; a bound that takes it for 1-Lipschitz is broken.
    @Test func geluIsSteeperThanTheIdentity() throws {
        func network(_ weight: Double) -> Network {
            Network(
                nodes: [
                    Node(name: "x", operation: .input, inputs: [], shape: [1]),
                    Node(
                        name: "w",
                        operation: .linear(Linear(weights: .dense(rows: 1, columns: 1, values: [weight]), bias: [0])),
                        inputs: [0], shape: [1]),
                    Node(name: "gelu", operation: .activation(.smooth(.gelu)), inputs: [1], shape: [1]),
                ], output: 2)
        }
        let pair = try NetworkPair(dense: network(1.5), pruned: network(1.375))
        let bounder = ClosedFormBounder(try #require(pair.alignment))
        let closed = bounder.bound(over: region([1], [1]), usesBoxes: false)
        let truth = pair.dense.evaluate([1])[0] - pair.pruned.evaluate([1])[0]
        #expect(truth > closed.published && !closed.publishedIsSound)
        #expect(closed.deviation >= truth && closed.deviation <= 0.125 * 1.1289042)
    }

    @Test(arguments: 0..<40)
    func closedFormsHoldWhatIsSampled(seed: Int) throws {
        var random = RandomPairs(seed)
        let activations: [Activation] = [.relu, .leakyRelu(slope: 0.25), .smooth(.gelu), .smooth(.softplus)]
        let dense =
            seed % 4 == 3
            ? RandomNetwork.make(seed: seed) : random.chain([3, 8, 7, 4], activations[seed % 4])
        let pruned = dense.magnitudePruned([0.1, 0.5, 0.9][seed % 3])
        let pair = try NetworkPair(dense: dense, pruned: pruned)
        let bounder = ClosedFormBounder(try #require(pair.alignment))
        let region = random.box(dense.inputCount, radius: [0.01, 0.3, 2][seed % 3])
        for usesBoxes in [false, true] {
            let closed = bounder.bound(over: region, usesBoxes: usesBoxes)
            for _ in 0..<60 {
                let point = random.point(region)
                let difference = zip(dense.evaluate(point), pruned.evaluate(point)).map { ($0 - $1).magnitude }
                #expect(euclideanLength(difference) <= closed.deviation * (1 + 1e-12) + 1e-12)
                for (value, bound) in zip(difference, closed.outputs) { #expect(value <= bound * (1 + 1e-12) + 1e-12) }
            }
        }
    }

    /// Pruning within the budget keeps the deviation.
    @Test(arguments: 0..<10)
    func budgetsKeepTheirPromise(seed: Int) throws {
        var random = RandomPairs(seed)
        let dense = random.chain([3, 6, 5, 2])
        let region = random.box(3, radius: 0.5)
        let same = try NetworkPair(dense: dense, pruned: dense)
        let bounder = ClosedFormBounder(try #require(same.alignment))
        let budgets = bounder.budgets(within: 0.25, over: region)
        #expect(budgets.count == 3)
        for together in [false, true] {
            for (place, budget) in budgets.enumerated() where budget.alone > 0 {
                var pruned = dense
                for (other, layer) in budgets.enumerated() where together || other == place {
                    guard case .linear(var linear) = pruned.nodes[layer.node].operation else { continue }
                    let shift = (0..<linear.weights.rows * linear.weights.columns).map { _ in random.number(1) }
                    let norm = spectralNormBound(
                        rows: linear.weights.rows, columns: linear.weights.columns, shift)
                    let scale = (together ? layer.together : layer.alone) / norm * 0.999999
                    linear.weights = .dense(
                        rows: linear.weights.rows, columns: linear.weights.columns,
                        values: zip(linear.weights.dense, shift).map { $0 + scale * $1 })
                    pruned.nodes[layer.node].operation = .linear(linear)
                }
                for _ in 0..<40 {
                    let point = random.point(region)
                    let difference = zip(dense.evaluate(point), pruned.evaluate(point)).map { $0 - $1 }
                    #expect(euclideanLength(difference) <= 0.25)
                }
                #expect(budget.together <= budget.alone * (1 + 1e-9))
            }
        }
    }
}
