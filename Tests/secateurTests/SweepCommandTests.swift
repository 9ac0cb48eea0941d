import Foundation
import Testing

/// `secateur sweep` as a user has it.
@Suite(.serialized) struct SweepCommandTests {
    private static let yaml = """
        dataset: {path: 'digits:160'}
        architecture: 12x1
        seeds: [5]
        training: {epochs: 2, rate: 0.01}
        pruning: {methods: [magnitude], ratios: [0, 0.8]}
        verification: {images: '0:6', epsilons: [0.005, 0.05], timeout: 30}
        """

    private let directory: TemporaryDirectory
    private let file: String

    init() throws {
        directory = try TemporaryDirectory()
        file = try directory.write(Self.yaml, as: "small.yaml")
    }

    private func folder(_ name: String) -> String { directory.url.appending(path: name).path }

    /// Outcomes by network, image and radius.
    private func outcomes(_ name: String) throws -> [String: String] {
        let data = try Data(contentsOf: URL(filePath: folder(name) + "/results.json"))
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let queries = try #require(object["queries"] as? [[String: Any]])
        return Dictionary(
            uniqueKeysWithValues: queries.map { query in
                ("\(query["model"]!) \(query["image"]!) \(query["epsilon"]!)", "\(query["outcome"]!)")
            })
    }

    @Test func killedSweepsGoOn() throws {
        let whole = try CommandRun("sweep", file, "--out", folder("whole"))
        #expect(whole.status == 0, "\(whole.errors)")
        #expect(whole.output.contains("complete"))
        let expected = try outcomes("whole")
        #expect(expected.count == 24)
        let process = Process()
        process.executableURL = CommandRun.program
        process.arguments = ["sweep", file, "--out", folder("killed")]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        // Once the first network is there.
        let deadline = Date() + 60
        while process.isRunning, Date() < deadline {
            let made = (try? FileManager.default.contentsOfDirectory(atPath: folder("killed") + "/models")) ?? []
            if made.contains(where: { $0.hasSuffix(".onnx") }) { break }
            Thread.sleep(forTimeInterval: 0.01)
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let rest = try CommandRun("sweep", file, "--out", folder("killed"), "--quiet")
        #expect(rest.status == 0, "\(rest.errors)")
        #expect(try outcomes("killed") == expected)
    }

    @Test func budgetsSayHowToGoOn() throws {
        let run = try CommandRun("sweep", file, "--out", folder("short"), "--budget", "0.001")
        #expect(run.status == 0)
        #expect(run.errors.contains("go on with: secateur sweep"))
    }

    @Test func dryRunsDoNothing() throws {
        let run = try CommandRun("sweep", file, "--out", folder("dry"), "--dry-run")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("seed5-magnitude-0.8"))
        #expect(run.output.contains("24 questions"))
        #expect(!FileManager.default.fileExists(atPath: folder("dry")))
    }

    @Test func mistakesAreInputFaults() throws {
        let wrong = try directory.write(Self.yaml.replacing("epochs: 2", with: "epochs: x"), as: "wrong.yaml")
        try CommandRun("sweep", wrong).expectInputFault("wrong.yaml:4", "training.epochs", "'x'")
        try CommandRun("sweep", file, "--set", "verification.images=0:9999", "--out", folder("far"))
            .expectInputFault("0..<9999", "160")
        let unknown = try CommandRun("sweep", file, "--no-reuse", "luck")
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("'luck' is unknown"))
    }

    @Test func sweepsOfTheSourceAreReadable() throws {
        let run = try CommandRun("sweep", CommandRun.spec("sweep.yaml"), "--out", folder("readme"), "--dry-run")
        #expect(run.status == 0, "\(run.errors)")
        for name in ["mnist-study.yaml", "mnist-reduced.yaml"] {
            // Everything but the data is there.
            try CommandRun("sweep", CommandRun.spec(name), "--dry-run", "--set", "dataset.path=/nowhere")
                .expectInputFault("/nowhere")
        }
    }
}
