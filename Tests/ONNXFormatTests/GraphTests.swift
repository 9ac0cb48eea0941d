import Evaluation
import Glibc
import Networks
import SwiftProtobuf
import Testing

@testable import ONNXFormat

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

// What happens between operators: inputs, outputs, constants and their storage.

private func read(_ builder: ModelBuilder) throws -> Network {
    let network = try ONNXReader.read(bytes: try builder.bytes, name: "graph.onnx", directory: nil)
    try network.validate()
    return network
}

private func kinds(_ network: Network) -> [String] {
    network.nodes.map { String("\($0.operation)".prefix { $0 != "(" }) }
}

@Test func severalInputsAndOutputsAreParts() throws {
    var builder = ModelBuilder()
    builder.input("a", [1, 2])
    builder.input("b", [nil, 3])
    builder.node("Neg", ["b"], ["p"])
    builder.node("Relu", ["a"], ["q"])
    builder.output("p")
    builder.output("q")
    let network = try read(builder)
    #expect(network.inputCount == 5)
    #expect(network.evaluate([1, -2, 3, 4, -5]) == [-3, -4, 5, 1, 0])
}

@Test func biasesJoinTheProductOnlyWhenNothingElseReadsIt() throws {
    func make(_ steps: (inout ModelBuilder) -> Void) throws -> Network {
        var builder = ModelBuilder()
        builder.input("x", [nil, 2])
        builder.constant("w", Block([2, 2], [1, 2, 3, 4]))
        builder.constant("b", Block([2], [5, 6]))
        builder.node("MatMul", ["x", "w"], ["m"])
        steps(&builder)
        builder.output("y")
        return try read(builder)
    }
    let alone = try make { $0.node("Add", ["b", "m"], ["y"]) }
    #expect(kinds(alone) == ["input", "linear"])
    #expect(alone.evaluate([1, 1]) == [9, 12])
    let before = try make {
        $0.node("Relu", ["m"], ["r"])
        $0.node("Add", ["m", "b"], ["a"])
        $0.node("Add", ["a", "r"], ["y"])
    }
    #expect(before.evaluate([1, 1]) == [13, 18])
    let after = try make {
        $0.node("Identity", ["m"], ["i"])
        $0.node("Add", ["i", "b"], ["a"])
        $0.node("Add", ["a", "m"], ["y"])
    }
    #expect(after.evaluate([1, 1]) == [13, 18])
}

@Test func shapesComputedFromShapesFold() throws {
    var builder = ModelBuilder(opset: 11)
    builder.input("x", [nil, 3, 4])
    builder.constant("zero", integers: [0], shape: [])
    builder.constant("rest", integers: [-1])
    builder.node("Shape", ["x"], ["s"])
    builder.node("Gather", ["s", "zero"], ["n"])
    builder.node("Unsqueeze", ["n"], ["u"], ["axes": .ints([0])])
    builder.node("Concat", ["u", "rest"], ["t"], ["axis": .int(0)])
    builder.node("Reshape", ["x", "t"])
    builder.output("y")
    let network = try read(builder)
    #expect(kinds(network) == ["input", "reshape"])
    #expect(network.nodes[1].shape == [12])
}

@Test func zerosInFrontOfAConvolutionBecomeItsPadding() throws {
    var builder = ModelBuilder()
    builder.input("x", [1, 1, 3, 3])
    builder.constant("pads", integers: [0, 0, 1, 0, 0, 0, 0, 2])
    builder.constant("w", Block([1, 1, 2, 2], [1, 2, 3, 4]))
    builder.node("Pad", ["x", "pads"], ["p"])
    builder.node("Conv", ["p", "w"])
    builder.output("y")
    let network = try read(builder)
    #expect(kinds(network) == ["input", "convolution"])
    #expect(network.nodes[1].shape == [1, 3, 4])
    #expect(network.evaluate([1, 2, 3, 4, 5, 6, 7, 8, 9]).prefix(4) == [11, 18, 9, 0])
}

@Test func unorderedNodesAndUnusedOnesAreFine() throws {
    var builder = ModelBuilder()
    builder.input("x", [1, 2])
    builder.node("Neg", ["r"], ["y"])
    builder.node("Relu", ["x"], ["r"])
    builder.node("Sigmoid", ["x"], ["unused"])
    builder.output("y")
    #expect(try read(builder).evaluate([1, -1]) == [-1, 0])
}

