// The file around a proof: what it speaks of, then its records.

internal import Crypto

/// SHA-256 of a file's bytes, once inflated.
public struct FileDigest: Sendable, Equatable, CustomStringConvertible {
    public static let size = 32
    public let bytes: [UInt8]

    public init(of content: [UInt8]) { bytes = Array(SHA256.hash(data: content)) }

    /// Of several files the digest of their digests, one after the other; of one file its own.
    public init(ofAll files: [[UInt8]]) {
        let digests = files.map { FileDigest(of: $0) }
        self = digests.count == 1 ? digests[0] : FileDigest(of: digests.flatMap(\.bytes))
    }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Hexadecimal.
    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// What a certificate begins with.
public struct CertificateHeader: Sendable, Equatable {
    public static let magic = Array("secert\n".utf8)
    public static let version: UInt8 = 1
    public var network: FileDigest
    public var property: FileDigest

    public init(network: FileDigest, property: FileDigest) {
        self.network = network
        self.property = property
    }

    public func write(to bytes: inout ByteWriter) {
        bytes.put(Self.magic)
        bytes.put(Self.version)
        bytes.put(network.bytes)
        bytes.put(property.bytes)
    }

    public static func read(from bytes: ByteReader) throws(CertificateError) -> CertificateHeader {
        for expected in magic where try bytes.byte() != expected {
            throw CertificateError("this is no certificate: it does not begin with \"secert\"")
        }
        let version = try bytes.byte()
        guard version == Self.version else {
            throw CertificateError(
                "the certificate has version \(version) of the format; this program reads version \(Self.version)")
        }
        return CertificateHeader(network: try digest(bytes), property: try digest(bytes))
    }

    private static func digest(_ bytes: ByteReader) throws(CertificateError) -> FileDigest {
        var digest: [UInt8] = []
        for _ in 0..<FileDigest.size { digest.append(try bytes.byte()) }
        return FileDigest(bytes: digest)
    }
}
