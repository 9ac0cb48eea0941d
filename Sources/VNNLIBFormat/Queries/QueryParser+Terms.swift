// Asserted terms, in one pass with an explicit stack, typed on the way: an opening parenthesis pushes a frame, a closing
// one applies the frame's operator to the operands above it.

import Intervals

extension QueryParser {
    struct Operand {
        enum Value {
            case variable(Variable)
            case literal(ExactDecimal)
            case expression(LinearExpression)
            /// A node of the formula.
            case condition(Int)
        }

        var value: Value
        var offset: Int
        /// Of a condition it has no meaning.
        var type: OperandType
        var effort = Effort()
    }

    /// What an arithmetic operand fits, and which of its leaves said so.
    struct OperandType {
        enum Kind: Equatable {
            case variable(TensorElementType)
            case decimal, integer, natural
        }

        var kind: Kind
        var offset: Int
        var text: String
    }

    /// How an expression was written, where arithmetic rounds.
    struct Effort {
        var variables = 0
        /// Numbers added to variables, not multiplied.
        var constants = 0
        var operations = 0
    }

    enum Operation {
        case and, or, add, subtract, multiply
        case compare(Comparison)
    }

    enum Comparison { case atMost, less, atLeast, greater, equal, notEqual }

    struct Frame {
        var operation: Operation
        var offset: Int
        var firstOperand: Int
    }

    /// Reads one condition and returns its node.
    mutating func parseCondition() throws(Fault) -> Int {
        operands.removeAll(keepingCapacity: true)
        frames.removeAll(keepingCapacity: true)
        repeat {
            let token = try tokenizer.next()
            switch token.kind {
            case .open: try pushFrame(at: token.start)
            case .close:
                guard let frame = frames.popLast() else {
                    throw syntax(token, "expected a condition", "write (assert (<= X[0] 1.0))")
                }
                let operand = try apply(frame, closedAt: token)
                operands.removeSubrange(frame.firstOperand...)
                operands.append(operand)
            case .word: operands.append(try leaf(token))
            case .end: throw syntax(token, "expected the assert to end", "close its parentheses")
            case .openBracket, .closeBracket, .comma, .string:
                throw syntax(token, "expected a term", "elements are written like X[0,3]")
            }
        } while !frames.isEmpty
        return try condition(operands[0])
    }

    private mutating func pushFrame(at offset: Int) throws(Fault) {
        guard frames.count < FormulaParser.depthLimit else {
            throw Fault(
                at: offset, .limitExceeded, "terms are nested more than \(FormulaParser.depthLimit) deep",
                remedy: "write nested and, or, + as one with many operands")
        }
        let token = try tokenizer.next()
        let operations: [(StaticString, Operation)] = [
            ("<=", .compare(.atMost)), (">=", .compare(.atLeast)), ("<", .compare(.less)), (">", .compare(.greater)),
            ("==", .compare(.equal)), ("!=", .compare(.notEqual)), ("and", .and), ("or", .or), ("+", .add),
            ("-", .subtract), ("*", .multiply),
        ]
        guard let operation = operations.first(where: { tokenizer.matches(token, $0.0) })?.1 else {
            throw syntax(token, "expected an operator", "use and, or, <, <=, >, >=, ==, !=, +, - or *")
        }
        frames.append(Frame(operation: operation, offset: offset, firstOperand: operands.count))
    }

    // MARK: leaves

