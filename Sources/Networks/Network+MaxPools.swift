// Max pooling as relus: max(a, b) = b + relu(a - b), exactly.
//
// The maximum over a window is that over its rows of the maxima over its columns, so each pooling becomes two passes,
// along the width and then along the height, and each pass a few rounds of pairwise maxima. Where all windows are
// inside the image a round is made of depthwise convolutions with weights 1 and -1, which keep the pass as local as
// the pooling was:
//
// - even windows with an even stride: maxima of neighbours, then windows of half the size and stride on those;
// - stride 1: maxima over ever longer runs that overlap, which all windows share;
// - else: the elements of the window one after the other.
//
// Where padding makes windows differ, rounds are sparse matrices: every round replaces each window's list of elements
// by the maxima of its pairs, and windows that hold the same pair share it.
extension Network {
    /// The same function without `maxPool`; relus take its place. Other nodes keep their order and their names.
    ///
    /// - Precondition: the network is valid.
    public func decomposingMaxPools() -> Network {
        let hasPools = nodes.contains { if case .maxPool = $0.operation { true } else { false } }
        guard hasPools else { return self }
        var result = Network(nodes: [], output: 0)
        var places: [Int] = []
        for node in nodes {
            if case .maxPool(let pooling) = node.operation {
                var builder = MaximumBuilder(network: result, name: node.name)
                var value = builder.pass(
                    places[node.inputs[0]], windows: pooling.windowsAlongWidth, axis: 2,
                    regular: pooling.regularAlongWidth)
                value = builder.pass(
                    value, windows: pooling.windowsAlongHeight, axis: 1, regular: pooling.regularAlongHeight)
                result = builder.network
                result.nodes[value].name = node.name
                places.append(value)
            } else {
                var moved = node
                moved.inputs = node.inputs.map { places[$0] }
                result.nodes.append(moved)
                places.append(result.nodes.count - 1)
            }
        }
        result.output = places[output]
        return result
    }
}

/// Windows along one axis that all lie inside the image.
private struct RegularWindows {
    var count: Int
    var kernel: Int
    var stride: Int
    var dilation: Int
}

extension Pooling {
    fileprivate var regularAlongWidth: RegularWindows? {
        let reach = (outputWidth - 1) * strideWidth + dilationWidth * (kernelWidth - 1)
        guard paddingLeft == 0, reach < inputWidth else { return nil }
        return RegularWindows(
            count: outputWidth, kernel: kernelWidth, stride: strideWidth, dilation: dilationWidth)
    }

    fileprivate var regularAlongHeight: RegularWindows? {
        let reach = (outputHeight - 1) * strideHeight + dilationHeight * (kernelHeight - 1)
        guard paddingTop == 0, reach < inputHeight else { return nil }
        return RegularWindows(
            count: outputHeight, kernel: kernelHeight, stride: strideHeight, dilation: dilationHeight)
    }
}

/// Appends the nodes of one pooling to a network.
private struct MaximumBuilder {
    var network: Network
    var name: String
    var count = 0

    /// The maxima over windows along one axis (1: height, 2: width) of an image.
    mutating func pass(_ operand: Int, windows: [[Int]], axis: Int, regular: RegularWindows?) -> Int {
        if let regular { return pass(operand, regular, axis: axis) }
        return pass(operand, windows, axis: axis)
    }

    private mutating func add(_ operation: Operator, _ inputs: [Int], _ shape: [Int]) -> Int {
        count += 1
        network.nodes.append(
            Node(name: "\(name), maximum step \(count)", operation: operation, inputs: inputs, shape: shape))
        return network.nodes.count - 1
    }

    private mutating func add(_ terms: [Int]) -> Int { add(.sum, terms, network.nodes[terms[0]].shape) }

    private mutating func relu(_ value: Int) -> Int {
        add(.activation(.relu), [value], network.nodes[value].shape)
    }

    // MARK: Windows inside the image

    private mutating func pass(_ operand: Int, _ windows: RegularWindows, axis: Int) -> Int {
        let (kernel, stride) = (windows.kernel, windows.stride)
        if kernel == 1 {
            let isWhole = stride == 1 && windows.count == network.nodes[operand].shape[axis]
            return isWhole ? operand : taps(operand, [(0, 1)], windows, axis: axis)
        }
        if kernel % 2 == 0, stride % 2 == 0, windows.dilation == 1, kernel > 2 {
            let pairs = (windows.count - 1) * (stride / 2) + kernel / 2
            let halves = pairwise(
                operand, RegularWindows(count: pairs, kernel: 2, stride: 2, dilation: 1), axis: axis)
            return pass(
                halves,
                RegularWindows(count: windows.count, kernel: kernel / 2, stride: stride / 2, dilation: 1),
                axis: axis)
        }
        if stride == 1, kernel > 2 { return runs(operand, windows, axis: axis) }
        return chain(operand, windows, axis: axis)
    }

    /// Maxima over two elements `dilation` apart.
    private mutating func pairwise(_ operand: Int, _ windows: RegularWindows, axis: Int) -> Int {
        let last = windows.dilation
        let difference = taps(operand, [(0, 1), (last, -1)], windows, axis: axis)
        return add([relu(difference), taps(operand, [(last, 1)], windows, axis: axis)])
    }

    /// Stride 1: runs of 2, 4, 8 elements, then two runs that together cover the window.
    private mutating func runs(_ operand: Int, _ windows: RegularWindows, axis: Int) -> Int {
        var value = operand
        var length = 1
        while length < windows.kernel {
            let shift = min(length, windows.kernel - length) * windows.dilation
            let remaining = windows.kernel - min(2 * length, windows.kernel)
            let round = RegularWindows(
                count: windows.count + remaining * windows.dilation, kernel: 2, stride: 1, dilation: shift)
            value = pairwise(value, round, axis: axis)
            length = min(2 * length, windows.kernel)
        }
        return value
    }

