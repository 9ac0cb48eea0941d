// The question of how far two networks are apart as everybody may ask it: a VNN-LIB 2.0 query. A certificate of the answer
// is one for this query.

public import Intervals
import ONNXFormat
public import Properties
import VNNLIBFormat

/// Writes the query whether some output of two networks ever differs by more than a threshold.
public enum DeviationQuery {
    /// - Parameters:
    ///   - files: of the networks, which the query calls f and g.
    ///   - region: the inputs, whose ends are known exactly.
    ///   - threshold: exceeded where the query is satisfied.
    ///   - comment: lines for the query's head.
    /// - Throws: when a file cannot be read, or an end is not known exactly.
    /// - Precondition: the networks have the region's inputs, and as many outputs as each other.
    public static func text(
        of files: (dense: String, pruned: String), over region: InputRegion, exceeding threshold: ExactDecimal,
        comment: String = ""
    ) throws(NetworkQueryError) -> String {
        let dense = Elements(try DeclaredNetwork.read(files.dense, hidden: []), ("X", "Y"))
        let pruned = Elements(try DeclaredNetwork.read(files.pruned, hidden: []), ("A", "B"))
        precondition(dense.inputs.count == region.count && pruned.inputs.count == region.count)
        precondition(dense.outputs.count == pruned.outputs.count)
        var text = comment.split(separator: "\n").map { "; \($0)\n" }.joined() + "(vnnlib-version <2.0>)\n\n"
        text += "(declare-network f\n\(dense.declarations))\n(declare-network g\n\(pruned.declarations))\n\n"
        for (index, (input, other)) in zip(dense.inputs, pruned.inputs).enumerated() {
            guard let lower = region.exactLower(index), let upper = region.exactUpper(index) else {
                throw NetworkQueryError(nil, "input \(index): its range is not known exactly and cannot be written")
            }
            text += "(assert (and (>= \(input) \(lower.plainDescription)) (<= \(input) \(upper.plainDescription))))\n"
            text += "(assert (== \(other) \(input)))\n"
        }
        let number = threshold.plainDescription
        let parts = zip(dense.outputs, pruned.outputs).map { mine, theirs in
            "    (> (- \(mine) \(theirs)) \(number)) (> (- \(theirs) \(mine)) \(number))\n"
        }
        return text + "(assert (or\n\(parts.joined())))\n"
    }

    /// How a network's tensors are declared and their elements written.
    private struct Elements {
        var declarations = ""
        var inputs: [String] = []
        var outputs: [String] = []

        init(_ interface: ONNXInterface, _ names: (input: String, output: String)) {
            inputs = declare(interface.inputs, "input", names.input)
            outputs = declare(interface.outputs, "output", names.output)
        }

        private mutating func declare(_ tensors: [ONNXTensor], _ kind: String, _ name: String) -> [String] {
            var elements: [String] = []
            for (number, tensor) in tensors.enumerated() {
                let name = tensors.count == 1 ? name : "\(name)\(number)"
                let shape = tensor.shape.map(String.init).joined(separator: ",")
                declarations += "    (declare-\(kind) \(name) real [\(shape)])\n"
                elements += (0..<tensor.count).map { name + Self.index($0, tensor.shape) }
            }
            return elements
        }

        /// Of an element in row-major order; nothing for a scalar.
        private static func index(_ element: Int, _ shape: [Int]) -> String {
            if shape.isEmpty { return "" }
            var indices: [Int] = []
            var rest = element
            for size in shape.reversed() {
                indices.append(rest % size)
                rest /= size
            }
            return "[" + indices.reversed().map(String.init).joined(separator: ",") + "]"
        }
    }
}
