import CZlib
import Files
import Glibc
import Testing

/// A directory of its own for each test, removed afterwards.
private func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/secateur-files-XXXXXX".utf8CString)
    let directory = String(cString: mkdtemp(&template)!)
    defer {
        if let entries = opendir(directory) {
            while let entry = readdir(entries) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink(directory + "/" + name)
            }
            closedir(entries)
        }
        rmdir(directory)
    }
    try body(directory)
}

private func write(_ bytes: [UInt8], to path: String) {
    let file = fopen(path, "wb")!
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}

private func gzip(_ bytes: [UInt8], to path: String) {
    let file = gzopen(path, "wb")
    gzwrite(file, bytes, UInt32(bytes.count))
    gzclose(file)
}

private let sample = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }

@Test func plainAndGzippedFilesGiveTheSameBytes() throws {
    try withTemporaryDirectory { (directory) throws in
        write(sample, to: directory + "/plain")
        gzip(sample, to: directory + "/zipped")
        gzip(sample, to: directory + "/suffixed.gz")
        write([], to: directory + "/empty")
        #expect(try readFile(directory + "/plain") == sample)
        #expect(try readFile(directory + "/zipped") == sample)
        #expect(try readFile(directory + "/suffixed") == sample)
        #expect(try readFile(directory + "/suffixed.gz") == sample)
        #expect(try readFile(directory + "/empty") == [])
    }
}

@Test func severalStreamsAreOneFileAndTrailingZerosAreIgnored() throws {
    try withTemporaryDirectory { (directory) throws in
        gzip(sample, to: directory + "/one")
        let one = try sampleBytes(directory + "/one")
        write(one + one + [0, 0, 0], to: directory + "/two")
        #expect(try readFile(directory + "/two") == sample + sample)
    }
}

/// The file as it is, not inflated.
private func sampleBytes(_ path: String) throws -> [UInt8] {
    let file = fopen(path, "rb")!
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return Array(bytes[..<count])
}

@Test func errorsNameTheFileAndTheProblem() throws {
    try withTemporaryDirectory { (directory) throws in
        func problem(_ name: String, limit: Int = largestFileSize) -> FileError.Problem? {
            do throws(FileError) {
                _ = try readFile(directory + name, limit: limit)
                return nil
            } catch {
                #expect(error.description.hasPrefix(directory))
                return error.problem
            }
        }
        #expect(problem("/missing") == .missing)
        #expect(problem("") == .directory)

        gzip(sample, to: directory + "/zipped")
        let zipped = try sampleBytes(directory + "/zipped")
        #expect(problem("/zipped", limit: 1000) == .tooLarge(limit: 1000))
        for count in [2, 10, zipped.count / 2, zipped.count - 1] {
            write(Array(zipped[..<count]), to: directory + "/cut")
            #expect(problem("/cut") == .truncatedGzip(at: count))
        }
        var damaged = zipped
        damaged[zipped.count - 6] ^= 0xff  // in the checksum
        write(damaged, to: directory + "/damaged")
        guard case .damagedGzip = problem("/damaged") else {
            Issue.record("a damaged stream was read")
            return
        }
        write(sample, to: directory + "/plain")
        #expect(problem("/plain", limit: 1000) == .tooLarge(limit: 1000))
    }
}
