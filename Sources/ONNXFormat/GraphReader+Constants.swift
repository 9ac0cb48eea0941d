// Constants of the graph, and the sizes of values, which are constants too because every shape is known.
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
            "holds no tensor of numbers", attribute: attribute,
            remedy: "export the network with plain constants")
    }

    /// Shape, with `start` and `end` from operator set 15 on.
    func readShape(_ node: GraphNode) throws(ONNXError) -> Tensor {
        let shape = try node.operand(0, "data").shape
        func place(_ index: Int) -> Int { min(max(index < 0 ? index + shape.count : index, 0), shape.count) }
        let start = place(try node.integer("start", default: 0))
        let end = place(try node.integer("end", default: shape.count))
        return Tensor(integers: start < end ? Array(shape[start..<end]) : [])
    }

    func readSize(_ node: GraphNode) throws(ONNXError) -> Tensor {
        Tensor(shape: [], contents: .integer([try node.operand(0, "data").shape.reduce(1, *)]))
    }

    mutating func readConstantOfShape(_ node: GraphNode) throws(ONNXError) -> Tensor {
        guard let shape = try node.constant(0, "input").integers else {
            throw node.refuse("has a shape that is not integers", remedy: "export the network again")
        }
        let count = checkedCount(shape, limit: Self.featureLimit)
        try charge(count, for: node)
        let value = try node.tensor("value")
        guard let value else {
            return Tensor(shape: shape, contents: .single([Float](repeating: 0, count: count ?? 0)))
        }
        let element = try decode(value, for: node)
        guard element.count == 1 else {
            throw node.refuse(
                "has \(element.count) elements", attribute: "value", remedy: "export the network again")
        }
        return Tensor(shape: [1], contents: element.contents).selecting(
            .strided(shape: shape, strides: shape.map { _ in 0 }))
    }
}
