/// Cuts the bytes of an SMT-LIB text into parentheses and words, without making a string of any.
struct Tokenizer {
    struct Token {
        enum Kind { case open, close, word, end }
        var kind: Kind
        /// Byte offsets.
        var start: Int
        var end: Int

        var range: Range<Int> { start..<end }
    }

    private var source: SourceText

    init(bytes: [UInt8]) { source = SourceText(bytes: bytes) }

    var bytes: [UInt8] { source.bytes }

    mutating func next() -> Token {
        source.skipBlanks()
        let start = source.place
        if source.isAtEnd { return Token(kind: .end, start: start, end: start) }
        let bytes = source.bytes
        var end = start + 1
        var kind = Token.Kind.word
        switch bytes[start] {
        case UInt8(ascii: "("): kind = .open
        case UInt8(ascii: ")"): kind = .close
        case UInt8(ascii: "|"), UInt8(ascii: "\""):
            while end < bytes.count, bytes[end] != bytes[start] { end += 1 }
            end = min(end + 1, bytes.count)
        default:
            while end < bytes.count, !Self.endsWord(bytes[end]) { end += 1 }
        }
        source.place = end
        return Token(kind: kind, start: start, end: end)
    }

    private static func endsWord(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")") || byte == UInt8(ascii: ";")
            || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "|")
    }

    /// Whether the token's bytes are this text.
    func matches(_ token: Token, _ text: StaticString) -> Bool { source.matches(token.range, text) }

    func text(of token: Token) -> String { source.string(token.range) }

    /// The token for a message.
    func quoted(_ token: Token) -> String { source.quoted(token.range) }
}
