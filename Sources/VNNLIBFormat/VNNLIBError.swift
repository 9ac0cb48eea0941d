/// What is wrong with a property file, where, and what to do about it.
public struct VNNLIBError: Error, Sendable, Equatable, CustomStringConvertible {
    /// As the caller named it.
    public let file: String
    /// Counted from one; nil when the file as a whole is at fault.
    public let line: Int?
    /// Counted from one, in characters.
    public let column: Int?
    /// The kind of mistake; nil in VNN-LIB 1.0.
    public let code: VNNLIBErrorCode?
    /// What is wrong; what to do.
    public let message: String

    public init(file: String, line: Int? = nil, column: Int? = nil, code: VNNLIBErrorCode? = nil, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.code = code
        self.message = message
    }

    /// `file:line:column: message`, with the kind of mistake before the message where there is one.
    public var description: String {
        let place = line.map { line in ":\(line)" + (column.map { ":\($0)" } ?? "") } ?? ""
        return "\(file)\(place): " + (code.map { "\($0.rawValue): " } ?? "") + message
    }
}

/// A fault at a byte of the text; it becomes a `VNNLIBError` once lines are counted.
struct Fault: Error {
    let offset: Int
    /// Nil in VNN-LIB 1.0.
    var code: VNNLIBErrorCode?
    let message: String

    init(at offset: Int, _ what: String, remedy: String) { self.init(at: offset, nil, what, remedy: remedy) }

    init(at offset: Int, _ code: VNNLIBErrorCode?, _ what: String, remedy: String) {
        self.offset = offset
        self.code = code
        message = what + "; " + remedy
    }

    /// The same fault of a VNN-LIB 2.0 query, where it has no code yet.
    func coded(_ code: VNNLIBErrorCode) -> Fault {
        var fault = self
        fault.code = self.code ?? code
        return fault
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
        return VNNLIBError(file: name, line: line, column: column, code: code, message: message)
    }
}
