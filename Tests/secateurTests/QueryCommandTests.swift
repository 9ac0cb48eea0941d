import Foundation
import Testing

/// VNN-LIB 2.0 through the program: verdicts, assignments, errors, and what it says it supports.
struct QueryCommandTests {
    struct Row: CustomTestStringConvertible {
        var networks: [String]
        var query: String
        var expected: String

        var testDescription: String { query }

        var arguments: [String] {
            networks.flatMap { pair in
                let parts = pair.split(separator: "=").map(String.init)
                return ["--network", "\(parts[0])=\(CommandRun.spec(parts[1]))"]
            }
        }
    }

    static let rows: [Row] = {
        let table = try? String(contentsOfFile: CommandRun.spec("queries.csv"), encoding: .utf8)
        return (table ?? "").split(separator: "\n").dropFirst().map { line in
            let cells = line.split(separator: ",").map(String.init)
            return Row(networks: cells[0].split(separator: ";").map(String.init), query: cells[1], expected: cells[3])
        }
    }()

    @Test(arguments: rows)
    func verdictIsAsConstructed(row: Row) throws {
        let isOpen = row.expected == "unknown"
        let run = try CommandRun(
            ["verify", CommandRun.spec(row.query), "--timeout", isOpen ? "2" : "60"] + row.arguments)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.verdict == row.expected || (isOpen && run.verdict == "timed-out"), "\(run.errors)")
        if row.expected != "sat" { #expect(run.output == run.verdict + "\n") }
    }

    @Test func thereAreQueriesOfEveryKind() {
        #expect(Set(Self.rows.map(\.expected)) == ["sat", "unsat", "unknown"])
        #expect(Self.rows.contains { $0.networks.count == 2 })
    }

