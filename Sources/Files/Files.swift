// Whole files as bytes, gzipped or not.
//
// Networks and properties are often kept gzipped, and lists of instances often name them without the suffix:
// `readFile` looks for `path`, then for `path.gz`, and inflates whatever starts with gzip's magic number.
internal import CZlib
internal import Glibc

/// The largest file, after inflation, that is read.
public let largestFileSize = 8 << 30

/// The bytes of the file at `path`, inflated when they are a gzip stream; of `path.gz` when there is no `path`.
///
/// - Throws: `FileError` when there is no such file, it is a directory, cannot be read, is larger than
///   `limit` bytes once inflated, or is a gzip stream cut short or damaged.
public func readFile(_ path: String, limit: Int = largestFileSize) throws(FileError) -> [UInt8] {
    let (bytes, found) = try readStored(path, limit: limit)
    let isGzip = bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
    return isGzip ? try inflateAll(bytes, path: found, limit: limit) : bytes
}

/// As `readFile`, without inflating anything.
public func readFileAsStored(_ path: String) throws(FileError) -> [UInt8] {
    try readStored(path, limit: largestFileSize).bytes
}

private func readStored(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], path: String) {
    var found = path
    var descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 && errno == ENOENT {
        found = path + ".gz"
        descriptor = open(found, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 && errno == ENOENT { throw FileError(path: path, problem: .missing) }
    }
    guard descriptor >= 0 else {
        throw FileError(path: found, problem: .unreadable(reason: String(cString: strerror(errno))))
    }
    defer { _ = close(descriptor) }
    return (try readAll(descriptor, path: found, limit: limit), found)
}

private func readAll(_ descriptor: Int32, path: String, limit: Int) throws(FileError) -> [UInt8] {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
        throw FileError(path: path, problem: .unreadable(reason: String(cString: strerror(errno))))
    }
    if status.st_mode & S_IFMT == S_IFDIR { throw FileError(path: path, problem: .directory) }
    var bytes: [UInt8] = []
    // One byte more than the file says it has, so that its end is seen without growing the array.
    var room = min(max(Int(status.st_size), 0), limit) + 1
    var ended = false
    while !ended {
        var failure: Int32 = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
            while filled < buffer.count {
                let count = read(descriptor, buffer.baseAddress! + filled, buffer.count - filled)
                if count > 0 {
                    filled += count
                } else if count == 0 {
                    ended = true
                    break
                } else if errno != EINTR {
                    failure = errno
                    break
                }
            }
        }
        if failure != 0 {
            throw FileError(path: path, problem: .unreadable(reason: String(cString: strerror(failure))))
        }
        if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
        if bytes.count > limit { throw FileError(path: path, problem: .tooLarge(limit: limit)) }
        room = 1 << 20
    }
    return bytes
}

/// The content of a gzip stream, or of several one after the other; what follows the last one is ignored, as gunzip
/// does.
private func inflateAll(_ bytes: [UInt8], path: String, limit: Int) throws(FileError) -> [UInt8] {
    var stream = z_stream()
    guard zlib_begin_gunzip(&stream) == Z_OK else {
        throw FileError(path: path, problem: .unreadable(reason: "zlib cannot be started"))
    }
    defer { inflateEnd(&stream) }
    var content: [UInt8] = []
    content.reserveCapacity(min(expectedSize(of: bytes), limit))
    let problem = bytes.withUnsafeBufferPointer { input -> FileError.Problem? in
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 18)
        defer { buffer.deallocate() }
        var position = 0
        while true {
            let available = min(input.count - position, Int(UInt32.max))
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress! + position)
            stream.avail_in = uInt(available)
            stream.next_out = buffer.baseAddress!
            stream.avail_out = uInt(buffer.count)
            let status = inflate(&stream, Z_NO_FLUSH)
            position += available - Int(stream.avail_in)
            let produced = buffer.count - Int(stream.avail_out)
            content.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<produced]))
            if content.count > limit { return .tooLarge(limit: limit) }
            switch status {
            case Z_STREAM_END:
                let another =
                    position + 2 <= input.count && input[position] == 0x1f && input[position + 1] == 0x8b
                guard another else { return nil }
                inflateReset(&stream)
            case Z_OK:
                continue
            case Z_BUF_ERROR:
                return .truncatedGzip(at: position)
            default:
                return .damagedGzip(at: position)
            }
        }
    }
    if let problem { throw FileError(path: path, problem: problem) }
    return content
}

/// A hint: the stream's last four bytes hold its content's size modulo 2^32, and deflate shrinks at most 1032-fold.
private func expectedSize(of bytes: [UInt8]) -> Int {
    guard bytes.count >= 18 else { return 0 }
    let size = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    return min(size, bytes.count * 1032)
}

/// The CRC-32 of a file's bytes as they lie on disk: quick, and enough to tell builds of a program apart.
public func checksum(ofFile path: String) throws(FileError) -> UInt32 {
    func failure() -> FileError {
        FileError(path: path, problem: .unreadable(reason: String(cString: strerror(errno))))
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure() }
    defer { _ = close(descriptor) }
    // A program's own file is in memory anyway, and large.
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure() }
    let count = Int(status.st_size)
    guard count > 0 else { return 0 }
    guard let bytes = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), bytes != MAP_FAILED else {
        throw failure()
    }
    defer { munmap(bytes, count) }
    return UInt32(crc32_z(0, bytes.assumingMemoryBound(to: UInt8.self), count))
}
