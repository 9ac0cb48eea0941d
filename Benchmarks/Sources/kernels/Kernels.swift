// The kernels against the peak of this machine, on one core: `make bench-kernels`.
//
// A share near one means that nothing but the multiplier limits the kernel. Sparse kernels are counted by their
// nonzeros; what matters there is the time against the dense kernel on the same matrix.

internal import Lanes

@main
struct Kernels {
    static func main() {
        var single = Peak<Float>()
        var double = Peak<Double>()
        run(&single, "float32")
        run(&double, "float64")
    }

    private static func run<Scalar: TrainingLaneScalar>(_ peak: inout Peak<Scalar>, _ precision: String) {
        let rates = peak.rates.map { "\($0.name) \(($0.operationsPerSecond / 1e9).rounded(to: 1)) GFLOP/s" }
        print("\n\(precision), one core; peak: \(rates.joined(separator: ", "))\n")
        for lanes in supportedLaneCounts { dense(256, lanes: lanes, &peak) }
        dense(1024, lanes: 64, &peak)
        convolutions(&peak)
        sparse(&peak)
        weightGradients(&peak)
    }

    private static func dense<Scalar: LaneScalar>(_ size: Int, lanes: Int, _ peak: inout Peak<Scalar>) {
        let matrix = DenseOperator<Scalar>(
            rows: size, columns: size, weights: numbers(size * size), bias: numbers(size))
        let x = Features<Scalar>(size, lanes: lanes)
        let y = Features<Scalar>(size, lanes: lanes)
        let operations = Double(2 * size * size * lanes)
        Measurement("dense \(size) x \(size), \(lanes) lanes", operations: operations, peak: &peak) {
            matrix.apply(x.base, to: y.base, lanes: lanes)
        }.print(target: 0.7)
        Measurement("  transposed", operations: operations, peak: &peak) {
            matrix.applyTransposed(x.base, to: y.base, lanes: lanes)
        }.print(target: 0.7)
    }

    private static func convolutions<Scalar: LaneScalar>(_ peak: inout Peak<Scalar>) {
        convolution(channels: (32, 32), kernel: 3, size: 28, target: 0.5, &peak)
        convolution(channels: (32, 64), kernel: 3, size: 28, stride: 2, &peak)
        convolution(channels: (3, 32), kernel: 3, size: 32, &peak)
        convolution(channels: (64, 64), kernel: 3, size: 28, groups: 64, &peak)
        // One pixel's receptive field, as when its intermediate bounds are computed.
        convolution(channels: (32, 32), kernel: 3, size: 28, window: 1, &peak)
        convolution(channels: (32, 32), kernel: 3, size: 28, window: 3, &peak)
    }

    private static func convolution<Scalar: LaneScalar>(
        channels: (Int, Int), kernel: Int, size: Int, stride: Int = 1, groups: Int = 1, window: Int? = nil,
        target: Double? = nil, _ peak: inout Peak<Scalar>
    ) {
        let lanes = 64
        let geometry = ConvolutionGeometry(
            inputChannels: channels.0, inputHeight: size, inputWidth: size, outputChannels: channels.1,
            kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
            paddingTop: kernel / 2, paddingLeft: kernel / 2, paddingBottom: kernel / 2,
            paddingRight: kernel / 2,
            groups: groups)
        let convolution = ConvolutionOperator<Scalar>(
            geometry: geometry, weights: numbers(channels.1 * channels.0 / groups * kernel * kernel),
            bias: numbers(channels.1))
        let output = window.map { Window(rows: 9..<9 + $0, columns: 9..<9 + $0) } ?? geometry.outputWindow
        let input = window == nil ? geometry.inputWindow : geometry.receptiveField(of: output)
        let x = Features<Scalar>(input.count * channels.0, lanes: lanes)
        let y = Features<Scalar>(output.count * channels.1, lanes: lanes)
        // Products with the padding are not made, and not counted.
        let operations =
            Double(2 * lanes * channels.0 / groups * channels.1) * products(geometry, output, kernel, stride)
        let shape = window.map { ", window \($0) x \($0)" } ?? ", \(size) x \(size)"
        let name = "convolution \(kernel) x \(kernel), \(channels.0) to \(channels.1)" + shape
        let details = (stride == 1 ? "" : ", stride \(stride)") + (groups == 1 ? "" : ", depthwise")
        Measurement(name + details, operations: operations, peak: &peak) {
            convolution.apply(x.base, inputWindow: input, to: y.base, outputWindow: output, lanes: lanes)
        }.print(target: target)
        Measurement("  transposed", operations: operations, peak: &peak) {
            convolution.applyTransposed(
                y.base, outputWindow: output, to: x.base, inputWindow: input, lanes: lanes)
        }.print(target: target)
    }

    /// Pairs of an output pixel and a kernel position that meet the image.
    private static func products(
        _ geometry: ConvolutionGeometry, _ output: Window, _ kernel: Int, _ stride: Int
    ) -> Double {
        func along(_ outputs: Range<Int>, _ size: Int) -> Int {
            outputs.reduce(0) { count, o in
                count + (0..<kernel).count { (0..<size).contains(o * stride - kernel / 2 + $0) }
            }
        }
        return Double(along(output.rows, geometry.inputHeight) * along(output.columns, geometry.inputWidth))
    }

    private static func sparse<Scalar: LaneScalar>(_ peak: inout Peak<Scalar>) {
        let lanes = 64
        for size in [256, 1024] {
            let values = numbers(size * size)
            let bias = numbers(size)
            let matrix = DenseOperator<Scalar>(rows: size, columns: size, weights: values, bias: bias)
            let x = Features<Scalar>(size, lanes: lanes)
            let y = Features<Scalar>(size, lanes: lanes)
            let dense = Measurement("", operations: 1, peak: &peak) {
                matrix.apply(x.base, to: y.base, lanes: lanes)
            }
            for zeros in [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99] {
                let sparse = sparseOperator(size, values, bias, zeros: zeros) as SparseOperator<Scalar>
                let operations = Double(2 * lanes * sparse.entryCount)
                let name = "sparse \(size) x \(size), \((zeros * 100).rounded(to: 0)) % zeros"
                let measured = Measurement(name, operations: operations, peak: &peak) {
                    sparse.apply(x.base, to: y.base, lanes: lanes)
                }
                let gain = dense.seconds / measured.seconds
                var note = "   \(gain.rounded(to: 2)) times as fast as dense"
                if zeros == 0.9 && size == 1024 { note += gain >= 3 ? ", meets 3" : ", MISSES 3" }
                measured.print(note: note)
            }
        }
    }
}
