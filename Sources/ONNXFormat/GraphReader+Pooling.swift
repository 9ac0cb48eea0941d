// Pooling and reductions. Averages are linear: a depthwise convolution where every window has one divisor, else a
// sparse matrix with a row per window. Their weights are reciprocals, which float64 holds to half a unit in the last
// place unless the divisor is a power of two.
internal import Networks

extension GraphReader {
    mutating func readMaxPool(_ node: GraphNode) throws(ONNXError) -> Variable {
        let variable = try node.variable(0, "X")
        let image = try Image(node, variable.shape)
        let windows = try poolingWindows(node, image)
        let plane = windows.asPlane
        var pooling = Pooling(
            channels: image.channels, input: (image.height, image.width),
            kernel: (plane.kernel[0], plane.kernel[1]),
            output: (plane.output[0], plane.output[1]))
        pooling.strideHeight = plane.strides[0]
        pooling.strideWidth = plane.strides[1]
        pooling.dilationHeight = plane.dilations[0]
        pooling.dilationWidth = plane.dilations[1]
        pooling.paddingTop = plane.paddingBefore[0]
        pooling.paddingLeft = plane.paddingBefore[1]
        guard !pooling.hasEmptyWindow else {
            throw node.refuse(
                "has windows that lie in the padding alone", attribute: "pads",
                remedy: "pad by less than the window")
        }
        let operand = try reshape(node, variable, to: image.planeShape)
        let result = try emit(
            node, .maxPool(pooling), [operand.node], shape: [1, image.channels] + plane.output)
        return try reshape(node, result, to: [1, image.channels] + windows.output)
    }

    private func poolingWindows(_ node: GraphNode, _ image: Image) throws(ONNXError) -> Windows {
        guard let kernel = try node.integers("kernel_shape") else {
            throw node.refuse("is missing", attribute: "kernel_shape", remedy: "export the network again")
        }
        let windows = try Windows(node, kernel: kernel, input: image.spatial)
        for axis in kernel.indices
        where max(windows.paddingBefore[axis], windows.paddingAfter[axis]) >= windows.extent(axis) {
            throw node.refuse(
                "pads by as much as a window, which leaves windows empty", attribute: "pads",
                remedy: "pad by less than the window")
        }
        return windows
    }

    mutating func readAveragePool(_ node: GraphNode) throws(ONNXError) -> Variable {
        let variable = try node.variable(0, "X")
        let image = try Image(node, variable.shape)
        let windows = try poolingWindows(node, image)
        let countsPadding = try node.flag("count_include_pad", default: false)
        let plane = windows.asPlane
        let rows = plane.spans(axis: 0, size: image.height, countsPadding: countsPadding)
        let columns = plane.spans(axis: 1, size: image.width, countsPadding: countsPadding)
        let divisors = Set(rows.flatMap { row in columns.map { row.divisor * $0.divisor } })
        guard !divisors.contains(0) else {
            throw node.refuse(
                "has windows that lie in the padding alone", attribute: "pads",
                remedy: "pad by less than the window")
        }
        let operand = try reshape(node, variable, to: image.planeShape)
        let shape = [1, image.channels] + plane.output
        let result: Variable
        if divisors.count == 1, let divisor = divisors.first {
            let convolution = depthwiseAverage(image, plane, divisor: divisor)
            result = try emit(node, .convolution(convolution), [operand.node], shape: shape)
        } else {
            let linear = try average(node, image, rows: rows, columns: columns)
            result = try emit(node, .linear(linear), [operand.node], shape: shape)
        }
        return try reshape(node, result, to: [1, image.channels] + windows.output)
    }

    private func depthwiseAverage(_ image: Image, _ plane: Windows, divisor: Int) -> Convolution {
        let count = image.channels * plane.kernel[0] * plane.kernel[1]
        var convolution = Convolution(
            input: (image.channels, image.height, image.width), outputChannels: image.channels,
            kernel: (plane.kernel[0], plane.kernel[1]),
            weights: [Double](repeating: 1 / Double(divisor), count: count),
            bias: [Double](repeating: 0, count: image.channels))
        convolution.groups = image.channels
        convolution.place(plane)
        convolution.paddingBottom = plane.paddingToEnd(axis: 0, size: image.height)
        convolution.paddingRight = plane.paddingToEnd(axis: 1, size: image.width)
        convolution.error = reciprocalError([divisor])
        return convolution
    }

