// Certificates of a batch: `NAME.secert` for a proof, `NAME.witness` for a counterexample. A question about an image
// leaves its property as `NAME.vnnlib`, since checking needs one.

internal import Certificates
internal import Files
internal import Networks
internal import Properties
internal import VNNLIBFormat

extension QueryWorker {
    /// The certificate that a question asks for, or why it cannot be had.
    ///
    /// - Parameter stem: its path without suffix.
    /// - Throws: when a file cannot be read or written.
    func certificate(_ stem: String, _ query: StudyQuery, _ network: Network, _ property: Property) throws
        -> (file: CertificateFile?, objection: String?)
    {
        if let objection = objectionToCertifying(network) { return (nil, objection) }
        let bytes: [UInt8]
        switch query.subject {
        case .property(_, let path): bytes = try readFile(path)
        case .image:
            let text: String
            do {
                text = try VNNLIBWriter.text(of: property, comment: query.propertyName)
            } catch {
                return (nil, error.description)
            }
            bytes = Array(text.utf8)
            let writer = try GzipFileWriter(path: stem + ".vnnlib", isCompressed: false)
            try writer.write(bytes)
            try writer.finish()
        }
        let file = try CertificateFile(
            path: stem + ".secert", networks: [try readFile(query.network)], property: bytes)
        return (file, nil)
    }
}

extension StudyQuery {
    /// A file name for the query, without suffix: its names, and a number that tells queries of the same names apart.
    var fileStem: String {
        func word(_ name: String, _ suffix: String) -> String {
            var name = name.split(separator: "/").last.map(String.init) ?? name
            for suffix in [".gz", suffix] where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
            return String(name.map { $0.isLetter || $0.isNumber || "-_.=".contains($0) ? $0 : "_" })
        }
        let names = "\(word(networkName, ".onnx"))_\(word(propertyName, ".vnnlib"))".prefix(150)
        // FNV-1a of the key.
        let hash = key.utf8.reduce(0x811c_9dc5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        return "\(names)-\(String(hash, radix: 16))"
    }
}
