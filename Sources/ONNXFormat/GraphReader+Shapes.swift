// Operators that keep the elements in their order: Flatten, Reshape, Squeeze, Unsqueeze.
internal import Networks

extension GraphReader {
    mutating func reshape(_ node: GraphNode, _ value: Value, to shape: [Int]) throws(ONNXError) -> Value {
        switch value {
        case .constant(let tensor): .constant(tensor.reshaped(shape))
        case .variable(let variable): .variable(try reshape(node, variable, to: shape))
        }
    }

    mutating func readFlatten(_ node: GraphNode) throws(ONNXError) -> Value {
        let value = try node.operand(0, "input")
        let rank = value.shape.count
        var axis = try node.integer("axis", default: 1)
        guard axis >= -rank, axis <= rank else {
            throw node.refuse(
                "is \(axis), but the operand has \(rank) dimensions", attribute: "axis",
                remedy: "export the network again")
        }
        if axis < 0 { axis += rank }
        let shape = [value.shape[..<axis].reduce(1, *), value.shape[axis...].reduce(1, *)]
        return try reshape(node, value, to: shape)
    }

    mutating func readReshape(_ node: GraphNode) throws(ONNXError) -> Value {
        let value = try node.operand(0, "data")
        guard let sizes = try node.integers(attribute: "shape", orOperand: 1) else {
            throw node.refuse("has no shape", remedy: "export the network again")
        }
        let keepsZeros = try node.flag("allowzero", default: false)
        func refusal() -> ONNXError {
            node.refuse(
                "makes shape \(sizes) of \(value.shape), which does not fit",
                remedy: "export the network again")
        }
        var shape: [Int] = []
        var inferred: Int?
        for (index, size) in sizes.enumerated() {
            if size == 0 && !keepsZeros {
                guard index < value.shape.count else { throw refusal() }
                shape.append(value.shape[index])
            } else if size == -1 && inferred == nil {
                inferred = index
                shape.append(1)
            } else {
                shape.append(size)
            }
        }
        let count = value.shape.reduce(1, *)
        guard let rest = checkedCount(shape) else { throw refusal() }
        if let inferred {
            guard rest > 0, count % rest == 0 else { throw refusal() }
            shape[inferred] = count / rest
        } else if rest != count {
            throw refusal()
        }
        return try reshape(node, value, to: shape)
    }

    mutating func readSqueeze(_ node: GraphNode) throws(ONNXError) -> Value {
        let value = try node.operand(0, "data")
        let rank = value.shape.count
        var axes: Set<Int> = []
        if let listed = try node.integers(attribute: "axes", orOperand: 1) {
            for axis in listed { axes.insert(try node.axis(axis, rank: rank, attribute: "axes")) }
        } else {
            axes = Set(value.shape.indices.filter { value.shape[$0] == 1 })
        }
        if let axis = axes.sorted().first(where: { value.shape[$0] != 1 }) {
            throw node.refuse(
                "names dimension \(axis), whose size is \(value.shape[axis])", attribute: "axes",
                remedy: "export the network again")
        }
        let shape = value.shape.indices.filter { !axes.contains($0) }.map { value.shape[$0] }
        return try reshape(node, value, to: shape)
    }

    mutating func readUnsqueeze(_ node: GraphNode) throws(ONNXError) -> Value {
        let value = try node.operand(0, "data")
        let listed = try node.integers(attribute: "axes", orOperand: 1) ?? []
        let rank = value.shape.count + listed.count
        guard rank <= 64 else {
            throw node.refuse(
                "makes \(rank) dimensions", attribute: "axes", remedy: "export the network again")
        }
        var axes: Set<Int> = []
        for axis in listed { axes.insert(try node.axis(axis, rank: rank, attribute: "axes")) }
        guard axes.count == listed.count else {
            throw node.refuse(
                "is \(listed), which repeats", attribute: "axes", remedy: "export the network again")
        }
        var sizes = value.shape[...]
        let shape = (0..<rank).map { axes.contains($0) ? 1 : sizes.removeFirst() }
        return try reshape(node, value, to: shape)
    }
}
