import Foundation
import Testing

/// The competition's scripts as its harness calls them.
struct CompetitionScriptTests {
    private let temporary: TemporaryDirectory

    init() throws { temporary = try TemporaryDirectory() }

    private func run(_ script: String, _ arguments: String...) throws -> Int32 {
        let process = Process()
        process.executableURL = CommandRun.root.appending(path: "Benchmarks/vnncomp/\(script)")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            // The directory of the file that names the running process: tests run side by side.
            ["SECATEUR": CommandRun.program.path, "TMPDIR": temporary.url.path], uniquingKeysWith: { $1 })
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test(arguments: [
        ("triangle", "triangle-below", "unsat\n"), ("triangle", "triangle-tight", "sat\n((X_0 "),
        ("parity41", "parity41-half", "timeout\n"), ("triangle", "parity41-half", "error\n"),
    ])
    func resultFile(network: String, property: String, expected: String) throws {
        let result = temporary.url.path + "/result.txt"
        let files = (CommandRun.spec("\(network).onnx"), CommandRun.spec("\(property).vnnlib"))
        #expect(try run("prepare_instance.sh", "v1", "specs", files.0, files.1) == 0)
        #expect(try run("run_instance.sh", "v1", "specs", files.0, files.1, result, "1") == 0)
        #expect(try String(contentsOfFile: result, encoding: .utf8).hasPrefix(expected))
    }

    @Test func missingFilesAreRefused() throws {
        #expect(try run("prepare_instance.sh", "v1", "specs", "/nowhere.onnx", "/nowhere.vnnlib") != 0)
        #expect(try run("prepare_instance.sh", "v2", "specs") != 0)
    }
}