    private mutating func leaf(_ token: QueryTokenizer.Token) throws(Fault) -> Operand {
        if isName(token) { return try element(token) }
        guard isNumber(token) else {
            throw syntax(token, "expected a number or a variable", "numbers are written like -0.5, without exponents")
        }
        let bytes = tokenizer.bytes[token.start..<token.end]
        guard var number = ExactDecimal(bytes) else {
            throw Formula.numberTooLong(at: token.start).coded(.limitExceeded)
        }
        if let format {
            guard let nearest = format.nearest(to: number) else {
                throw Fault(
                    at: token.start, .limitExceeded,
                    "\(tokenizer.quoted(token)) lies outside the range of \(format.rawValue)",
                    remedy: "use a number nearer to zero")
            }
            number = ExactDecimal(nearest)
        }
        let kind: OperandType.Kind =
            bytes.contains(UInt8(ascii: ".")) ? .decimal : bytes.first == UInt8(ascii: "-") ? .integer : .natural
        return Operand(
            value: .literal(number), offset: token.start,
            type: OperandType(kind: kind, offset: token.start, text: tokenizer.quoted(token)),
            effort: Effort(constants: 1))
    }

    private mutating func element(_ token: QueryTokenizer.Token) throws(Fault) -> Operand {
        let name = tokenizer.text(of: token)
        guard let place = variables[name] else {
            throw Fault(
                at: token.start, .undeclaredVariable, "\(tokenizer.quoted(token)) is not declared",
                remedy: "declare it in a network, or write the name as it is declared")
        }
        let variable = query.variables[place]
        let indices = try readIndices()
        if variable.shape.isEmpty, let indices {
            throw Fault(
                at: token.start, .invalidScalarAccess, "\(name) is a scalar and has \(indices.count) indices here",
                remedy: "write \(name) alone")
        }
        let given = indices ?? []
        if given.count != variable.shape.count {
            let isMore = given.count > variable.shape.count
            throw Fault(
                at: token.start, isMore ? .tooManyIndices : .notEnoughIndices,
                "\(name) has \(variable.shape.count) dimensions and \(given.count) indices here",
                remedy: "write one index per dimension")
        }
        var element = 0
        for (index, size) in zip(given, variable.shape) {
            guard index >= 0, index < size else {
                throw Fault(
                    at: token.start, .indexOutOfBounds, "the index \(index) of \(name) is not one of 0 to \(size - 1)",
                    remedy: "count from 0; the shape is \(variable.shape)")
            }
            element = element * size + index
        }
        return Operand(
            value: .variable(Variable(isInput: variable.kind == .input, index: variable.firstElement + element)),
            offset: token.start,
            type: OperandType(kind: .variable(variable.type), offset: token.start, text: name),
            effort: Effort(variables: 1))
    }

    /// What stands in brackets behind a name; nil when there are none.
    private mutating func readIndices() throws(Fault) -> [Int]? {
        guard try tokenizer.peek().kind == .openBracket else { return nil }
        _ = try tokenizer.next()
        let remedy = "indices are whole numbers, written like [0,3]"
        var indices: [Int] = []
        while true {
            let token = try expect(.word, "an index", remedy)
            guard isNumber(token), let index = Int(tokenizer.text(of: token)) else {
                throw syntax(token, "expected an index", remedy)
            }
            indices.append(index)
            let separator = try tokenizer.next()
            if separator.kind == .closeBracket { return indices }
            guard separator.kind == .comma else { throw syntax(separator, "expected ',' or ']'", remedy) }
        }
    }

    // MARK: types

    /// The type of two operands together.
    private func joined(_ a: OperandType, _ b: OperandType) throws(Fault) -> OperandType {
        func mismatch() -> Fault {
            func spoken(_ kind: OperandType.Kind) -> String {
                switch kind {
                case .variable(let type): type.rawValue
                case .decimal: "a decimal"
                case .integer, .natural: "a whole number"
                }
            }
            return Fault(
                at: b.offset, .typeMismatch, "\(b.text) is \(spoken(b.kind)), \(a.text) is \(spoken(a.kind))",
                remedy: "compare variables of one type; write 5.0 next to real and float ones, 5 next to integers")
        }
        func fits(_ literal: OperandType.Kind, _ type: TensorElementType) -> Bool {
            switch type.literals {
            case .decimals: literal == .decimal
            case .integers: literal != .decimal
            case .naturals: literal == .natural
            case .none: false
            }
        }
        switch (a.kind, b.kind) {
        case (.variable(let first), .variable(let second)):
            if first != second { throw mismatch() }
            return a
        case (.variable(let type), let literal):
            if !fits(literal, type) { throw mismatch() }
            return a
        case (let literal, .variable(let type)):
            if !fits(literal, type) { throw mismatch() }
            return b
        case (.decimal, .decimal): return a
        case (.decimal, _), (_, .decimal): throw mismatch()
        case (.integer, _), (.natural, .natural): return a
        case (.natural, .integer): return b
        }
    }

