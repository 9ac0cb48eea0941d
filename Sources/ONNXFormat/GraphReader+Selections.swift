// Operators that move elements: Transpose, Expand, Slice, Split, Gather, Pad, Concat.
internal import Networks

extension GraphReader {
    mutating func readTranspose(_ node: GraphNode) throws(ONNXError) -> Value {
        let value = try node.operand(0, "data")
        let rank = value.shape.count
        let order = try node.integers("perm") ?? (0..<rank).reversed()
        guard order.sorted() == Array(0..<rank) else {
            throw node.refuse(
                "is \(order) for an operand of \(rank) dimensions", attribute: "perm",
                remedy: "export the network again")
        }
        return try transpose(node, value, order: order)
    }

    mutating func transpose(_ node: GraphNode, _ value: Value, order: [Int]) throws(ONNXError) -> Value {
        let strides = rowMajorStrides(value.shape)
        try charge(checkedCount(value.shape), for: node)
        let map = IndexMap.strided(
            shape: order.map { value.shape[$0] }, strides: order.map { strides[$0] })
        return try select(node, value, map)
    }

    mutating func transpose(_ node: GraphNode, _ variable: Variable, order: [Int]) throws(ONNXError)
        -> Variable
    {
        let strides = rowMajorStrides(variable.shape)
        let map = IndexMap.strided(
            shape: order.map { variable.shape[$0] }, strides: order.map { strides[$0] })
        return try select(node, variable, map)
    }

    mutating func readExpand(_ node: GraphNode) throws(ONNXError) -> Value {
        let value = try node.operand(0, "input")
        guard let sizes = try node.constant(1, "shape").integers else {
            throw node.refuse("has a shape that is not integers", remedy: "export the network again")
        }
        let shape = try resultShape(node, value.shape, sizes)
        switch value {
        case .constant(let tensor):
            try charge(checkedCount(shape), for: node)
            return .constant(tensor.broadcast(to: shape))
        case .variable(let variable):
            return .variable(try broadcast(node, variable, to: shape))
        }
    }

    mutating func readSlice(_ node: GraphNode) throws(ONNXError) -> Value {
        let value = try node.operand(0, "data")
        guard let starts = try node.integers(attribute: "starts", orOperand: 1),
            let ends = try node.integers(attribute: "ends", orOperand: 2), starts.count == ends.count
        else {
            throw node.refuse("has no starts and ends of one length", remedy: "export the network again")
        }
        let axes = try node.integers(attribute: "axes", orOperand: 3) ?? Array(starts.indices)
        let steps = try node.integers(attribute: "steps", orOperand: 4) ?? starts.map { _ in 1 }
        guard axes.count == starts.count, steps.count == starts.count, !steps.contains(0) else {
            throw node.refuse(
                "has axes or steps that do not fit its starts", remedy: "export the network again")
        }
        var lists = value.shape.map { Array(0..<$0) }
        for index in starts.indices {
            let axis = try node.axis(axes[index], rank: lists.count, attribute: "axes")
            let size = value.shape[axis]
            let step = min(max(steps[index], -size - 1), size + 1)
            func place(_ index: Int) -> Int {
                let place = index < 0 ? index + size : index
                return step > 0 ? min(max(place, 0), size) : min(max(place, -1), size - 1)
            }
            let first = step > 0 ? place(starts[index]) : max(place(starts[index]), 0)
            lists[axis] = size == 0 ? [] : Array(stride(from: first, to: place(ends[index]), by: step))
        }
        return try take(node, value, lists)
    }

    mutating func readSplit(_ node: GraphNode) throws(ONNXError) -> [Value] {
        let value = try node.operand(0, "input")
        let axis = try node.axis(try node.integer("axis", default: 0), rank: value.shape.count)
        let size = value.shape[axis]
        let count = try node.integer("num_outputs", default: node.proto.output.count)
        var sizes = try node.integers(attribute: "split", orOperand: 1) ?? []
        if sizes.isEmpty && count > 0 && count <= max(1, size) {
            let part = (size + count - 1) / count
            sizes = (0..<count).map { min(part, size - min(size, $0 * part)) }
        }
        guard sizes.allSatisfy({ $0 >= 0 && $0 <= size }), sizes.reduce(0, +) == size,
            sizes.count >= node.proto.output.count
        else {
            throw node.refuse(
                "has parts \(sizes) for a dimension of size \(size)", attribute: "split",
                remedy: "export the network again")
        }
        var parts: [Value] = []
        var start = 0
        for (part, name) in zip(sizes, node.proto.output) {
            var lists = value.shape.map { Array(0..<$0) }
            lists[axis] = Array(start..<start + part)
            start += part
            // A part that nothing reads may be anything.
            parts.append(uses[name] == nil ? value : try take(node, value, lists))
        }
        return parts
    }

    mutating func readGather(_ node: GraphNode) throws(ONNXError) -> Value {
        let value = try node.operand(0, "data")
        let indices = try node.constant(1, "indices")
        let axis = try node.axis(try node.integer("axis", default: 0), rank: value.shape.count)
        let size = value.shape[axis]
        guard let list = indices.integers, list.allSatisfy({ $0 >= -size && $0 < size }) else {
            throw node.refuse(
                "has indices outside a dimension of size \(size)", remedy: "export the network again")
        }
        var lists = value.shape.map { Array(0..<$0) }
        lists[axis] = list.map { $0 < 0 ? $0 + size : $0 }
        var shape = value.shape
        shape.replaceSubrange(axis...axis, with: indices.shape)
        return try reshape(node, try take(node, value, lists), to: shape)
    }

