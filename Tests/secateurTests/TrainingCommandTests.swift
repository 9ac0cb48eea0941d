import Foundation
import Testing

/// The way from data to a pruned network, on the command line.
struct TrainingCommandTests {
    @Test func trainPruneFinetune() throws {
        let directory = try TemporaryDirectory()
        func file(_ name: String) -> String { directory.url.appending(path: name).path }
        let trained = try CommandRun(
            "train", "--architecture", "16x2", "--data", "digits:640", "--test-data", "digits:100", "--epochs", "2",
            "--seed", "3", "--rate", "0.005", "--threads", "1", "--out", file("a.onnx"))
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(trained.errors.isEmpty)
        #expect(trained.output.split(separator: "\n").count == 2)
        #expect(trained.output.hasPrefix("epoch 1: loss "))

        let pruned = try CommandRun(
            "prune", file("a.onnx"), "--ratio", "0.75", "--scope", "matrices", "--out", file("b.onnx"))
        #expect(pruned.status == 0, "\(pruned.errors)")
        // 784 * 16 + 16 * 16 + 16 * 10 weights.
        #expect(pruned.output.contains("total"))
        #expect(pruned.output.contains("12960"))
        #expect(pruned.output.contains("9720"))

        let tuned = try CommandRun(
            "finetune", file("b.onnx"), "--data", "digits:640", "--test-data", "digits:100", "--epochs", "1",
            "--out", file("c.onnx"))
        #expect(tuned.status == 0, "\(tuned.errors)")
        #expect(tuned.output.hasPrefix("before: test accuracy "))

        let inspected = try CommandRun("inspect", file("c.onnx"))
        #expect(inspected.status == 0, "\(inspected.errors)")
        #expect(inspected.output.contains("9720 of 12960"))

        let shrunk = try CommandRun("prune", file("a.onnx"), "--structured", "--ratio", "0.5", "--out", file("d.onnx"))
        #expect(shrunk.status == 0, "\(shrunk.errors)")
        #expect(shrunk.output.hasPrefix("16 of 32 channels removed"))
    }

    @Test func whatIsWrongIsSaidInOneLine() throws {
        let directory = try TemporaryDirectory()
        let out = directory.url.appending(path: "x.onnx").path
        let missing = directory.url.appending(path: "nothing").path
        try CommandRun("train", "--architecture", "8x1", "--data", missing, "--out", out)
            .expectInputFault("nothing")
        try CommandRun("train", "--architecture", "8x1", "--data", "digits:many", "--out", out)
            .expectInputFault("digits:many", "digits:1000")
        try CommandRun("finetune", CommandRun.spec("controller.onnx"), "--data", "digits:32", "--out", out)
            .expectInputFault("784", "2")
        try CommandRun(
            "prune", CommandRun.spec("controller.onnx"), "--method", "sparsegpt", "--out", out
        ).expectInputFault("controller.onnx", "--data")
        #expect(try CommandRun("prune", "x.onnx", "--method", "guess", "--out", out).status == 1)
    }
}
