public import Intervals

/// Reads a counterexample as `VNNLIBWriter` writes it: `((X_0 0.25) (X_1 -1) (Y_0 3.5))`, after `sat` or not.
public enum WitnessReader {
    /// The inputs, exactly. Outputs are only a commentary and are not looked at.
    ///
    /// - Throws: what is wrong with the text.
    public static func inputs(in text: String, count: Int) throws(WitnessError) -> [ExactDecimal] {
        var words = text.split { $0.isWhitespace || $0 == "(" || $0 == ")" }[...]
        if words.first == "sat" { words.removeFirst() }
        var inputs = [ExactDecimal?](repeating: nil, count: count)
        while let name = words.popFirst() {
            guard let number = words.popFirst() else { throw WitnessError("\(name) has no value") }
            if name.hasPrefix("Y_") { continue }
            guard name.hasPrefix("X_"), let index = Int(name.dropFirst(2)) else {
                throw WitnessError("\"\(name.prefix(40))\" is neither an input X_i nor an output Y_i")
            }
            guard inputs.indices.contains(index) else {
                throw WitnessError("there is no input \(name), only X_0 to X_\(count - 1)")
            }
            guard inputs[index] == nil else { throw WitnessError("\(name) has two values") }
            guard let value = ExactDecimal(String(number)) else {
                throw WitnessError("\(name) is \"\(number.prefix(40))\", which is no decimal number")
            }
            inputs[index] = value
        }
        var found: [ExactDecimal] = []
        for (index, value) in inputs.enumerated() {
            guard let value else { throw WitnessError("X_\(index) has no value") }
            found.append(value)
        }
        return found
    }
}

public struct WitnessError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ message: String) { description = message }
}
