import Foundation
import Testing

/// Certificates through the program: written while verifying, accepted as they are, refused once they are damaged.
struct CertificateTests {
    @Test(arguments: [
        ("controller", "controller-bounded", "unsat"), ("residual", "residual-robust", "unsat"),
        ("sparse", "sparse-robust", "unsat"), ("triangle", "triangle-tight", "sat"),
        ("parity6", "parity6-half", "sat"),
    ])
    func certificateIsAccepted(network: String, property: String, verdict: String) throws {
        let directory = try TemporaryDirectory()
        let certificate = directory.url.appending(path: "it.secert").path
        let files = [CommandRun.spec("\(network).onnx"), CommandRun.spec("\(property).vnnlib")]
        let run = try CommandRun(["verify"] + files + ["--certificate", certificate, "--timeout", "60"])
        #expect(run.verdict == verdict, "\(run.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["it.secert"])
        for flags in [[], ["--exact"], ["--threads", "1"]] {
            let check = try CommandRun(["check", certificate] + files + flags)
            #expect(check.output == "accepted\n" && check.status == 0, "\(check.errors)")
        }
        let text = try CommandRun(["check", certificate] + files + ["--text"])
        #expect(text.output.contains(verdict == "sat" ? "(X_0 " : "end of region"))
    }

    @Test func certificateOfAnotherPropertyIsRefused() throws {
        let directory = try TemporaryDirectory()
        let certificate = directory.url.appending(path: "it.secert").path
        let network = CommandRun.spec("sparse.onnx")
        _ = try CommandRun(
            "verify", network, CommandRun.spec("sparse-robust.vnnlib"), "--certificate", certificate)
        let check = try CommandRun("check", certificate, network, CommandRun.spec("sparse-planted.vnnlib"))
        #expect(check.status == 1 && check.output == "rejected\n")
        #expect(check.errors.contains("another file"))
        let bytes = try Data(contentsOf: URL(filePath: certificate))
        try bytes.prefix(bytes.count - 9).write(to: URL(filePath: certificate))
        let short = try CommandRun("check", certificate, network, CommandRun.spec("sparse-robust.vnnlib"))
        #expect(short.status == 1 && short.output == "rejected\n")
    }

    @Test func withoutAVerdictOnlyTheOpenProofIsWritten() throws {
        let directory = try TemporaryDirectory()
        let run = try CommandRun(
            "verify", CommandRun.spec("dense.onnx"), CommandRun.spec("dense-planted.vnnlib"), "--no-attack",
            "--max-nodes", "3", "--certificate", directory.url.appending(path: "it.secert").path)
        #expect(run.verdict == "unknown")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["it.secert.open"])
        // Which is no certificate, but a start.
        let open = directory.url.appending(path: "it.secert.open").path
        let query = [CommandRun.spec("dense.onnx"), CommandRun.spec("dense-planted.vnnlib")]
        #expect(try CommandRun(["check", open] + query).output == "rejected\n")
        #expect(try CommandRun(["verify"] + query + ["--start", open, "--timeout", "20"]).verdict == "sat")
    }

    @Test func witnessThatIsNoneIsRefused() throws {
        let directory = try TemporaryDirectory()
        let witness = try directory.write("sat\n((X_0 0.25)\n(X_1 0))\n", as: "witness")
        let run = try CommandRun(
            "check", witness, CommandRun.spec("triangle.onnx"), CommandRun.spec("triangle-below.vnnlib"))
        #expect(run.status == 1 && run.output == "rejected\n", "\(run.errors)")
    }
}