    private func joinedType(from first: Int) throws(Fault) -> OperandType {
        var type = operands[first].type
        for operand in operands[(first + 1)...] { type = try joined(type, operand.type) }
        return type
    }

    // MARK: operators

    private mutating func apply(_ frame: Frame, closedAt end: QueryTokenizer.Token) throws(Fault) -> Operand {
        let first = frame.firstOperand
        guard operands.count > first else {
            throw syntax(end, "expected an operand", "give the operator something to work on")
        }
        func condition(_ node: Int) -> Operand {
            let type = OperandType(kind: .natural, offset: frame.offset, text: "a condition")
            return Operand(value: .condition(node), offset: frame.offset, type: type)
        }
        switch frame.operation {
        case .and, .or:
            var parts: [Int] = []
            for operand in operands[first...] { parts.append(try self.condition(operand)) }
            let isAnd = if case .and = frame.operation { true } else { false }
            return condition(query.formula.append(isAnd: isAnd, of: parts, offset: frame.offset))
        case .compare(let comparison):
            guard operands.count - first == 2 else {
                throw syntax(end, "expected two sides of a comparison", "join several comparisons with (and ...)")
            }
            for operand in operands[first...] { try checkArithmetic(operand) }
            _ = try joinedType(from: first)
            return condition(try compare(comparison, first, offset: frame.offset))
        case .add, .subtract, .multiply:
            for operand in operands[first...] { try checkArithmetic(operand) }
            let type = try joinedType(from: first)
            let (expression, effort) = try arithmetic(frame)
            return Operand(value: .expression(expression), offset: frame.offset, type: type, effort: effort)
        }
    }

    private func checkArithmetic(_ operand: Operand) throws(Fault) {
        if case .condition = operand.value {
            throw Fault(
                at: operand.offset, .syntax, "expected a number or a variable, found a condition",
                remedy: "compare or add numbers only")
        }
    }

    private func condition(_ operand: Operand) throws(Fault) -> Int {
        if case .condition(let node) = operand.value { return node }
        throw Fault(
            at: operand.offset, .syntax, "expected a condition, found a number",
            remedy: "compare it with <= or another comparison")
    }

    private func expression(_ operand: Operand) -> LinearExpression {
        switch operand.value {
        case .variable(let variable): LinearExpression(variable: variable)
        case .literal(let number): LinearExpression(constant: number)
        case .expression(let expression): expression
        case .condition: preconditionFailure("conditions are no numbers")
        }
    }

    private func arithmetic(_ frame: Frame) throws(Fault) -> (LinearExpression, Effort) {
        let parts = operands[frame.firstOperand...].map(expression)
        var effort = Effort(operations: parts.count - 1)
        for operand in operands[frame.firstOperand...] {
            effort.variables += operand.effort.variables
            effort.constants += operand.effort.constants
            effort.operations += operand.effort.operations
        }
        var result: LinearExpression?
        switch frame.operation {
        case .subtract where parts.count == 1: result = -parts[0]
        case .subtract: result = .sum(of: [parts[0]] + parts.dropFirst().map { -$0 })
        case .multiply:
            let factors = operands[frame.firstOperand...].filter { $0.effort.variables == 0 }
            // Numbers that are multiplied are no terms of their own; a sum of several stays suspect.
            effort.constants -= factors.count { $0.effort.constants == 1 }
            if factors.count == parts.count { effort.constants += 1 }
            var product: LinearExpression? = parts[0]
            for (part, operand) in zip(parts, operands[frame.firstOperand...]).dropFirst() {
                guard let left = product else { break }
                guard left.isConstant || part.isConstant else {
                    throw Fault(
                        at: operand.offset, .nonlinearArithmetic, "a product of variables is not linear",
                        remedy: "multiply variables by numbers only")
                }
                product =
                    left.isConstant ? part.multiplied(by: left.constant) : left.multiplied(by: part.constant)
            }
            result = product
        default: result = .sum(of: parts)
        }
        guard let result else { throw Formula.numberTooLong(at: frame.offset).coded(.limitExceeded) }
        return (result, effort)
    }

