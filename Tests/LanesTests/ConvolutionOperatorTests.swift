import Lanes
import RandomNumbers
import Testing

/// A convolution by its definition: every output, kernel position and channel looked at one by one.
struct ConvolutionModel {
    var inputs = 1, outputs = 1, groups = 1
    var height = 5, width = 5
    var kernel = (height: 3, width: 3)
    var stride = (height: 1, width: 1)
    var dilation = (height: 1, width: 1)
    var top = 0, left = 0, bottom = 0, right = 0
    var weights: [Double] = []
    var bias: [Double] = []

    var geometry: ConvolutionGeometry {
        ConvolutionGeometry(
            inputChannels: inputs, inputHeight: height, inputWidth: width, outputChannels: outputs,
            kernelHeight: kernel.height, kernelWidth: kernel.width, strideHeight: stride.height,
            strideWidth: stride.width, paddingTop: top, paddingLeft: left, paddingBottom: bottom,
            paddingRight: right, dilationHeight: dilation.height, dilationWidth: dilation.width,
            groups: groups)
    }

    mutating func fill(using generator: inout SplitMix64) {
        weights = generator.numbers(outputs * (inputs / groups) * kernel.height * kernel.width)
        bias = generator.numbers(outputs)
    }

    /// Calls the body with each product's input feature, output feature (within the windows) and weight.
    func forEachProduct(_ input: Window, _ output: Window, _ body: (Int, Int, Double) -> Void) {
        forEachPair(input, output) { source, result, weight in body(source, result, weights[weight]) }
    }

    /// The same with the weight's place.
    func forEachPair(_ input: Window, _ output: Window, _ body: (Int, Int, Int) -> Void) {
        let (depth, rise) = (inputs / groups, outputs / groups)
        for row in output.rows {
            for column in output.columns {
                for i in 0..<kernel.height {
                    for j in 0..<kernel.width {
                        let y = row * stride.height - top + i * dilation.height
                        let x = column * stride.width - left + j * dilation.width
                        guard input.rows.contains(y) && input.columns.contains(x) else { continue }
                        for channel in 0..<outputs {
                            for d in 0..<depth {
                                let source =
                                    place(y, x, input) * inputs + channel / rise * depth + d
                                let result = place(row, column, output) * outputs + channel
                                let area = kernel.height * kernel.width
                                body(source, result, (channel * depth + d) * area + i * kernel.width + j)
                            }
                        }
                    }
                }
            }
        }
    }

    private func place(_ row: Int, _ column: Int, _ window: Window) -> Int {
        (row - window.rows.lowerBound) * window.columns.count + column - window.columns.lowerBound
    }

    static func random(using generator: inout SplitMix64) -> ConvolutionModel {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
        var model = ConvolutionModel()
        model.groups = pick(1...3)
        let isDepthwise = pick(0...3) == 0
        model.inputs = model.groups * (isDepthwise ? 1 : pick(1...5))
        model.outputs = model.groups * (isDepthwise ? 1 : pick(1...9))
        model.kernel = (pick(1...4), pick(1...4))
        model.stride = (pick(1...3), pick(1...4))
        model.dilation = (pick(1...3), pick(1...4))
        (model.top, model.left, model.bottom, model.right) = (
            pick(0...3), pick(0...3), pick(0...2), pick(0...2)
        )
        let reach = (
            (model.kernel.height - 1) * model.dilation.height + 1 - model.top - model.bottom,
            (model.kernel.width - 1) * model.dilation.width + 1 - model.left - model.right
        )
        model.height = max(1, reach.0) + pick(0...4)
        model.width = max(1, reach.1) + pick(0...4)
        model.fill(using: &generator)
        return model
    }
}

extension Window {
    /// A random part, now and then all, never empty.
    fileprivate func part(using generator: inout SplitMix64) -> Window {
        func part(_ range: Range<Int>) -> Range<Int> {
            if Bool.random(using: &generator) { return range }
            let a = Int.random(in: range, using: &generator)
            let b = Int.random(in: range, using: &generator)
            return min(a, b)..<max(a, b) + 1
        }
        return Window(rows: part(rows), columns: part(columns))
    }
}

@Suite("Convolution operator")
struct ConvolutionOperatorTests {
    @Test("both directions agree with the definition, on windows", arguments: 0..<32)
    func random(seed: Int) {
        var generator = SplitMix64(seed: seed)
        let model = ConvolutionModel.random(using: &generator)
        let lanes = supportedLaneCounts[seed % 4]
        let input = model.geometry.inputWindow.part(using: &generator)
        let output = model.geometry.outputWindow.part(using: &generator)
        check(Float.self, model, input, output, lanes: lanes, using: &generator)
        check(Double.self, model, input, output, lanes: lanes, using: &generator)
        check(
            Double.self, model, model.geometry.inputWindow, model.geometry.outputWindow, lanes: lanes,
            using: &generator)
    }

