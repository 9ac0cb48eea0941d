import ArgumentParser
import Evaluation
import Glibc
import Intervals
import Networks
import ONNXFormat

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what a network consists of.",
        discussion: """
            One line per layer: operator, shape of its value, parameters, weights that are not zero, neurons; as the \
            file has them, and simplified as they are verified. The cost of a pass of bounds is what its kernels \
            multiply: a matrix with many zeros costs what its nonzeros do, a convolution its whole kernel at every \
            pixel. Where a search leaves so little of a convolution that it becomes a sparse matrix, that is not counted.

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
                \(sparsity(asRead, asVerified))\(notes(summary))
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

    /// What the file says of how the network was made.
    private func notes(_ summary: ONNXSummary) -> String {
        let prefix = "secateur."
        let entries = summary.metadata.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
        if entries.isEmpty { return "" }
        var table = TextTable(header: ["made by", ""], leftAligned: 2)
        for (key, value) in entries {
            table.rows.append([key.dropFirst(prefix.count).split(separator: "_").joined(separator: " "), value])
        }
        return "\n" + table.description
    }

    /// What pruning has left, and what that is worth.
    private func sparsity(_ asRead: Network, _ asVerified: Network) -> TextTable {
        let (read, verified) = (asRead.statistics, asVerified.statistics)
        let prunable = asRead.nodes.filter(\.isPrunable).reduce(NodeStatistics()) { $0 + $1.statistics }
        let zeros = prunable.weights - prunable.nonzeroWeights
        let share = 100 * Double(zeros) / Double(max(1, prunable.weights))
        let (cost, dense) = (asVerified.passCost(), asRead.passCost(ignoringZeros: true))
        var table = TextTable(header: ["sparsity", ""], leftAligned: 1)
        table.rows.append(["weights that are 0", "\(zeros) of \(prunable.weights) (\(formatted("%.2f", share)) %)"])
        table.rows.append(["neurons removed", "\(max(0, read.neurons - verified.neurons)) of \(read.neurons)"])
        table.rows.append(["effective parameters", "\(verified.nonzeroWeights + verified.offsets)"])
        table.rows.append([
            "multiply-adds of one pass of bounds",
            "\(formatted("%.0f", cost)), \(formatted("%.2f", 100 * cost / max(1, dense))) % of the dense network's",
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
            ("asRead", object(asRead)), ("simplified", object(asVerified)),
            ("metadata", .object(summary.metadata.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })),
            ("passCost", .number(asVerified.passCost())),
            ("densePassCost", .number(asRead.passCost(ignoringZeros: true))), ("version", .text(version)),
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

extension Node {
    /// Whether it is a matrix or a convolution with weights of its own.
    fileprivate var isPrunable: Bool {
        switch operation {
        case .linear: true
        case .convolution(let convolution): !convolution.isAveragePooling
        case .input, .elementwise, .select, .reshape, .sum, .activation, .maxPool: false
        }
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
