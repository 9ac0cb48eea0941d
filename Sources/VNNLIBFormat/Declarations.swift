/// The declared variables.
struct Declarations {
    /// Per index the offset of its declaration, -1 for a gap.
    private(set) var inputs: [Int] = []
    private(set) var outputs: [Int] = []

    /// Above this an index is taken for a mistake.
    static let indexLimit = 4_000_000

    /// The declared variable a word names; nil when there is none.
    func variable(_ token: Tokenizer.Token, in tokenizer: Tokenizer) -> Variable? {
        guard let variable = Self.parse(token, in: tokenizer) else { return nil }
        let declared = variable.isInput ? inputs : outputs
        guard variable.index < declared.count, declared[variable.index] >= 0 else { return nil }
        return variable
    }

    /// Whether the word has the form of a variable's name.
    static func isName(_ token: Tokenizer.Token, in tokenizer: Tokenizer) -> Bool {
        parse(token, in: tokenizer) != nil
    }

    mutating func declare(_ token: Tokenizer.Token, in tokenizer: Tokenizer) throws(Fault) {
        guard let variable = Self.parse(token, in: tokenizer) else {
            throw Fault(
                at: token.start, "cannot declare \(tokenizer.quoted(token))",
                remedy: "inputs are named X_0, X_1, ... and outputs Y_0, Y_1, ...")
        }
        guard self.variable(token, in: tokenizer) == nil else {
            throw Fault(
                at: token.start, "\(tokenizer.quoted(token)) is declared twice",
                remedy: "remove one declaration")
        }
        if variable.isInput {
            Self.insert(token.start, at: variable.index, into: &inputs)
        } else {
            Self.insert(token.start, at: variable.index, into: &outputs)
        }
    }

    /// Whether every index below the greatest is declared.
    func checkContiguous(end: Int) throws(Fault) {
        for (name, offsets) in [("X", inputs), ("Y", outputs)] {
            guard let gap = offsets.firstIndex(of: -1) else { continue }
            throw Fault(
                at: offsets.last ?? end, "\(name)_\(offsets.count - 1) is declared but \(name)_\(gap) is not",
                remedy: "declare every index from 0")
        }
        if inputs.isEmpty {
            throw Fault(
                at: end, "no input is declared",
                remedy: "add (declare-const X_0 Real)")
        }
    }

    private static func insert(_ offset: Int, at index: Int, into offsets: inout [Int]) {
        while offsets.count <= index { offsets.append(-1) }
        offsets[index] = offset
    }

    /// `X_12` or `Y_0`; no leading zeros.
    private static func parse(_ token: Tokenizer.Token, in tokenizer: Tokenizer) -> Variable? {
        let bytes = tokenizer.bytes
        let length = token.end - token.start
        guard length >= 3, bytes[token.start + 1] == UInt8(ascii: "_") else { return nil }
        let letter = bytes[token.start]
        guard letter == UInt8(ascii: "X") || letter == UInt8(ascii: "Y") else { return nil }
        guard length == 3 || bytes[token.start + 2] != 0x30 else { return nil }
        var index = 0
        for place in token.start + 2..<token.end {
            let digit = bytes[place]
            guard digit >= 0x30 && digit <= 0x39 else { return nil }
            index = index * 10 + Int(digit - 0x30)
            guard index <= indexLimit else { return nil }
        }
        return Variable(isInput: letter == UInt8(ascii: "X"), index: index)
    }
}