    mutating func readPad(_ node: GraphNode) throws(ONNXError) -> Value {
        let value = try node.operand(0, "data")
        let rank = value.shape.count
        guard let listed = try node.integers(attribute: "pads", orOperand: 1) else {
            throw node.refuse("has no pads", remedy: "export the network again")
        }
        let axes = try node.integers(attribute: "axes", orOperand: 3) ?? Array(0..<rank)
        guard listed.count == 2 * axes.count, listed.allSatisfy({ $0.magnitude <= Self.featureLimit }) else {
            throw node.refuse(
                "is \(listed) for \(axes.count) dimensions", attribute: "pads",
                remedy: "export the network again")
        }
        var fill = try node.real("value", default: 0)
        if let tensor = try node.optionalConstant(2, "constant_value") {
            guard tensor.count == 1, tensor.error == .none else {
                throw node.refuse("has no exact constant to pad with", remedy: "set one number")
            }
            fill = tensor.reals[0]
        }
        let mode = try node.text("mode") ?? "constant"
        var lists = value.shape.map { Array(0..<$0) }
        var pads = [(before: Int, after: Int)](repeating: (0, 0), count: rank)
        for index in axes.indices {
            let axis = try node.axis(axes[index], rank: rank, attribute: "axes")
            pads[axis] = (listed[index], listed[index + axes.count])
            lists[axis] = try padded(node, size: value.shape[axis], pads[axis], mode: mode)
        }
        try charge(checkedCount(lists.map(\.count), limit: Self.featureLimit), for: node)
        var map = IndexMap.grid(of: value.shape, taking: lists)
        map.fill = fill
        let result = try select(node, value, map)
        if case .variable(let source) = value, case .variable(let variable) = result, rank == 4,
            mode == "constant",
            fill == 0, variable.node != source.node, pads[0] == (0, 0), pads[1] == (0, 0),
            pads.allSatisfy({ $0.before >= 0 && $0.after >= 0 })
        {
            zeroPaddings[variable.node] = ZeroPadding(
                source: source, shape: variable.shape, top: pads[2].before, left: pads[3].before, bottom: pads[2].after,
                right: pads[3].after)
        }
        return result
    }

    /// The indices of a dimension after padding, -1 for the constant; negative padding crops.
    private func padded(
        _ node: GraphNode, size: Int, _ pads: (before: Int, after: Int), mode: String
    ) throws(ONNXError) -> [Int] {
        let places = -pads.before..<max(-pads.before, size + pads.after)
        switch mode {
        case "constant":
            return places.map { $0 >= 0 && $0 < size ? $0 : -1 }
        case "edge" where size > 0:
            return places.map { min(max($0, 0), size - 1) }
        case "reflect" where pads.before < size && pads.after < size:
            return places.map { $0 < 0 ? -$0 : $0 < size ? $0 : 2 * (size - 1) - $0 }
        default:
            throw node.refuse(
                "is '\(mode)' with padding \(pads.before) and \(pads.after) of size \(size)",
                attribute: "mode",
                remedy: "constant, edge and reflect with less padding than elements are supported")
        }
    }

    mutating func readConcat(_ node: GraphNode) throws(ONNXError) -> Value {
        var parts: [Value] = []
        for position in node.operands.indices {
            parts.append(try node.operand(position, "input \(position)"))
        }
        guard let first = parts.first else {
            throw node.refuse("has no operands", remedy: "export the network again")
        }
        let axis = try node.axis(try node.integer("axis", default: 1), rank: first.shape.count)
        var shape = first.shape
        shape[axis] = 0
        for part in parts {
            var other = part.shape
            if axis < other.count { other[axis] = 0 }
            guard other == shape else {
                throw node.refuse(
                    "joins shapes \(parts.map(\.shape)) along dimension \(axis)",
                    remedy: "export the network again")
            }
        }
        if parts.count == 1 { return first }
        let constants = parts.compactMap { if case .constant(let tensor) = $0 { tensor } else { nil } }
        if constants.count == parts.count { return .constant(try join(node, constants, axis: axis)) }
        let kept = parts.filter { $0.shape[axis] > 0 }
        return .variable(try concatenate(name: node.name, kept, axis: axis, for: node))
    }

    private mutating func join(_ node: GraphNode, _ parts: [Tensor], axis: Int) throws(ONNXError) -> Tensor {
        var shape = parts[0].shape
        shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        try charge(checkedCount(shape), for: node)
        guard parts.allSatisfy({ $0.isInteger == parts[0].isInteger }) else {
            throw node.refuse("joins integers with floats", remedy: "export the network again")
        }
        let outer = shape[..<axis].reduce(1, *)
        func interleaved<Element>(_ lists: [[Element]]) -> [Element] {
            (0..<outer).flatMap { index in
                lists.flatMap { list in
                    let width = list.count / max(1, outer)
                    return list[index * width..<(index + 1) * width]
                }
            }
        }
        let error = parts.reduce(Tensor.Rounding.none) { $0.joined($1.error) }
        if parts[0].isInteger {
            return Tensor(shape: shape, contents: .integer(interleaved(parts.map { $0.integers ?? [] })))
        }
        return Tensor(shape: shape, contents: .double(interleaved(parts.map(\.reals))), error: error)
    }

    /// The elements at the listed indices of each dimension.
    private mutating func take(_ node: GraphNode, _ value: Value, _ lists: [[Int]]) throws(ONNXError) -> Value {
        try charge(checkedCount(lists.map(\.count), limit: Self.featureLimit), for: node)
        return try select(node, value, .grid(of: value.shape, taking: lists))
    }
}
