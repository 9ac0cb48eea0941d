// What each operator makes of its operands: conditions become nodes of the formula, arithmetic becomes a
// linear expression, a comparison becomes an input's bound or a linear constraint.

import Intervals

extension FormulaParser {
    mutating func apply(_ frame: Frame, closedAt end: Int) throws(Fault) -> Operand {
        let first = frame.firstOperand
        switch frame.operation {
        case .and, .or:
            var parts: [Int] = []
            for operand in operands[first...] { parts.append(try condition(operand)) }
            if case .and = frame.operation {
                return .condition(formula.append(isAnd: true, of: parts, offset: frame.offset))
            }
            return .condition(formula.append(isAnd: false, of: parts, offset: frame.offset))
        case .compare(let comparison):
            guard operands.count - first >= 2 else {
                throw Fault(
                    at: end, "expected a number or a variable, found ')'",
                    remedy: "a comparison needs two sides")
            }
            var parts: [Int] = []
            for place in first..<operands.count - 1 {
                try appendComparison(comparison, leftPlace: place, offset: frame.offset, to: &parts)
            }
            if parts.count == 1 { return .condition(parts[0]) }
            return .condition(formula.append(isAnd: true, of: parts, offset: frame.offset))
        case .add, .subtract, .multiply:
            guard operands.count > first else {
                throw Fault(
                    at: end, "expected a number or a variable, found ')'",
                    remedy: "give the operator something to work on")
            }
            return .expression(try arithmetic(frame))
        }
    }

    private func arithmetic(_ frame: Frame) throws(Fault) -> LinearExpression {
        var parts: [LinearExpression] = []
        for operand in operands[frame.firstOperand...] { parts.append(try expression(operand)) }
        var result: LinearExpression?
        switch frame.operation {
        case .subtract where parts.count == 1: result = -parts[0]
        case .subtract: result = .sum(of: [parts[0]] + parts.dropFirst().map { -$0 })
        case .multiply:
            var product: LinearExpression? = parts[0]
            for (part, operand) in zip(parts, operands[frame.firstOperand...]).dropFirst() {
                guard let left = product else { break }
                guard left.isConstant || part.isConstant else {
                    throw Fault(
                        at: operand.offset, "a product of variables is not linear",
                        remedy: "multiply variables by numbers only")
                }
                product =
                    left.isConstant ? part.multiplied(by: left.constant) : left.multiplied(by: part.constant)
            }
            result = product
        default: result = .sum(of: parts)
        }
        guard let result else { throw Formula.numberTooLong(at: frame.offset) }
        return result
    }

    private mutating func appendComparison(
        _ comparison: Comparison, leftPlace: Int, offset: Int, to parts: inout [Int]
    ) throws(Fault) {
        let left = operands[leftPlace]
        let right = operands[leftPlace + 1]
        let isStrict = comparison == .less || comparison == .greater
        if comparison != .atLeast && comparison != .greater {
            parts.append(try comparisonNode(left, isAtMost: right, isStrict: isStrict, offset: offset))
        }
        if comparison != .atMost && comparison != .less {
            parts.append(try comparisonNode(right, isAtMost: left, isStrict: isStrict, offset: offset))
        }
    }

    /// `left <= right`, or `<`.
    private mutating func comparisonNode(
        _ left: Placed, isAtMost right: Placed, isStrict: Bool, offset: Int
    ) throws(Fault) -> Int {
        switch (left.value, right.value) {
        case (.variable(let variable), .literal(let token)) where variable.isInput:
            let end = try boxEnd(token)
            return formula.append(
                InputBound(input: variable.index, isUpper: true, isStrict: isStrict, end: end, offset: offset)
            )
        case (.literal(let token), .variable(let variable)) where variable.isInput:
            let end = try boxEnd(token)
            return formula.append(
                InputBound(
                    input: variable.index, isUpper: false, isStrict: isStrict, end: end, offset: offset))
        default: break
        }
        let sides = [try expression(left), -(try expression(right))]
        guard let difference = LinearExpression.sum(of: sides) else { throw Formula.numberTooLong(at: offset) }
        return try formula.append(difference, isStrict: isStrict, offset: offset)
    }

    private func boxEnd(_ token: Tokenizer.Token) throws(Fault) -> BoxEnd {
        let literal = tokenizer.bytes[token.start..<token.end]
        guard let interval = Interval(enclosingDecimal: literal) else { throw notANumber(token) }
        // Only very long literals, huge ones and tiny ones may not be exact decimals.
        let isOrdinary = interval.isPoint || (interval.isBounded && !interval.contains(0))
        guard literal.count <= ExactDecimal.digitLimit, isOrdinary || ExactDecimal(literal) != nil else {
            throw Formula.numberTooLong(at: token.start)
        }
        return BoxEnd(interval: interval, text: .literal(start: token.start, end: token.end))
    }

    private func expression(_ operand: Placed) throws(Fault) -> LinearExpression {
        switch operand.value {
        case .variable(let variable): return LinearExpression(variable: variable)
        case .expression(let expression): return expression
        case .literal(let token):
            let bytes = tokenizer.bytes[token.start..<token.end]
            if let number = ExactDecimal(bytes) { return LinearExpression(constant: number) }
            throw Interval(enclosingDecimal: bytes) == nil
                ? notANumber(token) : Formula.numberTooLong(at: token.start)
        case .condition:
            throw Fault(
                at: operand.offset, "expected a number or a variable, found a condition",
                remedy: "compare or add numbers only")
        }
    }

    func condition(_ operand: Placed) throws(Fault) -> Int {
        if case .condition(let node) = operand.value { return node }
        throw Fault(
            at: operand.offset, "expected a condition, found a number",
            remedy: "compare it with <= or >=")
    }

    private func notANumber(_ token: Tokenizer.Token) -> Fault {
        Fault(
            at: token.start, "\(tokenizer.quoted(token)) is not a decimal number",
            remedy: "write it like -0.5 or 1.05e-05")
    }
}
