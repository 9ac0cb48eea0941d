#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// One ONNX node while it is read: its attributes and operands with types checked, and errors that name it.
struct GraphNode {
    var file: String
    /// Of the default operator set.
    var opset: Int
    var proto: Onnx_NodeProto
    /// In the node's order; nil where an optional operand is left out.
    var operands: [Value?]
    /// How many nodes and graph outputs read the first operand.
    var firstOperandUses: Int

    var operation: String { proto.opType }

    var name: String {
        proto.name.isEmpty ? proto.output.first { !$0.isEmpty } ?? proto.opType : proto.name
    }

    func refuse(_ problem: String, attribute: String? = nil, remedy: String) -> ONNXError {
        ONNXError(
            file: file, node: name, operation: operation, attribute: attribute, problem: problem,
            remedy: remedy)
    }

    // MARK: Attributes

    private func attribute(
        _ name: String, _ type: Onnx_AttributeProto.AttributeType, _ kind: String
    ) throws(ONNXError) -> Onnx_AttributeProto? {
        guard let found = proto.attribute.first(where: { $0.name == name }) else { return nil }
        if !found.refAttrName.isEmpty {
            throw refuse(
                "refers to an attribute of a function", attribute: name,
                remedy: "export the network without functions")
        }
        if found.hasType && found.type != type {
            throw refuse("is not \(kind)", attribute: name, remedy: "export the network again")
        }
        return found
    }

    func has(_ name: String) -> Bool { proto.attribute.contains { $0.name == name } }

    func integer(_ name: String) throws(ONNXError) -> Int? {
        try attribute(name, .int, "an integer").map { Int($0.i) }
    }

    func integer(_ name: String, default value: Int) throws(ONNXError) -> Int {
        try integer(name) ?? value
    }

    func flag(_ name: String, default value: Bool) throws(ONNXError) -> Bool {
        try integer(name).map { $0 != 0 } ?? value
    }

    func integers(_ name: String) throws(ONNXError) -> [Int]? {
        try attribute(name, .ints, "a list of integers").map { $0.ints.map { Int($0) } }
    }

    /// A finite float attribute, exactly.
    func real(_ name: String, default value: Float) throws(ONNXError) -> Double {
        let found = try attribute(name, .float, "a float")?.f ?? value
        guard found.isFinite else {
            throw refuse("is \(found)", attribute: name, remedy: "set a finite number")
        }
        return Double(found)
    }

    func reals(_ name: String) throws(ONNXError) -> [Double]? {
        guard let found = try attribute(name, .floats, "a list of floats")?.floats else { return nil }
        guard found.allSatisfy({ $0.isFinite }) else {
            throw refuse("holds NaN or infinite numbers", attribute: name, remedy: "set finite numbers")
        }
        return found.map { Double($0) }
    }

    func text(_ name: String) throws(ONNXError) -> String? {
        guard let bytes = try attribute(name, .string, "a string")?.s else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    func tensor(_ name: String) throws(ONNXError) -> Onnx_TensorProto? {
        guard let found = try attribute(name, .tensor, "a tensor") else { return nil }
        guard found.hasT else {
            throw refuse("holds no tensor", attribute: name, remedy: "export the network again")
        }
        return found.t
    }

    // MARK: Operands

    func operand(_ position: Int, _ role: String) throws(ONNXError) -> Value {
        guard let value = optionalOperand(position) else {
            throw refuse("lacks its operand \(position) (\(role))", remedy: "export the network again")
        }
        return value
    }

    func optionalOperand(_ position: Int) -> Value? {
        position < operands.count ? operands[position] : nil
    }

    func variable(_ position: Int, _ role: String) throws(ONNXError) -> Variable {
        switch try operand(position, role) {
        case .variable(let variable): return variable
        case .constant:
            throw refuse(
                "has a constant as its operand \(position) (\(role))",
                remedy: "simplify the network when exporting it, so that constants are folded")
        }
    }

    /// A constant operand; nil when it is left out.
    func optionalConstant(_ position: Int, _ role: String) throws(ONNXError) -> Tensor? {
        switch optionalOperand(position) {
        case nil: return nil
        case .constant(let tensor): return tensor
        case .variable:
            throw refuse(
                "computes its operand \(position) (\(role)) from the network's input",
                remedy: "only a constant is supported there")
        }
    }

    func constant(_ position: Int, _ role: String) throws(ONNXError) -> Tensor {
        guard let tensor = try optionalConstant(position, role) else {
            throw refuse("lacks its operand \(position) (\(role))", remedy: "export the network again")
        }
        return tensor
    }

    /// A list of integers that is an attribute in older operator sets and an operand in newer ones.
    func integers(attribute: String, orOperand position: Int) throws(ONNXError) -> [Int]? {
        if let list = try integers(attribute) { return list }
        guard let tensor = try optionalConstant(position, attribute) else { return nil }
        guard let list = tensor.integers else {
            throw refuse(
                "has an operand '\(attribute)' that is not integers", remedy: "export the network again")
        }
        return list
    }

    /// An axis between `0` and `rank - 1`, counted from the end when negative.
    func axis(_ axis: Int, rank: Int, attribute: String = "axis") throws(ONNXError) -> Int {
        guard axis >= -rank, axis < rank else {
            throw refuse(
                "is \(axis), but the operand has \(rank) dimensions", attribute: attribute,
                remedy: "export the network again")
        }
        return axis < 0 ? axis + rank : axis
    }
}

/// What a name in the graph stands for.
enum Value {
    case constant(Tensor)
    case variable(Variable)

    var shape: [Int] {
        switch self {
        case .constant(let tensor): tensor.shape
        case .variable(let variable): variable.shape
        }
    }
}

/// A value that depends on the network's input.
struct Variable {
    /// Index of the network's node, whose features are this value's elements in row-major order.
    var node: Int
    /// As ONNX has it, batch dimension included.
    var shape: [Int]

    var count: Int { shape.reduce(1, *) }
}
