import Evaluation
import Intervals
import Networks
import Oracles
import RandomNumbers
import Testing

@Suite struct EvaluationTests {
    @Test func followsTheDefinitionsByHand() {
        // A 1-channel 2x2 image, padded left: convolution with [1 2] gives rows (2a, a+2b), then max of the
        // columns.
        var convolution = Convolution(
            input: (1, 2, 2), outputChannels: 1, kernel: (1, 2), weights: [1, 2], bias: [0.5])
        convolution.paddingLeft = 1
        let pooling = Pooling(channels: 1, input: (2, 2), kernel: (1, 2), output: (2, 1))
        let matrix = SparseMatrix(
            rows: 2, columns: 2, rowStarts: [0, 0, 1], columnIndices: [1], values: [-4])
        let network = Network(
            nodes: [
                Node(name: "x", operation: .input, inputs: [], shape: [1, 2, 2]),
                Node(name: "c", operation: .convolution(convolution), inputs: [0], shape: [1, 2, 2]),
                Node(name: "p", operation: .maxPool(pooling), inputs: [1], shape: [1, 2, 1]),
                Node(name: "r", operation: .reshape, inputs: [2], shape: [2]),
                Node(
                    name: "l", operation: .linear(Linear(weights: .sparse(matrix), bias: [7, 1])),
                    inputs: [3],
                    shape: [2]),
                Node(name: "a", operation: .activation(.leakyRelu(slope: 0.5)), inputs: [4], shape: [2]),
            ], output: 5)
        let values = network.evaluateAllNodes([1, 2, 3, -5])
        #expect(values[1] == [2.5, 5.5, 6.5, -6.5])
        #expect(values[2] == [5.5, 6.5])
        #expect(values[5] == [7, -12.5])
        #expect(network.evaluate(at: [1, 2, 3, -5].map { Interval($0) }) == [Interval(7), Interval(-12.5)])
        #expect(network.gradient(of: [3, 1], at: [1, 2, 3, -5]) == [0, 0, -4, 0])
    }

    @Test(arguments: 0..<60)
    func intervalsAreTightAroundFloat64(seed: Int) {
        let network = RandomNetwork.make(seed: seed)
        let input = RandomNetwork.input(of: network, seed: seed)
        let intervals = network.evaluateAllNodes(at: input.map { Interval($0) })
        for (intervals, values) in zip(intervals, network.evaluateAllNodes(input)) {
            for (interval, value) in zip(intervals, values) {
                #expect(interval.upper <= interval.lower.nextUp.nextUp)
                #expect(abs(interval.lower - value) < 1e-12)
            }
        }
        let float32 = network.evaluateFloat32(input.map { Float($0) })
        for (single, interval) in zip(float32, intervals[network.output]) {
            #expect(abs(Double(single) - interval.lower) < 1e-3)
        }
    }

    @Test(arguments: 0..<30)
    func smallIntegersEvaluateToPoints(seed: Int) {
        let network = RandomNetwork.make(seed: seed, weights: .integers)
        let input = RandomNetwork.input(of: network, seed: seed, weights: .integers)
        let intervals = network.evaluateAllNodes(at: input.map { Interval($0) })
        for (intervals, values) in zip(intervals, network.evaluateAllNodes(input)) {
            #expect(intervals == values.map { Interval($0) })
        }
    }

    @Test(arguments: 0..<40)
    func boundsHoldPlantedPoints(seed: Int) {
        let radius = [0, 1e-9, 0.01, 1][seed % 4]
        let network = RandomNetwork.make(seed: seed, weights: seed % 3 == 0 ? .integers : .floats)
        let centre = RandomNetwork.input(of: network, seed: seed)
        let bounds = network.intervalBounds(
            over: centre.map { $0 - radius }, upper: centre.map { $0 + radius })
        var generator = SplitMix64(seed: seed)
        for _ in 0..<20 {
            let point = centre.map { $0 + radius * Double.random(in: -1...1, using: &generator) }
            let values = network.evaluateAllNodes(at: point.map { Interval($0) })
            for (bounds, values) in zip(bounds, values) {
                for index in values.indices {
                    #expect(
                        bounds.lower[index] <= values[index].lower
                            && values[index].upper <= bounds.upper[index])
                }
            }
        }
    }

    @Test(arguments: 0..<20)
    func boundsOfAPointAreTight(seed: Int) {
        let network = RandomNetwork.make(seed: seed)
        let input = RandomNetwork.input(of: network, seed: seed)
        for bounds in network.intervalBounds(over: input, upper: input) {
            for (lower, upper) in zip(bounds.lower, bounds.upper) { #expect(upper - lower < 1e-10) }
        }
    }

    @Test(arguments: 0..<40)
    func weightErrorsArePaidFor(seed: Int) {
        let error = AffineError(relative: seed % 2 == 0 ? 1e-3 : 0, absolute: seed % 3 == 0 ? 1e-4 : 0)
        let network = RandomNetwork.make(seed: seed, error: error)
        let input = RandomNetwork.input(of: network, seed: seed)
        let enclosed = network.evaluateAllNodes(at: input.map { Interval($0) })
        let bounds = network.intervalBounds(over: input, upper: input)
        for trial in 0..<10 {
            let values = network.perturbed(seed: 100 * seed + trial).evaluateAllNodes(
                at: input.map { Interval($0) })
            for node in values.indices {
                for index in values[node].indices {
                    let value = values[node][index]
                    #expect(enclosed[node][index].contains(value))
                    #expect(
                        bounds[node].lower[index] <= value.lower && value.upper <= bounds[node].upper[index])
                }
            }
        }
    }

    @Test(arguments: 0..<20)
    func gradientMatchesDifferences(seed: Int) {
        let network = RandomNetwork.make(seed: seed)
        let input = RandomNetwork.input(of: network, seed: seed)
        let weights = [1, -0.5, 2]
        func objective(_ point: [Double]) -> Double {
            zip(weights, network.evaluate(point)).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let gradient = network.gradient(of: weights, at: input)
        for index in input.indices {
            var (above, below) = (input, input)
            above[index] += 1e-6
            below[index] -= 1e-6
            let difference = (objective(above) - objective(below)) / 2e-6
            #expect(abs(difference - gradient[index]) < 1e-4 * (1 + abs(gradient[index])))
        }
    }
}
