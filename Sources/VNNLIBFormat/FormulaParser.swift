// One pass over an asserted term with an explicit stack: an opening parenthesis pushes a frame, a closing one
// applies the frame's operator to the operands above it. Variables and literals stay what they are until an
// operator needs more, so that the thousands of plain bounds of an image's box cost no allocation each.

import Intervals

struct FormulaParser {
    var tokenizer: Tokenizer
    var formula = Formula()
    var declarations = Declarations()
    private var operands: [(value: Operand, offset: Int)] = []
    private var frames: [Frame] = []

    /// Deeper nesting than this is refused.
    static let depthLimit = 1000

    enum Operand {
        case variable(Variable)
        case literal(Tokenizer.Token)
        case expression(LinearExpression)
        /// A node of the formula.
        case condition(Int)
    }

    enum Operation {
        case and, or, add, subtract, multiply
        case compare(Comparison)
    }

    enum Comparison { case atMost, less, atLeast, greater, equal }

    private struct Frame {
        var operation: Operation
        var offset: Int
        var firstOperand: Int
    }

    init(bytes: [UInt8]) { tokenizer = Tokenizer(bytes: bytes) }

    /// Reads one term and returns its node.
    mutating func parseCondition() throws(Fault) -> Int {
        operands.removeAll(keepingCapacity: true)
        frames.removeAll(keepingCapacity: true)
        repeat {
            let token = tokenizer.next()
            switch token.kind {
            case .open: try pushFrame(at: token.start)
            case .close:
                guard let frame = frames.popLast() else {
                    throw Fault(
                        offset: token.start,
                        message: "expected a condition, found ')'; write (assert (<= X_0 1.0))")
                }
                let value = try apply(frame, closedAt: token.start)
                operands.removeSubrange(frame.firstOperand...)
                operands.append((value, frame.offset))
            case .word: operands.append((try leaf(token), token.start))
            case .end:
                throw Fault(
                    offset: token.start, message: "the file ends inside an assert; close its parentheses")
            }
        } while !frames.isEmpty
        return try condition(operands[0])
    }

    private mutating func pushFrame(at offset: Int) throws(Fault) {
        guard frames.count < Self.depthLimit else {
            throw Fault(
                offset: offset,
                message:
                    "terms are nested more than \(Self.depthLimit) deep; write nested and, or, + as one with many operands"
            )
        }
        let token = tokenizer.next()
        guard token.kind == .word else {
            throw Fault(
                offset: token.start,
                message:
                    "expected an operator, found \(tokenizer.quoted(token)); use and, or, <=, >=, <, >, =, +, -, *"
            )
        }
        frames.append(
            Frame(operation: try operation(token), offset: offset, firstOperand: operands.count))
    }

    private func operation(_ token: Tokenizer.Token) throws(Fault) -> Operation {
        if tokenizer.matches(token, "<=") { return .compare(.atMost) }
        if tokenizer.matches(token, ">=") { return .compare(.atLeast) }
        if tokenizer.matches(token, "and") { return .and }
        if tokenizer.matches(token, "or") { return .or }
        if tokenizer.matches(token, "+") { return .add }
        if tokenizer.matches(token, "-") { return .subtract }
        if tokenizer.matches(token, "*") { return .multiply }
        if tokenizer.matches(token, "<") { return .compare(.less) }
        if tokenizer.matches(token, ">") { return .compare(.greater) }
        if tokenizer.matches(token, "=") { return .compare(.equal) }
        if tokenizer.matches(token, "not") {
            throw Fault(
                offset: token.start,
                message:
                    "'not' is not supported; turn the comparisons inside it around (not <= is >) and swap and with or"
            )
        }
        if tokenizer.matches(token, "/") {
            throw Fault(
                offset: token.start,
                message:
                    "division is not supported; multiply both sides by the divisor, or write the quotient as a decimal"
            )
        }
        throw Fault(
            offset: token.start,
            message:
                "the operator \(tokenizer.quoted(token)) is not supported; use and, or, <=, >=, <, >, =, +, -, *"
        )
    }

