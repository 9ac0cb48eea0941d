import Foundation
import NetworkQueries
import Networks
import ONNXFormat
import RandomNumbers
import VNNLIBFormat

/// A directory of ONNX files that goes away with its owner.
final class NetworkDirectory {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "secateur-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Writes the network; returns its path.
    func write(_ network: Network, as name: String) throws -> String {
        let path = url.appending(path: name + ".onnx")
        try Data(ONNXWriter.write(network, name: name)).write(to: path)
        return path.path
    }

    /// Writes the networks as f and g; returns their paths by these names.
    func write(_ networks: [Network]) throws -> [String: String] {
        ["f": try write(networks[0], as: "f"), "g": try write(networks[1], as: "g")]
    }
}

/// Two inputs, a hidden layer of ReLUs (tensor "relu"), two outputs; small dyadic weights.
func tinyNetwork(_ generator: inout SplitMix64, hidden: Int = 3) -> Network {
    func matrix(_ rows: Int, _ columns: Int) -> Linear {
        let values = (0..<rows * columns).map { _ in Double(Int.random(in: -4...4, using: &generator)) / 4 }
        let bias = (0..<rows).map { _ in Double(Int.random(in: -2...2, using: &generator)) / 4 }
        return Linear(weights: .dense(rows: rows, columns: columns, values: values), bias: bias)
    }
    let nodes = [
        Node(name: "input", operation: .input, inputs: [], shape: [2]),
        Node(name: "before", operation: .linear(matrix(hidden, 2)), inputs: [0], shape: [hidden]),
        Node(name: "relu", operation: .activation(.relu), inputs: [1], shape: [hidden]),
        Node(name: "scores", operation: .linear(matrix(2, hidden)), inputs: [2], shape: [2]),
    ]
    return Network(nodes: nodes, output: 3)
}

func query(_ text: String) throws -> VNNLIBQuery {
    try VNNLIBReader.readQuery(bytes: Array(text.utf8), name: "q.vnnlib")
}

/// Declarations of tiny networks f and g.
func declarations(_ equivalence: String = "", type: String = "real") -> String {
    """
    (vnnlib-version <2.0>)
    (declare-network f
        (declare-input X \(type) [2]) (declare-hidden H \(type) [3] "relu") (declare-output Y \(type) [2]))
    (declare-network g \(equivalence)
        (declare-input A \(type) [2]) (declare-hidden K \(type) [3] "relu") (declare-output B \(type) [2]))

    """
}
