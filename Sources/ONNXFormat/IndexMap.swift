// Slices, gathers, transpositions, broadcasts and constant padding are one thing: each element of the result is an
// element of the operand, or a fixed number. On constants the elements move at once; on variables they become a
// selection.
internal import Networks

struct IndexMap {
    /// Of the result.
    var shape: [Int]
    /// Per element of the result the operand's element, or -1 for `fill`.
    var sources: [Int32]
    var fill = 0.0

    /// The elements `offset + sum(index[k] * strides[k])` of the operand, row-major over `shape`.
    static func strided(shape: [Int], offset: Int = 0, strides: [Int]) -> IndexMap {
        var sources: [Int32] = [Int32(offset)]
        for (size, stride) in zip(shape, strides) {
            var finer: [Int32] = []
            finer.reserveCapacity(sources.count * size)
            for source in sources {
                for index in 0..<size { finer.append(source + Int32(index * stride)) }
            }
            sources = finer
        }
        return IndexMap(shape: shape, sources: sources)
    }

    /// Per dimension of the operand the indices to take, or -1 for `fill`.
    static func grid(of shape: [Int], taking lists: [[Int]]) -> IndexMap {
        var sources: [Int32] = [0]
        for (list, stride) in zip(lists, rowMajorStrides(shape)) {
            var finer: [Int32] = []
            finer.reserveCapacity(sources.count * list.count)
            for source in sources {
                for index in list {
                    finer.append(source < 0 || index < 0 ? -1 : source + Int32(index * stride))
                }
            }
            sources = finer
        }
        return IndexMap(shape: lists.map(\.count), sources: sources)
    }

    /// The operand repeated along dimensions of size 1, as arithmetic does.
    static func broadcast(_ shape: [Int], to result: [Int]) -> IndexMap {
        let own = rowMajorStrides(shape)
        let missing = result.count - shape.count
        let strides = result.indices.map { $0 < missing || shape[$0 - missing] == 1 ? 0 : own[$0 - missing] }
        return strided(shape: result, strides: strides)
    }

    var isIdentity: Bool {
        for (index, source) in sources.enumerated() where index != Int(source) { return false }
        return true
    }
}

/// How far apart neighbours along each dimension lie.
func rowMajorStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
}

/// The shape of arithmetic between two shapes; nil when they do not fit.
func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    let left = [Int](repeating: 1, count: rank - a.count) + a
    let right = [Int](repeating: 1, count: rank - b.count) + b
    var shape: [Int] = []
    for (x, y) in zip(left, right) {
        guard x == y || x == 1 || y == 1 else { return nil }
        shape.append(x == 1 ? y : x)
    }
    return shape
}

extension Tensor {
    func selecting(_ map: IndexMap) -> Tensor {
        let contents: Contents
        switch self.contents {
        case .single(let values):
            contents = .single(map.sources.map { $0 < 0 ? Float(map.fill) : values[Int($0)] })
        case .double(let values):
            contents = .double(map.sources.map { $0 < 0 ? map.fill : values[Int($0)] })
        case .integer(let values):
            contents = .integer(map.sources.map { $0 < 0 ? Int(map.fill) : values[Int($0)] })
        }
        return Tensor(shape: map.shape, contents: contents, error: error)
    }

    /// The same number of elements or more; `self` when nothing changes.
    func broadcast(to result: [Int]) -> Tensor {
        checkedCount(result) == count ? reshaped(result) : selecting(.broadcast(shape, to: result))
    }
}

extension GraphReader {
    /// - Precondition: the map's sources are elements of the value.
    mutating func select(_ node: GraphNode, _ value: Value, _ map: IndexMap) throws(ONNXError) -> Value {
        switch value {
        case .constant(let tensor):
            return .constant(tensor.selecting(map))
        case .variable(let variable):
            return .variable(try select(node, variable, map))
        }
    }

    mutating func select(_ node: GraphNode, _ variable: Variable, _ map: IndexMap) throws(ONNXError)
        -> Variable
    {
        if map.sources.count == variable.count && map.isIdentity {
            return try reshape(node, variable, to: map.shape)
        }
        let constants = [Double](repeating: map.fill, count: map.sources.count)
        let selection = Selection(sources: map.sources, constants: constants)
        return try emit(node, .select(selection), [variable.node], shape: map.shape)
    }

    mutating func broadcast(
        _ node: GraphNode, _ variable: Variable, to shape: [Int]
    ) throws(ONNXError) -> Variable {
        if checkedCount(shape) == variable.count { return try reshape(node, variable, to: shape) }
        try admit(shape, for: node)
        return try select(node, variable, .broadcast(variable.shape, to: shape))
    }
}
