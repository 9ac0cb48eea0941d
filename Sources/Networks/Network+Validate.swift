internal import Intervals

// What every pass over a network relies on, checked once: operands come first and have the shapes that operators
// expect, every list is as long as it should be, every number is finite.
extension Network {
    /// Checks the whole graph.
    ///
    /// - Throws: `NetworkError` for the first node that is not as its operator demands.
    public func validate() throws(NetworkError) {
        guard nodes.indices.contains(output) else {
            throw NetworkError(node: output, name: "", problem: "is the output, but there is no such node")
        }
        for index in nodes.indices { try validate(index) }
    }

    private func validate(_ index: Int) throws(NetworkError) {
        let node = nodes[index]
        func check(_ condition: Bool, _ problem: @autoclosure () -> String) throws(NetworkError) {
            if !condition { throw NetworkError(node: index, name: node.name, problem: problem()) }
        }
        try check(!node.shape.isEmpty && node.shape.allSatisfy { $0 > 0 }, "has shape \(node.shape)")
        try check(checkedProduct(node.shape) != nil, "has too many features: shape \(node.shape)")
        try check(node.inputs.allSatisfy { $0 >= 0 && $0 < index }, "reads nodes that do not come before it")
        let isInput = if case .input = node.operation { true } else { false }
        try check(isInput == (index == 0), index == 0 ? "is not the input" : "is a second input")
        let isSum = if case .sum = node.operation { true } else { false }
        let wanted = isInput ? 0 : 1
        try check(
            isSum ? node.inputs.count >= 2 : node.inputs.count == wanted, "has \(node.inputs.count) operands")
        let operands = node.inputs.map { nodes[$0].shape }
        if let problem = node.operation.problem(shape: node.shape, operands: operands) {
            throw NetworkError(node: index, name: node.name, problem: problem)
        }
    }
}

/// The product of sizes; nil when it overflows the indices of sparse matrices.
func checkedProduct(_ sizes: [Int]) -> Int? {
    var product = 1
    for size in sizes {
        let (next, overflow) = product.multipliedReportingOverflow(by: size)
        if overflow || next > Int(Int32.max) { return nil }
        product = next
    }
    return product
}

extension Operator {
    /// What is wrong between the operator's sizes and the shapes around it; nil when nothing is.
    fileprivate func problem(shape: [Int], operands: [[Int]]) -> String? {
        let count = shape.reduce(1, *)
        let operandCount = operands.first?.reduce(1, *) ?? 0
        switch self {
        case .input: return nil
        case .linear(let linear): return linear.problem(inputs: operandCount, outputs: count)
        case .convolution(let convolution):
            return convolution.problem(shape: shape, operand: operands[0])
        case .elementwise(let map):
            guard operands[0] == shape else { return "changes shape \(operands[0]) to \(shape)" }
            guard map.scale.count == count, map.offset.count == count else {
                return "has too few or too many numbers"
            }
            guard allFinite(map.scale), allFinite(map.offset) else {
                return "has numbers that are not finite"
            }
            return map.error.problem(offsets: count)
        case .select(let selection):
            guard selection.sources.count == count, selection.constants.count == count else {
                return "selects \(selection.sources.count) features for shape \(shape)"
            }
            guard selection.sources.allSatisfy({ $0 >= -1 && Int($0) < operandCount }) else {
                return "selects features that its operand does not have"
            }
            let isFinite = zip(selection.sources, selection.constants).allSatisfy { $0 >= 0 || $1.isFinite }
            return isFinite ? nil : "has constants that are not finite"
        case .reshape:
            return operandCount == count ? nil : "reshapes \(operands[0]) to \(shape)"
        case .sum:
            return operands.allSatisfy { $0 == shape }
                ? nil : "adds shapes \(operands) to one of shape \(shape)"
        case .activation(.relu):
            return operands[0] == shape ? nil : "changes shape \(operands[0]) to \(shape)"
        case .activation(.leakyRelu(let slope)):
            guard slope >= 0, slope <= 1 else { return "has slope \(slope)" }
            return operands[0] == shape ? nil : "changes shape \(operands[0]) to \(shape)"
        case .activation(.smooth(let function)):
            return function.problem
                ?? (operands[0] == shape ? nil : "changes shape \(operands[0]) to \(shape)")
        case .maxPool(let pooling): return pooling.problem(shape: shape, operand: operands[0])
        }
    }
}

extension SmoothFunction {
    fileprivate var problem: String? {
        switch self {
        case .sigmoid, .tanh, .softplus, .silu, .gelu: return nil
        case .geluTanh(let linear, let cubic):
            let isKnown = Self.coefficients.contains(linear) && Self.coefficients.contains(cubic)
            return isKnown ? nil : "has coefficients \(linear) and \(cubic)"
        case .elu(let alpha):
            return Self.alphas.contains(alpha) && Double(Float(alpha)) == alpha ? nil : "has alpha \(alpha)"
        }
    }
}

