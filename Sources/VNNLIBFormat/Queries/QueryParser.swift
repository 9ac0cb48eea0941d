// The grammar of VNN-LIB 2.0, from the top: version, networks, asserts. Terms are in QueryParser+Terms.swift.

import Intervals

struct QueryParser {
    var tokenizer: QueryTokenizer
    var query: VNNLIBQuery
    /// Variables by name.
    var variables: [String: Int] = [:]
    private var networks: [String: Int] = [:]
    /// What arithmetic of the asserts rounds to; nil when it is that of real numbers.
    var format: FloatFormat?
    var operands: [Operand] = []
    var frames: [Frame] = []

    /// Elements of all variables together; more are taken for a mistake.
    static let elementLimit = 1 << 23

    init(bytes: [UInt8], name: String) {
        tokenizer = QueryTokenizer(bytes: bytes)
        query = VNNLIBQuery(name: name, bytes: bytes)
    }

    /// Reads the whole query.
    mutating func parse() throws(Fault) -> VNNLIBQuery {
        try readVersion()
        var token = try command("a network")
        while tokenizer.matches(token, "declare-network") {
            try readNetwork()
            token = try command("an assert")
        }
        guard !query.networks.isEmpty else {
            throw syntax(token, "expected declare-network", "networks are declared before anything is asserted")
        }
        let types = Set(query.variables.map(\.type))
        format = types.count == 1 ? types.first?.floatFormat : nil
        query.formula.keepsArithmetic = format != nil
        while true {
            guard tokenizer.matches(token, "assert") else {
                throw syntax(token, "expected assert", "all networks are declared first, then follow the asserts")
            }
            query.asserted.append(try parseCondition())
            try expect(.close, "')'", "an assert holds one condition; join several with (and ...)")
            if try tokenizer.peek().kind == .end { return query }
            token = try command("an assert")
        }
    }

    // MARK: tokens

    func syntax(_ token: QueryTokenizer.Token, _ what: String, _ remedy: String) -> Fault {
        Fault(at: token.start, .syntax, "\(what), found \(tokenizer.quoted(token))", remedy: remedy)
    }

    @discardableResult
    mutating func expect(
        _ kind: QueryTokenizer.Token.Kind, _ what: String, _ remedy: String
    ) throws(Fault) -> QueryTokenizer.Token {
        let token = try tokenizer.next()
        guard token.kind == kind else { throw syntax(token, "expected \(what)", remedy) }
        return token
    }

    /// The word behind an opening parenthesis.
    private mutating func command(_ what: String) throws(Fault) -> QueryTokenizer.Token {
        try expect(.open, "'(' and \(what)", "a query is a version, networks and asserts, in this order")
        return try expect(.word, what, "write (declare-network ...) or (assert ...)")
    }

    /// A letter, then letters, digits and underscores.
    private mutating func nameToken(_ what: String) throws(Fault) -> QueryTokenizer.Token {
        let token = try tokenizer.next()
        guard token.kind == .word, isName(token) else {
            throw syntax(
                token, "expected \(what)", "names begin with a letter; letters, digits and underscores follow")
        }
        return token
    }

