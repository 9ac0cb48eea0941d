/// Cuts the bytes of an SMT-LIB text into parentheses and words, without making a string of any.
struct Tokenizer {
    struct Token {
        enum Kind { case open, close, word, end }
        var kind: Kind
        /// Byte offsets.
        var start: Int
        var end: Int
    }

    let bytes: [UInt8]
    private var place = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    }

    mutating func next() -> Token {
        skipBlanks()
        let start = place
        guard start < bytes.count else { return Token(kind: .end, start: start, end: start) }
        switch bytes[start] {
        case UInt8(ascii: "("):
            place += 1
            return Token(kind: .open, start: start, end: place)
        case UInt8(ascii: ")"):
            place += 1
            return Token(kind: .close, start: start, end: place)
        case UInt8(ascii: "|"), UInt8(ascii: "\""):
            let quote = bytes[start]
            place += 1
            while place < bytes.count, bytes[place] != quote { place += 1 }
            place = min(place + 1, bytes.count)
        default:
            while place < bytes.count, !Self.endsWord(bytes[place]) { place += 1 }
        }
        return Token(kind: .word, start: start, end: place)
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

    private static func endsWord(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")") || byte == UInt8(ascii: ";")
            || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "|")
    }

    /// Whether the token's bytes are this text.
    func matches(_ token: Token, _ text: StaticString) -> Bool {
        guard token.end - token.start == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { expected in
            for index in 0..<expected.count where bytes[token.start + index] != expected[index] {
                return false
            }
            return true
        }
    }

    func text(of token: Token) -> String {
        String(decoding: bytes[token.start..<token.end], as: UTF8.self)
    }

    /// The token for a message; a long or unprintable one is cut.
    func quoted(_ token: Token) -> String {
        guard token.kind != .end else { return "the end of the file" }
        let shown = bytes[token.start..<token.end].prefix(40).map {
            $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0
        }
        return "'" + String(decoding: shown, as: UTF8.self) + (token.end - token.start > 40 ? "..." : "")
            + "'"
    }
}
