import Evaluation
import Falsification
import Networks

/// The slow model: one lane after the other through float64 evaluation and its gradient, with the features in
/// an order of their own to show that nobody relies on the network's.
final class PlainLaneModel: LaneModel {
    let network: Network
    let laneCount = 64
    let inputs: UnsafeMutablePointer<Float>
    let outputs: UnsafeMutablePointer<Float>
    let outputWeights: UnsafeMutablePointer<Float>
    let inputGradients: UnsafeMutablePointer<Float>
    private(set) var evaluations = 0

    init(_ network: Network) {
        self.network = network
        func lanes(_ features: Int) -> UnsafeMutablePointer<Float> {
            let pointer = UnsafeMutablePointer<Float>.allocate(capacity: features * 64)
            pointer.initialize(repeating: 0, count: features * 64)
            return pointer
        }
        inputs = lanes(network.inputCount)
        inputGradients = lanes(network.inputCount)
        outputs = lanes(network.outputCount)
        outputWeights = lanes(network.outputCount)
    }

    deinit {
        for pointer in [inputs, inputGradients, outputs, outputWeights] { pointer.deallocate() }
    }

    var inputCount: Int { network.inputCount }
    var outputCount: Int { network.outputCount }
    func place(ofInput index: Int) -> Int { inputCount - 1 - index }
    func place(ofOutput index: Int) -> Int { outputCount - 1 - index }

    func evaluate() {
        evaluations += 1
        for lane in 0..<laneCount {
            for (index, value) in network.evaluate(input(lane)).enumerated() {
                outputs[place(ofOutput: index) * laneCount + lane] = Float(value)
            }
        }
    }

    func differentiate() {
        for lane in 0..<laneCount {
            let weights = (0..<outputCount).map {
                Double(outputWeights[place(ofOutput: $0) * laneCount + lane])
            }
            for (index, slope) in network.gradient(of: weights, at: input(lane)).enumerated() {
                inputGradients[place(ofInput: index) * laneCount + lane] = Float(slope)
            }
        }
    }

    private func input(_ lane: Int) -> [Double] {
        (0..<inputCount).map { Double(inputs[place(ofInput: $0) * laneCount + lane]) }
    }
}
