import Foundation
import Testing

/// Comparisons through the program: brackets, verdicts, certificates, and what is left when time is up.
struct CompareTests {
    static let networks = [CommandRun.spec("dense.onnx"), CommandRun.spec("dense-pruned.onnx")]
    static let named = ["--network", "f=\(networks[0])", "--network", "g=\(networks[1])"]

    private static func seconds(_ work: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try work()
        return (ContinuousClock.now - start) / .seconds(1)
    }

    @Test func verdictsAreCertified() throws {
        let directory = try TemporaryDirectory()
        for (threshold, verdict) in [("0.06", "unsat"), ("0.02", "sat")] {
            let proof = directory.url.appending(path: "\(verdict).secert").path
            let run = try CommandRun(
                ["compare"] + Self.networks + ["--box=-0.02:0.03", "--threshold", threshold, "--certificate", proof])
            #expect(run.verdict == verdict && run.status == 0, "\(run.errors)")
            let check = try CommandRun(["check", proof, proof + ".vnnlib"] + Self.named)
            #expect(check.output == "accepted\n", "\(check.errors)")
            // The query asks what was asked, and by itself has the same answer.
            let verify = try CommandRun(["verify", proof + ".vnnlib"] + Self.named)
            #expect(verify.verdict == verdict, "\(verify.errors)")
        }
        // Neither is an answer to another threshold, nor for other networks.
        let proof = directory.url.appending(path: "unsat.secert").path
        let query = try String(contentsOfFile: proof + ".vnnlib", encoding: .utf8)
        #expect(query.contains(" 0.0600000") || query.contains(" 0.0599999"))
        let other = try directory.write(query.replacing(" 0.0", with: " 0.000"), as: "other.vnnlib")
        let lowered = try CommandRun(["check", proof, other] + Self.named)
        #expect(lowered.output == "rejected\n" && lowered.errors.contains("another file"), "\(lowered.errors)")
        let swapped = try CommandRun(
            "check", proof, proof + ".vnnlib", "--network", "f=\(Self.networks[1])", "--network",
            "g=\(Self.networks[0])")
        #expect(swapped.output == "rejected\n", "\(swapped.errors)")
    }

    @Test func certificatesNeedAThreshold() throws {
        let directory = try TemporaryDirectory()
        let proof = directory.url.appending(path: "it.secert").path
        for more in [[], ["--threshold", "1", "--measure", "l2"]] {
            let run = try CommandRun(["compare"] + Self.networks + ["--box=0:0.1", "--certificate", proof] + more)
            #expect(run.status == 1 && run.output.isEmpty)
            #expect(run.errors.contains("--certificate belongs to --threshold, and to --measure linf or outputs"))
        }
    }

    @Test func whenTimeIsUpTheBracketIsPrinted() throws {
        var run: CommandRun?
        let seconds = try Self.seconds {
            run = try CommandRun(
                ["compare"] + Self.networks + ["--box=-1:1", "--tolerance", "0.0001", "--timeout", "1"])
        }
        let output = try #require(run).output
        #expect(run?.status == 0 && seconds < 10, "\(seconds) s")
        #expect(output.contains("deviation: at least ") && output.contains(" % apart)"), "\(output)")
    }

    @Test func anInterruptPrintsTheBracket() throws {
        let directory = try TemporaryDirectory()
        let output = try directory.write("", as: "output")
        let process = Process()
        process.executableURL = CommandRun.program
        process.arguments = ["compare"] + Self.networks + ["--box=-1:1", "--tolerance", "0.0001"]
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        usleep(1_500_000)
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 130)
        let text = try String(contentsOfFile: output, encoding: .utf8)
        #expect(text.contains("deviation: at least "), "\(text)")
    }
}
