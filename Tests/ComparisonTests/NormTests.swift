import Evaluation
import Intervals
import Networks
import Oracles
import Properties
import Testing

@testable import Comparison

@Suite struct NormTests {
    @Test func normsOfKnownMatrices() {
        let rotation: [Double] = [2, 2, -1, -1, 2, 2, 2, -1, 2]
        #expect(abs(spectralNormBound(rows: 3, columns: 3, rotation) - 3) < 1e-10)
        #expect(spectralNormBound(rows: 3, columns: 3, rotation) >= 3)
        #expect(abs(spectralNormBound(rows: 3, columns: 3, rotation.map { max(0, $0) }) - 4) < 1e-10)
        #expect(spectralNormBound(rows: 2, columns: 3, [0, 0, 0, 0, 0, 0]) == 0)
        #expect(spectralNormBound(rows: 1, columns: 2, [3, .infinity]) == .infinity)
        #expect(spectralNormBound(rows: 1, columns: 2, [.nan, 1]) == .infinity)
        let tiny = spectralNormBound(rows: 1, columns: 2, [3e-300, 4e-300])
        #expect(tiny >= 5e-300 && tiny < 5.0001e-300)
        let large = spectralNormBound(rows: 2, columns: 1, [3e300, 4e300])
        #expect(large >= 5e300 && large < 5.0001e300)
    }

    /// The bound lies above every stretch that is attained, and just above the largest.
    @Test(arguments: 0..<30)
    func normsBoundEveryStretch(seed: Int) {
        var random = RandomPairs(seed)
        let (rows, columns) = (1 + seed % 7 * 3, 1 + seed % 5 * 4)
        let scale = [1, 1e-150, 1e120][seed % 3]
        let values = (0..<rows * columns).map { _ in random.number(1) * scale }
        let bound = spectralNormBound(rows: rows, columns: columns, values)
        var vector = (0..<columns).map { _ in random.number(1) }
        var stretch = 0.0
        for _ in 0..<3000 {
            let image = (0..<rows).map { row in
                (0..<columns).reduce(0) { $0 + values[row * columns + $1] / scale * vector[$1] }
            }
            let back = (0..<columns).map { column in
                (0..<rows).reduce(0) { $0 + values[$1 * columns + column] / scale * image[$1] }
            }
            let length = { (v: [Double]) in v.reduce(0) { $0 + $1 * $1 }.squareRoot() }
            stretch = length(image) / length(vector) * scale
            #expect(stretch <= bound * (1 + 1e-14))
            let size = length(back)
            if size == 0 { break }
            vector = back.map { $0 / size }
        }
        #expect(bound <= stretch * (1 + 1e-6), "seed \(seed): \(bound) and \(stretch)")
    }

    @Test(arguments: 0..<20)
    func convolutionsStretchNoMoreThanTheirNorm(seed: Int) {
        var random = RandomPairs(seed)
        var convolution = Convolution(
            input: (2, 5, 6), outputChannels: 4, kernel: (3, 2),
            weights: (0..<48).map { _ in random.number(1) }, bias: [0, 0, 0, 0])
        convolution.strideHeight = 1 + seed % 2
        convolution.paddingTop = seed % 3
        convolution.dilationWidth = 1 + seed % 2
        let shape = [4, convolution.outputHeight, convolution.outputWidth]
        let network = Network(
            nodes: [
                Node(name: "x", operation: .input, inputs: [], shape: [2, 5, 6]),
                Node(name: "y", operation: .convolution(convolution), inputs: [0], shape: shape),
            ], output: 1)
        let bound = network.nodes[1].operation.norm(operandCount: 60, count: network.outputCount)!.linear
        var point = (0..<60).map { _ in random.number(1) }
        for _ in 0..<200 {
            let image = network.evaluate(point)
            let stretch = euclidean(image) / euclidean(point)
            #expect(stretch <= bound)
            let back = network.gradient(of: image, at: point)
            point = back.map { $0 / euclidean(back) }
        }
    }

    private func euclidean(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    @Test func steepnessOfActivations() {
        let expected: [(Activation, Double)] = [
            (.relu, 1), (.leakyRelu(slope: 0.1), 1), (.smooth(.sigmoid), 0.25), (.smooth(.tanh), 1),
            (.smooth(.softplus), 1), (.smooth(.gelu), 1.128904146), (.smooth(.silu), 1.099840),
            (.smooth(.standardGeluTanh), 1.128994), (.smooth(.elu(alpha: 1)), 1), (.smooth(.elu(alpha: 2)), 2),
        ]
        for (activation, constant) in expected {
            #expect(activation.lipschitzBound > constant - 1e-6 && activation.lipschitzBound < constant + 1e-6)
        }
        #expect(Activation.smooth(.gelu).lipschitzBound > 1.1289041 && Activation.smooth(.gelu).growthBound == 1)
    }

    @Test func slopesAtAKinkAreBoth() {
        for bend in [0.0, 0.25, 2] {
            let activation = bend == 0 ? Activation.relu : .leakyRelu(slope: bend)
            let both = Interval(lower: min(bend, 1), upper: max(bend, 1))
            #expect(activation.slopes(over: .zero) == both)
            #expect(activation.slopes(over: Interval(lower: -1, upper: 1)) == both)
            #expect(activation.slopes(over: Interval(lower: 0, upper: 1)) == Interval(1))
            #expect(activation.slopes(over: Interval(lower: -1, upper: 0)) == Interval(bend))
        }
    }

    @Test(arguments: [SmoothFunction.gelu, .silu, .tanh, .sigmoid, .softplus, .standardGeluTanh, .elu(alpha: 2)])
    func slopesHoldEverySecant(function: SmoothFunction) {
        var random = RandomPairs(5)
        for _ in 0..<500 {
            let (a, b) = (random.number(4), random.number(4))
            guard a < b else { continue }
            let slopes = Activation.smooth(function).slopes(over: Interval(lower: a, upper: b))
            for _ in 0..<5 {
                let x = Double.random(in: a...b, using: &random.generator)
                let y = Double.random(in: a...b, using: &random.generator)
                guard abs(x - y) > 1e-3 else { continue }
                let secant = (function.jet(x).value - function.jet(y).value) / (x - y)
                #expect(slopes.lower - 1e-9 <= secant && secant <= slopes.upper + 1e-9)
            }
        }
    }
}
