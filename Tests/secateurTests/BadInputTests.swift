import Foundation
import Testing

/// Whatever is wrong with the input: exit status 1 and one line that says where, what, and what to do.
struct BadInputTests {
    private let directory: TemporaryDirectory
    private let network = CommandRun.spec("controller.onnx")
    private let property = CommandRun.spec("controller-bounded.vnnlib")

    init() throws { directory = try TemporaryDirectory() }

    private func copy(of spec: String, as name: String, _ change: (inout Data) throws -> Void) throws
        -> String
    {
        var bytes = try Data(contentsOf: URL(filePath: CommandRun.spec(spec)))
        try change(&bytes)
        return try directory.write(bytes, as: name)
    }

    @Test func missingNetwork() throws {
        try CommandRun("verify", "nowhere.onnx", property).expectInputFault("nowhere.onnx: no such file")
    }

    @Test func missingProperty() throws {
        try CommandRun("verify", network, "nowhere.vnnlib").expectInputFault("nowhere.vnnlib: no such file")
    }

    @Test(arguments: [10, 100, 300])
    func truncatedNetwork(length: Int) throws {
        let path = try copy(of: "controller.onnx", as: "cut.onnx") { $0 = $0.prefix(length) }
        try CommandRun("verify", path, property).expectInputFault("\(path): ", "; ")
    }

    @Test func textNamedAsNetwork() throws {
        let path = try directory.write("This is no network.\n", as: "text.onnx")
        try CommandRun("verify", path, property).expectInputFault("\(path): ", "; ")
    }

    @Test func emptyNetwork() throws {
        let path = try directory.write("", as: "empty.onnx")
        try CommandRun("verify", path, property).expectInputFault("\(path): ", "; ")
    }

    @Test func unsupportedOperator() throws {
        let path = try copy(of: "controller.onnx", as: "sinh.onnx") { bytes in
            let place = try #require(bytes.range(of: Data("Relu".utf8)))
            bytes.replaceSubrange(place, with: Data("Sinh".utf8))
        }
        try CommandRun("verify", path, property).expectInputFault("\(path): ", "node '", "Sinh", "; ")
    }

    @Test func wrongNumberOfInputs() throws {
        try CommandRun("verify", CommandRun.spec("dense.onnx"), property)
            .expectInputFault("controller-bounded.vnnlib: ", "declares 2 inputs", "has 6", "; ")
    }

    @Test func wrongNumberOfOutputs() throws {
        let path = try directory.write(
            """
            (declare-const X_0 Real)
            (declare-const X_1 Real)
            (declare-const Y_0 Real)
            (declare-const Y_1 Real)
            (assert (and (>= X_0 0) (<= X_0 1) (>= X_1 0) (<= X_1 1)))
            (assert (<= Y_0 Y_1))
            """, as: "outputs.vnnlib")
        try CommandRun("verify", network, path).expectInputFault(
            "\(path): ", "declares 2 outputs", "has 1", "; ")
    }

    @Test func syntaxErrorAtItsColumn() throws {
        let path = try directory.write(
            "(declare-const X_0 Real)\n(assert (<= X_0 1,5))\n", as: "comma.vnnlib")
        try CommandRun("verify", network, path).expectInputFault("\(path):2:17: ", "1,5", "; ")
    }

    @Test func directoryInsteadOfFile() throws {
        try CommandRun("verify", directory.url.path, property).expectInputFault("a directory")
    }

    @Test func jsonKeepsStandardOutputEmpty() throws {
        try CommandRun("verify", "nowhere.onnx", property, "--json").expectInputFault("no such file")
    }

    @Test(arguments: [
        ["verify"], ["verify", "a", "b", "--timeout=-1"],
        ["verify", "a", "b", "--memory=4X"],
        ["verify", "a", "b", "--threads=0"], ["nonsense"], ["--nonsense"],
    ])
    func wrongArguments(arguments: [String]) throws {
        let run = try CommandRun(arguments)
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("Error: "))
    }
}
