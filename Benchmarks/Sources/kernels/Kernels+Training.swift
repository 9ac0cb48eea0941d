// The gradient of weights, and with it the other directions at the lanes of one of two workers.

internal import Lanes

extension Kernels {
    static func weightGradients<Scalar: TrainingLaneScalar>(_ peak: inout Peak<Scalar>) {
        weightGradient(channels: (32, 32), kernel: 3, size: 28, target: 0.5, &peak)
        weightGradient(channels: (1, 32), kernel: 3, size: 28, &peak)
        weightGradient(channels: (32, 64), kernel: 3, size: 28, stride: 2, target: 0.5, &peak)
        weightGradient(channels: (64, 64), kernel: 3, size: 14, target: 0.5, &peak)
        weightGradient(channels: (256, 256), kernel: 1, size: 1, &peak)
    }

    private static func weightGradient<Scalar: TrainingLaneScalar>(
        channels: (Int, Int), kernel: Int, size: Int, stride: Int = 1, target: Double? = nil,
        _ peak: inout Peak<Scalar>
    ) {
        let lanes = 32
        let padding = kernel / 2
        let geometry = ConvolutionGeometry(
            inputChannels: channels.0, inputHeight: size, inputWidth: size, outputChannels: channels.1,
            kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
            paddingTop: padding, paddingLeft: padding, paddingBottom: padding, paddingRight: padding)
        let convolution = TrainableConvolution<Scalar>(geometry)
        let weights = Features<Scalar>(convolution.parameterCount, lanes: 1)
        convolution.load(weights.base)
        let x = Features<Scalar>(size * size * channels.0, lanes: lanes)
        let outputs = geometry.outputHeight * geometry.outputWidth
        let y = Features<Scalar>(outputs * channels.1, lanes: lanes)
        let scratch = Features<Scalar>(convolution.scratchCount(lanes: lanes), lanes: 1)
        // Products with the padding are not made, and not counted.
        func along(_ outputs: Int) -> Int {
            (0..<outputs).reduce(0) { count, o in
                count + (0..<kernel).count { (0..<size).contains(o * stride - padding + $0) }
            }
        }
        let products = along(geometry.outputHeight) * along(geometry.outputWidth)
        let operations = Double(2 * lanes * channels.0 * channels.1 * products)
        let shape = "\(kernel) x \(kernel), \(channels.0) to \(channels.1), \(size) x \(size)"
        Measurement("training \(shape), \(lanes) lanes", operations: operations, peak: &peak) {
            convolution.apply(x.base, to: y.base, bias: nil, lanes: lanes)
        }.print()
        Measurement("  transposed", operations: operations, peak: &peak) {
            convolution.applyTransposed(y.base, to: x.base, lanes: lanes, accumulating: false)
        }.print()
        Measurement("  weight gradient", operations: operations, peak: &peak) {
            convolution.addWeightGradient(x.base, y.base, to: weights.base, scratch: scratch.base, lanes: lanes)
        }.print(target: target)
    }
}
