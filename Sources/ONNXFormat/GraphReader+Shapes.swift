// Operators that only rename the elements' places: Flatten, Reshape, Transpose.
internal import Networks

extension GraphReader {
    mutating func readConstant(_ node: GraphNode) throws(ONNXError) -> Tensor {
        if let proto = try node.tensor("value") { return try decode(proto, for: node) }
        if node.has("value_float") {
            return Tensor(shape: [], contents: .double([try node.real("value_float", default: 0)]))
        }
        if let value = try node.integer("value_int") { return Tensor(shape: [], contents: .integer([value])) }
        if let list = try node.integers("value_ints") { return Tensor(integers: list) }
        if let list = try node.reals("value_floats") {
            return Tensor(shape: [list.count], contents: .double(list))
        }
        let attribute = node.proto.attribute.first?.name
        throw node.refuse(
            "holds no tensor of numbers", attribute: attribute, remedy: "export the network with plain constants")
    }

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
            node.refuse("makes shape \(sizes) of \(value.shape), which does not fit", remedy: "export the network again")
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
        guard let count = value.shape.reduce(1, *) as Int?, let rest = checkedCount(shape) else { throw refusal() }
        if let inferred {
            guard rest > 0, count % rest == 0 else { throw refusal() }
            shape[inferred] = count / rest
        } else if rest != count {
            throw refusal()
        }
        return try reshape(node, value, to: shape)
    }

    mutating func transpose(_ node: GraphNode, _ value: Value, order: [Int]) throws(ONNXError) -> Value {
        let strides = rowMajorStrides(value.shape)
        try charge(checkedCount(value.shape), for: node)
        let map = IndexMap.strided(
            shape: order.map { value.shape[$0] }, strides: order.map { strides[$0] })
        return try select(node, value, map)
    }

    mutating func transpose(_ node: GraphNode, _ variable: Variable, order: [Int]) throws(ONNXError) -> Variable {
        let strides = rowMajorStrides(variable.shape)
        let map = IndexMap.strided(
            shape: order.map { variable.shape[$0] }, strides: order.map { strides[$0] })
        return try select(node, variable, map)
    }
}
