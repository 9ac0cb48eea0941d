import Evaluation
import Intervals
import Networks
import Oracles
import Properties
import Testing

@testable import Comparison

/// Planted points: every bound of every node holds what both networks really do.
@Suite struct DifferencePassTests {
    private static let activations: [Activation] = [
        .relu, .leakyRelu(slope: 0.25), .smooth(.gelu), .smooth(.tanh), .smooth(.sigmoid), .smooth(.silu),
    ]

    private func expectSampled(
        _ pair: NetworkPair, _ region: InputRegion, _ random: inout RandomPairs, _ seed: Int
    ) throws {
        let alignment = try #require(pair.alignment)
        let model = PairModel(pair)
        let pass = DifferencePass(model)
        let (lower, upper) = (region.outwardLower, region.outwardUpper)
        if seed % 2 == 0 {
            pass.known = PairBounder(model).bounds(over: region, iterations: seed % 4, limits: ComparisonLimits())
        }
        #expect(pass.run(lower: lower, upper: upper))
        let bounds = pass.boxBounds(lower: lower, upper: upper, decides: true)
        for _ in 0..<25 {
            let point = random.point(region)
            let dense = alignment.dense.evaluateAllNodes(point)
            let pruned = alignment.pruned.evaluateAllNodes(point)
            for node in dense.indices {
                let layout = model.dense.plan.layouts[node]
                for index in dense[node].indices {
                    let feature = layout.laneFeature(index)
                    let (a, b) = (dense[node][index], pruned[node][index])
                    let slack = 1e-12 * (1 + abs(a) + abs(b))
                    #expect(holds(pass.dense[node], feature, a, slack), "seed \(seed) node \(node) dense")
                    #expect(holds(pass.pruned[node], feature, b, slack), "seed \(seed) node \(node) pruned")
                    #expect(holds(pass.difference[node], feature, a - b, slack), "seed \(seed) node \(node) difference")
                }
            }
            let outputs = (dense[alignment.dense.output], pruned[alignment.pruned.output])
            for (index, range) in bounds.differences.enumerated() {
                let value = outputs.0[index] - outputs.1[index]
                #expect(range.lower - 1e-12 <= value && value <= range.upper + 1e-12)
            }
            if bounds.decisionMargin > 0 {
                let first = outputs.0.indices.max { outputs.0[$0] < outputs.0[$1] }
                let second = outputs.1.indices.max { outputs.1[$0] < outputs.1[$1] }
                #expect(first == second)
            }
        }
    }

    private func holds(_ form: Zonotope, _ feature: Int, _ value: Double, _ slack: Double) -> Bool {
        form.lower[feature] - slack <= value && value <= form.upper[feature] + slack
    }

    @Test(arguments: 0..<60)
    func boundsHoldSampledValuesOfChains(seed: Int) throws {
        var random = RandomPairs(seed)
        let dense = random.chain([3, 9, 8, 7, 4], Self.activations[seed % 6])
        let pair = try NetworkPair(dense: dense, pruned: dense.magnitudePruned([0.05, 0.4, 0.9][seed % 3]))
        let region = random.box(3, radius: [0.01, 0.2, 1, 3][seed % 4])
        try expectSampled(pair, region, &random, seed)
    }

    @Test(arguments: 0..<30)
    func boundsHoldSampledValuesOfGraphs(seed: Int) throws {
        var random = RandomPairs(seed)
        let error = seed % 3 == 0 ? AffineError(relative: 0x1p-40, absolute: 0x1p-45) : .exact
        let dense = RandomNetwork.make(seed: seed, error: error)
        let pair = try NetworkPair(dense: dense, pruned: dense.magnitudePruned([0.1, 0.5][seed % 2]))
        try expectSampled(pair, random.box(dense.inputCount, radius: [0.01, 0.3][seed % 2]), &random, seed)
    }

