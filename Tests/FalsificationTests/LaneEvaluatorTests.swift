import Evaluation
import Falsification
import Networks
import RandomNumbers
import Testing

@Suite struct LaneEvaluatorTests {
    @Test func agreesWithTheSlowModel() {
        var generator = SplitMix64(seed: 3)
        func numbers(_ count: Int) -> [Double] {
            (0..<count).map { _ in Double(Float.random(in: -1...1, using: &generator)) }
        }
        func linear(_ rows: Int, _ columns: Int) -> Operator {
            .linear(
                Linear(
                    weights: .dense(rows: rows, columns: columns, values: numbers(rows * columns)),
                    bias: numbers(rows)))
        }
        var convolution = Convolution(
            input: (2, 2, 3), outputChannels: 3, kernel: (3, 3), weights: numbers(54), bias: numbers(3))
        (convolution.paddingTop, convolution.paddingBottom) = (1, 1)
        (convolution.paddingLeft, convolution.paddingRight) = (1, 1)
        let network = Network(
            nodes: [
                Node(name: "x", operation: .input, inputs: [], shape: [2, 2, 3]),
                Node(name: "c", operation: .convolution(convolution), inputs: [0], shape: [3, 2, 3]),
                Node(name: "p", operation: .activation(.relu), inputs: [1], shape: [3, 2, 3]),
                Node(name: "f", operation: .reshape, inputs: [2], shape: [18]),
                Node(name: "a", operation: linear(9, 18), inputs: [3], shape: [9]),
                Node(name: "r", operation: .activation(.leakyRelu(slope: 0.1)), inputs: [4], shape: [9]),
                Node(name: "b", operation: linear(9, 9), inputs: [5], shape: [9]),
                Node(name: "s", operation: .sum, inputs: [5, 6], shape: [9]),
                Node(name: "q", operation: .activation(.relu), inputs: [7], shape: [9]),
                Node(name: "y", operation: linear(4, 9), inputs: [8], shape: [4]),
            ], output: 9)
        let slow = PlainLaneModel(network)
        let fast = LaneEvaluator(LaneNetwork<Float>(LanePlan(network)), lanes: 64)
        fill(slow, seed: 5)
        fill(fast, seed: 5)
        slow.evaluate()
        fast.evaluate()
        #expect(largestDifference(slow, fast, 4) { $0.outputs + $0.place(ofOutput: $1) * 64 } < 1e-4)
        for model in [slow, fast] as [any LaneModel] {
            var generator = SplitMix64(seed: 9)
            for index in 0..<4 {
                for lane in 0..<64 {
                    model.outputWeights[model.place(ofOutput: index) * 64 + lane] = Float.random(
                        in: -1...1, using: &generator)
                }
            }
            model.differentiate()
        }
        #expect(largestDifference(slow, fast, 12) { $0.inputGradients + $0.place(ofInput: $1) * 64 } < 1e-4)
    }

    private func fill(_ model: any LaneModel, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for index in 0..<12 {
            for lane in 0..<64 {
                model.inputs[model.place(ofInput: index) * 64 + lane] = Float.random(
                    in: -1...1, using: &generator)
            }
        }
    }

    private func largestDifference(
        _ first: any LaneModel, _ second: any LaneModel, _ count: Int,
        _ values: (any LaneModel, Int) -> UnsafeMutablePointer<Float>
    ) -> Float {
        var largest: Float = 0
        for index in 0..<count {
            for lane in 0..<64 {
                largest = max(largest, abs(values(first, index)[lane] - values(second, index)[lane]))
            }
        }
        return largest
    }
}
