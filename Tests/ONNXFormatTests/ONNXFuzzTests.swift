import Networks
import RandomNumbers
import SwiftProtobuf
import Testing

@testable import ONNXFormat

// Damaged files are refused or read, but never crash the reader, and never ask for much memory.

private let samples: [[UInt8]] = (0..<3).map { ONNXWriter.write(makeRandomNetwork(seed: $0), name: "n") }

private func read(_ bytes: [UInt8]) {
    do throws(ONNXError) {
        let network = try ONNXReader.read(bytes: bytes, name: "fuzz.onnx", directory: nil)
        do throws(NetworkError) {
            try network.validate()
        } catch {
            Issue.record("an invalid network was read: \(error)")
        }
    } catch {
        #expect(!error.problem.isEmpty)
    }
}

@Test func truncatedModelsNeverCrash() {
    for bytes in samples {
        for count in stride(from: 0, to: bytes.count, by: 7) { read(Array(bytes[..<count])) }
    }
}

@Test(arguments: 0..<20)
func mutatedModelsNeverCrash(seed: Int) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<150 {
        var bytes = samples[Int.random(in: 0..<samples.count, using: &random)]
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.remove(at: place)
            default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            }
        }
        read(bytes)
    }
}

/// One small model for each operator whose attributes or operands are numbers.
private func makeOperatorModels() -> [Onnx_ModelProto] {
    var models: [Onnx_ModelProto] = []
    func add(
        _ operation: String, _ shape: [Int], _ lists: [[Int]] = [], _ attributes: [String: TestAttribute] = [:],
        opset: Int = 13
    ) {
        var builder = ModelBuilder(opset: opset)
        builder.input("x", shape)
        for (index, list) in lists.enumerated() { builder.constant("k\(index)", integers: list) }
        builder.node(operation, ["x"] + lists.indices.map { "k\($0)" }, ["y"], attributes)
        builder.output("y")
        models.append(builder.model)
    }
    let windows: [String: TestAttribute] = [
        "kernel_shape": .ints([3, 2]), "strides": .ints([2, 1]), "pads": .ints([1, 0, 1, 1]), "ceil_mode": .int(1),
        "dilations": .ints([1, 1]),
    ]
    add("MaxPool", [1, 2, 6, 7], [], windows)
    add("AveragePool", [1, 2, 6, 7], [], windows, opset: 19)
    add("Slice", [1, 5, 6], [[1, 4], [5, -9], [1, 2], [2, -1]])
    add("Slice", [1, 5], [], ["starts": .ints([1]), "ends": .ints([4]), "axes": .ints([1])], opset: 9)
    add("Split", [1, 6], [], ["split": .ints([2, 4]), "axis": .int(1)], opset: 11)
    add("Gather", [1, 5, 3], [[0, 2]], ["axis": .int(1)])
    add("Pad", [1, 2, 3], [[0, 1, 2, 0, 0, 1]])
    add("Pad", [1, 4], [[0, 2, 0, 3]], ["mode": .text("reflect")])
    add("Reshape", [1, 3, 4], [[0, -1]], ["allowzero": .int(0)])
    add("Expand", [1, 3, 1], [[2, 1, 4]])
    add("Squeeze", [1, 1, 4], [[1]])
    add("Unsqueeze", [1, 4], [[0, 3]])
    add("Transpose", [1, 3, 4], [], ["perm": .ints([2, 0, 1])])
    add("Flatten", [1, 3, 4], [], ["axis": .int(2)])
    add("ReduceSum", [1, 3, 4], [[1, -1]], ["keepdims": .int(1)])
    add("ReduceMean", [1, 3, 4], [], ["axes": .ints([1, 2]), "keepdims": .int(0)])
    add("Shape", [1, 3, 4], [], ["start": .int(1), "end": .int(2)], opset: 15)
    add("Cast", [1, 4], [], ["to": .int(1)])
    return models
}