    /// The node of a comparison of the two operands at `first`.
    private mutating func compare(_ comparison: Comparison, _ first: Int, offset: Int) throws(Fault) -> Int {
        let (left, right) = (operands[first], operands[first + 1])
        if format != nil { try checkRounding(left, right, offset: offset) }
        func atMost(_ a: Operand, _ b: Operand, isStrict: Bool = false) throws(Fault) -> Int {
            do {
                return try appendComparison(a, b, isStrict: isStrict, offset: offset)
            } catch {
                throw error.coded(.limitExceeded)
            }
        }
        switch comparison {
        case .atMost: return try atMost(left, right)
        case .less: return try atMost(left, right, isStrict: true)
        case .atLeast: return try atMost(right, left)
        case .greater: return try atMost(right, left, isStrict: true)
        case .equal:
            let parts = [try atMost(left, right), try atMost(right, left)]
            return query.formula.append(isAnd: true, of: parts, offset: offset)
        case .notEqual:
            let parts = [try atMost(left, right, isStrict: true), try atMost(right, left, isStrict: true)]
            return query.formula.append(isAnd: false, of: parts, offset: offset)
        }
    }

    /// `left <= right`, or `<`.
    private mutating func appendComparison(
        _ left: Operand, _ right: Operand, isStrict: Bool, offset: Int
    ) throws(Fault) -> Int {
        func end(_ number: ExactDecimal) -> BoxEnd { BoxEnd(interval: number.enclosure, text: .decimal(number)) }
        switch (left.value, right.value) {
        case (.variable(let variable), .literal(let number)) where variable.isInput:
            return query.formula.append(
                InputBound(
                    input: variable.index, isUpper: true, isStrict: isStrict, end: end(number), offset: offset))
        case (.literal(let number), .variable(let variable)) where variable.isInput:
            return query.formula.append(
                InputBound(
                    input: variable.index, isUpper: false, isStrict: isStrict, end: end(number), offset: offset))
        default: break
        }
        guard let difference = LinearExpression.sum(of: [expression(left), -expression(right)]) else {
            throw Formula.numberTooLong(at: offset)
        }
        return try query.formula.append(difference, isStrict: isStrict, offset: offset)
    }

    /// Under rounding a comparison is analysed as a sum of few terms: each variable once, one number that is added, and
    /// about as many operations as terms.
    private func checkRounding(_ left: Operand, _ right: Operand, offset: Int) throws(Fault) {
        let variables = left.effort.variables + right.effort.variables
        let difference = LinearExpression.sum(of: [expression(left), -expression(right)])
        guard let difference, difference.terms.count == variables,
            left.effort.constants + right.effort.constants <= 1,
            left.effort.operations + right.effort.operations <= LinearExpression.roundings(terms: variables)
        else {
            throw Fault(
                at: offset, .unsupportedArithmetic,
                "this arithmetic is not analysed under the rounding of \(format?.rawValue ?? "floats")",
                remedy: "write every variable once and one number beside them, or declare the variables real")
        }
    }
}

extension LinearExpression {
    /// The most roundings that one term of so many may go through.
    static func roundings(terms: Int) -> Int { 2 * terms + 8 }
}
