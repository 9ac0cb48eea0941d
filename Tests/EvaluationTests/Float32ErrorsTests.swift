import Evaluation
import Intervals
import Networks
import Oracles
import RandomNumbers
import Testing

@Suite struct Float32ErrorsTests {
    /// The bound of each output's loss over a box.
    private func losses(of network: Network, thoroughly: Bool = true, lower: [Double], upper: [Double]) throws
        -> [Double]
    {
        let model = try #require(Float32Model(network))
        let ranges = network.decomposingMaxPools().intervalBounds(over: lower, upper: upper)
        let layouts = model.plan.layouts
        let errors = Float32Errors(
            model, thoroughly: thoroughly, lower: zip(layouts, ranges).map { $0.permuted($1.lower) },
            upper: zip(layouts, ranges).map { $0.permuted($1.upper) })
        return errors.losses(of: (0..<network.outputCount).map { [(output: $0, coefficient: Interval(1))] })
    }

    private func box(around centre: [Double], _ radius: Double) -> (lower: [Double], upper: [Double]) {
        (centre.map { $0 - radius }, centre.map { $0 + radius })
    }

    @Test(arguments: 0..<40)
    func containsPlainExecution(seed: Int) throws {
        let network = RandomNetwork.make(seed: seed)
        let centre = RandomNetwork.input(of: network, seed: seed)
        let radius = [0, 0.01, 0.3][seed % 3]
        let (lower, upper) = box(around: centre, radius)
        let losses = try losses(of: network, lower: lower, upper: upper)
        var generator = SplitMix64(seed: seed)
        for _ in 0..<50 {
            let point = centre.map { Float($0 + Double.random(in: -radius...radius, using: &generator)) }
                .enumerated().map { Double($1) < lower[$0] || Double($1) > upper[$0] ? Float(centre[$0]) : $1 }
            let real = network.evaluate(at: point.map { Interval(Double($0)) })
            for (output, executed) in network.evaluateFloat32(point).enumerated() {
                #expect(abs(Double(executed) - real[output].midpoint) <= losses[output] + real[output].width)
            }
        }
        #expect(losses.allSatisfy { $0 > 0 && $0 < 1e-2 })
    }

    /// Layers of large and small numbers, summed in random orders.
    @Test(arguments: 0..<40)
    func containsEveryOrder(seed: Int) throws {
        var generator = SplitMix64(seed: seed)
        var nodes = [Node(name: "x", operation: .input, inputs: [], shape: [6])]
        var layers: [(weights: [Float], bias: [Float])] = []
        let sizes = [6, 12, 12, 12, 3]
        for layer in 1..<sizes.count {
            let (columns, rows) = (sizes[layer - 1], sizes[layer])
            let weights = (0..<rows * columns).map { _ in
                Float.random(in: -1...1, using: &generator) * (Int.random(in: 0..<4, using: &generator) == 0 ? 30 : 1)
            }
            let bias = (0..<rows).map { _ in Float.random(in: -1...1, using: &generator) }
            layers.append((weights, bias))
            let matrix = Matrix.dense(rows: rows, columns: columns, values: weights.map { Double($0) })
            nodes.append(
                Node(
                    name: "l\(layer)", operation: .linear(Linear(weights: matrix, bias: bias.map { Double($0) })),
                    inputs: [nodes.count - 1], shape: [rows]))
            if layer + 1 < sizes.count {
                nodes.append(
                    Node(name: "r\(layer)", operation: .activation(.relu), inputs: [nodes.count - 1], shape: [rows]))
            }
        }
        let network = Network(nodes: nodes, output: nodes.count - 1)
        let centre = (0..<6).map { _ in Double(Float.random(in: -1...1, using: &generator)) }
        let losses = try losses(of: network, lower: centre, upper: centre)
        let quick = try self.losses(of: network, thoroughly: false, lower: centre, upper: centre)
        let real = network.evaluate(at: centre.map { Interval($0) })
        for _ in 0..<100 {
            var values = centre.map { Float($0) }
            for (layer, (weights, bias)) in layers.enumerated() {
                values = bias.indices.map { row in
                    var terms = values.indices.map { weights[row * values.count + $0] * values[$0] } + [bias[row]]
                    terms.shuffle(using: &generator)
                    let sum = terms.reduce(0, +)
                    return layer + 1 < layers.count ? max(0, sum) : sum
                }
            }
            for (output, executed) in values.enumerated() {
                #expect(abs(Double(executed) - real[output].midpoint) <= min(losses[output], quick[output]))
            }
        }
    }

    @Test func signsThatAreKnownCostNothing() throws {
        // A neuron that is off carries nothing on, whatever its sums lose.
        func network(bias: Double) -> Network {
            let first = Linear(weights: .dense(rows: 1, columns: 2, values: [1000, -1000]), bias: [bias])
            let last = Linear(weights: .dense(rows: 1, columns: 1, values: [1]), bias: [0])
            return Network(
                nodes: [
                    Node(name: "x", operation: .input, inputs: [], shape: [2]),
                    Node(name: "z", operation: .linear(first), inputs: [0], shape: [1]),
                    Node(name: "y", operation: .activation(.relu), inputs: [1], shape: [1]),
                    Node(name: "o", operation: .linear(last), inputs: [2], shape: [1]),
                ], output: 3)
        }
        let off = try losses(of: network(bias: -5000), lower: [-1, -1], upper: [1, 1])[0]
        let on = try losses(of: network(bias: 0), lower: [-1, -1], upper: [1, 1])[0]
        #expect(off < 1e-30)
        #expect(on > 1e-4)
    }
}