private func allFinite(_ values: [Double]) -> Bool { values.allSatisfy { $0.isFinite } }

extension AffineError {
    fileprivate func problem(offsets count: Int) -> String? {
        guard relative >= 0, relative.isFinite, absolute >= 0, absolute.isFinite,
            offsets.allSatisfy({ $0 >= 0 && $0.isFinite })
        else { return "has error bounds that are negative or not finite" }
        return offsets.isEmpty || offsets.count == count
            ? nil : "has \(offsets.count) error bounds for \(count) offsets"
    }
}

extension Linear {
    fileprivate func problem(inputs: Int, outputs: Int) -> String? {
        guard weights.rows == outputs, weights.columns == inputs else {
            return "has a \(weights.rows)x\(weights.columns) matrix between \(inputs) and \(outputs) features"
        }
        guard bias.count == outputs else { return "has \(bias.count) offsets for \(outputs) features" }
        guard allFinite(bias) else { return "has offsets that are not finite" }
        switch weights {
        case .dense(let rows, let columns, let values):
            guard values.count == rows * columns else {
                return "has a matrix with too few or too many numbers"
            }
            guard allFinite(values) else { return "has weights that are not finite" }
        case .sparse(let matrix):
            guard matrix.isWellFormed else { return "has a sparse matrix whose places are out of order" }
            guard allFinite(matrix.values) else { return "has weights that are not finite" }
        }
        return error.problem(offsets: outputs)
    }
}

extension SparseMatrix {
    /// Whether rows follow each other and the columns ascend within each.
    fileprivate var isWellFormed: Bool {
        guard rowStarts.count == rows + 1, rowStarts.first == 0, rowStarts.last == values.count,
            columnIndices.count == values.count
        else { return false }
        for row in 0..<rows {
            guard rowStarts[row] <= rowStarts[row + 1] else { return false }
            var previous: Int32 = -1
            for place in rowStarts[row]..<rowStarts[row + 1] {
                guard columnIndices[place] > previous, Int(columnIndices[place]) < columns else {
                    return false
                }
                previous = columnIndices[place]
            }
        }
        return true
    }
}

extension Convolution {
    fileprivate func problem(shape: [Int], operand: [Int]) -> String? {
        guard operand == [inputChannels, inputHeight, inputWidth] else {
            return
                "convolves \([inputChannels, inputHeight, inputWidth]), but its operand has shape \(operand)"
        }
        guard min(strideHeight, strideWidth, dilationHeight, dilationWidth, kernelHeight, kernelWidth) > 0,
            min(paddingTop, paddingLeft, paddingBottom, paddingRight) >= 0
        else { return "has strides, dilations or sizes that are not positive, or negative padding" }
        guard groups > 0, outputChannels > 0, inputChannels % groups == 0, outputChannels % groups == 0 else {
            return "has \(groups) groups of \(inputChannels) to \(outputChannels) channels"
        }
        guard dilationHeight * (kernelHeight - 1) < inputHeight + paddingTop + paddingBottom,
            dilationWidth * (kernelWidth - 1) < inputWidth + paddingLeft + paddingRight
        else { return "has windows larger than its operand" }
        guard shape == [outputChannels, outputHeight, outputWidth] else {
            return "makes \([outputChannels, outputHeight, outputWidth]), but has shape \(shape)"
        }
        let count = outputChannels * (inputChannels / groups) * kernelHeight * kernelWidth
        guard weights.count == count, bias.count == outputChannels else {
            return "has too few or too many numbers"
        }
        guard allFinite(weights), allFinite(bias) else { return "has numbers that are not finite" }
        return error.problem(offsets: outputChannels)
    }
}

extension Pooling {
    fileprivate func problem(shape: [Int], operand: [Int]) -> String? {
        guard operand == [channels, inputHeight, inputWidth] else {
            return "pools \([channels, inputHeight, inputWidth]), but its operand has shape \(operand)"
        }
        guard shape == [channels, outputHeight, outputWidth] else {
            return "makes \([channels, outputHeight, outputWidth]), but has shape \(shape)"
        }
        guard min(strideHeight, strideWidth, dilationHeight, dilationWidth, kernelHeight, kernelWidth) > 0,
            min(paddingTop, paddingLeft) >= 0
        else { return "has strides, dilations or sizes that are not positive, or negative padding" }
        let hasEmptyWindow =
            windowsAlongHeight.contains { $0.isEmpty } || windowsAlongWidth.contains { $0.isEmpty }
        return hasEmptyWindow ? "has windows without any element" : nil
    }
}
