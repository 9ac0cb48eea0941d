// One pass over an asserted term with an explicit stack: an opening parenthesis pushes a frame, a closing one
// applies the frame's operator to the operands above it. Variables and literals stay what they are until an
// operator needs more, so that the thousands of plain bounds of an image's box cost no allocation each.

import Intervals

struct FormulaParser {
    var tokenizer: Tokenizer
    var formula = Formula()
    var declarations = Declarations()
    var operands: [Placed] = []
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

    typealias Placed = (value: Operand, offset: Int)

    enum Operation {
        case and, or, add, subtract, multiply
        case compare(Comparison)
    }

    enum Comparison { case atMost, less, atLeast, greater, equal }

    struct Frame {
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
                        at: token.start, "expected a condition, found ')'",
                        remedy: "write (assert (<= X_0 1.0))")
                }
                let value = try apply(frame, closedAt: token.start)
                operands.removeSubrange(frame.firstOperand...)
                operands.append((value, frame.offset))
            case .word: operands.append((try leaf(token), token.start))
            case .end:
                throw Fault(
                    at: token.start, "the file ends inside an assert",
                    remedy: "close its parentheses")
            }
        } while !frames.isEmpty
        return try condition(operands[0])
    }

    private mutating func pushFrame(at offset: Int) throws(Fault) {
        guard frames.count < Self.depthLimit else {
            throw Fault(
                at: offset, "terms are nested more than \(Self.depthLimit) deep",
                remedy: "write nested and, or, + as one with many operands")
        }
        let token = tokenizer.next()
        guard token.kind == .word else {
            throw Fault(
                at: token.start, "expected an operator, found \(tokenizer.quoted(token))",
                remedy: "use and, or, <=, >=, <, >, =, +, -, *")
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
                at: token.start, "'not' is not supported",
                remedy: "turn the comparisons inside it around (not <= is >) and swap and with or")
        }
        if tokenizer.matches(token, "/") {
            throw Fault(
                at: token.start, "division is not supported",
                remedy: "multiply both sides by the divisor, or write the quotient as a decimal")
        }
        throw Fault(
            at: token.start, "the operator \(tokenizer.quoted(token)) is not supported",
            remedy: "use and, or, <=, >=, <, >, =, +, -, *")
    }

    private func leaf(_ token: Tokenizer.Token) throws(Fault) -> Operand {
        let first = tokenizer.bytes[token.start]
        if first == UInt8(ascii: "X") || first == UInt8(ascii: "Y") {
            if let variable = declarations.variable(token, in: tokenizer) { return .variable(variable) }
            if Declarations.isName(token, in: tokenizer) {
                throw Fault(
                    at: token.start, "\(tokenizer.quoted(token)) is not declared",
                    remedy: "add (declare-const \(tokenizer.text(of: token)) Real) before it is used")
            }
        }
        if first >= 0x30 && first <= 0x39 || first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
            || first == UInt8(ascii: ".")
        {
            return .literal(token)
        }
        throw Fault(
            at: token.start, "expected a number or a variable, found \(tokenizer.quoted(token))",
            remedy: "variables are X_0, X_1, ... and Y_0, Y_1, ...")
    }
}