    @Test("deep convolutions, whose sums take several blocks")
    func deep() {
        var generator = SplitMix64(seed: 1)
        var model = ConvolutionModel()
        (model.inputs, model.outputs) = (130, 12)
        (model.height, model.width) = (3, 2)
        (model.kernel, model.top, model.left) = ((3, 2), 1, 1)
        model.fill(using: &generator)
        let (input, output) = (model.geometry.inputWindow, model.geometry.outputWindow)
        check(Float.self, model, input, output, lanes: 16, using: &generator)
        check(Double.self, model, input, output, lanes: 16, using: &generator)
    }

    @Test("results that are not wanted are 0 or stay, and rows of zeros change nothing", arguments: 0..<24)
    func parts(seed: Int) {
        var generator = SplitMix64(seed: seed)
        var model = ConvolutionModel.random(using: &generator)
        if seed % 2 == 0 {
            // Enough channels to leave out zeros, in whole panels and not.
            (model.groups, model.inputs, model.outputs) = (1, 8 + seed % 3, 16 + seed % 5)
            model.fill(using: &generator)
        }
        checkParts(Float.self, model, lanes: supportedLaneCounts[seed % 4], using: &generator)
        checkParts(Double.self, model, lanes: supportedLaneCounts[seed % 4], using: &generator)
    }

    private func checkParts<Scalar: LaneScalar>(
        _: Scalar.Type, _ model: ConvolutionModel, lanes: Int, using generator: inout SplitMix64
    ) {
        let geometry = model.geometry
        let convolution = ConvolutionOperator<Scalar>(geometry: geometry, weights: model.weights, bias: model.bias)
        let (input, output) = (geometry.inputWindow, geometry.outputWindow)
        let results = Window(rows: 0..<output.rows.count, columns: output.columns.count / 2..<output.columns.count)
        let sources = Window(rows: input.rows.count / 2..<input.rows.count, columns: 0..<input.columns.count)
        var x = generator.numbers(input.count * model.inputs * lanes)
        var lambda = generator.numbers(output.count * model.outputs * lanes)
        for row in 0..<x.count / lanes where generator.next() % 2 == 0 {
            for lane in 0..<lanes { x[row * lanes + lane] = 0 }
        }
        for row in 0..<lambda.count / lanes where generator.next() % 2 == 0 {
            for lane in 0..<lanes { lambda[row * lanes + lane] = 0 }
        }
        let liveOutputs = (0..<output.count * model.outputs).map { _ in UInt8(generator.next() % 2) }
        let liveInputs = (0..<input.count * model.inputs).map { _ in UInt8(generator.next() % 2) }
        for accumulating in [false, true] {
            let before = generator.numbers(max(x.count, lambda.count))
            let y = Features<Scalar>(Array(before.prefix(results.count * model.outputs * lanes)), lanes: lanes)
            let wholeY = Features<Scalar>(y.numbers, lanes: lanes)
            let g = Features<Scalar>(Array(before.prefix(sources.count * model.inputs * lanes)), lanes: lanes)
            let wholeG = Features<Scalar>(g.numbers, lanes: lanes)
            let (start, startG) = (y.numbers, g.numbers)
            let from = Features<Scalar>(x, lanes: lanes).base
            let back = Features<Scalar>(lambda, lanes: lanes).base
            for (to, live) in [(y, liveOutputs as [UInt8]?), (wholeY, nil)] {
                convolution.apply(
                    from, inputWindow: input, to: to.base, outputWindow: results, lanes: lanes,
                    accumulating: accumulating, live: live.map { Flags($0).base })
            }
            for (to, live) in [(g, liveInputs as [UInt8]?), (wholeG, nil)] {
                convolution.applyTransposed(
                    back, outputWindow: output, to: to.base, inputWindow: sources, lanes: lanes,
                    accumulating: accumulating, live: live.map { Flags($0).base })
            }
            func expected(
                _ whole: Features<Scalar>, _ start: [Double], _ live: [UInt8], _ part: Window, width: Int, channels: Int
            ) -> [Double] {
                let numbers = whole.numbers
                return start.indices.map { place in
                    let feature = place / lanes
                    let (pixel, channel) = (feature / channels, feature % channels)
                    let row = part.rows.lowerBound + pixel / part.columns.count
                    let column = part.columns.lowerBound + pixel % part.columns.count
                    if live[(row * width + column) * channels + channel] != 0 { return numbers[place] }
                    return accumulating ? start[place] : 0
                }
            }
            expectAgreement(
                y.numbers,
                expected(
                    wholeY, start, liveOutputs, results, width: output.columns.count, channels: model.outputs),
                Scalar.self)
            expectAgreement(
                g.numbers,
                expected(wholeG, startG, liveInputs, sources, width: input.columns.count, channels: model.inputs),
                Scalar.self)
        }
    }

