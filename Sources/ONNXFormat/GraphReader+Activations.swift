// Activations, and operators that do nothing at inference.
internal import Intervals
internal import Networks

extension GraphReader {
    mutating func readRelu(_ node: GraphNode) throws(ONNXError) -> Variable {
        let variable = try node.variable(0, "X")
        return try emit(node, .activation(.relu), [variable.node], shape: variable.shape)
    }

    mutating func readLeakyRelu(_ node: GraphNode) throws(ONNXError) -> Variable {
        let variable = try node.variable(0, "X")
        let slope = try node.real("alpha", default: 0.01)
        guard slope >= 0, slope <= 1 else {
            throw node.refuse(
                "is \(slope)", attribute: "alpha", remedy: "only slopes from 0 to 1 are supported")
        }
        return try leakyRelu(node, variable, slope: slope)
    }

    /// PRelu when all its slopes are one number.
    mutating func readParametricRelu(_ node: GraphNode) throws(ONNXError) -> Variable {
        let variable = try node.variable(0, "X")
        let slopes = try node.constant(1, "slope")
        guard let slope = slopes.reals.first, slopes.reals.allSatisfy({ $0 == slope }), slopes.error == .none,
            !slopes.isInteger, slope >= 0, slope <= 1
        else {
            throw node.refuse(
                "has slopes that differ or lie outside 0 to 1",
                remedy: "only one slope from 0 to 1 is supported")
        }
        return try leakyRelu(node, variable, slope: slope)
    }

    private mutating func leakyRelu(
        _ node: GraphNode, _ variable: Variable, slope: Double
    ) throws(ONNXError) -> Variable {
        if slope == 1 { return variable }
        let activation = slope == 0 ? Activation.relu : .leakyRelu(slope: slope)
        return try emit(node, .activation(activation), [variable.node], shape: variable.shape)
    }

    mutating func readSmooth(_ node: GraphNode, _ function: SmoothFunction) throws(ONNXError) -> Variable {
        let variable = try node.variable(0, "X")
        return try emit(node, .activation(.smooth(function)), [variable.node], shape: variable.shape)
    }

    mutating func readElu(_ node: GraphNode) throws(ONNXError) -> Variable {
        let alpha = try node.real("alpha", default: 1)
        if alpha == 0 { return try readRelu(node) }
        guard SmoothFunction.alphas.contains(alpha) else {
            throw node.refuse(
                "is \(alpha)", attribute: "alpha", remedy: "only 0 and numbers from 2^-30 to 2^30 are supported")
        }
        return try readSmooth(node, .elu(alpha: alpha))
    }

    mutating func readGelu(_ node: GraphNode) throws(ONNXError) -> Variable {
        switch try node.text("approximate") ?? "none" {
        case "none": return try readSmooth(node, .gelu)
        case "tanh": return try readSmooth(node, .standardGeluTanh)
        case let other:
            throw node.refuse(
                "is '\(other)'", attribute: "approximate", remedy: "only 'none' and 'tanh' are supported")
        }
    }

    mutating func readDropout(_ node: GraphNode) throws(ONNXError) -> Value {
        if let training = try node.optionalConstant(2, "training_mode"),
            training.reals.contains(where: { $0 != 0 })
        {
            throw node.refuse("is in training mode", remedy: "export the network for inference")
        }
        return try node.operand(0, "data")
    }

    /// A change of float type is the identity on real numbers; one to integers would round.
    mutating func readCast(_ node: GraphNode) throws(ONNXError) -> Value {
        let target = try node.integer("to", default: 0)
        guard let type = Int32(exactly: target).flatMap(ElementType.init(rawValue:)) else {
            throw node.refuse(
                "is element type \(target)", attribute: "to", remedy: "only numbers are supported")
        }
        switch try node.operand(0, "input") {
        case .variable(let variable):
            guard type.isFloat else {
                throw node.refuse(
                    "is \(type), which rounds values that depend on the input", attribute: "to",
                    remedy: "export the network without the cast")
            }
            return .variable(variable)
        case .constant(let tensor):
            guard let cast = tensor.cast(to: type) else {
                throw node.refuse(
                    "changes a constant that \(type) cannot hold", attribute: "to",
                    remedy: "export the network without the cast")
            }
            return .constant(cast)
        }
    }
}

extension Tensor {
    /// The numbers in another type, rounded as a cast does; nil when one does not fit.
    func cast(to type: ElementType) -> Tensor? {
        switch type {
        case .float, .double, .float16, .bfloat16: castToFloat(type)
        case .bool: Tensor(shape: shape, contents: .integer(reals.map { $0 == 0 ? 0 : 1 }))
        default: castToInteger()
        }
    }

    private func castToFloat(_ type: ElementType) -> Tensor? {
        if let values = integers, values.contains(where: { $0.magnitude > 1 << 53 }) { return nil }
        switch type {
        case .float:
            if case .single = contents { return self }
            guard error == .none else { return nil }
            let values = reals.map { Float($0) }
            return values.allSatisfy { $0.isFinite } ? Tensor(shape: shape, contents: .single(values)) : nil
        case .double:
            return isInteger ? Tensor(shape: shape, contents: .double(reals)) : self
        default:
            // Only what a half holds without rounding.
            let bits = type == .float16 ? 10 : 7
            let exponents = type == .float16 ? -14...15 : -126...127
            guard error == .none,
                reals.allSatisfy({
                    $0 == 0 || ($0.significandWidth <= bits && exponents.contains(Int($0.exponent)))
                })
            else { return nil }
            return Tensor(shape: shape, contents: .double(reals))
        }
    }

    private func castToInteger() -> Tensor? {
        if isInteger { return self }
        guard error == .none, reals.allSatisfy({ $0.magnitude < 0x1p62 }) else { return nil }
        return Tensor(shape: shape, contents: .integer(reals.map { Int($0) }))
    }
}
