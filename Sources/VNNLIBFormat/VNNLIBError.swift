/// What is wrong with a property file, where, and what to do about it.
public struct VNNLIBError: Error, Sendable, Equatable, CustomStringConvertible {
    /// As the caller named it.
    public let file: String
    /// Counted from one; nil when the file as a whole is at fault.
    public let line: Int?
    /// Counted from one, in characters.
    public let column: Int?
    /// What is wrong; what to do.
    public let message: String

    public init(file: String, line: Int? = nil, column: Int? = nil, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// `file:line:column: message`.
    public var description: String {
        let place = line.map { line in ":\(line)" + (column.map { ":\($0)" } ?? "") } ?? ""
        return "\(file)\(place): \(message)"
    }
}

/// A fault at a byte of the text; it becomes a `VNNLIBError` once lines are counted.
struct Fault: Error {
    let offset: Int
    let message: String

    init(at offset: Int, _ what: String, remedy: String) {
        self.offset = offset
        message = what + "; " + remedy
    }

    func located(in bytes: [UInt8], name: String) -> VNNLIBError {
        var line = 1
        var column = 1
        var previous: UInt8 = 0
        for byte in bytes.prefix(max(0, offset)) {
            if byte == 0x0A && previous == 0x0D {
                // The second half of a CRLF.
            } else if byte == 0x0A || byte == 0x0D {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
            previous = byte
        }
        return VNNLIBError(file: name, line: line, column: column, message: message)
    }
}