@Test(arguments: 0..<10)
func operatorsWithWrongNumbersNeverCrash(seed: Int) throws {
    var random = SplitMix64(seed: seed)
    let numbers: [Int64] = [0, 1, -1, 2, 3, -3, 100, 1 << 24, 1 << 31, 1 << 40, .max, .min, .min + 1, -2]
    func number() -> Int64 { numbers[Int.random(in: 0..<numbers.count, using: &random)] }
    func place(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
    for sample in makeOperatorModels() {
        for _ in 0..<25 {
            var model = sample
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let attributes = model.graph.node[0].attribute.count
                if attributes > 0, Bool.random(using: &random) {
                    let index = place(attributes)
                    if model.graph.node[0].attribute[index].hasI { model.graph.node[0].attribute[index].i = number() }
                    let count = model.graph.node[0].attribute[index].ints.count
                    if count > 0 { model.graph.node[0].attribute[index].ints[place(count)] = number() }
                } else if !model.graph.initializer.isEmpty {
                    let index = place(model.graph.initializer.count)
                    let count = model.graph.initializer[index].int64Data.count
                    model.graph.initializer[index].int64Data[place(count)] = number()
                } else {
                    let dimensions = model.graph.input[0].type.tensorType.shape.dim.count
                    model.graph.input[0].type.tensorType.shape.dim[place(dimensions)].dimValue = number()
                }
            }
            read(try model.serializedBytes())
        }
    }
}

/// Well-formed models with wrong numbers in them reach further than damaged bytes.
@Test(arguments: 0..<20)
func modelsWithWrongNumbersNeverCrash(seed: Int) throws {
    var random = SplitMix64(seed: seed)
    let numbers: [Int64] = [0, 1, -1, 2, 3, 5, 100, 1 << 24, 1 << 31, 1 << 40, .max, .min, .min + 1, -2]
    func number() -> Int64 { numbers[Int.random(in: 0..<numbers.count, using: &random)] }
    func place(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
    for round in 0..<100 {
        var model = try Onnx_ModelProto(serializedBytes: samples[round % samples.count])
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let index = place(model.graph.node.count)
            let tensor = place(model.graph.initializer.count)
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                guard !model.graph.node[index].attribute.isEmpty else { continue }
                let attribute = place(model.graph.node[index].attribute.count)
                model.graph.node[index].attribute[attribute].i = number()
                let count = model.graph.node[index].attribute[attribute].ints.count
                if count > 0 { model.graph.node[index].attribute[attribute].ints[place(count)] = number() }
            case 1:
                let count = model.graph.initializer[tensor].dims.count
                if count > 0 { model.graph.initializer[tensor].dims[place(count)] = number() }
            case 2:
                var dimension = Onnx_TensorShapeProto.Dimension()
                dimension.dimValue = number()
                model.graph.input[0].type.tensorType.shape.dim[place(3)] = dimension
            case 3:
                let other = model.graph.node[place(model.graph.node.count)]
                let count = model.graph.node[index].input.count
                if count > 0 { model.graph.node[index].input[place(count)] = other.output[0] }
            case 4:
                let operators = [
                    "Slice", "Pad", "Split", "Gather", "Concat", "MaxPool", "AveragePool", "ReduceMean",
                    "Squeeze",
                    "Unsqueeze", "Transpose", "Expand", "Gemm", "MatMul", "Conv", "Reshape",
                    "ConstantOfShape",
                    "BatchNormalization", "Shape", "Size", "Cast", "Sum", "Div", "PRelu", "GlobalAveragePool",
                ]
                model.graph.node[index].opType = operators[place(operators.count)]
            case 5:
                model.graph.initializer[tensor].dataType = Int32.random(in: 0...17, using: &random)
            case 6:
                model.graph.initializer[tensor].clearRawData()
                model.graph.initializer[tensor].dims = [2]
                model.graph.initializer[tensor].dataType = 7
                model.graph.initializer[tensor].int64Data = [number(), number()]
            default:
                model.opsetImport[0].version = Int64.random(in: 6...22, using: &random)
            }
        }
        read(try model.serializedBytes())
    }
}
