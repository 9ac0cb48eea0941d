import Intervals
public import Properties

/// Writes properties and witnesses as VNN-LIB 1.0 text.
public enum VNNLIBWriter {
    /// The property as a file that reads back as the same property.
    ///
    /// - Parameters:
    ///   - comment: lines for the file's head.
    /// - Throws: when a number of the property is not known exactly.
    public static func text(of property: Property, comment: String = "") throws(VNNLIBError) -> String {
        var text = comment.split(separator: "\n").map { "; \($0)\n" }.joined()
        for index in 0..<property.inputCount { text += "(declare-const X_\(index) Real)\n" }
        for index in 0..<property.outputCount { text += "(declare-const Y_\(index) Real)\n" }
        guard let first = property.disjuncts.first else {
            return text + "\n(assert (or))\n"
        }
        let shared = property.disjuncts.allSatisfy { $0.region == first.region }
        text += "\n"
        if shared {
            for condition in try conditions(of: property.regions[first.region]) {
                text += "(assert \(condition))\n"
            }
        }
        if property.disjuncts.count == 1 {
            for constraint in first.constraints { text += "(assert \(try condition(of: constraint)))\n" }
            return text
        }
        text += "(assert (or\n"
        for disjunct in property.disjuncts {
            var parts = shared ? [] : try conditions(of: property.regions[disjunct.region])
            for constraint in disjunct.constraints { parts.append(try condition(of: constraint)) }
            text += "    (and" + parts.map { " " + $0 }.joined() + ")\n"
        }
        return text + "))\n"
    }

    private static func conditions(of region: InputRegion) throws(VNNLIBError) -> [String] {
        var conditions: [String] = []
        for index in 0..<region.count {
            let lower = try number(
                region.lower[index], text: index < region.lowerText.count ? region.lowerText[index] : "")
            let upper = try number(
                region.upper[index], text: index < region.upperText.count ? region.upperText[index] : "")
            conditions.append("(>= X_\(index) \(lower))")
            conditions.append("(<= X_\(index) \(upper))")
        }
        return conditions
    }

    /// `terms <= -constant`, positive terms on the left and negative ones on the right.
    private static func condition(of constraint: LinearConstraint) throws(VNNLIBError) -> String {
        var sides: (left: [String], right: [String]) = ([], [])
        for (name, terms) in [("Y", constraint.outputTerms), ("X", constraint.inputTerms)] {
            for term in terms where term.coefficient != .zero {
                let isPositive = term.coefficient.lower > 0
                let size = isPositive ? term.coefficient : -term.coefficient
                let variable = "\(name)_\(term.index)"
                let written = size == Interval(1) ? variable : "(* \(try number(size)) \(variable))"
                if isPositive { sides.left.append(written) } else { sides.right.append(written) }
            }
        }
        let constant = constraint.constant
        if constant.lower > 0 {
            sides.left.append(try number(constant))
        } else if constant != .zero {
            sides.right.append(try number(-constant))
        }
        return "(\(constraint.isStrict ? "<" : "<=") \(sum(sides.left)) \(sum(sides.right)))"
    }

    private static func sum(_ parts: [String]) -> String {
        switch parts.count {
        case 0: "0.0"
        case 1: parts[0]
        default: "(+ " + parts.joined(separator: " ") + ")"
        }
    }

    private static func number(_ value: Interval, text: String = "") throws(VNNLIBError) -> String {
        if !text.isEmpty { return text }
        guard value.isPoint, value.isBounded else {
            throw VNNLIBError(
                file: "property",
                message: "a number in \(value) is not known exactly; build the property from float64 numbers")
        }
        return ExactDecimal(value.lower).description
    }
}

extension VNNLIBWriter {
    /// The witness as competitions take it: one line per input and output, inside one pair of parentheses.
    ///
    ///     ((X_0 0.5)
    ///     (X_1 -1.0)
    ///     (Y_0 2.25))
    public static func text(of counterexample: Counterexample) -> String {
        let inputs = counterexample.input.indices.map { index in
            let text = counterexample.inputText
            return
                "(X_\(index) \(index < text.count ? text[index] : counterexample.input[index].description))"
        }
        let outputs = counterexample.output.enumerated().map { "(Y_\($0.offset) \($0.element))" }
        return "(" + (inputs + outputs).joined(separator: "\n") + ")"
    }
}
