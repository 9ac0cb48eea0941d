import ArgumentParser
import Glibc
import Intervals
import Networks
import ONNXFormat

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
        let summary = try readSummary(network)
        let asRead = try readNetwork(network)
        let asVerified = asRead.simplified()
        if json {
            writeOut("\(object(summary, asRead, asVerified))\n", to: STDOUT_FILENO)
        } else {
            let operators = summary.sortedOperators.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
            writeOut(
                """
                operator set \(summary.operatorSet): \(operators)
                \(asRead.inputCount) inputs, \(asRead.outputCount) outputs

                as read
                \(table(asRead))
                simplified
                \(table(asVerified))
                """, to: STDOUT_FILENO)
        }
    }

    private func table(_ network: Network) -> TextTable {
        var table = TextTable(
            header: ["", "layer", "operator", "from", "shape", "parameters", "nonzero weights", "neurons"],
            leftAligned: 5)
        for (index, node) in network.nodes.enumerated() {
            let counts = node.statistics
            table.rows.append([
                "\(index)", node.name, node.operation.name, node.inputs.map(String.init).joined(separator: " "),
                node.shape.map(String.init).joined(separator: "x"), number(counts.parameters),
                counts.weights == 0 ? "" : nonzeros(counts), number(counts.neurons),
            ])
        }
        let total = network.statistics
        table.rows.append([
            "", "total", "", "", "", "\(total.parameters)", nonzeros(total), "\(total.neurons)",
        ])
        return table
    }

    private func number(_ count: Int) -> String { count == 0 ? "" : "\(count)" }

    private func nonzeros(_ counts: NodeStatistics) -> String {
        guard counts.weights > 0 else { return "0" }
        let share = 100 * Double(counts.nonzeroWeights) / Double(counts.weights)
        return "\(counts.nonzeroWeights) (\(formatted("%5.1f", share)) %)"
    }

    private func object(_ summary: ONNXSummary, _ asRead: Network, _ asVerified: Network) -> JSON {
        .object([
            ("network", .text(network)), ("operatorSet", .count(summary.operatorSet)),
            ("operators", .object(summary.sortedOperators.map { ($0.name, .count($0.count)) })),
            ("inputs", .count(asRead.inputCount)), ("outputs", .count(asRead.outputCount)),
            ("asRead", object(asRead)), ("simplified", object(asVerified)), ("version", .text(version)),
        ])
    }

    private func object(_ network: Network) -> JSON {
        .object([
            ("totals", object(network.statistics)), ("layers", .list(network.nodes.map(object(_:)))),
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

extension ONNXSummary {
    /// Most frequent first, then by name.
    var sortedOperators: [(name: String, count: Int)] {
        operators.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { (name: $0.key, count: $0.value) }
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
        case .activation(.smooth(.sigmoid)): "sigmoid"
        case .activation(.smooth(.tanh)): "tanh"
        case .activation(.smooth(.softplus)): "softplus"
        case .activation(.smooth(.silu)): "silu"
        case .activation(.smooth(.gelu)): "gelu"
        case .activation(.smooth(.geluTanh)): "gelu (tanh)"
        case .activation(.smooth(.elu)): "elu"
        case .maxPool: "max pooling"
        }
    }
}
