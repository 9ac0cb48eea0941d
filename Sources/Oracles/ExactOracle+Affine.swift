import Networks

extension ExactOracle {
    /// The values of a node that is affine in its operands.
    func affineValues(of node: Node, _ values: [[AffineForm]]) throws(Failure) -> [AffineForm] {
        let operands = node.inputs.map { values[$0] }
        switch node.operation {
        case .linear(let linear):
            try checkExact(linear.error, node)
            return linearValues(linear, operands[0])
        case .convolution(let convolution):
            try checkExact(convolution.error, node)
            return convolutionValues(convolution, operands[0])
        case .elementwise(let elementwise):
            try checkExact(elementwise.error, node)
            return operands[0].indices.map { index in
                var form = operands[0][index].scaled(by: elementwise.scale[index])
                form.addConstant(elementwise.offset[index])
                return form
            }
        case .select(let selection):
            return selection.sources.indices.map { index in
                let source = Int(selection.sources[index])
                return source >= 0
                    ? operands[0][source] : .constant(selection.constants[index], inputs: network.inputCount)
            }
        case .sum:
            return operands[0].indices.map { index in
                var form = operands[0][index]
                for operand in operands.dropFirst() { form.add(operand[index], times: 1) }
                return form
            }
        case .reshape, .input, .activation, .maxPool: return operands[0]
        }
    }

    private func checkExact(_ error: AffineError, _ node: Node) throws(Failure) {
        guard error.isExact else { throw Failure(description: "the weights of \(node.name) are rounded") }
    }

    private func linearValues(_ linear: Linear, _ operand: [AffineForm]) -> [AffineForm] {
        let matrix = linear.weights.sparse
        return (0..<matrix.rows).map { row in
            var form = AffineForm.constant(linear.bias[row], inputs: network.inputCount)
            for place in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                form.add(operand[Int(matrix.columnIndices[place])], times: matrix.values[place])
            }
            return form
        }
    }

    private func convolutionValues(_ convolution: Convolution, _ operand: [AffineForm]) -> [AffineForm] {
        var forms: [AffineForm] = []
        for channel in 0..<convolution.outputChannels {
            for row in 0..<convolution.outputHeight {
                for column in 0..<convolution.outputWidth {
                    forms.append(window(convolution, operand, channel: channel, row: row, column: column))
                }
            }
        }
        return forms
    }

    private func window(
        _ convolution: Convolution, _ operand: [AffineForm], channel: Int, row: Int, column: Int
    ) -> AffineForm {
        let perGroup = convolution.inputChannels / convolution.groups
        let firstChannel = channel / (convolution.outputChannels / convolution.groups) * perGroup
        var form = AffineForm.constant(convolution.bias[channel], inputs: network.inputCount)
        for input in 0..<perGroup {
            for kernelRow in 0..<convolution.kernelHeight {
                for kernelColumn in 0..<convolution.kernelWidth {
                    let sourceRow =
                        row * convolution.strideHeight + kernelRow * convolution.dilationHeight
                        - convolution.paddingTop
                    let sourceColumn =
                        column * convolution.strideWidth + kernelColumn * convolution.dilationWidth
                        - convolution.paddingLeft
                    guard sourceRow >= 0, sourceRow < convolution.inputHeight, sourceColumn >= 0,
                        sourceColumn < convolution.inputWidth
                    else { continue }
                    let source =
                        ((firstChannel + input) * convolution.inputHeight + sourceRow)
                        * convolution.inputWidth
                        + sourceColumn
                    let weight =
                        ((channel * perGroup + input) * convolution.kernelHeight + kernelRow)
                        * convolution.kernelWidth + kernelColumn
                    form.add(operand[source], times: convolution.weights[weight])
                }
            }
        }
        return form
    }
}
