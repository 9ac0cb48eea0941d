internal import Intervals

// Values that do not depend on the input. A constant is kept as a linear operator of the input without nonzeros, whose
// offsets are its value.
extension Simplifier {
    /// Turns a node with a constant value into a constant, and a sum with one into an offset.
    mutating func foldConstant(_ index: Int) -> Bool {
        guard isLive(index), index > 0, !isCanonicalConstant(index) else { return false }
        if let values = constantAlone(index) ?? constantOfOperands(index) {
            setConstant(index, values)
            return true
        }
        guard case .sum = node(index).operation else { return false }
        let terms = node(index).inputs
        let variables = terms.filter { constant($0) == nil }
        guard variables.count == 1, variables.count < terms.count else { return false }
        var sums = [UncertainSum](repeating: UncertainSum(), count: node(index).count)
        for term in terms {
            guard let values = constant(term) else { continue }
            for place in sums.indices { sums[place].add(values[place]) }
        }
        let offsets = sums.map(\.result)
        guard offsets.allSatisfy({ $0.isFinite }) else { return false }
        let map = Elementwise(
            scale: [Double](repeating: 1, count: offsets.count), offset: offsets.map(\.value),
            error: AffineError(relative: 0, radii: offsets.map(\.radius)))
        set(index, .elementwise(map))
        set(index, inputs: variables)
        return true
    }

    mutating func setConstant(_ index: Int, _ values: [Uncertain]) {
        let matrix = SparseMatrix(
            rows: values.count, columns: network.inputCount,
            rowStarts: [Int](repeating: 0, count: values.count + 1), columnIndices: [], values: [])
        let error = AffineError(relative: 0, radii: values.map(\.radius))
        set(index, .linear(Linear(weights: .sparse(matrix), bias: values.map(\.value), error: error)))
        set(index, inputs: [0])
    }

    /// The value of a constant.
    private func constant(_ index: Int) -> [Uncertain]? {
        guard isCanonicalConstant(index), case .linear(let linear) = node(index).operation else { return nil }
        return linear.bias.indices.map(linear.offset)
    }

    private func isCanonicalConstant(_ index: Int) -> Bool {
        guard node(index).inputs == [0], case .linear(let linear) = node(index).operation,
            linear.error.absolute == 0, linear.error.relative == 0, case .sparse(let matrix) = linear.weights
        else { return false }
        return matrix.values.isEmpty
    }

    /// The value of an operator without nonzeros.
    private func constantAlone(_ index: Int) -> [Uncertain]? {
        switch node(index).operation {
        case .linear(let linear):
            guard linear.error.absolute == 0, linear.weights.nonzeros == 0 else { return nil }
            return linear.bias.indices.map(linear.offset)
        case .convolution(let convolution):
            guard convolution.error.absolute == 0, convolution.weights.allSatisfy({ $0 == 0 }) else {
                return nil
            }
            let places = convolution.outputHeight * convolution.outputWidth
            return convolution.bias.indices.flatMap { channel in
                let value = Uncertain(convolution.bias[channel], radius: convolution.error.offset(channel))
                return [Uncertain](repeating: value, count: places)
            }
        case .elementwise(let map):
            guard map.error.absolute == 0, map.scale.allSatisfy({ $0 == 0 }) else { return nil }
            return map.offset.indices.map { Uncertain(map.offset[$0], radius: map.error.offset($0)) }
        case .select(let selection):
            guard selection.sources.allSatisfy({ $0 < 0 }) else { return nil }
            return selection.constants.map { Uncertain($0) }
        case .input, .reshape, .sum, .activation, .maxPool: return nil
        }
    }

    /// The value of an operator of constants.
    private func constantOfOperands(_ index: Int) -> [Uncertain]? {
        var operands: [[Uncertain]] = []
        for input in node(index).inputs {
            guard let values = constant(input) else { return nil }
            operands.append(values)
        }
        guard let values = node(index).operation.applied(to: operands), values.allSatisfy(\.isFinite) else {
            return nil
        }
        return values
    }
}

