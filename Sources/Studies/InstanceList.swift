// Lists of queries: the competition's instances.csv with rows `network,property,timeout`, and directories.

internal import Files
internal import Foundation

public enum InstanceList {
    /// The queries of a path: a `.csv` list, a YAML study, a directory with an `instances.csv`, a directory of such
    /// directories, or a directory of networks and properties, of which every pair is asked.
    ///
    /// - Throws: when there is nothing, or a row is wrong, with its line.
    public static func queries(at path: String) throws(StudyError) -> [StudyQuery] {
        let lowered = path.lowercased()
        if isDirectory(path) { return numbered(try directory(path)) }
        if lowered.hasSuffix(".yaml") || lowered.hasSuffix(".yml") { return numbered(try StudyFile.queries(at: path)) }
        return numbered(try csv(path))
    }

    /// Tells equal queries apart.
    static func numbered(_ queries: [StudyQuery]) -> [StudyQuery] {
        var seen: [String: Int] = [:]
        return queries.map { query in
            var query = query
            query.occurrence = 1
            let count = seen[query.key, default: 0] + 1
            seen[query.key] = count
            query.occurrence = count
            return query
        }
    }

    private static func csv(_ path: String) throws(StudyError) -> [StudyQuery] {
        let bytes: [UInt8]
        do { bytes = try readFile(path) } catch { throw StudyError(error.description) }
        let directory = parent(of: path)
        let category = name(of: directory)
        var queries: [StudyQuery] = []
        let lines = String(decoding: bytes, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
            if fields == [""] || (index == 0 && ["onnx", "network"].contains(fields[0].lowercased())) { continue }
            func fail(_ problem: String) -> StudyError {
                StudyError("\(path): line \(index + 1): \(problem); write rows of network,property,timeout")
            }
            guard (2...3).contains(fields.count) else { throw fail("\(fields.count) columns") }
            guard !fields[0].isEmpty, !fields[1].isEmpty else { throw fail("an empty name") }
            var timeout: Double?
            if fields.count == 3 {
                guard let seconds = Double(fields[2]), seconds > 0 else { throw fail("the timeout is '\(fields[2])'") }
                timeout = seconds
            }
            queries.append(
                StudyQuery(
                    category: category, networkName: fields[0],
                    network: NetworkReference.resolved(fields[0], in: directory),
                    subject: .property(name: fields[1], path: resolved(fields[1], in: directory)), timeout: timeout))
        }
        guard !queries.isEmpty else { throw StudyError("\(path): no rows; write rows of network,property,timeout") }
        return queries
    }

    private static func directory(_ path: String) throws(StudyError) -> [StudyQuery] {
        if FileManager.default.fileExists(atPath: "\(path)/instances.csv") { return try csv("\(path)/instances.csv") }
        let entries: [String]
        do {
            entries = try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }.sorted()
        } catch {
            throw StudyError("\(path): cannot be listed; check its permissions")
        }
        var queries: [StudyQuery] = []
        for entry in entries where FileManager.default.fileExists(atPath: "\(path)/\(entry)/instances.csv") {
            queries += try csv("\(path)/\(entry)/instances.csv")
        }
        if !queries.isEmpty { return queries }

        let files = entries.flatMap { entry -> [String] in
            guard isDirectory("\(path)/\(entry)") else { return [entry] }
            let inner = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(entry)")) ?? []
            return inner.sorted().map { "\(entry)/\($0)" }
        }
        func named(_ suffix: String) -> [String] {
            files.filter { $0.hasSuffix(suffix) || $0.hasSuffix(suffix + ".gz") }
        }
        let category = name(of: path)
        for network in named(".onnx") {
            for property in named(".vnnlib") {
                queries.append(
                    StudyQuery(
                        category: category, networkName: network, network: "\(path)/\(network)",
                        subject: .property(name: property, path: "\(path)/\(property)")))
            }
        }
        guard !queries.isEmpty else {
            throw StudyError(
                "\(path): holds neither an instances.csv nor networks (.onnx) and properties (.vnnlib); name another")
        }
        return queries
    }

    static func resolved(_ name: String, in directory: String) -> String {
        name.hasPrefix("/") ? name : "\(directory)/\(name)"
    }

    static func parent(of path: String) -> String {
        let parent = (path as NSString).deletingLastPathComponent
        return parent.isEmpty ? "." : parent
    }

    /// The last part of the directory's absolute path.
    static func name(of directory: String) -> String {
        URL(filePath: directory).standardizedFileURL.lastPathComponent
    }

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    private static func trimmed(_ field: Substring) -> String {
        String(field).trimmingCharacters(in: .whitespaces)
    }
}
