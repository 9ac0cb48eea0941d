import Networks
import SwiftProtobuf
import Testing

@testable import ONNXFormat

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

// Every refusal is one line that names the file, the node, its operator and attribute, and a remedy.

private func refusal(_ bytes: [UInt8]) -> ONNXError? {
    do throws(ONNXError) {
        _ = try ONNXReader.read(bytes: bytes, name: "net.onnx", directory: nil)
        return nil
    } catch {
        return error
    }
}

/// A model of one node over an input `x` of shape `[1, 4]` unless changed.
private func refusal(
    _ operation: String, _ operands: [String] = ["x"], _ attributes: [String: TestAttribute] = [:],
    shape: [Int?] = [1, 4], opset: Int = 13, domain: String = "",
    _ change: (inout ModelBuilder) -> Void = { _ in }
) throws -> ONNXError? {
    var builder = ModelBuilder(opset: opset)
    builder.input("x", shape)
    builder.node(operation, operands, ["y"], attributes, domain: domain)
    builder.output("y")
    change(&builder)
    return refusal(try builder.bytes)
}

private func expect(
    _ error: ONNXError?, _ parts: String..., location: SourceLocation = #_sourceLocation
) {
    guard let error else {
        Issue.record("nothing was refused", sourceLocation: location)
        return
    }
    let line = error.description
    #expect(line.hasPrefix("net.onnx: "), sourceLocation: location)
    #expect(!line.contains("\n"), sourceLocation: location)
    #expect(!error.remedy.isEmpty, sourceLocation: location)
    for part in parts { #expect(line.contains(part), "\(line)", sourceLocation: location) }
}

@Test func filesThatAreNoModels() throws {
    expect(refusal([]), "is empty")
    expect(refusal(Array("this is a text file\nnamed .onnx\n".utf8)), "text file")
    expect(refusal([0xff, 0xff, 0x01, 0x02]), "not an ONNX model")
    let bytes = ONNXWriter.write(makeRandomNetwork(seed: 1), name: "n")
    expect(refusal(Array(bytes[..<(bytes.count / 2)])), "cut short")
    expect(try refusal("Relu") { $0.model.clearGraph() }, "no graph")
    expect(try refusal("Relu", opset: 5), "version 5", "7 to 21")
    expect(try refusal("Relu", opset: 22), "version 22")
    do throws(ONNXError) {
        _ = try ONNXReader.read(path: "/nowhere/net.onnx")
        Issue.record("a missing file was read")
    } catch {
        #expect(
            error.description == "/nowhere/net.onnx: no such file, nor /nowhere/net.onnx.gz; check the name")
    }
}

@Test func unsupportedNodes() throws {
    expect(try refusal("Selu"), "node 'the Selu' (Selu)", "not a supported operator")
    expect(try refusal("Relu", domain: "com.example"), "'com.example'")
    expect(try refusal("Mul", ["x", "x"]), "(Mul)", "depend on the input")
    expect(try refusal("Div", ["x", "x"]), "(Div)", "depends on the input")
    expect(try refusal("MatMul", ["x", "x"], shape: [4, 4]), "(MatMul)", "depend on the input")
    expect(try refusal("LeakyRelu", ["x"], ["alpha": .float(2)]), "attribute 'alpha'", "2.0")
    expect(try refusal("LeakyRelu", ["x"], ["alpha": .float(.nan)]), "attribute 'alpha'")
    expect(try refusal("LeakyRelu", ["x"], ["alpha": .int(1)]), "attribute 'alpha'", "not a float")
    expect(try refusal("Cast", ["x"], ["to": .int(7)]), "attribute 'to'", "int64")
    expect(try refusal("Transpose", ["x"], ["perm": .ints([0, 0])]), "attribute 'perm'")
    expect(try refusal("Flatten", ["x"], ["axis": .int(9)]), "attribute 'axis'")
    expect(
        try refusal("AveragePool", ["x"], ["kernel_shape": .ints([2])], shape: [1, 1, 4, 4]),
        "attribute 'kernel_shape'")
    expect(
        try refusal("MaxPool", ["x"], ["kernel_shape": .ints([9, 9])], shape: [1, 1, 4, 4]),
        "larger than the image")
    expect(
        try refusal(
            "MaxPool", ["x"], ["kernel_shape": .ints([2, 2]), "pads": .ints([2, 0, 0, 0])],
            shape: [1, 1, 4, 4]),
        "attribute 'pads'")
    expect(
        try refusal("MaxPool", ["x"], ["kernel_shape": .ints([2, 2])], shape: [2, 1, 4, 4]), "batch of 2")
}

