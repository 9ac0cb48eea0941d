// What a stored result speaks of: digests of the network's and the property's files (of the image's values, for
// images), of the options, and the program's version. A result is used again only where all four are the same.

internal import Crypto
internal import Datasets
internal import Files
internal import Foundation
internal import ONNXFormat

/// The identity of a query's content, apart from its name.
public struct Fingerprint: Sendable, Hashable {
    public var network: String
    public var property: String
    public var options: String
    public var version: String
}

/// Computes fingerprints; each network's file is read once.
final class Fingerprinter {
    private let version: String
    private var networks: [String: String] = [:]
    private var datasets: [DatasetReference: Dataset] = [:]

    init(version: String) { self.version = version }

    func fingerprint(of query: StudyQuery, options: QueryOptions) -> Fingerprint {
        let network =
            networks[query.network] ?? NetworkReference.paths(query.network).map(digestOfNetwork).joined(separator: " ")
        networks[query.network] = network
        return Fingerprint(
            network: network, property: property(query.subject), options: options.fingerprint, version: version)
    }

    private func property(_ subject: StudyQuery.Subject) -> String {
        switch subject {
        case .property(_, let path): return digestOfFile(path)
        case .image(let question):
            do {
                let dataset = try datasets[question.dataset] ?? question.dataset.open()
                datasets[question.dataset] = dataset
                let examples = try dataset.examples(question.index..<question.index + 1)
                var digest = ContentDigest()
                digest.update(text: "\(question.name) label \(examples.labels[0]) shape \(dataset.shape)")
                digest.update(text: dataset.dataRange.map { "\($0)" } ?? "")
                for value in examples.values(at: 0) { digest.update(word: UInt64(value.bitPattern)) }
                return digest.text
            } catch {
                return "unreadable"
            }
        }
    }

    /// Of the file and of those that it keeps weights in.
    private func digestOfNetwork(_ path: String) -> String {
        guard let bytes = try? readFileAsStored(path) else { return "unreadable" }
        var digest = ContentDigest()
        digest.update(bytes: bytes)
        // What is no network has no other files.
        for name in (try? ONNXReader.externalFiles(ofNetworkAt: path)) ?? [] {
            digest.update(text: name)
            digest.update(text: digestOfFile("\(InstanceList.parent(of: path))/\(name)"))
        }
        return digest.text
    }

    /// A file that cannot be read has no digest; a result about it is an error, used again only while that stays so.
    private func digestOfFile(_ path: String) -> String { Self.digestOfReadableFile(path) ?? "unreadable" }

    static func digestOfReadableFile(_ path: String) -> String? {
        guard let bytes = try? readFileAsStored(path) else { return nil }
        var digest = ContentDigest()
        digest.update(bytes: bytes)
        return digest.text
    }
}

/// SHA-256 as hexadecimal text.
struct ContentDigest {
    private var hash = SHA256()

    mutating func update(bytes: [UInt8]) { hash.update(data: bytes) }

    mutating func update(word: UInt64) { withUnsafeBytes(of: word.littleEndian) { hash.update(bufferPointer: $0) } }

    /// The text's UTF-8, preceded by its length, so that no two sequences of texts have the same bytes.
    mutating func update(text: String) {
        update(word: UInt64(text.utf8.count))
        update(bytes: Array(text.utf8))
    }

    static func text(of text: String) -> String {
        var digest = ContentDigest()
        digest.update(text: text)
        return digest.text
    }

    var text: String {
        hash.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}

extension QueryOptions {
    /// Of what may change an outcome.
    var fingerprint: String {
        "timeout \(timeout.map { "\($0)" } ?? "none"), seed \(seed), nodes \(maxNodes.map(String.init) ?? "any"), "
            + "memory \(memory), attack \(attack)" + (givesUp ? ", gives up" : "")
    }
}

/// One part of a batch that is divided by a stable hash of its queries' names.
public struct Shard: Sendable, Equatable, CustomStringConvertible {
    /// From 1 to `count`.
    public var number: Int
    public var count: Int

    /// Reads `3/64`.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let number = parts[0], let count = parts[1], count >= 1, (1...count).contains(number)
        else { return nil }
        (self.number, self.count) = (number, count)
    }

    public var description: String { "\(number)/\(count)" }

    public func contains(_ query: StudyQuery) -> Bool {
        var digest = ContentDigest()
        digest.update(text: query.key)
        let head = UInt64(digest.text.prefix(15), radix: 16)!
        return Int(head % UInt64(count)) == number - 1
    }
}
