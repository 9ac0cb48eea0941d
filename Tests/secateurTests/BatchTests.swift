import Foundation
import Testing

/// Batches through the program.
struct BatchTests {
    private static let rows = """
        triangle.onnx,triangle-below.vnnlib,10
        triangle.onnx,triangle-tight.vnnlib,10
        controller.onnx,controller-saturates.vnnlib,10
        missing.onnx,triangle-below.vnnlib,10
        """

    /// A directory with a list of four queries: one proof, two counterexamples and a missing network.
    private func makeList() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        for name in ["triangle.onnx", "controller.onnx"] + Self.properties {
            let bytes = try Data(contentsOf: URL(filePath: CommandRun.spec(name)))
            _ = try directory.write(bytes, as: name)
        }
        _ = try directory.write(Self.rows, as: "instances.csv")
        return directory
    }

    private static let properties = [
        "triangle-below.vnnlib", "triangle-tight.vnnlib", "controller-saturates.vnnlib",
    ]

    @Test func tableWitnessesAndResumption() throws {
        let directory = try makeList()
        let base = directory.url.path
        let arguments = [
            "batch", base, "--store", base + "/s.sqlite", "--out", base + "/r.csv", "--vnncomp", base + "/v",
        ]
        let run = try CommandRun(arguments)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("4 of 4 finished"))
        let table = try String(contentsOfFile: base + "/r.csv", encoding: .utf8)
        let verdicts = table.split(separator: "\n").map { $0.split(separator: ",")[2] }
        #expect(verdicts == ["verdict", "unsat", "sat", "sat", "error"])
        let folder = "\(base)/v/\(directory.url.lastPathComponent)"
        let witness = try String(
            contentsOfFile: "\(folder)/triangle_triangle-tight.counterexample", encoding: .utf8)
        #expect(witness.hasPrefix("sat\n((X_0 "))
        let competition = try String(contentsOfFile: base + "/v/results.csv", encoding: .utf8)
        #expect(competition.split(separator: "\n").count == 4)

        let again = try CommandRun(arguments + ["--resume"])
        #expect(again.output.contains("4 of 4 finished, 4 of them earlier"))
        #expect(try String(contentsOfFile: base + "/r.csv", encoding: .utf8) == table)
        let retried = try CommandRun(arguments + ["--resume", "--retry", "error"])
        #expect(retried.output.contains("4 of 4 finished, 3 of them earlier"))
        let fresh = try CommandRun(arguments)
        #expect(fresh.errors.contains("earlier results are kept as \(base)/s.sqlite.1"))
        #expect(fresh.output.contains("4 of 4 finished, in"))
    }

    @Test func shardsMergeToTheWhole() throws {
        let directory = try makeList()
        let base = directory.url.path
        for shard in 1...2 {
            let run = try CommandRun(
                "batch", base, "--shard", "\(shard)/2", "--store", "\(base)/\(shard).sqlite", "--jobs", "1")
            #expect(run.status == 0, "\(run.errors)")
        }
        let merged = try CommandRun(
            "merge", "--store", base + "/all.sqlite", base + "/1.sqlite", base + "/2.sqlite", "--out", base + "/all.csv"
        )
        #expect(merged.status == 0, "\(merged.errors)")
        #expect(merged.output.contains("4 added, 0 there already, 0 in conflict"))
        let rows = try String(contentsOfFile: base + "/all.csv", encoding: .utf8).split(separator: "\n")
        #expect(rows.count == 5)
        // The union goes on as the store of the whole batch.
        let run = try CommandRun("batch", base, "--store", base + "/all.sqlite", "--resume")
        #expect(run.output.contains("4 of 4 finished, 4 of them earlier"))
    }

    @Test func whatIsLeftIsToldWithTheCommandToGoOn() throws {
        let directory = try TemporaryDirectory()
        let list = try directory.write(
            "\(CommandRun.spec("parity41.onnx")),\(CommandRun.spec("parity41-half.vnnlib"))\n", as: "hard.csv")
        let store = directory.url.path + "/s.sqlite"
        let run = try CommandRun("batch", list, "--store", store, "--budget", "0.5", "--seed", "3")
        #expect(run.status == 0)
        #expect(run.output.contains("0 of 1 finished"))
        #expect(
            run.errors
                == "1 of 1 are left; go on with: secateur batch \(list) --store \(store) --budget 0.5 --seed 3 --resume\n"
        )
    }

    @Test func jsonHasAnObjectPerLine() throws {
        let directory = try makeList()
        let base = directory.url.path
        let run = try CommandRun("batch", base, "--store", base + "/s.sqlite", "--json")
        let lines = run.output.split(separator: "\n")
        #expect(lines.count == 5)
        for line in lines { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        #expect(lines.last?.contains("\"error\": 1") == true)
    }

    @Test func slurmScriptIsAShellScript() throws {
        let directory = try makeList()
        let script = directory.url.path + "/job's.sh"
        let run = try CommandRun("batch", directory.url.path, "--slurm", script, "--shards", "3", "--memory", "1G")
        #expect(run.status == 0, "\(run.errors)")
        let text = try String(contentsOfFile: script, encoding: .utf8)
        #expect(text.contains("#SBATCH --array=1-3\n") && text.contains("#SBATCH --mem=1536M\n"))
        #expect(text.contains("#SBATCH --time=0-00:02:00\n"))
        let check = Process()
        check.executableURL = URL(filePath: "/bin/sh")
        check.arguments = ["-n", script]
        try check.run()
        check.waitUntilExit()
        #expect(check.terminationStatus == 0)
    }

    @Test func imagesOfADataset() throws {
        let directory = try TemporaryDirectory()
        // The controller's inputs are two numbers; its output is one, so that every image keeps its only class.
        let data = try directory.write("0,0.25,0.5\n0,1,0.75\n", as: "points.csv")
        let run = try CommandRun(
            "robust", CommandRun.spec("controller.onnx"), "--data", data, "--images", "0:2", "--epsilon", "0.1")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("points.csv[1] eps 0.1"))
        #expect(run.output.contains("2 of 2 finished"))
    }

    @Test func wrongArguments() throws {
        try CommandRun("batch", "/nowhere.csv").expectInputFault("/nowhere.csv: no such file")
        try CommandRun(
            "robust", CommandRun.spec("controller.onnx"), "--data", "/nowhere", "--images", "0:2", "--epsilon", "0.1"
        ).expectInputFault("/nowhere: no such file")
        try CommandRun("merge", "/nowhere.sqlite", "--store", "/tmp/x").expectInputFault(
            "/nowhere.sqlite: no such store")
    }
}