@Test func constantsFoldWithABoundOnTheirRounding() throws {
    var builder = ModelBuilder()
    builder.input("x", [1, 2])
    builder.constant("w", Block([2, 1], [1, 3]))
    builder.constant("c", Block([1], [3]))
    builder.node("Div", ["w", "c"], ["v"])
    builder.node("MatMul", ["x", "v"])
    builder.output("y")
    guard case .linear(let linear) = try read(builder).nodes[1].operation else {
        Issue.record("not linear")
        return
    }
    #expect(linear.weights.dense == [1.0 / 3, 1])
    #expect(linear.error.relative > 0x1p-54 && linear.error.relative <= 0x1p-53)
    #expect(linear.error.absolute == 0)
}

@Test func numbersAreReadFromEveryStorage() throws {
    let values: [Double] = [0.5, -1.25, 3, 0]
    var decoder = TensorDecoder(file: "f", directory: nil)
    func decode(_ type: ElementType, _ fill: (inout Onnx_TensorProto) -> Void) throws -> Tensor {
        var proto = Onnx_TensorProto()
        proto.dims = [2, 2]
        proto.dataType = type.rawValue
        fill(&proto)
        return try decoder.decode(proto)
    }
    func bytes<Value: FixedWidthInteger>(_ list: [Value]) -> Data {
        list.map(\.littleEndian).withUnsafeBytes { Data($0) }
    }
    #expect(try decode(.float) { $0.floatData = values.map { Float($0) } }.reals == values)
    #expect(try decode(.float) { $0.rawData = bytes(values.map { Float($0).bitPattern }) }.reals == values)
    #expect(try decode(.double) { $0.doubleData = values }.reals == values)
    #expect(try decode(.double) { $0.rawData = bytes(values.map(\.bitPattern)) }.reals == values)
    let halves: [UInt16] = [0x3800, 0xbd00, 0x4200, 0]
    #expect(try decode(.float16) { $0.rawData = bytes(halves) }.reals == values)
    #expect(try decode(.float16) { $0.int32Data = halves.map { Int32($0) } }.reals == values)
    #expect(try decode(.bfloat16) { $0.rawData = bytes([0x3f00, 0xbfa0, 0x4040, 0] as [UInt16]) }.reals == values)
    let integers = [1, -2, 3, 0]
    #expect(try decode(.int64) { $0.int64Data = integers.map { Int64($0) } }.integers == integers)
    #expect(try decode(.int64) { $0.rawData = bytes(integers.map { Int64($0) }) }.integers == integers)
    #expect(try decode(.int32) { $0.int32Data = integers.map { Int32($0) } }.integers == integers)
    #expect(try decode(.int8) { $0.rawData = bytes(integers.map { Int8($0) }) }.integers == integers)
    #expect(try decode(.bool) { $0.rawData = Data([1, 0, 2, 0]) }.integers == [1, 0, 1, 0])
    // The smallest and largest halves.
    #expect(float16(1) == 0x1p-24)
    #expect(float16(0x7bff) == 65504)
    #expect(float16(0xfc00) == -.infinity)
}

@Test func externalDataLiesBesideTheFile() throws {
    var template = Array("/tmp/secateur-onnx-XXXXXX".utf8CString)
    let directory = String(cString: mkdtemp(&template)!)
    defer { rmdir(directory) }
    func write(_ bytes: [UInt8], _ name: String) {
        let file = fopen(directory + "/" + name, "wb")!
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
    defer { for name in ["net.onnx", "w.data"] { unlink(directory + "/" + name) } }
    var builder = ModelBuilder()
    builder.input("x", [1, 2])
    builder.constant("w", Block([2, 1], [0, 0]))
    var proto = builder.model.graph.initializer[0]
    proto.floatData = []
    proto.dataLocation = .external
    proto.externalData = [("location", "w.data"), ("offset", "4"), ("length", "8")].map { key, value in
        var entry = Onnx_StringStringEntryProto()
        entry.key = key
        entry.value = value
        return entry
    }
    builder.model.graph.initializer[0] = proto
    builder.node("MatMul", ["x", "w"])
    builder.output("y")
    write(try builder.bytes, "net.onnx")
    #expect(throws: ONNXError.self) { try ONNXReader.read(path: directory + "/net.onnx") }
    #expect(try ONNXReader.externalFiles(ofNetworkAt: directory + "/net.onnx") == ["w.data"])
    write([9, 9, 9, 9, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40], "w.data")
    #expect(try ONNXReader.read(path: directory + "/net.onnx").evaluate([3, 4]) == [11])
    write([9, 9, 9, 9, 0, 0, 0x80, 0x3f], "w.data")
    #expect(throws: ONNXError.self) { try ONNXReader.read(path: directory + "/net.onnx") }
}
