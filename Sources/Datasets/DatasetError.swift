internal import Files

/// Why a dataset could not be read: which file, where in it, what is wrong, and what to do.
public struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
    public var path: String
    public var position: Position?
    public var problem: String
    public var remedy: String

    public enum Position: Sendable, Equatable {
        /// Counted from 0.
        case byte(Int)
        /// Counted from 1, as editors do.
        case line(Int)
        /// An example, counted from 0.
        case example(Int)
    }

    public init(path: String, position: Position? = nil, problem: String, remedy: String) {
        self.path = path
        self.position = position
        self.problem = problem
        self.remedy = remedy
    }

    init(_ error: FileError) {
        self.init(path: error.path, problem: error.reason, remedy: "")
    }

    /// One line, such as `images.npy: byte 10: the header is cut short; write the file again`.
    public var description: String {
        let place =
            switch position {
            case .byte(let byte): "byte \(byte): "
            case .line(let line): "line \(line): "
            case .example(let example): "example \(example): "
            case nil: ""
            }
        let line = "\(path): \(place)\(problem)" + (remedy.isEmpty ? "" : "; \(remedy)")
        return String(line.map { $0.isNewline ? " " : $0 })
    }
}

extension FileError {
    /// The description without the path.
    fileprivate var reason: String { String(description.dropFirst(path.count + 2)) }
}
