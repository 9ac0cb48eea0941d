// Conv, of one or two spatial dimensions; zeros padded in front of it become its own padding.
internal import Networks

extension GraphReader {
    mutating func readConv(_ node: GraphNode) throws(ONNXError) -> Variable {
        var variable = try node.variable(0, "X")
        let kernel = try node.constant(1, "W")
        let bias = try node.optionalConstant(2, "B")
        let padding = zeroPaddings[variable.node].flatMap { $0.shape == variable.shape ? $0 : nil }
        if let padding { variable = padding.source }
        let image = try Image(node, variable.shape)
        let groups = try node.integer("group", default: 1)
        guard kernel.shape.count == variable.shape.count, groups > 0, !kernel.isInteger,
            image.channels == checkedCount([kernel.shape[1], groups]), kernel.shape[0] % groups == 0,
            kernel.shape[0] > 0
        else {
            throw node.refuse(
                "has weights of shape \(kernel.shape) in \(groups) groups for an operand of shape \(variable.shape)",
                remedy: "export the network again")
        }
        if let shape = try node.integers("kernel_shape"), shape != Array(kernel.shape[2...]) {
            throw node.refuse(
                "is \(shape), but the weights have shape \(kernel.shape)", attribute: "kernel_shape",
                remedy: "export the network again")
        }
        let outputs = kernel.shape[0]
        if let bias, bias.shape != [outputs] || bias.isInteger {
            throw node.refuse(
                "has a bias of shape \(bias.shape) for \(outputs) channels",
                remedy: "export the network again")
        }
        let paddedSpatial = zip(image.spatial, padding?.extra ?? image.spatial.map { _ in 0 }).map { $0 + $1 }
        let windows = try Windows(node, kernel: Array(kernel.shape[2...]), input: paddedSpatial)
        var convolution = Convolution(
            input: (image.channels, image.height, image.width), outputChannels: outputs,
            kernel: (windows.asPlane.kernel[0], windows.asPlane.kernel[1]), weights: kernel.reals,
            bias: bias?.reals ?? [Double](repeating: 0, count: outputs))
        convolution.groups = groups
        convolution.error = kernel.affineError
        convolution.error.offsets = bias?.radii(of: convolution.bias) ?? []
        convolution.place(windows.asPlane)
        if let padding {
            convolution.paddingTop += padding.top
            convolution.paddingLeft += padding.left
            convolution.paddingBottom += padding.bottom
            convolution.paddingRight += padding.right
        }
        let operand = try reshape(node, variable, to: image.planeShape)
        let plane = [1, outputs] + windows.asPlane.output
        let result = try emit(node, .convolution(convolution), [operand.node], shape: plane)
        return try reshape(node, result, to: [1, outputs] + windows.output)
    }
}

extension GraphReader.ZeroPadding {
    /// Rows and columns added.
    var extra: [Int] { [top + bottom, left + right] }
}

extension Convolution {
    mutating func place(_ windows: Windows) {
        strideHeight = windows.strides[0]
        strideWidth = windows.strides[1]
        dilationHeight = windows.dilations[0]
        dilationWidth = windows.dilations[1]
        paddingTop = windows.paddingBefore[0]
        paddingLeft = windows.paddingBefore[1]
        paddingBottom = windows.paddingAfter[0]
        paddingRight = windows.paddingAfter[1]
    }
}