    @Test func assignmentsAreComplete() throws {
        let run = try CommandRun(
            "verify", CommandRun.spec("controller-steep.vnnlib"), "--network",
            "here=\(CommandRun.spec("controller.onnx"))")
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 1 + 4 + 6, "\(run.output)")
        guard lines.count == 11 else { return }
        #expect(lines[0] == "sat" && lines[1] == "P real [1,2]" && lines[4] == "T real [1,1]")
        #expect(lines[6] == "Q real [1,2]" && lines[9] == "U real [1,1]")
        let values = [2, 3, 5, 7, 8, 10].compactMap { Double(lines[$0]) }
        #expect(values.count == 6 && !run.output.contains("e-"))
        guard values.count == 6 else { return }
        #expect(abs(values[0] - values[3]) <= 0.0625 && abs(values[1] - values[4]) <= 0.0625)
        #expect(values[2] - values[5] >= 0.125 - 1e-9)
        let torque = max(-1, min(1, -(1.5 * values[0] + 0.75 * values[1])))
        #expect(abs(torque - values[2]) < 1e-9)
    }

    @Test func oneNetworkMayStandBeforeItsQuery() throws {
        let run = try CommandRun(
            "verify", CommandRun.spec("triangle.onnx"), CommandRun.spec("triangle-parts.vnnlib"))
        #expect(run.output == "unsat\n", "\(run.errors)")
    }

    @Test func timeoutsHaveTheStandardsName() throws {
        let directory = try TemporaryDirectory()
        let query = try directory.write(
            try String(contentsOfFile: CommandRun.spec("parity41-half.vnnlib"), encoding: .utf8).asQuery(inputs: 41),
            as: "parity.vnnlib")
        let run = try CommandRun(
            "verify", query, "--network", "f=\(CommandRun.spec("parity41.onnx"))", "--timeout", "0.5")
        #expect(run.output == "timed-out\n", "\(run.errors)")
    }

    @Test func queriesAreListedToo() throws {
        let directory = try TemporaryDirectory()
        let rows = Self.rows.filter { ["pair-equal.vnnlib", "pair-apart.vnnlib"].contains($0.query) }
        let list = rows.map { row in
            let networks = row.networks.map { pair in
                let parts = pair.split(separator: "=")
                return "\(parts[0])=\(CommandRun.spec(String(parts[1])))"
            }
            return "\(networks.joined(separator: ";")),\(CommandRun.spec(row.query)),20\n"
        }.joined()
        let path = try directory.write(list, as: "instances.csv")
        let out = directory.url.appending(path: "results.csv").path
        let store = directory.url.appending(path: "results.sqlite").path
        let run = try CommandRun("batch", path, "--out", out, "--store", store)
        #expect(run.status == 0, "\(run.errors)")
        let results = try String(contentsOfFile: out, encoding: .utf8)
        #expect(results.contains(",unsat,") && results.contains(",sat,"), "\(results)")
    }

    /// A proof about several networks is checked like any other.
    @Test(arguments: rows.filter { ["pair-close.vnnlib", "pair-apart.vnnlib"].contains($0.query) })
    func certificatesOfPairsAreAccepted(row: Row) throws {
        let directory = try TemporaryDirectory()
        let proof = directory.url.appending(path: "proof.secert").path
        let query = [CommandRun.spec(row.query)] + row.arguments
        let run = try CommandRun(["verify"] + query + ["--certificate", proof])
        #expect(run.verdict == row.expected, "\(run.errors)")
        let check = try CommandRun(["check", proof] + query)
        #expect(check.output == "accepted\n", "\(check.errors)")
        // The same query of other networks is another question.
        guard row.networks.count == 2, row.expected == "unsat" else { return }
        let file = CommandRun.spec(String(row.networks[0].split(separator: "=")[1]))
        let swapped = row.networks.flatMap { ["--network", "\($0.split(separator: "=")[0])=\(file)"] }
        let refused = try CommandRun(["check", proof, CommandRun.spec(row.query)] + swapped)
        #expect(refused.output == "rejected\n" && refused.errors.contains("another file"), "\(refused.errors)")
    }

    @Test func certificatesOfHiddenTensorsAreAccepted() throws {
        let directory = try TemporaryDirectory()
        let text = try String(contentsOfFile: CommandRun.spec("triangle-parts.vnnlib"), encoding: .utf8)
        let query = try directory.write(text.replacing(" 0.0)", with: " -0.01)"), as: "parts.vnnlib")
        let proof = directory.url.appending(path: "proof.secert").path
        let network = CommandRun.spec("triangle.onnx")
        let run = try CommandRun("verify", network, query, "--certificate", proof)
        #expect(run.output == "unsat\n", "\(run.errors)")
        let check = try CommandRun("check", proof, query, "--network", "f=\(network)")
        #expect(check.output == "accepted\n", "\(check.errors)")
    }

    @Test func certificatesAreAboutRealNumbers() throws {
        let directory = try TemporaryDirectory()
        let text = """
            (vnnlib-version <2.0>)
            (declare-network f (declare-input X real [1,2]) (declare-output T real [1,1]))
            (assert (and (>= X[0,0] -4.0) (<= X[0,0] 4.0) (>= X[0,1] -8.0) (<= X[0,1] 8.0) (> T[0,0] 1.5)))
            """
        let query = try directory.write(text, as: "bounded.vnnlib")
        let proof = directory.url.appending(path: "proof.secert").path
        let network = CommandRun.spec("controller.onnx")
        let run = try CommandRun("verify", network, query, "--certificate", proof)
        #expect(run.output == "unsat\n", "\(run.errors)")
        let check = try CommandRun("check", proof, network, query)
        #expect(check.output == "accepted\n", "\(check.errors)")
        let rounded = try directory.write(text.replacing("real", with: "float32"), as: "rounded.vnnlib")
        try CommandRun("verify", network, rounded, "--certificate", proof)
            .expectInputFault("certificates are about real numbers")
    }

    @Test func mistakesAreNamed() throws {
        let network = CommandRun.spec("controller.onnx")
        let steep = CommandRun.spec("controller-steep.vnnlib")
        try CommandRun("verify", steep).expectInputFault(steep, ": MissingNetworkFile: ", "--network here=FILE.onnx")
        try CommandRun("verify", steep, "--network", "here=\(network)", "--network", "off=\(network)")
            .expectInputFault(steep, "UnnecessaryNetworkFile", "off")
        try CommandRun("verify", CommandRun.spec("pair-close.vnnlib"), "--network", "f=\(network)")
            .expectInputFault("MissingNetworkFile")
        try CommandRun("verify", steep, "--network", "here=\(CommandRun.spec("dense.onnx"))")
            .expectInputFault("TensorMismatch", "P has shape [1, 2]")
        try CommandRun("verify", steep, "--network", "controller.onnx").expectInputFault("write --network f=")
        try CommandRun("verify", network).expectInputFault("there is no property")
        try CommandRun("verify", network, steep, "--network", "here=\(network)").expectInputFault("leave this one away")
        try CommandRun("verify", CommandRun.spec("controller-bounded.vnnlib"), "--network", "f=\(network)")
            .expectInputFault("VNN-LIB 1.0 property names no networks")
    }

    @Test func capabilitiesArePrintedLineByLine() throws {
        for (option, expected) in [
            ("--onnx-opset-versions", "7\n21\n"), ("--onnx-element-types", "real\nfloat32\nfloat64\n"),
            ("--vnnlib-versions", "1.0\n2.0\n"), ("--hidden-node-theories", "NH\nH\n"),
            ("--multiple-input-output-theories", "SIO\nMIO\n"),
            ("--multiple-network-theories", "SNET\nMENET\nMINET\nMNET\n"),
            ("--multiple-node-comparison-theories", "SNC\nMNC\n"),
            ("--arithmetic-complexity-theories", "BND\nOUTC\nLIN\n"), ("--optimised-disjunctive-reasoning", "false\n"),
            ("--serialise-assignments", "false\n"), ("--unsat-proofs", "false\n"),
            ("--onnx-operators-unsat-proofs", ""),
        ] {
            let run = try CommandRun("supports", option)
            #expect(run.status == 0 && run.output == expected, "\(option): \(run.output)\(run.errors)")
        }
        let operators = try CommandRun("supports", "--onnx-operators").output.split(separator: "\n")
        #expect(operators.contains("Conv") && operators.contains("Sigmoid real"))
        #expect(try CommandRun("supports").status == 1)
        #expect(try CommandRun("--name").output == "Secateur\n")
    }
}

extension String {
    /// A property of version 1.0 with one output index per `Y_i`, as a query of one network `f`.
    fileprivate func asQuery(inputs: Int) -> String {
        let asserts = split(separator: "\n").filter { $0.hasPrefix("(assert") }.map { line in
            line.replacing(/X_(\d+)/) { "X[0,\($0.1)]" }.replacing(/Y_(\d+)/) { "Y[0,\($0.1)]" }
        }
        return """
            (vnnlib-version <2.0>)
            (declare-network f (declare-input X real [1,\(inputs)]) (declare-output Y real [1,2]))

            """ + asserts.joined(separator: "\n")
    }
}
