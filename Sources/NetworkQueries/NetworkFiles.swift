public import VNNLIBFormat

/// Which file stands for which network.
public enum NetworkFiles {
    /// Reads `name=path` pairs.
    public static func parse(_ pairs: [String]) throws(NetworkQueryError) -> [String: String] {
        var files: [String: String] = [:]
        for pair in pairs {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw NetworkQueryError(
                    .missingNetworkFile, "'\(pair)' is no network and its file; write --network f=network.onnx")
            }
            guard files.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
                throw NetworkQueryError(
                    .unnecessaryNetworkFile, "two files are given for the network \(parts[0]); keep one of them")
            }
        }
        return files
    }

    /// The one network of a query that needs a file, with this path.
    ///
    /// - Throws: when several need one.
    public static func only(_ path: String, for query: VNNLIBQuery) throws(NetworkQueryError) -> [String: String] {
        let names = query.networks.filter { network in
            if case .equal? = network.equivalence { false } else { true }
        }.map(\.name)
        guard names.count == 1 else {
            throw NetworkQueryError(
                VNNLIBError(
                    file: query.name, code: .missingNetworkFile,
                    message: "the query declares the networks \(names.joined(separator: ", ")); name a file for each, "
                        + "with --network \(names[0])=FILE.onnx and so on"))
        }
        return [names[0]: path]
    }
}