extension Operator {
    /// The operator's value for uncertain operands; nil where an absolute error leaves zeros uncertain.
    fileprivate func applied(to operands: [[Uncertain]]) -> [Uncertain]? {
        switch self {
        case .input: return nil
        case .linear(let linear):
            guard linear.error.absolute == 0 else { return nil }
            let matrix = linear.weights.sparse
            return (0..<matrix.rows).map { row in
                var sum = UncertainSum(linear.offset(row))
                for place in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                    sum.add(
                        Uncertain(weight: matrix.values[place], relative: linear.error.relative),
                        times: operands[0][Int(matrix.columnIndices[place])])
                }
                return sum.result
            }
        case .convolution(let convolution): return convolution.applied(to: operands[0])
        case .elementwise(let map):
            guard map.error.absolute == 0 else { return nil }
            return operands[0].indices.map { place in
                var sum = UncertainSum(Uncertain(map.offset[place], radius: map.error.offset(place)))
                sum.add(
                    Uncertain(weight: map.scale[place], relative: map.error.relative),
                    times: operands[0][place])
                return sum.result
            }
        case .select(let selection):
            return selection.sources.indices.map { place in
                let source = selection.sources[place]
                return source < 0 ? Uncertain(selection.constants[place]) : operands[0][Int(source)]
            }
        case .reshape: return operands[0]
        case .sum:
            return operands[0].indices.map { place in
                var sum = UncertainSum()
                for operand in operands { sum.add(operand[place]) }
                return sum.result
            }
        case .activation(let activation): return operands[0].map(activation.applied)
        case .maxPool(let pooling): return pooling.applied(to: operands[0])
        }
    }
}

extension Activation {
    /// The piecewise linear ones are monotone and move no two numbers further apart.
    func applied(to operand: Uncertain) -> Uncertain {
        switch self {
        case .relu, .leakyRelu: if operand.value >= 0 { return operand }
        case .smooth(let function): return Uncertain(SmoothCurve(function).range(over: operand.enclosure))
        }
        switch self {
        case .smooth: return operand
        case .relu:
            let reach = max(0, (operand.value + operand.radius).nextUp)
            return Uncertain(0, radius: operand.value <= -operand.radius ? 0 : reach)
        case .leakyRelu(let slope):
            var product = UncertainSum()
            product.add(Uncertain(slope), times: Uncertain(operand.value))
            product.add(Uncertain(0, radius: operand.radius))
            return product.result
        }
    }
}

extension Convolution {
    fileprivate func applied(to image: [Uncertain]) -> [Uncertain]? {
        guard error.absolute == 0 else { return nil }
        var result: [Uncertain] = []
        let channels = inputChannels / groups
        for output in 0..<outputChannels {
            let first = output / (outputChannels / groups) * channels
            for y in 0..<outputHeight {
                for x in 0..<outputWidth {
                    var sum = UncertainSum(Uncertain(bias[output], radius: error.offset(output)))
                    for place in 0..<windowCount {
                        let taps = kernelHeight * kernelWidth
                        let (channel, tap) = (place / taps, place % taps)
                        let row = y * strideHeight - paddingTop + tap / kernelWidth * dilationHeight
                        let column = x * strideWidth - paddingLeft + tap % kernelWidth * dilationWidth
                        guard row >= 0, row < inputHeight, column >= 0, column < inputWidth else { continue }
                        sum.add(
                            Uncertain(
                                weight: weights[output * windowCount + place], relative: error.relative),
                            times: image[((first + channel) * inputHeight + row) * inputWidth + column])
                    }
                    result.append(sum.result)
                }
            }
        }
        return result
    }
}

extension Pooling {
    fileprivate func applied(to image: [Uncertain]) -> [Uncertain] {
        (0..<channels).flatMap { channel in
            windowsAlongHeight.flatMap { rows in
                windowsAlongWidth.map { columns in
                    var best = Uncertain(-.infinity)
                    for row in rows {
                        for column in columns {
                            let value = image[(channel * inputHeight + row) * inputWidth + column]
                            best.value = max(best.value, value.value)
                            best.radius = max(best.radius, value.radius)
                        }
                    }
                    return best
                }
            }
        }
    }
}
