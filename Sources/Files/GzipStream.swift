// Files as streams, gzipped or not, for content too long to hold: written in pieces to a temporary name and renamed when whole,
// read in pieces.
internal import CZlib
internal import Glibc

/// Writes a file that appears under its name only when it is complete.
public final class GzipFileWriter {
    private let path: String
    private let temporary: String
    private var file: gzFile?

    /// - Parameter isCompressed: false writes the bytes as they are.
    /// - Throws: `FileError` when the file cannot be made.
    public init(path: String, isCompressed: Bool = true) throws(FileError) {
        self.path = path
        temporary = "\(path).\(getpid()).part"
        // Level 1: certificates are long, and the search waits for them.
        file = gzopen(temporary, isCompressed ? "wb1" : "wbT")
        guard file != nil else {
            throw FileError(path: path, problem: .unwritable(reason: String(cString: strerror(errno))))
        }
        gzbuffer(file, 1 << 17)
    }

    deinit {
        if let file {
            gzclose(file)
            unlink(temporary)
        }
    }

    /// - Throws: `FileError` when the bytes cannot be stored, as when the disk is full.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(1 << 30)
            let count = part.withUnsafeBytes { gzwrite(file, $0.baseAddress, UInt32($0.count)) }
            guard Int(count) == part.count else { throw failure() }
            rest = rest.dropFirst(part.count)
        }
    }

    /// Ends the stream and gives the file its name.
    ///
    /// - Parameter name: another one than planned.
    /// - Throws: `FileError` when that fails; nothing is left under the name then.
    public func finish(as name: String? = nil) throws(FileError) {
        let status = gzclose(file)
        file = nil
        guard status == Z_OK, rename(temporary, name ?? path) == 0 else {
            let error = failure()
            unlink(temporary)
            throw error
        }
    }

    private func failure() -> FileError {
        FileError(path: path, problem: .unwritable(reason: String(cString: strerror(errno))))
    }
}

/// Writes a whole file; what was there before stays until the new one is complete.
///
/// - Throws: `FileError` when the bytes cannot be stored.
public func writeFile(_ bytes: [UInt8], to path: String) throws(FileError) {
    let writer = try GzipFileWriter(path: path, isCompressed: false)
    try writer.write(bytes)
    try writer.finish()
}

/// Reads a file in pieces, inflating it when it is a gzip stream.
public final class GzipFileReader {
    private let path: String
    private let file: gzFile

    /// - Throws: `FileError` when the file cannot be opened.
    public init(path: String) throws(FileError) {
        self.path = path
        guard let file = gzopen(path, "rb") else {
            let isMissing = errno == ENOENT
            throw FileError(
                path: path,
                problem: isMissing ? .missing : .unreadable(reason: String(cString: strerror(errno))))
        }
        self.file = file
        gzbuffer(file, 1 << 17)
    }

    deinit { gzclose(file) }

    /// The next bytes, at most `count`; none at the end.
    ///
    /// - Throws: `FileError` when the stream is damaged or cut short.
    public func read(_ count: Int) throws(FileError) -> [UInt8] {
        var status: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            status = gzread(file, buffer.baseAddress, UInt32(count))
            filled = max(0, Int(status))
        }
        var code: Int32 = 0
        _ = gzerror(file, &code)
        if code == Z_BUF_ERROR { throw FileError(path: path, problem: .truncatedGzip(at: Int(gzoffset(file)))) }
        if status < 0 || code != Z_OK { throw FileError(path: path, problem: .damagedGzip(at: Int(gzoffset(file)))) }
        return bytes
    }
}