    private mutating func average(
        _ node: GraphNode, _ image: Image, rows: [Windows.Span], columns: [Windows.Span]
    ) throws(ONNXError) -> Linear {
        let entries = rows.reduce(0) { $0 + $1.places.count } * columns.reduce(0) { $0 + $1.places.count }
        try charge(checkedCount([entries, image.channels]), for: node)
        var matrix = SparseMatrix(
            rows: image.channels * rows.count * columns.count,
            columns: image.channels * image.height * image.width,
            rowStarts: [0], columnIndices: [], values: [])
        var divisors: Set<Int> = []
        for channel in 0..<image.channels {
            for row in rows {
                for column in columns {
                    let divisor = row.divisor * column.divisor
                    divisors.insert(divisor)
                    for y in row.places {
                        for x in column.places {
                            matrix.columnIndices.append(Int32((channel * image.height + y) * image.width + x))
                            matrix.values.append(1 / Double(divisor))
                        }
                    }
                    matrix.rowStarts.append(matrix.values.count)
                }
            }
        }
        return Linear(
            weights: Matrix(matrix), bias: [Double](repeating: 0, count: matrix.rows),
            error: reciprocalError(divisors))
    }

    mutating func readGlobalAveragePool(_ node: GraphNode) throws(ONNXError) -> Variable {
        let variable = try node.variable(0, "X")
        guard variable.shape.count >= 3 else {
            throw node.refuse("has an operand of shape \(variable.shape)", remedy: "export the network again")
        }
        return try reduce(
            node, variable, axes: Array(2..<variable.shape.count), keepsDimensions: true, isMean: true)
    }

    mutating func readReduction(_ node: GraphNode, isMean: Bool) throws(ONNXError) -> Variable {
        let variable = try node.variable(0, "data")
        let rank = variable.shape.count
        var axes: Set<Int> = []
        for axis in try node.integers(attribute: "axes", orOperand: 1) ?? [] {
            axes.insert(try node.axis(axis, rank: rank, attribute: "axes"))
        }
        if axes.isEmpty {
            if try node.flag("noop_with_empty_axes", default: false) { return variable }
            axes = Set(0..<rank)
        }
        let keepsDimensions = try node.flag("keepdims", default: true)
        return try reduce(
            node, variable, axes: axes.sorted(), keepsDimensions: keepsDimensions, isMean: isMean)
    }

    /// The sum or the mean along some dimensions.
    private mutating func reduce(
        _ node: GraphNode, _ variable: Variable, axes: [Int], keepsDimensions: Bool, isMean: Bool
    ) throws(ONNXError) -> Variable {
        try charge(variable.count, for: node)
        let strides = rowMajorStrides(variable.shape)
        let kept = variable.shape.indices.filter { !axes.contains($0) }
        let starts = IndexMap.strided(
            shape: kept.map { variable.shape[$0] }, strides: kept.map { strides[$0] })
        let steps = IndexMap.strided(
            shape: axes.map { variable.shape[$0] }, strides: axes.map { strides[$0] })
        let divisor = isMean ? steps.sources.count : 1
        let matrix = SparseMatrix(
            rows: starts.sources.count, columns: variable.count,
            rowStarts: (0...starts.sources.count).map { $0 * steps.sources.count },
            columnIndices: starts.sources.flatMap { start in steps.sources.map { start + $0 } },
            values: [Double](repeating: 1 / Double(divisor), count: variable.count))
        let linear = Linear(
            weights: Matrix(matrix), bias: [Double](repeating: 0, count: matrix.rows),
            error: reciprocalError([divisor]))
        let shape =
            keepsDimensions
            ? variable.shape.indices.map { axes.contains($0) ? 1 : variable.shape[$0] } : starts.shape
        return try emit(node, .linear(linear), [variable.node], shape: shape)
    }
}

/// The rounding of `1 / divisor`: none for a power of two, else half a unit in the last place.
private func reciprocalError(_ divisors: Set<Int>) -> AffineError {
    divisors.allSatisfy { $0 & ($0 - 1) == 0 } ? .exact : AffineError(relative: 0x1p-53)
}

extension Windows {
    /// One window along one dimension.
    struct Span {
        /// The elements of the image in it.
        var places: [Int]
        /// How many elements count in its average.
        var divisor: Int
    }

    func spans(axis: Int, size: Int, countsPadding: Bool) -> [Span] {
        (0..<output[axis]).map { window in
            let all = (0..<kernel[axis]).map {
                window * strides[axis] - paddingBefore[axis] + $0 * dilations[axis]
            }
            let places = all.filter { $0 >= 0 && $0 < size }
            let counted = countsPadding ? all.count { $0 < size + paddingAfter[axis] } : places.count
            return Span(places: places, divisor: counted)
        }
    }

    /// The padding after the image that the last window reaches into.
    func paddingToEnd(axis: Int, size: Int) -> Int {
        let reach = (output[axis] - 1) * strides[axis] + extent(axis) - paddingBefore[axis] - size
        return max(paddingAfter[axis], reach)
    }
}

extension Pooling {
    /// Whether some window holds no element of the image.
    var hasEmptyWindow: Bool {
        windowsAlongHeight.contains(where: \.isEmpty) || windowsAlongWidth.contains(where: \.isEmpty)
    }
}
