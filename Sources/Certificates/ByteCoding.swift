// The alphabet of certificates: bytes, variable-length unsigned integers (seven bits a byte, least first, the high bit
// set on all but the last) and little-endian IEEE numbers.

/// Why a certificate is no proof.
public struct CertificateError: Error, Sendable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}

/// Bytes in the making.
public struct ByteWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func append(_ other: ByteWriter) { bytes += other.bytes }

    mutating func put(_ byte: UInt8) { bytes.append(byte) }

    mutating func put(count: Int) {
        var rest = UInt(count)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func put(_ number: Float) {
        withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ number: Double) {
        withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ other: [UInt8]) { bytes += other }
}

/// Bytes as they come out of a stream.
public final class ByteReader {
    private let next: () throws(CertificateError) -> [UInt8]
    private var buffer: [UInt8] = []
    private var place = 0
    private var passed = 0

    /// - Parameter next: gives the stream piece by piece, and nothing at its end.
    public init(_ next: @escaping () throws(CertificateError) -> [UInt8]) { self.next = next }

    public convenience init(_ bytes: [UInt8]) {
        var rest: [UInt8]? = bytes
        self.init { () throws(CertificateError) in
            defer { rest = nil }
            return rest ?? []
        }
    }

    /// Bytes read so far.
    public var offset: Int { passed + place }

    /// Whether nothing is left.
    func isAtEnd() throws(CertificateError) -> Bool {
        if place < buffer.count { return false }
        passed += buffer.count
        buffer = try next()
        place = 0
        return buffer.isEmpty
    }

    func byte() throws(CertificateError) -> UInt8 {
        if place == buffer.count, try isAtEnd() {
            throw CertificateError("the certificate ends early, after \(offset) bytes; it was cut short")
        }
        place += 1
        return buffer[place - 1]
    }

    /// - Parameter limit: the largest number that makes sense here.
    func count(_ limit: Int, _ what: StaticString) throws(CertificateError) -> Int {
        var result: UInt = 0
        var shift: UInt = 0
        while true {
            let next = try byte()
            if shift < 63 { result |= UInt(next & 0x7f) << shift }
            if shift >= 63 || result > UInt(limit) {
                throw CertificateError("byte \(offset): \(what) is beyond \(limit)")
            }
            if next < 0x80 { return Int(result) }
            shift += 7
        }
    }

    func float() throws(CertificateError) -> Float {
        var bits: UInt32 = 0
        for index in 0..<4 { bits |= UInt32(try byte()) << UInt32(8 * index) }
        return Float(bitPattern: bits)
    }

    func double() throws(CertificateError) -> Double {
        var bits: UInt64 = 0
        for index in 0..<8 { bits |= UInt64(try byte()) << UInt64(8 * index) }
        return Double(bitPattern: bits)
    }
}
