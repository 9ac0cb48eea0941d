internal import Files
internal import Glibc

/// The bytes of a binary file: read where they are asked for, or held when the file is gzipped.
struct RecordFile: Sendable {
    let path: String
    let size: Int
    private let storage: Storage

    private enum Storage: Sendable {
        case bytes([UInt8])
        case file(OpenFile)
    }

    private final class OpenFile: Sendable {
        let descriptor: Int32
        init(_ descriptor: Int32) { self.descriptor = descriptor }
        deinit { _ = close(descriptor) }
    }

    /// Opens `path`, or `path.gz` when there is no `path`.
    init(_ path: String) throws(DatasetError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        var magic: [UInt8] = [0, 0]
        guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            pread(descriptor, &magic, 2, 0) == 2, magic != [0x1f, 0x8b]
        else {
            // Gzipped, or not there, or a directory: `readFile` finds it or says what is wrong.
            if descriptor >= 0 { _ = close(descriptor) }
            let bytes: [UInt8]
            do { bytes = try readFile(path) } catch { throw DatasetError(error) }
            self.path = path
            size = bytes.count
            storage = .bytes(bytes)
            return
        }
        self.path = path
        size = Int(status.st_size)
        storage = .file(OpenFile(descriptor))
    }

    /// The bytes of the range.
    func read(_ range: Range<Int>) throws(DatasetError) -> [UInt8] {
        guard range.upperBound <= size else {
            throw DatasetError(
                path: path, position: .byte(size),
                problem: "the file ends here, where \(range.upperBound - size) more bytes are expected",
                remedy: "fetch or write the file again")
        }
        switch storage {
        case .bytes(let bytes): return Array(bytes[range])
        case .file(let file):
            var failure: Int32?
            let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
                while filled < buffer.count {
                    let offset = range.lowerBound + filled
                    let count = pread(
                        file.descriptor, buffer.baseAddress! + filled, buffer.count - filled, offset)
                    if count < 0 && errno == EINTR { continue }
                    guard count > 0 else {
                        failure = count < 0 ? errno : 0
                        return
                    }
                    filled += count
                }
            }
            if let failure {
                throw DatasetError(
                    path: path, position: .byte(range.lowerBound + bytes.count),
                    problem: failure == 0
                        ? "the file was cut short while it was read" : String(cString: strerror(failure)),
                    remedy: "try again")
            }
            return bytes
        }
    }
}
