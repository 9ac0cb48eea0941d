import SwiftProtobuf

@testable import ONNXFormat

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An attribute of a node of a test model.
enum TestAttribute {
    case int(Int)
    case ints([Int])
    case float(Float)
    case floats([Float])
    case text(String)
    case tensor(Onnx_TensorProto)
}

/// Makes ONNX models for tests, node by node.
struct ModelBuilder {
    var model = Onnx_ModelProto()

    init(opset: Int = 13) {
        var set = Onnx_OperatorSetIdProto()
        set.version = Int64(opset)
        model.opsetImport = [set]
        model.irVersion = 8
    }

    /// A graph input; nil is a dimension without a size.
    mutating func input(_ name: String, _ shape: [Int?], type: ElementType = .float) {
        model.graph.input.append(Self.information(name, shape, type: type))
    }

    mutating func output(_ name: String) {
        model.graph.output.append(Self.information(name, [], type: .float))
    }

    mutating func constant(_ name: String, _ block: Block) {
        model.graph.initializer.append(Self.tensor(name, block))
    }

    mutating func constant(_ name: String, integers: [Int], shape: [Int]? = nil) {
        var proto = Onnx_TensorProto()
        proto.name = name
        proto.dims = (shape ?? [integers.count]).map { Int64($0) }
        proto.dataType = ElementType.int64.rawValue
        proto.int64Data = integers.map { Int64($0) }
        model.graph.initializer.append(proto)
    }

    mutating func node(
        _ operation: String, _ inputs: [String], _ outputs: [String] = ["y"],
        _ attributes: [String: TestAttribute] = [:], domain: String = ""
    ) {
        var node = Onnx_NodeProto()
        node.opType = operation
        node.name = "the \(operation)"
        node.input = inputs
        node.output = outputs
        node.domain = domain
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            node.attribute.append(Self.attribute(name, value))
        }
        model.graph.node.append(node)
    }

    var bytes: [UInt8] {
        get throws { try model.serializedBytes() }
    }

    static func tensor(_ name: String, _ block: Block) -> Onnx_TensorProto {
        var proto = Onnx_TensorProto()
        proto.name = name
        proto.dims = block.shape.map { Int64($0) }
        proto.dataType = ElementType.float.rawValue
        proto.floatData = block.values.map { Float($0) }
        return proto
    }

    private static func attribute(_ name: String, _ value: TestAttribute) -> Onnx_AttributeProto {
        var attribute = Onnx_AttributeProto()
        attribute.name = name
        switch value {
        case .int(let number):
            attribute.type = .int
            attribute.i = Int64(number)
        case .ints(let list):
            attribute.type = .ints
            attribute.ints = list.map { Int64($0) }
        case .float(let number):
            attribute.type = .float
            attribute.f = number
        case .floats(let list):
            attribute.type = .floats
            attribute.floats = list
        case .text(let text):
            attribute.type = .string
            attribute.s = Data(text.utf8)
        case .tensor(let proto):
            attribute.type = .tensor
            attribute.t = proto
        }
        return attribute
    }

    private static func information(
        _ name: String, _ shape: [Int?], type: ElementType
    ) -> Onnx_ValueInfoProto {
        var information = Onnx_ValueInfoProto()
        information.name = name
        information.type.tensorType.elemType = type.rawValue
        information.type.tensorType.shape.dim = shape.map { size in
            var dimension = Onnx_TensorShapeProto.Dimension()
            if let size { dimension.dimValue = Int64(size) } else { dimension.dimParam = "batch" }
            return dimension
        }
        return information
    }
}

/// A tensor for reference computations, element by element.
struct Block: Equatable {
    var shape: [Int]
    var values: [Double]

    init(_ shape: [Int], _ values: [Double]) {
        self.shape = shape
        self.values = values
    }

    /// The tensor whose element at each index is what `element` says.
    init(_ shape: [Int], _ element: ([Int]) -> Double) {
        self.shape = shape
        var index = [Int](repeating: 0, count: shape.count)
        values = (0..<shape.reduce(1, *)).map { _ in
            let value = element(index)
            for axis in shape.indices.reversed() {
                index[axis] += 1
                if index[axis] < shape[axis] { break }
                index[axis] = 0
            }
            return value
        }
    }

    subscript(index: [Int]) -> Double {
        var place = 0
        for (size, part) in zip(shape, index) { place = place * size + part }
        return values[place]
    }

    /// As above, with indices of size-one dimensions ignored and missing leading ones left out.
    func broadcast(_ index: [Int]) -> Double {
        self[zip(shape, index.suffix(shape.count)).map { $0 == 1 ? 0 : $1 }]
    }

    /// Zero outside.
    func padded(_ index: [Int]) -> Double {
        zip(shape, index).allSatisfy { $1 >= 0 && $1 < $0 } ? self[index] : 0
    }
}
