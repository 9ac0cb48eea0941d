import Intervals

extension VNNLIBWriter {
    /// The query as a file that reads back as the same query.
    ///
    /// - Parameter comment: lines for the file's head.
    public static func text(of query: VNNLIBQuery, comment: String = "") -> String {
        var text = comment.split(separator: "\n").map { "; \($0)\n" }.joined() + "(vnnlib-version <2.0>)\n\n"
        for network in query.networks {
            text += "(declare-network \(network.name)\n"
            switch network.equivalence {
            case .isomorphic(let other)?: text += "    (isomorphic-to \(query.networks[other].name))\n"
            case .equal(let other)?: text += "    (equal-to \(query.networks[other].name))\n"
            case nil: break
            }
            for variable in query.variables[network.variables] {
                let shape = variable.shape.map(String.init).joined(separator: ",")
                let tensor = variable.tensorName.map { " \"\(escaped($0))\"" } ?? ""
                text +=
                    "    (declare-\(variable.kind.rawValue) \(variable.name) \(variable.type.rawValue) [\(shape)]"
                    + "\(tensor))\n"
            }
            text += ")\n"
        }
        text += "\n"
        let conditions = QueryText(query: query)
        for node in query.asserted { text += "(assert \(conditions.condition(node)))\n" }
        return text
    }

    private static func escaped(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

/// The formula's conditions as text.
private struct QueryText {
    let query: VNNLIBQuery

    func condition(_ node: Int) -> String {
        let formula = query.formula
        switch formula.nodes[node] {
        case .constant(let value):
            // Of literals of the query's own kind.
            let numbers = query.variables[0].type.literals == .decimals ? ("0.0", "1.0") : ("0", "1")
            return value ? "(< \(numbers.0) \(numbers.1))" : "(< \(numbers.1) \(numbers.0))"
        case .bound(let index):
            let bound = formula.bounds[index]
            let sign = (bound.isUpper ? "<" : ">") + (bound.isStrict ? "" : "=")
            return "(\(sign) \(query.text(ofElement: bound.input)) \(number(decimal(bound.end))))"
        case .constraint(let index): return comparison(formula.constraints[index])
        case .and(let range):
            return "(and " + formula.children[range].map(condition).joined(separator: " ") + ")"
        case .or(let range):
            return "(or " + formula.children[range].map(condition).joined(separator: " ") + ")"
        }
    }

    private func decimal(_ end: BoxEnd) -> ExactDecimal {
        guard case .decimal(let number) = end.text else { preconditionFailure("a query's bounds are decimals") }
        return number
    }

    /// Positive terms on the left and negative ones on the right.
    private func comparison(_ constraint: Formula.Constraint) -> String {
        var sides: (left: [String], right: [String]) = ([], [])
        for term in constraint.expression.terms {
            let isPositive = term.coefficient.sign > 0
            let name = query.text(ofElement: term.variable.index)
            let size = isPositive ? term.coefficient : -term.coefficient
            let written = size == ExactDecimal(1) ? name : "(* \(number(size)) \(name))"
            if isPositive { sides.left.append(written) } else { sides.right.append(written) }
        }
        let constant = constraint.expression.constant
        // On a side of its own where there is one, so that no number is added to another.
        if sides.right.isEmpty {
            sides.right.append(number(-constant))
        } else if sides.left.isEmpty || constant.sign > 0 {
            sides.left.append(number(constant))
        } else if constant.sign < 0 {
            sides.right.append(number(-constant))
        }
        return "(\(constraint.isStrict ? "<" : "<=") \(sum(sides.left)) \(sum(sides.right)))"
    }

    private func sum(_ parts: [String]) -> String {
        parts.count == 1 ? parts[0] : "(+ " + parts.joined(separator: " ") + ")"
    }

    private func number(_ value: ExactDecimal) -> String {
        let text = value.plainDescription
        return query.variables[0].type.literals == .decimals || !text.hasSuffix(".0") ? text : String(text.dropLast(2))
    }
}
