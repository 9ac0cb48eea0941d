import Networks
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
    var random = SeededGenerator(seed)
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

/// Well-formed models with wrong numbers in them reach further than damaged bytes.
@Test(arguments: 0..<20)
func modelsWithWrongNumbersNeverCrash(seed: Int) throws {
    var random = SeededGenerator(seed)
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