    /// Small changes of small regions are seen as such: the difference's bounds are nearly the largest sample.
    @Test(arguments: 0..<8)
    func differencesAreTightWhereBoundsOfEachNetworkAreNot(seed: Int) throws {
        var random = RandomPairs(seed)
        let dense = random.chain([2, 32, 32, 1])
        let pruned = dense.magnitudePruned(0.1)
        let region = random.box(2, radius: 0.05)
        let pass = DifferencePass(PairModel(try NetworkPair(dense: dense, pruned: pruned)))
        #expect(pass.run(lower: region.outwardLower, upper: region.outwardUpper))
        let range = pass.boxBounds(lower: region.outwardLower, upper: region.outwardUpper, decides: false).differences[
            0]
        var sampled = 0.0
        for _ in 0..<2000 {
            let point = random.point(region)
            sampled = max(sampled, abs(dense.evaluate(point)[0] - pruned.evaluate(point)[0]))
        }
        let bound = max(abs(range.lower), abs(range.upper))
        let separate = dense.intervalBounds(over: region.outwardLower, upper: region.outwardUpper).last!
        #expect(bound >= sampled && bound < 4 * sampled, "seed \(seed): \(bound) of \(sampled)")
        #expect(bound < separate.upper[0] - separate.lower[0])
    }

    @Test func equalNetworksDoNotDiffer() throws {
        var random = RandomPairs(3)
        let dense = random.chain([3, 16, 16, 4])
        let pass = DifferencePass(PairModel(try NetworkPair(dense: dense, pruned: dense)))
        let region = random.box(3, radius: 2)
        #expect(pass.run(lower: region.outwardLower, upper: region.outwardUpper))
        for range in pass.boxBounds(lower: region.outwardLower, upper: region.outwardUpper, decides: false).differences
        {
            #expect(abs(range.lower) < 1e-12 && abs(range.upper) < 1e-12)
        }
    }