@Test func damagedGraphs() throws {
    expect(try refusal("Relu", ["z"]), "reads 'z', which nothing makes")
    expect(try refusal("Relu", ["y"]), "(Relu)", "depends on its own output")
    expect(try refusal("Relu", []), "lacks its operand 0")
    expect(try refusal("Relu") { $0.node("Neg", ["x"], ["y"]) }, "makes 'y', which something else makes too")
    expect(try refusal("Relu") { $0.output("q") }, "output 'q' is made by no node")
    expect(try refusal("Relu") { $0.model.graph.output = [] }, "has no output")
    expect(
        try refusal("Relu") { $0.model.graph.input[0].type.tensorType.clearShape() }, "input 'x' has no shape"
    )
    expect(try refusal("Relu", shape: [1, nil]), "input 'x'", "dimension 1")
    expect(try refusal("Relu", shape: [1, 1 << 40]), "input 'x'", "too large")
    expect(try refusal("Relu", shape: [1 << 40, 1 << 40]), "input 'x'")
    expect(
        try refusal("Relu") { $0.model.graph.input[0].type.tensorType.elemType = 7 }, "input 'x'", "floats")
    expect(
        try refusal("Reshape", ["x", "s"]) { $0.constant("s", integers: [3, -1]) }, "(Reshape)", "[3, -1]")
    expect(try refusal("Reshape", ["x", "s"]) { $0.constant("s", integers: [-1, -1]) }, "(Reshape)")
    expect(try refusal("Reshape", ["x", "s"]) { $0.constant("s", integers: [Int.max, 4]) }, "(Reshape)")
    expect(try refusal("Expand", ["x", "s"]) { $0.constant("s", integers: [1 << 30, 4]) }, "(Expand)")
    expect(
        try refusal("Gather", ["x", "s"], ["axis": .int(1)]) { $0.constant("s", integers: [4]) }, "(Gather)")
    expect(
        try refusal("Pad", ["x", "s"]) { $0.constant("s", integers: [0, 1 << 60, 0, 0]) }, "attribute 'pads'")
    expect(
        try refusal("Relu", ["c"]) { $0.constant("c", integers: [1]) }, "(Relu)", "constant as its operand 0")
}

@Test func weightsThatAreNone() throws {
    func matmul(_ change: (inout Onnx_TensorProto) -> Void) throws -> ONNXError? {
        var proto = ModelBuilder.tensor("w", Block([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]))
        change(&proto)
        return try refusal("MatMul", ["x", "w"]) { $0.model.graph.initializer = [proto] }
    }
    expect(try matmul { $0.floatData[3] = .nan }, "(MatMul)", "'w'", "NaN")
    expect(try matmul { $0.floatData[3] = .infinity }, "(MatMul)", "infinite")
    expect(try matmul { $0.floatData.removeLast() }, "(MatMul)", "'w'", "8 elements")
    expect(try matmul { $0.dims = [3, 2] }, "(MatMul)", "6 elements")
    expect(try matmul { $0.dims = [-4, -2] }, "impossible dimensions")
    expect(try matmul { $0.dims = [1 << 40, 1 << 40] }, "impossible dimensions")
    expect(try matmul { $0.dims = [2, 4] }, "(MatMul)", "do not fit")
    expect(try matmul { $0.dataType = 8 }, "element type 8")
    expect(try matmul { $0.rawData = Data([1, 2, 3]) }, "elements")
    expect(
        try matmul {
            $0.dataLocation = .external
            $0.floatData = []
        }, "without a location")
    expect(
        try matmul { proto in
            proto.dataLocation = .external
            var entry = Onnx_StringStringEntryProto()
            entry.key = "location"
            entry.value = "../w.data"
            proto.externalData = [entry]
        }, "not read from a directory")
}
