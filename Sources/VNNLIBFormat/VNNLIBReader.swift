import Files
public import Properties

/// Reads properties in the VNN-LIB 1.0 format: SMT-LIB declarations of real inputs `X_0, X_1, ...` and
/// outputs `Y_0, Y_1, ...`, and assertions that together describe a counterexample.
///
/// Assertions may nest `and` and `or` over inputs and outputs together; comparisons are `<=`, `>=`, `<`, `>`
/// and `=` between linear terms. Every input needs a lower and an upper bound in every case.
///
/// - Soundness: a decimal that is no float64 is enclosed, never replaced; sums and products of decimals are
///   exact.
///   A region holds every input of its cases, and its disjunct's constraints hold whatever the box leaves
///   open.
public enum VNNLIBReader {
    /// Reads the file at `path`, gzipped or not; `path.gz` when there is no `path`.
    ///
    /// - Throws: what is wrong, with line and column, and what to do.
    public static func read(path: String) throws(VNNLIBError) -> Property {
        try read(bytes: try load(path), name: path)
    }

    /// The file's bytes.
    static func load(_ path: String) throws(VNNLIBError) -> [UInt8] {
        do {
            return try readFile(path, limit: sizeLimit)
        } catch {
            // The file's error begins with a path of its own, which may have gained a suffix.
            let message = error.description
            throw VNNLIBError(
                file: error.path,
                message: message.hasPrefix(error.path + ": ")
                    ? String(message.dropFirst(error.path.count + 2)) : message)
        }
    }

    /// Larger files are refused.
    private static let sizeLimit = 2 << 30

    /// - Parameters:
    ///   - bytes: the text.
    ///   - name: what messages call the file.
    /// - Throws: what is wrong, with line and column, and what to do.
    public static func read(bytes: [UInt8], name: String) throws(VNNLIBError) -> Property {
        do {
            return try parse(bytes)
        } catch {
            throw error.located(in: bytes, name: name)
        }
    }

    private static func parse(_ bytes: [UInt8]) throws(Fault) -> Property {
        var parser = FormulaParser(bytes: bytes)
        var asserted: [Int] = []
        commands: while true {
            let token = parser.tokenizer.next()
            switch token.kind {
            case .end: break commands
            case .open: if try !readCommand(&parser, asserted: &asserted) { break commands }
            case .close, .word:
                throw Fault(
                    at: token.start, "expected '(' and a command, found \(parser.tokenizer.quoted(token))",
                    remedy: "a VNN-LIB file is a list of (declare-const ...) and (assert ...)")
            }
        }
        let end = parser.tokenizer.bytes.count
        try parser.declarations.checkContiguous(end: end)
        guard !asserted.isEmpty else {
            throw Fault(
                at: end, "nothing is asserted",
                remedy: "add (assert ...) for the inputs' bounds and the outputs")
        }
        var normalizer = Normalizer(
            formula: parser.formula, bytes: bytes, inputCount: parser.declarations.inputs.count)
        try normalizer.normalize(asserted: asserted)
        return try normalizer.property(
            outputCount: parser.declarations.outputs.count,
            inputs: DeclaredInputs(offsets: parser.declarations.inputs, name: { "X_\($0)" }))
    }

    /// Reads what follows a command's opening parenthesis.
    ///
    /// - Returns: false for `(exit)`.
    private static func readCommand(_ parser: inout FormulaParser, asserted: inout [Int]) throws(Fault)
        -> Bool
    {
        let command = parser.tokenizer.next()
        func isCommand(_ text: StaticString) -> Bool {
            command.kind == .word && parser.tokenizer.matches(command, text)
        }
        if isCommand("assert") {
            asserted.append(try parser.parseCondition())
            try expectClose(&parser.tokenizer, "an assert holds one condition; join several with (and ...)")
        } else if isCommand("declare-const") || isCommand("declare-fun") {
            try readDeclaration(&parser, hasParameters: isCommand("declare-fun"))
        } else if isCommand("vnnlib-version") || isCommand("declare-network") {
            throw Fault(
                at: command.start, "this is a VNN-LIB 2.0 file, and VNN-LIB 1.0 is needed here",
                remedy: "write it with (declare-const X_0 Real) ..., or give it to verify")
        } else if isCommand("exit") {
            return false
        } else if ignoredCommands.contains(where: { isCommand($0) }) {
            try skipRest(of: command, &parser.tokenizer)
        } else {
            throw Fault(
                at: command.start, "expected a command, found \(parser.tokenizer.quoted(command))",
                remedy: "use declare-const or assert")
        }
        return true
    }

    private static let ignoredCommands: [StaticString] = [
        "set-logic", "set-info", "set-option", "check-sat", "get-model", "get-value", "echo",
    ]

    private static func readDeclaration(_ parser: inout FormulaParser, hasParameters: Bool) throws(Fault) {
        let name = parser.tokenizer.next()
        guard name.kind == .word else {
            throw Fault(
                at: name.start, "expected a variable's name, found \(parser.tokenizer.quoted(name))",
                remedy: "write (declare-const X_0 Real)")
        }
        try parser.declarations.declare(name, in: parser.tokenizer)
        if hasParameters {
            let open = parser.tokenizer.next()
            let close = open.kind == .open ? parser.tokenizer.next() : open
            guard close.kind == .close else {
                throw Fault(
                    at: close.start, "expected '()', found \(parser.tokenizer.quoted(close))",
                    remedy: "write (declare-fun X_0 () Real)")
            }
        }
        let type = parser.tokenizer.next()
        guard type.kind == .word, parser.tokenizer.matches(type, "Real") else {
            throw Fault(
                at: type.start, "expected the type Real, found \(parser.tokenizer.quoted(type))",
                remedy: "every variable is Real")
        }
        try expectClose(&parser.tokenizer, "write (declare-const X_0 Real)")
    }

    private static func expectClose(_ tokenizer: inout Tokenizer, _ remedy: String) throws(Fault) {
        let token = tokenizer.next()
        guard token.kind == .close else {
            throw Fault(
                at: token.start, "expected ')', found \(tokenizer.quoted(token))",
                remedy: "\(remedy)")
        }
    }

    private static func skipRest(of command: Tokenizer.Token, _ tokenizer: inout Tokenizer) throws(Fault) {
        var depth = 1
        while depth > 0 {
            let token = tokenizer.next()
            switch token.kind {
            case .open: depth += 1
            case .close: depth -= 1
            case .word: break
            case .end:
                throw Fault(
                    at: token.start, "the file ends inside \(tokenizer.quoted(command))",
                    remedy: "close its parentheses")
            }
        }
    }
}
