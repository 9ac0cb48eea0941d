/// Cuts the bytes of a VNN-LIB 2.0 query into tokens, without making a string of any.
struct QueryTokenizer {
    struct Token {
        enum Kind { case open, close, openBracket, closeBracket, comma, string, word, end }
        var kind: Kind
        /// Byte offsets; a string's quotes are part of it.
        var start: Int
        var end: Int
    }

    let bytes: [UInt8]
    private var place = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    }

    mutating func next() throws(Fault) -> Token {
        skipBlanks()
        let start = place
        guard start < bytes.count else { return Token(kind: .end, start: start, end: start) }
        if let kind = Self.single(bytes[start]) {
            place += 1
            return Token(kind: kind, start: start, end: place)
        }
        if bytes[start] == UInt8(ascii: "\"") { return try string() }
        while place < bytes.count, !Self.endsWord(bytes[place]) { place += 1 }
        return Token(kind: .word, start: start, end: place)
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

    /// Blanks and comments.
    private mutating func skipBlanks() {
        while place < bytes.count {
            let byte = bytes[place]
            if byte == UInt8(ascii: ";") {
                while place < bytes.count, bytes[place] != 0x0A, bytes[place] != 0x0D { place += 1 }
            } else if byte <= 0x20 {
                place += 1
            } else {
                return
            }
        }
    }

    /// Between double quotes; a backslash stands before `"`, `\`, `n` and `t` only.
    private mutating func string() throws(Fault) -> Token {
        let start = place
        place += 1
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
        place += 1
        return Token(kind: .string, start: start, end: place)
    }

    private static let escaped: [UInt8: UInt8] = [
        UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"), UInt8(ascii: "n"): 0x0A,
        UInt8(ascii: "t"): 0x09,
    ]

    /// What a string token stands for.
    func content(of token: Token) -> String {
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
        guard token.kind == .word, token.end - token.start == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { expected in
            (0..<expected.count).allSatisfy { bytes[token.start + $0] == expected[$0] }
        }
    }

    func text(of token: Token) -> String { String(decoding: bytes[token.start..<token.end], as: UTF8.self) }

    /// The token for a message; a long or unprintable one is cut.
    func quoted(_ token: Token) -> String {
        guard token.kind != .end else { return "the end of the file" }
        let shown = bytes[token.start..<token.end].prefix(40).map {
            $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0
        }
        return "'" + String(decoding: shown, as: UTF8.self) + (token.end - token.start > 40 ? "..." : "") + "'"
    }
}