    private func check<Scalar: LaneScalar>(
        _: Scalar.Type, _ model: ConvolutionModel, _ input: Window, _ output: Window, lanes: Int,
        using generator: inout SplitMix64
    ) {
        let convolution = ConvolutionOperator<Scalar>(
            geometry: model.geometry, weights: model.weights, bias: model.bias)
        let x = generator.numbers(input.count * model.inputs * lanes)
        let lambda = generator.numbers(output.count * model.outputs * lanes)
        for accumulating in [false, true] {
            let y =
                accumulating ? generator.numbers(lambda.count) : [Double](repeating: 0, count: lambda.count)
            let g = accumulating ? generator.numbers(x.count) : [Double](repeating: 0, count: x.count)
            var expectedY = y
            var expectedG = g
            if !accumulating {
                for place in y.indices { expectedY[place] += model.bias[place / lanes % model.outputs] }
            }
            model.forEachProduct(input, output) { source, result, weight in
                for lane in 0..<lanes {
                    expectedY[result * lanes + lane] += weight * x[source * lanes + lane]
                    expectedG[source * lanes + lane] += weight * lambda[result * lanes + lane]
                }
            }
            let foundY = Features<Scalar>(accumulating ? y : generator.numbers(y.count), lanes: lanes)
            let foundG = Features<Scalar>(accumulating ? g : generator.numbers(g.count), lanes: lanes)
            convolution.apply(
                Features<Scalar>(x, lanes: lanes).base, inputWindow: input, to: foundY.base,
                outputWindow: output,
                lanes: lanes, accumulating: accumulating, addingBias: !accumulating)
            convolution.applyTransposed(
                Features<Scalar>(lambda, lanes: lanes).base, outputWindow: output, to: foundG.base,
                inputWindow: input, lanes: lanes, accumulating: accumulating)
            expectAgreement(foundY.numbers, expectedY, Scalar.self, "\(model)")
            expectAgreement(foundG.numbers, expectedG, Scalar.self, "\(model)")
        }
        checkBias(convolution, lambda, output, model, lanes: lanes)
    }

    private func checkBias<Scalar: LaneScalar>(
        _ convolution: ConvolutionOperator<Scalar>, _ lambda: [Double], _ output: Window, _ model: ConvolutionModel,
        lanes: Int
    ) {
        let constants = Features<Scalar>([Double](repeating: 1, count: lanes), lanes: lanes)
        convolution.accumulateBias(
            Features<Scalar>(lambda, lanes: lanes).base, outputWindow: output, into: constants.base,
            lanes: lanes)
        var expected = [Double](repeating: 1, count: lanes)
        for (place, number) in lambda.enumerated() {
            expected[place % lanes] += number * model.bias[place / lanes % model.outputs]
        }
        expectAgreement(constants.numbers, expected, Scalar.self)
    }

    @Test("the receptive field is the smallest rectangle that loses nothing", arguments: 0..<40)
    func receptiveField(seed: Int) {
        var generator = SplitMix64(seed: seed)
        let model = ConvolutionModel.random(using: &generator)
        let geometry = model.geometry
        let output = geometry.outputWindow.part(using: &generator)
        var rows: [Int] = []
        var columns: [Int] = []
        model.forEachProduct(geometry.inputWindow, output) { source, _, _ in
            rows.append(source / model.inputs / model.width)
            columns.append(source / model.inputs % model.width)
        }
        let field = geometry.receptiveField(of: output)
        guard let top = rows.min(), let bottom = rows.max(), let left = columns.min(),
            let right = columns.max()
        else { return }
        #expect(field.contains(Window(rows: top..<bottom + 1, columns: left..<right + 1)))
        if model.dilation == (1, 1) && model.stride == (1, 1) {
            #expect(field == Window(rows: top..<bottom + 1, columns: left..<right + 1))
        }
    }

    @Test("y . W x = W* y . x", arguments: 0..<20)
    func adjoint(seed: Int) {
        var generator = SplitMix64(seed: 1000 + seed)
        let model = ConvolutionModel.random(using: &generator)
        let lanes = 16
        let convolution = ConvolutionOperator<Double>(
            geometry: model.geometry, weights: model.weights, bias: model.bias)
        let input = model.geometry.inputWindow.part(using: &generator)
        let output = model.geometry.outputWindow.part(using: &generator)
        let x = Features<Double>(generator.numbers(input.count * model.inputs * lanes), lanes: lanes)
        let y = Features<Double>(generator.numbers(output.count * model.outputs * lanes), lanes: lanes)
        let wx = Features<Double>(y.numbers, lanes: lanes)
        let wy = Features<Double>(x.numbers, lanes: lanes)
        convolution.apply(
            x.base, inputWindow: input, to: wx.base, outputWindow: output, lanes: lanes, addingBias: false)
        convolution.applyTransposed(
            y.base, outputWindow: output, to: wy.base, inputWindow: input, lanes: lanes)
        #expect(abs(innerProduct(y.numbers, wx.numbers) - innerProduct(wy.numbers, x.numbers)) < 1e-9)
    }
}
