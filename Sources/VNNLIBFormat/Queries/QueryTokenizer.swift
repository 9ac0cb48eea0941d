/// Cuts the bytes of a VNN-LIB 2.0 query into tokens, without making a string of any.
struct QueryTokenizer {
    struct Token {
        enum Kind { case open, close, openBracket, closeBracket, comma, string, word, end }
        var kind: Kind
        /// Byte offsets; a string's quotes are part of it.
        var start: Int
        var end: Int

        var range: Range<Int> { start..<end }
    }

    private var source: SourceText

    init(bytes: [UInt8]) { source = SourceText(bytes: bytes) }

    var bytes: [UInt8] { source.bytes }

    mutating func next() throws(Fault) -> Token {
        source.skipBlanks()
        let start = source.place
        if source.isAtEnd { return Token(kind: .end, start: start, end: start) }
        let token = try token(at: start)
        source.place = token.end
        return token
    }

    private func token(at start: Int) throws(Fault) -> Token {
        let bytes = source.bytes
        if let kind = Self.single(bytes[start]) { return Token(kind: kind, start: start, end: start + 1) }
        if bytes[start] == UInt8(ascii: "\"") { return try string(at: start) }
        var end = start + 1
        while end < bytes.count, !Self.endsWord(bytes[end]) { end += 1 }
        return Token(kind: .word, start: start, end: end)
    }

    /// The next token without taking it.
    func peek() throws(Fault) -> Token {
        var copy = self
        return try copy.next()
    }

    private static func single(_ byte: UInt8) -> Token.Kind? {
        switch byte {
        case UInt8(ascii: "("): .open
        case UInt8(ascii: ")"): .close
        case UInt8(ascii: "["): .openBracket
        case UInt8(ascii: "]"): .closeBracket
        case UInt8(ascii: ","): .comma
        default: nil
        }
    }

    private static func endsWord(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "\"") || single(byte) != nil
    }

    /// Between double quotes; a backslash stands before `"`, `\`, `n` and `t` only.
    private func string(at start: Int) throws(Fault) -> Token {
        let bytes = source.bytes
        var place = start + 1
        while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            if bytes[place] == UInt8(ascii: "\\") {
                let next = place + 1 < bytes.count ? bytes[place + 1] : 0
                guard Self.escaped[next] != nil else {
                    throw Fault(
                        at: place, .syntax, "a backslash stands before something else than '\"', '\\', 'n' and 't'",
                        remedy: "write two backslashes for one")
                }
                place += 1
            }
            place += 1
        }
        guard place < bytes.count else {
            throw Fault(at: start, .syntax, "a name in quotes does not end", remedy: "close it with a '\"'")
        }
        return Token(kind: .string, start: start, end: place + 1)
    }

    private static let escaped: [UInt8: UInt8] = [
        UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"), UInt8(ascii: "n"): 0x0A,
        UInt8(ascii: "t"): 0x09,
    ]

    /// What a string token stands for.
    func content(of token: Token) -> String {
        let bytes = source.bytes
        var content: [UInt8] = []
        var place = token.start + 1
        while place < token.end - 1 {
            if bytes[place] == UInt8(ascii: "\\") {
                place += 1
                content.append(Self.escaped[bytes[place]] ?? bytes[place])
            } else {
                content.append(bytes[place])
            }
            place += 1
        }
        return String(decoding: content, as: UTF8.self)
    }

    /// Whether the token is this word.
    func matches(_ token: Token, _ text: StaticString) -> Bool {
        token.kind == .word && source.matches(token.range, text)
    }

    func text(of token: Token) -> String { source.string(token.range) }

    /// The token for a message.
    func quoted(_ token: Token) -> String { source.quoted(token.range) }
}