    func isName(_ token: QueryTokenizer.Token) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A }
        let bytes = tokenizer.bytes[token.start..<token.end]
        return bytes.first.map(isLetter) == true
            && bytes.allSatisfy { isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x5F }
    }

    // MARK: declarations

    private mutating func readVersion() throws(Fault) {
        let remedy = "a query begins with (vnnlib-version <2.0>)"
        try expect(.open, "'('", remedy)
        let word = try tokenizer.next()
        guard tokenizer.matches(word, "vnnlib-version") else { throw syntax(word, "expected vnnlib-version", remedy) }
        let token = try tokenizer.next()
        let text = tokenizer.text(of: token)
        let parts = text.dropFirst().dropLast().split(separator: ".", omittingEmptySubsequences: false)
        guard token.kind == .word, text.hasPrefix("<"), text.hasSuffix(">"), parts.count == 2,
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } })
        else { throw syntax(token, "expected a version such as <2.0>", remedy) }
        guard parts[0] == "2" else {
            throw Fault(
                at: token.start, .majorVersionMismatch, "the version is \(text.prefix(20))",
                remedy: "version <2.0> is read, and 1.0 in its own form")
        }
        if parts[1] != "0" {
            query.warnings.append("the query is of version \(text.prefix(20)); it is read as <2.0>")
        }
        try expect(.close, "')'", remedy)
    }

    private mutating func readNetwork() throws(Fault) {
        let token = try nameToken("the network's name")
        let name = tokenizer.text(of: token)
        guard networks[name] == nil else {
            throw Fault(
                at: token.start, .multipleDeclaration, "the network \(name) is declared twice",
                remedy: "rename one of the two")
        }
        let index = query.networks.count
        var network = NetworkDeclaration(
            name: name, equivalence: nil, variables: query.variables.count..<query.variables.count,
            offset: token.start)
        var stage = 0
        var equivalent: QueryTokenizer.Token?
        while true {
            let open = try tokenizer.next()
            if open.kind == .close { break }
            guard open.kind == .open else {
                throw syntax(open, "expected '(' or ')'", "close the network's parentheses")
            }
            let item = try tokenizer.next()
            let kinds: [(StaticString, Int, TensorVariable.Kind?)] = [
                ("isomorphic-to", 0, nil), ("equal-to", 0, nil), ("declare-input", 1, .input),
                ("declare-hidden", 2, .hidden), ("declare-output", 3, .output),
            ]
            guard let (_, itsStage, kind) = kinds.first(where: { tokenizer.matches(item, $0.0) }) else {
                throw syntax(
                    item, "expected declare-input, declare-hidden, declare-output, isomorphic-to or equal-to",
                    "a network consists of these")
            }
            guard itsStage >= stage, itsStage <= 1 || stage > 0 else {
                throw syntax(
                    item, "expected another order",
                    "isomorphic-to or equal-to comes first, then inputs, hidden nodes and outputs")
            }
            stage = itsStage
            if let kind {
                try readVariable(kind, network: index)
            } else {
                guard equivalent == nil else {
                    throw syntax(item, "expected one isomorphic-to or equal-to", "keep one of the two")
                }
                let other = try nameToken("a network's name")
                equivalent = other
                network.equivalence =
                    tokenizer.matches(item, "equal-to")
                    ? .equal(to: try known(other)) : .isomorphic(to: try known(other))
            }
            try expect(.close, "')'", "close the parenthesis")
        }
        network.variables = network.variables.lowerBound..<query.variables.count
        try checkComplete(network)
        if let equivalent { try checkEquivalence(network, at: equivalent.start) }
        query.networks.append(network)
        networks[name] = index
    }

    private func known(_ token: QueryTokenizer.Token) throws(Fault) -> Int {
        if let index = networks[tokenizer.text(of: token)] { return index }
        throw Fault(
            at: token.start, .missingNetwork, "the network \(tokenizer.quoted(token)) is not declared before",
            remedy: "declare it first")
    }

    private func checkComplete(_ network: NetworkDeclaration) throws(Fault) {
        let variables = query.variables[network.variables]
        for kind in [TensorVariable.Kind.input, .output] where !variables.contains(where: { $0.kind == kind }) {
            throw Fault(
                at: network.offset, .syntax, "the network \(network.name) has no \(kind.rawValue)",
                remedy: "add (declare-\(kind.rawValue) NAME real [1,2])")
        }
        let ends = variables.filter { $0.kind != .hidden }
        if let nameless = ends.first(where: { $0.tensorName == nil }), ends.contains(where: { $0.tensorName != nil }) {
            throw Fault(
                at: nameless.offset, .syntax, "\(nameless.name) has no tensor's name, others of its network have one",
                remedy: "name the tensors of all inputs and outputs of a network, or of none")
        }
    }

    /// Equivalent networks have inputs and outputs of the same types and shapes in the same order.
    private func checkEquivalence(_ network: NetworkDeclaration, at offset: Int) throws(Fault) {
        let otherIndex =
            switch network.equivalence {
            case .isomorphic(let other)?, .equal(let other)?: other
            case nil: preconditionFailure("there is no equivalence to check")
            }
        let other = query.networks[otherIndex]
        func mismatch(_ code: VNNLIBErrorCode, _ what: String) -> Fault {
            Fault(
                at: offset, code, what, remedy: "declare \(network.name) with the inputs and outputs of \(other.name)")
        }
        let mine = query.variables[network.variables].filter { $0.kind != .hidden }
        let theirs = query.variables[other.variables].filter { $0.kind != .hidden }
        guard mine.count == theirs.count else {
            throw mismatch(
                .variableCountMismatch, "\(network.name) has \(mine.count) inputs and outputs, not \(theirs.count)")
        }
        for (a, b) in zip(mine, theirs) {
            guard a.kind == b.kind else {
                throw mismatch(
                    .variableKindMismatch, "\(a.name) is an \(a.kind.rawValue) and \(b.name) an \(b.kind.rawValue)")
            }
            guard a.type == b.type else {
                throw mismatch(.typeMismatch, "\(a.name) is \(a.type.rawValue) and \(b.name) \(b.type.rawValue)")
            }
            guard a.shape == b.shape else {
                throw mismatch(.variableShapeMismatch, "\(a.name) has shape \(a.shape) and \(b.name) \(b.shape)")
            }
        }
        guard other.equivalence == nil else {
            throw Fault(
                at: offset, .chainedEquivalence, "\(other.name) is itself isomorphic or equal to another network",
                remedy: "name that one instead")
        }
    }

    private mutating func readVariable(_ kind: TensorVariable.Kind, network: Int) throws(Fault) {
        let token = try nameToken("the variable's name")
        let name = tokenizer.text(of: token)
        guard variables[name] == nil else {
            throw Fault(
                at: token.start, .multipleDeclaration, "\(name) is declared twice",
                remedy: "names are unique within the query; rename one")
        }
        let typeToken = try nameToken("an element type")
        guard let type = TensorElementType(rawValue: tokenizer.text(of: typeToken)) else {
            throw Fault(
                at: typeToken.start, .unknownType, "\(tokenizer.quoted(typeToken)) is no element type",
                remedy: "write real, float32, float64 or another type of ONNX")
        }
        let shape = try readShape()
        var variable = TensorVariable(
            name: name, kind: kind, type: type, shape: shape, tensorName: nil, network: network,
            firstElement: query.elementCount, offset: token.start)
        if try tokenizer.peek().kind == .string { variable.tensorName = tokenizer.content(of: try tokenizer.next()) }
        let next = try tokenizer.peek()
        if tokenizer.matches(next, "initialized") {
            throw Fault(
                at: next.start, .unsupportedType, "inputs with a default value of the file are not supported",
                remedy: "leave initialized away and assert the value")
        }
        if kind == .hidden && variable.tensorName == nil {
            throw syntax(next, "expected the tensor's name in quotes", "write (declare-hidden H real [1,2] \"name\")")
        }
        variables[name] = query.variables.count
        query.variables.append(variable)
    }

    private mutating func readShape() throws(Fault) -> [Int] {
        let remedy = "write the shape like [1,5], and [] for a scalar"
        try expect(.openBracket, "'['", remedy)
        if try tokenizer.peek().kind == .closeBracket {
            _ = try tokenizer.next()
            guard query.elementCount < Self.elementLimit else { throw tooManyElements(at: query.bytes.count) }
            return []
        }
        var shape: [Int] = []
        var count = max(1, query.elementCount)
        while true {
            let token = try expect(.word, "a size", remedy)
            guard isNumber(token) else { throw syntax(token, "expected a size", remedy) }
            guard let size = Int(tokenizer.text(of: token)), size > 0 else {
                throw Fault(
                    at: token.start, .invalidDimensions, "\(tokenizer.quoted(token)) is no size of a dimension",
                    remedy: "sizes are whole and positive")
            }
            shape.append(size)
            let (product, overflow) = shape.reduce((1, false)) { known, size in
                let (next, over) = known.0.multipliedReportingOverflow(by: size)
                return (next, known.1 || over)
            }
            guard !overflow, product <= Self.elementLimit else { throw tooManyElements(at: token.start) }
            count = query.elementCount + product
            let separator = try tokenizer.next()
            if separator.kind == .closeBracket {
                guard count <= Self.elementLimit else { throw tooManyElements(at: token.start) }
                return shape
            }
            guard separator.kind == .comma else { throw syntax(separator, "expected ',' or ']'", remedy) }
        }
    }

    private func tooManyElements(at offset: Int) -> Fault {
        Fault(
            at: offset, .invalidDimensions, "the variables have more than \(Self.elementLimit) elements",
            remedy: "declare smaller tensors")
    }

    /// An optional minus sign, digits, and maybe a point and more digits.
    func isNumber(_ token: QueryTokenizer.Token) -> Bool {
        var digits = tokenizer.bytes[token.start..<token.end]
        if digits.first == UInt8(ascii: "-") { digits = digits.dropFirst() }
        let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }
    }
}
