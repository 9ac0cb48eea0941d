import Foundation
import Testing

/// Specs/ through the program: the verdicts their constructions prove, and the files as the program writes them.
struct SpecsTests {
    struct Row: CustomTestStringConvertible {
        var network: String
        var property: String
        var expected: String

        /// Searches need very long to decide it.
        var isHard: Bool { property.hasPrefix("parity41") }

        var testDescription: String { property }
    }

    static let rows: [Row] = {
        let table = try? String(contentsOfFile: CommandRun.spec("expected.csv"), encoding: .utf8)
        return (table ?? "").split(separator: "\n").dropFirst().map { line in
            let cells = line.split(separator: ",").map(String.init)
            return Row(network: cells[0], property: cells[1], expected: cells[3])
        }
    }()

    @Test func committedFilesAreFresh() throws {
        let directory = try TemporaryDirectory()
        let run = try CommandRun("specs", directory.url.path)
        #expect(run.status == 0, "\(run.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.url.path).sorted()
        #expect(names.count > 20)
        for name in names {
            let fresh = try Data(contentsOf: directory.url.appending(path: name))
            let committed = try? Data(contentsOf: URL(filePath: CommandRun.spec(name)))
            #expect(fresh == committed, "Specs/\(name) is out of date; run make specs")
        }
    }

    @Test(arguments: rows.filter(\.isHard))
    func hardOnesAreNotMisjudged(row: Row) throws {
        let run = try CommandRun(
            "verify", CommandRun.spec(row.network), CommandRun.spec(row.property), "--timeout", "2")
        #expect([row.expected, "unknown", "timeout"].contains(run.verdict), "\(run.errors)")
    }

    /// What is true of real numbers only is not proved of float32.
    @Test(arguments: ["cancellation-half", "resolution-bounded", "order-positive"])
    func float32IsNotClaimed(property: String) throws {
        let files = [
            CommandRun.spec(property.prefix { $0 != "-" } + ".onnx"), CommandRun.spec("\(property).vnnlib"),
        ]
        let run = try CommandRun(["verify"] + files + ["--timeout", "30"])
        #expect(run.verdict == "unsat")
        #expect(run.errors.contains("holds for every float32 summation order: no"))
        let required = try CommandRun(["verify"] + files + ["--timeout", "2", "--require-float32"])
        #expect(["unknown", "timeout"].contains(required.verdict))
    }

    @Test(arguments: rows.filter { !$0.isHard })
    func verdictIsAsConstructed(row: Row) throws {
        let run = try CommandRun(
            "verify", CommandRun.spec(row.network), CommandRun.spec(row.property), "--timeout", "60")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.verdict == row.expected, "\(run.errors)")
        #expect(run.output.contains("((X_0 ") == (row.expected == "sat"))
    }

    @Test(arguments: rows.filter { $0.expected == "sat" })
    func violatedIsNeverProved(row: Row) throws {
        let run = try CommandRun(
            "verify", CommandRun.spec(row.network), CommandRun.spec(row.property), "--timeout", "2",
            "--no-attack")
        #expect(run.status == 0, "\(run.errors)")
        #expect(["unknown", "timeout"].contains(run.verdict), "\(run.errors)")
        #expect(run.output == run.verdict + "\n")
    }

    @Test func budgetEndsTheSearch() throws {
        let files = ["verify", CommandRun.spec("parity41.onnx"), CommandRun.spec("parity41-half.vnnlib")]
        let timed = try CommandRun(files + ["--timeout", "0.5"])
        #expect(timed.status == 0)
        #expect(timed.output == "timeout\n")
        let counted = try CommandRun(files + ["--max-nodes", "100"])
        #expect(counted.status == 0)
        #expect(counted.output == "unknown\n")
        #expect(counted.errors.hasPrefix("unknown: "))
    }

    @Test func sameSeedSameNodes() throws {
        let arguments = [
            "verify", CommandRun.spec("parity41.onnx"), CommandRun.spec("parity41-half.vnnlib"),
            "--max-nodes", "60",
            "--threads", "2", "--seed", "3", "--json",
        ]
        let first = try JSONOutput(CommandRun(arguments))
        let second = try JSONOutput(CommandRun(arguments))
        #expect(first.verdict == second.verdict)
        #expect(first.nodes == second.nodes)
    }

    @Test func jsonIsOneObject() throws {
        let holds = try JSONOutput(
            CommandRun(
                "verify", CommandRun.spec("controller.onnx"), CommandRun.spec("controller-bounded.vnnlib"),
                "--json"))
        #expect(holds.verdict == "unsat")
        #expect(holds.witness == nil)
        let violated = try JSONOutput(
            CommandRun(
                "verify", CommandRun.spec("controller.onnx"), CommandRun.spec("controller-saturates.vnnlib"),
                "--json"))
        #expect(violated.verdict == "sat")
        #expect(violated.witness?.input.count == 2)
        #expect(violated.witness?.output == [1])
    }
}

/// The part of the JSON output that tests look at.
struct JSONOutput: Decodable {
    var verdict: String
    var nodes: Int
    var witness: Witness?

    struct Witness: Decodable {
        var input: [Double]
        var inputText: [String]
        var output: [Double]
    }

    init(_ run: CommandRun) throws {
        #expect(run.status == 0, "\(run.errors)")
        self = try JSONDecoder().decode(Self.self, from: Data(run.output.utf8))
    }
}
