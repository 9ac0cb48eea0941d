// Add, Sub, Mul, Div and Neg: with a constant an elementwise affine map, between variables a sum.
internal import Networks

extension GraphReader {
    mutating func readAdd(_ node: GraphNode) throws(ONNXError) -> Value {
        try add(node, try node.operand(0, "A"), try node.operand(1, "B"))
    }

    /// The operator Sum, of one operand or more.
    mutating func readSum(_ node: GraphNode) throws(ONNXError) -> Value {
        var total = try node.operand(0, "data_0")
        for position in node.operands.indices.dropFirst() {
            total = try add(node, total, try node.operand(position, "data_\(position)"))
        }
        return total
    }

    private mutating func add(_ node: GraphNode, _ a: Value, _ b: Value) throws(ONNXError) -> Value {
        switch (a, b) {
        case (.constant(let x), .constant(let y)):
            return try fold(node, .add, x, y)
        case (.variable(let x), .constant(let y)), (.constant(let y), .variable(let x)):
            return .variable(try add(node, x, y))
        case (.variable(let x), .variable(let y)):
            return .variable(try sum(node, x, y))
        }
    }

    mutating func readSub(_ node: GraphNode) throws(ONNXError) -> Value {
        let a = try node.operand(0, "A")
        let b = try node.operand(1, "B")
        switch (a, b) {
        case (.constant(let x), .constant(let y)):
            return try fold(node, .subtract, x, y)
        case (.variable(let x), .constant(let y)):
            return .variable(try add(node, x, y.negated))
        case (.constant(let x), .variable(let y)):
            let minusOne = Tensor(shape: [], contents: .double([-1]))
            return .variable(try affine(node, y, scale: minusOne, offset: x))
        case (.variable(let x), .variable(let y)):
            let minusOne = Tensor(shape: [], contents: .double([-1]))
            return .variable(try sum(node, x, try affine(node, y, scale: minusOne, offset: nil)))
        }
    }

    mutating func readMul(_ node: GraphNode) throws(ONNXError) -> Value {
        let a = try node.operand(0, "A")
        let b = try node.operand(1, "B")
        switch (a, b) {
        case (.constant(let x), .constant(let y)):
            return try fold(node, .multiply, x, y)
        case (.variable(let x), .constant(let y)), (.constant(let y), .variable(let x)):
            return .variable(try affine(node, x, scale: y, offset: nil))
        case (.variable(let x), .variable(let y)):
            if let product = try readSiLU(node, x, y) { return .variable(product) }
            if let product = try readSiLU(node, y, x) { return .variable(product) }
            throw node.refuseProduct()
        }
    }

    mutating func readDiv(_ node: GraphNode) throws(ONNXError) -> Value {
        let a = try node.operand(0, "A")
        guard case .constant(let divisor) = try node.operand(1, "B") else {
            throw node.refuse(
                "divides by a value that depends on the input", remedy: "only constant divisors are supported"
            )
        }
        switch a {
        case .constant(let dividend):
            return try fold(node, .divide, dividend, divisor)
        case .variable(let dividend):
            let ones = [Double](repeating: 1, count: divisor.count)
            let one = Tensor(shape: divisor.shape, contents: .double(ones))
            guard let reciprocal = Tensor.combine(.divide, one, divisor) else {
                throw node.refuse("divides by zero", remedy: "repair the constant divisor")
            }
            return .variable(try affine(node, dividend, scale: reciprocal, offset: nil))
        }
    }

    mutating func readNeg(_ node: GraphNode) throws(ONNXError) -> Value {
        switch try node.operand(0, "X") {
        case .constant(let tensor): return .constant(tensor.negated)
        case .variable(let variable):
            let minusOne = Tensor(shape: [], contents: .double([-1]))
            return .variable(try affine(node, variable, scale: minusOne, offset: nil))
        }
    }

    // MARK: Building blocks