    /// Channels of a convolution, and the columns of whatever reads them, find their places again.
    @Test(arguments: 0..<8)
    func narrowerConvolutionsAreFilledUp(seed: Int) throws {
        var random = RandomPairs(seed)
        let kept = [[0, 2, 3], [1, 2, 4]]
        func convolution(_ input: (Int, Int, Int), _ channels: Int) -> Convolution {
            Convolution(
                input: (input.0, input.1, input.2), outputChannels: channels, kernel: (2, 2),
                weights: (0..<channels * input.0 * 4).map { _ in random.number(0.6) },
                bias: (0..<channels).map { _ in random.number(0.3) })
        }
        func network(_ first: Convolution, _ second: Convolution, _ last: Linear) -> Network {
            let (a, b) = (first.outputChannels, second.outputChannels)
            return Network(
                nodes: [
                    Node(name: "x", operation: .input, inputs: [], shape: [1, 4, 3]),
                    Node(name: "first", operation: .convolution(first), inputs: [0], shape: [a, 3, 2]),
                    Node(name: "act1", operation: .activation(.relu), inputs: [1], shape: [a, 3, 2]),
                    Node(name: "second", operation: .convolution(second), inputs: [2], shape: [b, 2, 1]),
                    Node(name: "act2", operation: .activation(.relu), inputs: [3], shape: [b, 2, 1]),
                    Node(name: "last", operation: .linear(last), inputs: [4], shape: [2]),
                ], output: 5)
        }
        let (first, second) = (convolution((1, 4, 3), 4), convolution((4, 3, 2), 5))
        let last = Linear(
            weights: .dense(rows: 2, columns: 10, values: (0..<20).map { _ in random.number(0.6) }), bias: [0.1, -0.2])
        let dense = network(first, second, last)
        func block(_ values: [Double], _ index: Int, of size: Int) -> [Double] {
            Array(values[index * size..<(index + 1) * size])
        }
        let narrowFirst = Convolution(
            input: (1, 4, 3), outputChannels: 3, kernel: (2, 2),
            weights: kept[0].flatMap { block(first.weights, $0, of: 4) }, bias: kept[0].map { first.bias[$0] })
        let narrowSecond = Convolution(
            input: (3, 3, 2), outputChannels: 3, kernel: (2, 2),
            weights: kept[1].flatMap { row in kept[0].flatMap { block(second.weights, row * 4 + $0, of: 4) } },
            bias: kept[1].map { second.bias[$0] })
        let narrowLast = Linear(
            weights: .dense(
                rows: 2, columns: 6,
                values: (0..<2).flatMap { row in kept[1].flatMap { block(last.weights.dense, row * 5 + $0, of: 2) } }),
            bias: last.bias)
        let pruned = network(narrowFirst, narrowSecond, narrowLast)
        let pair = try NetworkPair(dense: dense, pruned: pruned)
        let alignment = try #require(pair.alignment, "\(pair.obstacle ?? "")")
        #expect(alignment.isFilled)
        let region = random.box(12, radius: 0.2)
        for _ in 0..<20 {
            let point = random.point(region)
            for (a, b) in zip(alignment.pruned.evaluate(point), pruned.evaluate(point)) { #expect(abs(a - b) < 1e-12) }
        }
        // The channels that stayed are found again.
        guard case .convolution(let change) = alignment.change.nodes[1].operation else { return }
        let unchanged = (0..<4).count { channel in block(change.weights, channel, of: 4).allSatisfy { $0 == 0 } }
        #expect(unchanged == 3)
        try expectSampled(pair, region, &random, seed)
    }

    /// Neurons without weights stand where structured pruning took some away; the function stays, and so do bounds.
    @Test(arguments: 0..<20)
    func narrowerNetworksAreFilledUp(seed: Int) throws {
        var random = RandomPairs(seed)
        let dense = random.chain([3, 8, 6, 2])
        let kept = [Array((0..<8).shuffled(using: &random.generator).prefix(5)).sorted(), [0, 2, 3, 5]]
        var pruned = dense
        for (layer, rows) in kept.enumerated() {
            let (node, next) = (1 + 2 * layer, 3 + 2 * layer)
            guard case .linear(let linear) = pruned.nodes[node].operation,
                case .linear(let after) = pruned.nodes[next].operation
            else { continue }
            let columns = linear.weights.columns
            let values = linear.weights.dense
            let readers = after.weights.dense
            let outputs = after.weights.rows
            pruned.nodes[node].operation = .linear(
                Linear(
                    weights: .dense(
                        rows: rows.count, columns: columns,
                        values: rows.flatMap { values[$0 * columns..<($0 + 1) * columns] }),
                    bias: rows.map { linear.bias[$0] }))
            pruned.nodes[next].operation = .linear(
                Linear(
                    weights: .dense(
                        rows: outputs, columns: rows.count,
                        values: (0..<outputs).flatMap { output in
                            rows.map { readers[output * after.weights.columns + $0] }
                        }), bias: after.bias))
            pruned.nodes[node].shape = [rows.count]
            pruned.nodes[node + 1].shape = [rows.count]
        }
        let pair = try NetworkPair(dense: dense, pruned: pruned)
        let alignment = try #require(pair.alignment)
        #expect(alignment.isFilled)
        let region = random.box(3, radius: 0.5)
        for _ in 0..<20 {
            let point = random.point(region)
            for (a, b) in zip(alignment.pruned.evaluate(point), pruned.evaluate(point)) { #expect(abs(a - b) < 1e-12) }
        }
        // The neurons that stayed are found again, so that their rows do not change.
        guard case .linear(let first) = alignment.change.nodes[1].operation else { return }
        let unchanged = (0..<8).count { row in
            first.weights.dense[row * 3..<row * 3 + 3].allSatisfy { $0 == 0 }
        }
        #expect(unchanged == 5)
        try expectSampled(pair, region, &random, seed)
    }
}
