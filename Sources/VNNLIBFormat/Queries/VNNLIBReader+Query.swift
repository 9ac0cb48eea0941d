public import Properties

/// What a VNN-LIB file of either version holds.
public enum VNNLIBFile: Sendable {
    /// Version 1.0: of one network whose inputs and outputs are numbered.
    case property(Property)
    /// Version 2.0.
    case query(VNNLIBQuery)
}

extension VNNLIBReader {
    /// Reads a file of either version, gzipped or not; `path.gz` when there is no `path`.
    ///
    /// - Throws: what is wrong, with line and column, and what to do.
    public static func readAnyVersion(path: String) throws(VNNLIBError) -> VNNLIBFile {
        try readAnyVersion(bytes: try load(path), name: path)
    }

    /// As `readAnyVersion(path:)`, from memory.
    public static func readAnyVersion(bytes: [UInt8], name: String) throws(VNNLIBError) -> VNNLIBFile {
        isQuery(bytes)
            ? .query(try readQuery(bytes: bytes, name: name)) : .property(try read(bytes: bytes, name: name))
    }

    /// Whether the text is of version 2.0: it begins with its version, or declares a network.
    static func isQuery(_ bytes: [UInt8]) -> Bool {
        var tokenizer = Tokenizer(bytes: bytes)
        guard tokenizer.next().kind == .open else { return false }
        let word = tokenizer.next()
        return tokenizer.matches(word, "vnnlib-version") || tokenizer.matches(word, "declare-network")
    }

    /// Reads a VNN-LIB 2.0 query: types, names, indices and the order of declarations are checked, files of networks
    /// are not looked at.
    ///
    /// Next to variables of type `float32` or `float64` a literal stands for the nearest number of that type; next to
    /// `real` ones for itself.
    /// - Throws: what is wrong, with line, column and code, and what to do.
    public static func readQuery(bytes: [UInt8], name: String) throws(VNNLIBError) -> VNNLIBQuery {
        var parser = QueryParser(bytes: bytes, name: name)
        do {
            return try parser.parse()
        } catch {
            throw error.coded(.syntax).located(in: bytes, name: name)
        }
    }
}