    private func leaf(_ token: Tokenizer.Token) throws(Fault) -> Operand {
        let first = tokenizer.bytes[token.start]
        if first == UInt8(ascii: "X") || first == UInt8(ascii: "Y") {
            guard let variable = declarations.variable(token, in: tokenizer) else {
                throw Fault(
                    offset: token.start,
                    message:
                        "\(tokenizer.quoted(token)) is not declared; add (declare-const \(tokenizer.text(of: token)) Real) before it is used"
                )
            }
            return .variable(variable)
        }
        if first >= 0x30 && first <= 0x39 || first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
            || first == UInt8(ascii: ".")
        {
            return .literal(token)
        }
        throw Fault(
            offset: token.start,
            message:
                "expected a number or a variable, found \(tokenizer.quoted(token)); variables are X_0, X_1, ... and Y_0, Y_1, ..."
        )
    }
}

// MARK: - Applying operators

extension FormulaParser {
    private mutating func apply(_ frame: Frame, closedAt end: Int) throws(Fault) -> Operand {
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
                    offset: end,
                    message: "expected a number or a variable, found ')'; a comparison needs two sides")
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
                    offset: end,
                    message:
                        "expected a number or a variable, found ')'; give the operator something to work on")
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
                        offset: operand.offset,
                        message: "a product of variables is not linear; multiply variables by numbers only")
                }
                product =
                    left.isConstant ? part.multiplied(by: left.constant) : left.multiplied(by: part.constant)
            }
            result = product
        default: result = .sum(of: parts)
        }
        guard let result else { throw numberTooLong(at: frame.offset) }
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

    private typealias Placed = (value: Operand, offset: Int)

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
        guard let difference = LinearExpression.sum(of: sides) else { throw numberTooLong(at: offset) }
        if difference.isConstant {
            return formula.append(
                .constant(isStrict ? difference.constant.sign < 0 : difference.constant.sign <= 0),
                offset: offset)
        }
        if difference.terms.count == 1, difference.terms[0].variable.isInput {
            return formula.append(bound(from: difference, isStrict: isStrict, offset: offset))
        }
        return formula.append(Formula.Constraint(expression: difference, isStrict: isStrict), offset: offset)
    }

    /// `coefficient * X + constant <= 0` solved for `X`.
    private func bound(from difference: LinearExpression, isStrict: Bool, offset: Int) -> InputBound {
        let term = difference.terms[0]
        let end: BoxEnd
        if let exact = (-difference.constant).divided(exactlyBy: term.coefficient) {
            end = BoxEnd(interval: exact.enclosure, text: .decimal(exact))
        } else {
            end = BoxEnd(
                interval: -difference.constant.enclosure / term.coefficient.enclosure, text: .none)
        }
        return InputBound(
            input: term.variable.index, isUpper: term.coefficient.sign > 0, isStrict: isStrict, end: end,
            offset: offset)
    }

    private func boxEnd(_ token: Tokenizer.Token) throws(Fault) -> BoxEnd {
        guard let interval = Interval(enclosingDecimal: tokenizer.bytes[token.start..<token.end]) else {
            throw notANumber(token)
        }
        guard token.end - token.start <= ExactDecimal.digitLimit else { throw numberTooLong(at: token.start) }
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
                ? notANumber(token) : numberTooLong(at: token.start)
        case .condition:
            throw Fault(
                offset: operand.offset,
                message: "expected a number or a variable, found a condition; compare or add numbers only")
        }
    }

    private func condition(_ operand: Placed) throws(Fault) -> Int {
        if case .condition(let node) = operand.value { return node }
        throw Fault(
            offset: operand.offset, message: "expected a condition, found a number; compare it with <= or >=")
    }

    private func notANumber(_ token: Tokenizer.Token) -> Fault {
        Fault(
            offset: token.start,
            message: "\(tokenizer.quoted(token)) is not a decimal number; write it like -0.5 or 1.05e-05")
    }

    private func numberTooLong(at offset: Int) -> Fault {
        Fault(
            offset: offset,
            message:
                "a number here has too many digits or too large an exponent to be handled exactly; shorten it"
        )
    }
}
