/// Where the windows of a convolution or a pooling lie along each spatial dimension of an image.
struct Windows {
    var kernel: [Int]
    var strides: [Int]
    var dilations: [Int]
    var paddingBefore: [Int]
    var paddingAfter: [Int]
    var roundsUp: Bool
    /// How many windows there are.
    var output: [Int]

    /// From a node's attributes `strides`, `dilations`, `pads`, `auto_pad` and `ceil_mode`.
    init(_ node: GraphNode, kernel: [Int], input: [Int]) throws(ONNXError) {
        let rank = input.count
        func list(_ name: String, minimum: Int, default value: Int, count: Int) throws(ONNXError) -> [Int] {
            let found = try node.integers(name) ?? [Int](repeating: value, count: count)
            guard found.count == count, found.allSatisfy({ $0 >= minimum && $0 <= GraphReader.featureLimit })
            else {
                throw node.refuse(
                    "is \(found)", attribute: name,
                    remedy: "\(count) integers of at least \(minimum) are supported")
            }
            return found
        }
        guard kernel.count == rank, kernel.allSatisfy({ $0 > 0 && $0 <= GraphReader.featureLimit }) else {
            throw node.refuse(
                "is \(kernel) for an image with \(rank) spatial dimensions", attribute: "kernel_shape",
                remedy: "export the network again")
        }
        self.kernel = kernel
        strides = try list("strides", minimum: 1, default: 1, count: rank)
        dilations = try list("dilations", minimum: 1, default: 1, count: rank)
        roundsUp = try node.flag("ceil_mode", default: false)
        let pads = try list("pads", minimum: 0, default: 0, count: 2 * rank)
        paddingBefore = Array(pads[..<rank])
        paddingAfter = Array(pads[rank...])
        output = []
        let mode = try node.text("auto_pad") ?? "NOTSET"
        try applyAutomaticPadding(node, mode: mode, input: input)
        for axis in 0..<rank {
            let span = input[axis] + paddingBefore[axis] + paddingAfter[axis] - extent(axis)
            guard span >= 0 else {
                throw node.refuse(
                    "has windows of \(kernel) elements, larger than the image \(input) with its padding",
                    attribute: "kernel_shape", remedy: "export the network again")
            }
            var count = span / strides[axis] + 1
            if roundsUp && span % strides[axis] != 0 {
                // A window that would start in the padding at the end is left out.
                if count * strides[axis] < input[axis] + paddingBefore[axis] { count += 1 }
            }
            guard checkedCount([count, kernel[axis]], limit: GraphReader.featureLimit) != nil else {
                throw node.refuse(
                    "has \(count) windows of \(kernel[axis]) elements in one dimension", attribute: "kernel_shape",
                    remedy: "the network is too large, or its file damaged")
            }
            output.append(count)
        }
    }

    /// How many elements a window spans.
    func extent(_ axis: Int) -> Int { dilations[axis] * (kernel[axis] - 1) + 1 }

    private mutating func applyAutomaticPadding(
        _ node: GraphNode, mode: String, input: [Int]
    ) throws(ONNXError) {
        switch mode {
        case "NOTSET", "": break
        case "VALID":
            paddingBefore = input.map { _ in 0 }
            paddingAfter = paddingBefore
        case "SAME_UPPER", "SAME_LOWER":
            for axis in input.indices {
                let count = (input[axis] + strides[axis] - 1) / strides[axis]
                let total = max(0, (count - 1) * strides[axis] + extent(axis) - input[axis])
                let smaller = total / 2
                paddingBefore[axis] = mode == "SAME_UPPER" ? smaller : total - smaller
                paddingAfter[axis] = total - paddingBefore[axis]
            }
        default:
            throw node.refuse(
                "is '\(mode)'", attribute: "auto_pad", remedy: "use NOTSET, VALID, SAME_UPPER or SAME_LOWER")
        }
    }

    /// The same windows over an image with two spatial dimensions, of height 1 when there was one.
    var asPlane: Windows {
        guard kernel.count == 1 else { return self }
        var plane = self
        plane.kernel.insert(1, at: 0)
        plane.strides.insert(1, at: 0)
        plane.dilations.insert(1, at: 0)
        plane.paddingBefore.insert(0, at: 0)
        plane.paddingAfter.insert(0, at: 0)
        plane.output.insert(1, at: 0)
        return plane
    }
}

/// A value as an image of one or two spatial dimensions.
struct Image {
    var channels: Int
    /// One or two sizes.
    var spatial: [Int]

    init(_ node: GraphNode, _ shape: [Int]) throws(ONNXError) {
        guard shape.count == 3 || shape.count == 4 else {
            throw node.refuse(
                "has an operand of shape \(shape)",
                remedy: "only images with one or two spatial dimensions are supported")
        }
        guard shape[0] == 1 else {
            throw node.refuse(
                "has a batch of \(shape[0]) images", remedy: "export the network with batch size 1")
        }
        channels = shape[1]
        spatial = Array(shape[2...])
    }

    var height: Int { spatial.count == 1 ? 1 : spatial[0] }
    var width: Int { spatial[spatial.count - 1] }
    /// With the batch dimension and two spatial ones.
    var planeShape: [Int] { [1, channels, height, width] }
}
