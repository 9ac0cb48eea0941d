import Lanes
import RandomNumbers
import Testing

@Suite("Trainable convolution")
struct TrainableConvolutionTests {
    @Test("agrees with the fixed operator, and its weight gradient with the definition", arguments: 0..<32)
    func random(seed: Int) {
        var generator = SplitMix64(seed: seed)
        let model = ConvolutionModel.random(using: &generator)
        check(Float.self, model, lanes: supportedLaneCounts[seed % 4], using: &generator)
        check(Double.self, model, lanes: supportedLaneCounts[seed % 4], using: &generator)
    }

    @Test("wide tiles and many channels", arguments: [(40, 27), (32, 12), (17, 45), (64, 1), (5, 2)])
    func wide(outputs: Int, inputs: Int) {
        var generator = SplitMix64(seed: outputs)
        var model = ConvolutionModel()
        (model.outputs, model.inputs) = (outputs, inputs)
        (model.height, model.width, model.top, model.left) = (4, 3, 1, 1)
        model.fill(using: &generator)
        check(Float.self, model, lanes: 32, using: &generator)
        check(Double.self, model, lanes: 16, using: &generator)
    }

    private func check<Scalar: TrainingLaneScalar>(
        _: Scalar.Type, _ model: ConvolutionModel, lanes: Int, using generator: inout SplitMix64
    ) {
        let geometry = model.geometry
        let fixed = ConvolutionOperator<Scalar>(geometry: geometry, weights: model.weights, bias: model.bias)
        let trainable = TrainableConvolution<Scalar>(geometry)
        let places = trainable.places
        var parameters = [Double](repeating: 0, count: trainable.parameterCount)
        for (place, weight) in zip(places, model.weights) { parameters[place] = weight }
        trainable.load(Features<Scalar>(parameters, lanes: 1).base)

        let inputs = geometry.inputWindow.count * model.inputs
        let outputs = geometry.outputWindow.count * model.outputs
        let x = Features<Scalar>(generator.numbers(inputs * lanes), lanes: lanes)
        let lambda = Features<Scalar>(generator.numbers(outputs * lanes), lanes: lanes)
        let bias = Features<Scalar>(model.bias, lanes: 1)
        let found = Features<Scalar>(Array(repeating: 0, count: outputs * lanes), lanes: lanes)
        let expected = Features<Scalar>(Array(repeating: 0, count: outputs * lanes), lanes: lanes)
        trainable.apply(x.base, to: found.base, bias: bias.base, lanes: lanes)
        fixed.apply(
            x.base, inputWindow: geometry.inputWindow, to: expected.base, outputWindow: geometry.outputWindow,
            lanes: lanes)
        #expect(found.numbers == expected.numbers)

        let start = generator.numbers(inputs * lanes)
        let pulled = Features<Scalar>(start, lanes: lanes)
        let expectedPull = Features<Scalar>(start, lanes: lanes)
        trainable.applyTransposed(lambda.base, to: pulled.base, lanes: lanes, accumulating: true)
        fixed.applyTransposed(
            lambda.base, outputWindow: geometry.outputWindow, to: expectedPull.base,
            inputWindow: geometry.inputWindow, lanes: lanes, accumulating: true)
        #expect(pulled.numbers == expectedPull.numbers)

        // The inner products that the definition names, weight by weight.
        let first = generator.numbers(trainable.parameterCount)
        let gradient = Features<Scalar>(first, lanes: 1)
        let scratch = Features<Scalar>(
            Array(repeating: .nan, count: trainable.scratchCount(lanes: lanes)), lanes: lanes)
        trainable.addWeightGradient(x.base, lambda.base, to: gradient.base, scratch: scratch.base, lanes: lanes)
        var sums = first
        let (xs, lambdas) = (x.numbers, lambda.numbers)
        model.forEachPair(geometry.inputWindow, geometry.outputWindow) { source, result, weight in
            for lane in 0..<lanes {
                sums[places[weight]] += xs[source * lanes + lane] * lambdas[result * lanes + lane]
            }
        }
        expectAgreement(gradient.numbers, sums, Scalar.self, "weight gradient")
    }
}
