/// Why a file could not be read or written, and what to do about it.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    public var path: String
    public var problem: Problem

    public enum Problem: Sendable, Equatable {
        /// Neither the path nor the path with `.gz` appended exists.
        case missing
        case directory
        /// The operating system's reason.
        case unreadable(reason: String)
        /// The operating system's reason.
        case unwritable(reason: String)
        /// The file, or what it inflates to, has more bytes than the limit.
        case tooLarge(limit: Int)
        /// The gzip stream ends early, after that many bytes of it.
        case truncatedGzip(at: Int)
        case damagedGzip(at: Int)
    }

    public init(path: String, problem: Problem) {
        self.path = path
        self.problem = problem
    }

    public var description: String {
        switch problem {
        case .missing: "\(path): no such file, nor \(path).gz; check the name"
        case .directory: "\(path): a directory; name a file in it"
        case .unreadable(let reason): "\(path): cannot be read (\(reason)); check its permissions"
        case .unwritable(let reason):
            "\(path): cannot be written (\(reason)); choose another place, or make room there"
        case .tooLarge(let limit): "\(path): larger than \(limit) bytes once inflated; use a smaller file"
        case .truncatedGzip(let byte):
            "\(path): the gzip stream ends early, at byte \(byte); fetch or compress the file again"
        case .damagedGzip(let byte):
            "\(path): the gzip stream is damaged near byte \(byte); fetch or compress the file again"
        }
    }
}