    /// Whether the node being read is the only one that ever reads the variable's network node.
    private func isReadOnce(_ variable: Variable) -> Bool {
        if nodes[(variable.node + 1)...].contains(where: { $0.inputs.contains(variable.node) }) {
            return false
        }
        var readers = 0
        for (name, value) in values {
            if case .variable(let other) = value, other.node == variable.node { readers += uses[name] ?? 0 }
        }
        return readers == 1
    }

    func resultShape(_ node: GraphNode, _ a: [Int], _ b: [Int]) throws(ONNXError) -> [Int] {
        guard let shape = broadcastShape(a, b) else {
            throw node.refuse(
                "combines shapes \(a) and \(b), which do not fit", remedy: "export the network again")
        }
        return shape
    }

    mutating func fold(
        _ node: GraphNode, _ operation: Arithmetic, _ a: Tensor, _ b: Tensor
    ) throws(ONNXError) -> Value {
        let shape = try resultShape(node, a.shape, b.shape)
        try charge(checkedCount(shape), for: node)
        guard let result = Tensor.combine(operation, a.broadcast(to: shape), b.broadcast(to: shape)) else {
            throw node.refuse(
                "computes a constant that is not a finite number of one type", remedy: "repair the constants")
        }
        return .constant(result)
    }

    /// `variable + constant`; into the bias of a matrix product that nothing else reads.
    mutating func add(_ node: GraphNode, _ variable: Variable, _ constant: Tensor) throws(ONNXError)
        -> Variable
    {
        let shape = try resultShape(node, variable.shape, constant.shape)
        if case .linear(var linear) = nodes[variable.node].operation, linear.bias.allSatisfy({ $0 == 0 }),
            linear.error.offsets.isEmpty, !constant.isInteger, checkedCount(shape) == variable.count,
            isReadOnce(variable)
        {
            linear.bias = constant.broadcast(to: shape).reals
            linear.error.offsets = constant.radii(of: linear.bias)
            nodes[variable.node].operation = .linear(linear)
            return try reshape(node, variable, to: shape)
        }
        return try affine(node, variable, scale: nil, offset: constant)
    }

    /// `scale * variable + offset`, elementwise with broadcasting.
    mutating func affine(
        _ node: GraphNode, _ variable: Variable, scale: Tensor?, offset: Tensor?
    ) throws(ONNXError) -> Variable {
        var shape = variable.shape
        for tensor in [scale, offset] {
            guard let tensor else { continue }
            if tensor.isInteger {
                throw node.refuse("mixes integers with floats", remedy: "export the network again")
            }
            shape = try resultShape(node, shape, tensor.shape)
        }
        let count = try admit(shape, for: node)
        let operand = try broadcast(node, variable, to: shape)
        var map = Elementwise(
            scale: [Double](repeating: 1, count: count), offset: [Double](repeating: 0, count: count))
        if let scale {
            map.scale = scale.broadcast(to: shape).reals
            map.error.relative = scale.error.relative
            map.error.absolute = scale.error.absolute
        }
        if let offset {
            map.offset = offset.broadcast(to: shape).reals
            map.error.offsets = offset.radii(of: map.offset)
        }
        return try emit(node, .elementwise(map), [operand.node], shape: shape)
    }

    mutating func sum(_ node: GraphNode, _ a: Variable, _ b: Variable) throws(ONNXError) -> Variable {
        let shape = try resultShape(node, a.shape, b.shape)
        let left = try broadcast(node, a, to: shape)
        let right = try broadcast(node, b, to: shape)
        if left.node == right.node {
            return try affine(node, left, scale: Tensor(shape: [], contents: .double([2])), offset: nil)
        }
        return try emit(node, .sum, [left.node, right.node], shape: shape)
    }
}

extension Tensor {
    /// The radius of each offset, for an `AffineError`; empty when the tensor is exact.
    func radii(of values: [Double]) -> [Double] {
        error == .none ? [] : values.map { error.radius(of: $0) }
    }
}
