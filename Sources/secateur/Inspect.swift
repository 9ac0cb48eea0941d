import ArgumentParser
import Glibc
import Networks

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what a network consists of.",
        discussion: """
            One line per layer: operator, shape of its value, parameters, weights that are not zero, neurons.

            Example: secateur inspect network.onnx
            """)

    @Argument(help: "The network, an ONNX file, gzipped or not.")
    var network: String

    @Flag(help: "Print one JSON object instead.")
    var json = false

    func run() throws {
        let asRead = try readNetwork(network)
        if json {
            writeOut("\(object(asRead))\n", to: STDOUT_FILENO)
        } else {
            writeOut(text(asRead), to: STDOUT_FILENO)
        }
    }

    private func text(_ network: Network) -> String {
        var table = TextTable(
            header: ["", "layer", "operator", "from", "shape", "parameters", "nonzero weights", "neurons"],
            leftAligned: 5)
        for (index, node) in network.nodes.enumerated() {
            let counts = node.statistics
            table.rows.append([
                "\(index)", node.name, node.operation.name,
                node.inputs.map(String.init).joined(separator: " "),
                node.shape.map(String.init).joined(separator: "x"), number(counts.parameters),
                counts.weights == 0 ? "" : "\(counts.nonzeroWeights) (\(percent(counts)))",
                number(counts.neurons),
            ])
        }
        let total = network.statistics
        table.rows.append([
            "", "total", "", "", "", "\(total.parameters)", "\(total.nonzeroWeights) (\(percent(total)))",
            "\(total.neurons)",
        ])
        return "\(network.inputCount) inputs, \(network.outputCount) outputs\n\n\(table)"
    }

    private func number(_ count: Int) -> String { count == 0 ? "" : "\(count)" }

    private func percent(_ counts: NodeStatistics) -> String {
        guard counts.weights > 0 else { return "-" }
        return formatted("%.1f %%", 100 * Double(counts.nonzeroWeights) / Double(counts.weights))
    }

    private func object(_ asRead: Network) -> JSON {
        .object([
            ("network", .text(network)), ("inputs", .count(asRead.inputCount)),
            ("outputs", .count(asRead.outputCount)), ("totals", object(asRead.statistics)),
            ("layers", .list(asRead.nodes.map(object(_:)))), ("version", .text(version)),
        ])
    }

    private func object(_ node: Node) -> JSON {
        .object([
            ("name", .text(node.name)), ("operator", .text(node.operation.name)),
            ("inputs", .list(node.inputs.map(JSON.count))), ("shape", .list(node.shape.map(JSON.count))),
            ("counts", object(node.statistics)),
        ])
    }

    private func object(_ counts: NodeStatistics) -> JSON {
        .object([
            ("parameters", .count(counts.parameters)), ("weights", .count(counts.weights)),
            ("nonzeroWeights", .count(counts.nonzeroWeights)), ("neurons", .count(counts.neurons)),
        ])
    }
}

extension Operator {
    /// One word for tables.
    var name: String {
        switch self {
        case .input: "input"
        case .linear: "linear"
        case .convolution: "convolution"
        case .elementwise: "elementwise"
        case .select: "select"
        case .reshape: "reshape"
        case .sum: "sum"
        case .activation(.relu): "relu"
        case .activation(.leakyRelu): "leaky relu"
        case .maxPool: "max pooling"
        }
    }
}
