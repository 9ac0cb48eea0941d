import Evaluation
import Intervals
import ONNXFormat
public import Properties
import VNNLIBFormat

extension ReducedQuery {
    /// A counterexample as an assignment of all declared variables, in the standard's form: for each variable a line
    /// `NAME type [shape]`, then its elements, one per line in row-major order.
    ///
    /// Inputs are written exactly, outputs and hidden tensors to the nearest number of the query's format.
    public func assignment(of counterexample: Counterexample) -> String {
        let inputs = counterexample.inputText.enumerated().map { index, text in
            ExactDecimal(text) ?? ExactDecimal(counterexample.input[index])
        }
        var lines: [String] = []
        for network in networks {
            let own = network.inputElements(of: query).map { element in
                guard case .input(let place)? = places[element] else { preconditionFailure("an input has no place") }
                return inputs[place]
            }
            let outputs = network.interface.network.evaluate(at: own.map(\.enclosure)).map(\.midpoint)
            for (variable, place) in zip(query.variables[network.declaration.variables], network.places) {
                let shape = variable.shape.map(String.init).joined(separator: ",")
                lines.append("\(variable.name) \(variable.type.rawValue) [\(shape)]")
                for element in 0..<variable.count {
                    lines.append(
                        variable.kind == .input ? own[place + element].plainDescription : text(outputs[place + element])
                    )
                }
            }
        }
        return lines.joined(separator: "\n")
    }

    /// The shortest decimal that reads back as the same number of the query's format.
    private func text(_ value: Double) -> String {
        let shortest = format == .float32 ? "\(Float(value))" : "\(value)"
        return ExactDecimal(shortest)?.plainDescription ?? shortest
    }
}
