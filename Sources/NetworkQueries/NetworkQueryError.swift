public import VNNLIBFormat

/// Why a query cannot be asked of the files given for its networks, in one line.
public struct NetworkQueryError: Error, Sendable, CustomStringConvertible {
    /// The kind of mistake; nil for what is wrong with an ONNX file itself.
    public let code: VNNLIBErrorCode?
    public let description: String

    init(_ error: VNNLIBError) {
        code = error.code
        description = error.description
    }

    init(_ code: VNNLIBErrorCode?, _ description: String) {
        self.code = code
        self.description = description
    }
}
