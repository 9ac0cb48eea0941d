import ArgumentParser
import Files
import Glibc
import Networks
import ONNXFormat
import VNNLIBFormat

struct SpecsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "specs", abstract: "Writes small networks and properties with known verdicts.",
        discussion: """
            The same files every time: what Specs/ of the source holds.

            Example: secateur specs Specs
            """)

    @Argument(help: "The directory to write into; made when it does not exist.")
    var directory: String

    func run() throws {
        guard mkdir(directory, 0o777) == 0 || errno == EEXIST else {
            throw InputFault(
                "\(directory): cannot be made (\(String(cString: strerror(errno)))); name another directory")
        }
        let specs = allSpecs()
        for spec in specs {
            try write(ONNXWriter.write(spec.network, name: spec.name), to: spec.name + ".onnx")
            for question in spec.questions {
                let comment = "\(spec.name): \(spec.about)\n\(question.expected): \(question.reason)"
                let text = try VNNLIBWriter.text(of: question.property, comment: comment)
                try write(Array(text.utf8), to: "\(spec.name)-\(question.name).vnnlib")
            }
        }
        try write(ONNXWriter.write(prunedDenseNetwork(), name: "dense-pruned"), to: "dense-pruned.onnx")
        let queries = allSpecQueries()
        for query in queries {
            do {
                let content = try VNNLIBReader.readQuery(bytes: Array(query.text.utf8), name: query.name)
                let comment = "\(query.reference)\n\(query.expected): \(query.reason)"
                let text = VNNLIBWriter.text(of: content, comment: comment)
                try write(Array(text.utf8), to: "\(query.name).vnnlib")
            } catch let error as VNNLIBError {
                preconditionFailure("a query of Specs/ cannot be read: \(error)")
            }
        }
        try write(Array(queryTable(queries).utf8), to: "queries.csv")
        try write(Array(expectedTable(specs).utf8), to: "expected.csv")
        try write(Array(instanceTable(specs).utf8), to: "instances.csv")
        try write(Array(readme(specs, queries).utf8), to: "README.md")
    }

    private func write(_ bytes: [UInt8], to name: String) throws(InputFault) {
        let path = directory + "/" + name
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0, bytes.withUnsafeBytes({ writeOut($0, to: descriptor) }), close(descriptor) == 0
        else {
            throw InputFault(
                "\(path): cannot be written (\(String(cString: strerror(errno)))); name another directory")
        }
    }

    private func rows(_ specs: [Spec], _ row: (Spec, Spec.Question) -> String) -> String {
        specs.map { spec in spec.questions.map { row(spec, $0) + "\n" }.joined() }.joined()
    }

    private func expectedTable(_ specs: [Spec]) -> String {
        "onnx,vnnlib,timeout_s,expected,reason\n"
            + rows(specs) { spec, question in
                "\(spec.name).onnx,\(spec.name)-\(question.name).vnnlib,\(question.timeout),\(question.expected),"
                    + "\"\(question.reason)\""
            }
    }

    private func instanceTable(_ specs: [Spec]) -> String {
        rows(specs) { spec, question in
            "\(spec.name).onnx,\(spec.name)-\(question.name).vnnlib,\(question.timeout)"
        }
    }

    private func queryTable(_ queries: [SpecQuery]) -> String {
        "networks,vnnlib,timeout_s,expected,reason\n"
            + queries.map { "\($0.reference),\($0.name).vnnlib,10,\($0.expected),\"\($0.reason)\"\n" }.joined()
    }

    private func readme(_ specs: [Spec], _ queries: [SpecQuery]) -> String {
        var text = """
            # Small networks and properties with known verdicts

            Written by `make specs`; the tests and `make demo` use them. Each verdict follows from how the property was
            made, as the last column says. `expected.csv` holds the same table, `instances.csv` is a list to run.

            | network | what it is | property | verdict | because |
            |---|---|---|---|---|

            """
        for spec in specs {
            for (index, question) in spec.questions.enumerated() {
                let network = index == 0 ? "\(spec.name).onnx | \(escaped(spec.about))" : "|"
                text += "| \(network) | \(spec.name)-\(question.name).vnnlib | \(question.expected) "
                text += "| \(escaped(question.reason)) |\n"
            }
        }
        text += """

            Queries of VNN-LIB 2.0, in `queries.csv`; dense-pruned.onnx is dense.onnx without its smaller weights.

            | networks | query | verdict | because |
            |---|---|---|---|

            """
        for query in queries {
            text += "| \(query.networks.map { "\($0.name) = \($0.file).onnx" }.joined(separator: ", ")) "
            text += "| \(query.name).vnnlib | \(query.expected) | \(escaped(query.reason)) |\n"
        }
        return text + """

            Sweeps, written by hand: `sweep.yaml` trains small networks on drawn digits, `mnist-study.yaml` is a published
            protocol and `mnist-reduced.yaml` a tenth of it.

            """
    }

    private func escaped(_ text: String) -> String { String(text.flatMap { $0 == "|" ? ["\\", $0] : [$0] }) }
}
