import Foundation
import Networks
import ONNXFormat
import RandomNumbers
import Testing

@testable import Training

/// Written networks in onnxruntime, where Python has it; `SECATEUR_PYTHON` names another interpreter.
@Suite("onnxruntime")
struct RuntimeTests {
    private static let script = """
        import sys, numpy, onnxruntime
        session = onnxruntime.InferenceSession(sys.argv[1])
        entry = session.get_inputs()[0]
        values = numpy.array([float(x) for x in sys.stdin.read().split()], numpy.float32).reshape(entry.shape)
        print(*(repr(float(x)) for x in session.run(None, {entry.name: values})[0].reshape(-1)))
        """

    private static func python(_ arguments: [String], input: String) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let name = ProcessInfo.processInfo.environment["SECATEUR_PYTHON"] ?? "python3"
        process.arguments = [name] + arguments
        let (standardInput, standardOutput) = (Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        process.standardError = FileHandle.nullDevice
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let output = standardOutput.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    static let isInstalled = (try? python(["-c", "import numpy, onnxruntime"], input: ""))?.status == 0

    @Test(
        "agrees with our outputs within float32 rounding",
        .enabled(if: isInstalled, "Python has no onnxruntime: pip install onnxruntime"),
        arguments: ["resnet4", "conv-small", "32x2"])
    func agrees(name: String) throws {
        let network = try #require(Architecture(name)).network(
            channels: 1, height: 12, width: 12, outputs: 10, mean: [0.3], deviation: [0.4], seed: 7)
        let trainer = LaneTrainer<Float>(network, workers: 1, lanes: 16)
        var random = SplitMix64(seed: 1)
        let input = (0..<144).map { _ in Float(random.unit()) }
        trainer.fill(16) { _, values in
            values = input
            return .label(0)
        }
        _ = trainer.evaluate(16)
        let file = FileManager.default.temporaryDirectory.appending(path: "secateur-\(UUID().uuidString).onnx")
        defer { try? FileManager.default.removeItem(at: file) }
        let model = ONNXModel(trainable: trainer.trained(), metadata: ["secateur.seed": "7"])
        try Data(ONNXWriter.write(model, name: name)).write(to: file)
        let run = try Self.python(
            ["-c", Self.script, file.path], input: input.map { "\($0)" }.joined(separator: " "))
        #expect(run.status == 0)
        let found = run.output.split(separator: " ").compactMap {
            Double($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        let expected = trainer.outputs(of: 0)
        #expect(found.count == expected.count)
        for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 1e-4 * (1 + abs(b))) }
    }
}
