import Networks

// Networks whose hidden values are small images: convolutions of every geometry, pooling, and sums of branches.

extension RandomQueryMaker {
    /// An image of some 6 to 12 features out of two or three inputs, one or two convolutions, and a matrix.
    mutating func imageNetwork() -> Network {
        let inputs = random.integer(2...3)
        var network = Network(
            nodes: [Node(name: "input", operation: .input, inputs: [], shape: [inputs])], output: 0)
        var image = [[1, 2, 3], [1, 3, 3], [2, 2, 2], [2, 2, 3], [2, 1, 4], [4, 1, 2]][random.integer(0...5)]
        let count = image.reduce(1, *)
        append(.linear(linear(from: inputs, to: count)), [count], to: &network)
        append(.reshape, image, to: &network)
        if random.chance(50) { append(.activation(activation()), image, to: &network) }
        for _ in 0..<random.integer(1...2) {
            let before = (node: network.output, image: image)
            appendConvolution(over: &image, to: &network)
            append(.activation(activation()), image, to: &network)
            if image == before.image && random.chance(70) {
                append(.sum, image, inputs: [before.node, network.output], to: &network)
                if random.chance(50) { append(.activation(.relu), image, to: &network) }
            }
            if operators.contains(.maxPooling) && random.chance(25) { appendPooling(over: &image, to: &network) }
        }
        let features = image.reduce(1, *)
        append(.reshape, [features], to: &network)
        let outputs = random.integer(1...3)
        append(.linear(linear(from: features, to: outputs)), [outputs], to: &network)
        return network
    }

    /// Half of them keep the image's shape, so that they can be added to it.
    private mutating func appendConvolution(over image: inout [Int], to network: inout Network) {
        let (channels, height, width) = (image[0], image[1], image[2])
        let keepsShape = random.chance(50)
        let kernel =
            keepsShape ? (3, 3) : (random.integer(1...min(3, height + 1)), random.integer(1...min(3, width + 1)))
        let outputs = keepsShape ? channels : random.integer(1...2) * (random.chance(30) ? channels : 1)
        let groups = channels > 1 && outputs % channels == 0 && random.chance(40) ? channels : 1
        var convolution = Convolution(
            input: (channels, height, width), outputChannels: outputs, kernel: kernel,
            weights: (0..<outputs * (channels / groups) * kernel.0 * kernel.1).map { _ in
                random.chance(30) ? 0 : weight(1)
            }, bias: (0..<outputs).map { _ in weight(1) })
        convolution.groups = groups
        if keepsShape {
            (convolution.paddingTop, convolution.paddingLeft) = (1, 1)
            (convolution.paddingBottom, convolution.paddingRight) = (1, 1)
        } else {
            (convolution.paddingTop, convolution.paddingLeft) = (random.integer(0...1), random.integer(0...1))
            (convolution.paddingBottom, convolution.paddingRight) = (1, 1)
            (convolution.strideHeight, convolution.strideWidth) = (random.integer(1...2), random.integer(1...2))
            if kernel.1 == 2 && width > 2 { convolution.dilationWidth = random.integer(1...2) }
        }
        image = [outputs, convolution.outputHeight, convolution.outputWidth]
        append(.convolution(convolution), image, to: &network)
    }

    private mutating func appendPooling(over image: inout [Int], to network: inout Network) {
        let kernel = (min(2, image[1]), min(2, image[2]))
        let output = (image[1] - kernel.0 + 1, image[2] - kernel.1 + 1)
        let pooling = Pooling(
            channels: image[0], input: (image[1], image[2]), kernel: kernel, output: output)
        image = [image[0], output.0, output.1]
        append(.maxPool(pooling), image, to: &network)
    }

    mutating func activation() -> Activation {
        random.chance(20) ? .leakyRelu(slope: [0, 0.125, 0.25, 1][random.integer(0...3)]) : .relu
    }
}