    private mutating func chain(_ operand: Int, _ windows: RegularWindows, axis: Int) -> Int {
        var value = pairwise(operand, windows, axis: axis)
        for element in 2..<max(2, windows.kernel) {
            let place = element * windows.dilation
            let difference = add([value, taps(operand, [(place, -1)], windows, axis: axis)])
            value = add([relu(difference), taps(operand, [(place, 1)], windows, axis: axis)])
        }
        return value
    }

    /// A weighted sum of the elements at one place of each window, or at its start and one other.
    private mutating func taps(
        _ operand: Int, _ taps: [(place: Int, weight: Double)], _ windows: RegularWindows, axis: Int
    ) -> Int {
        let shape = network.nodes[operand].shape
        let needed = taps[taps.count - 1].place + 1
        // Zeros behind the last tap keep windows beyond the wanted ones out.
        let length = max(needed, shape[axis] - windows.count * windows.stride + 1)
        let isSpread = length == needed && needed > 2
        var row = [Double](repeating: 0, count: isSpread ? 2 : length)
        for tap in taps { row[isSpread ? min(tap.place, 1) : tap.place] = tap.weight }
        let isWidth = axis == 2
        var convolution = Convolution(
            input: (shape[0], shape[1], shape[2]), outputChannels: shape[0],
            kernel: isWidth ? (1, row.count) : (row.count, 1), weights: (0..<shape[0]).flatMap { _ in row },
            bias: [Double](repeating: 0, count: shape[0]))
        convolution.groups = shape[0]
        if isWidth {
            convolution.strideWidth = windows.stride
            convolution.dilationWidth = isSpread ? needed - 1 : 1
        } else {
            convolution.strideHeight = windows.stride
            convolution.dilationHeight = isSpread ? needed - 1 : 1
        }
        return add(
            .convolution(convolution), [operand],
            [shape[0], convolution.outputHeight, convolution.outputWidth])
    }

    private mutating func select(_ value: Int, _ indices: [Int], axis: Int) -> Int {
        let grid = Grid(shape: network.nodes[value].shape, axis: axis)
        var shape = grid.shape
        shape[axis] = indices.count
        var sources: [Int32] = []
        grid.forEachLine(of: indices.count) { line, index in
            sources.append(Int32(grid.place(line, indices[index])))
        }
        let constants = [Double](repeating: 0, count: sources.count)
        return add(.select(Selection(sources: sources, constants: constants)), [value], shape)
    }

    // MARK: Windows that differ

    private mutating func pass(_ operand: Int, _ windows: [[Int]], axis: Int) -> Int {
        var value = operand
        var lists = windows
        while lists.contains(where: { $0.count > 1 }) {
            var pairs: [Pair] = []
            var places: [Pair: Int] = [:]
            lists = lists.map { list in
                stride(from: 0, to: list.count, by: 2).map { start in
                    let pair = Pair(first: list[start], second: list[min(start + 1, list.count - 1)])
                    if let place = places[pair] { return place }
                    places[pair] = pairs.count
                    pairs.append(pair)
                    return pairs.count - 1
                }
            }
            value = maxima(value, pairs, axis: axis)
        }
        let kept = lists.map { $0[0] }
        let isWhole = kept == Array(0..<network.nodes[value].shape[axis])
        return isWhole ? value : select(value, kept, axis: axis)
    }

    /// Two elements of a line; the same one twice stands for itself.
    private struct Pair: Hashable {
        var first: Int
        var second: Int
    }

    private mutating func maxima(_ value: Int, _ pairs: [Pair], axis: Int) -> Int {
        let grid = Grid(shape: network.nodes[value].shape, axis: axis)
        var shape = grid.shape
        shape[axis] = pairs.count
        var matrix = SparseMatrix(
            rows: shape.reduce(1, *), columns: grid.shape.reduce(1, *), rowStarts: [0], columnIndices: [],
            values: [])
        grid.forEachLine(of: pairs.count) { line, index in
            let pair = pairs[index]
            if pair.first != pair.second {
                let isAscending = pair.first < pair.second
                matrix.columnIndices.append(Int32(grid.place(line, min(pair.first, pair.second))))
                matrix.columnIndices.append(Int32(grid.place(line, max(pair.first, pair.second))))
                matrix.values += isAscending ? [1, -1] : [-1, 1]
            }
            matrix.rowStarts.append(matrix.values.count)
        }
        let bias = [Double](repeating: 0, count: matrix.rows)
        let difference = add(.linear(Linear(weights: .sparse(matrix), bias: bias)), [value], shape)
        return add([relu(difference), select(value, pairs.map(\.second), axis: axis)])
    }
}

/// The lines of an image along one axis.
private struct Grid {
    var shape: [Int]
    var axis: Int

    private var inner: Int { axis == 2 ? 1 : shape[2] }

    /// The feature at a place of a line.
    func place(_ line: Int, _ index: Int) -> Int {
        (line / inner * shape[axis] + index) * inner + line % inner
    }

    /// Every line with every index below `count`, in the order of an image with that size along the axis.
    func forEachLine(of count: Int, _ body: (_ line: Int, _ index: Int) -> Void) {
        let lines = shape.reduce(1, *) / shape[axis]
        for outer in 0..<lines / inner {
            for index in 0..<count {
                for offset in 0..<inner { body(outer * inner + offset, index) }
            }
        }
    }
}
