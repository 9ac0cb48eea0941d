// Results as files for others: a table, and the competition's result and witness files.

internal import Foundation

public struct ResultExport {
    /// Calls its argument with every result.
    private let rows: ((ResultStore.Row) throws -> Void) throws -> Void

    /// The results of a batch, in the order of its list.
    public init(_ runner: BatchRunner) { rows = runner.forEachResult }

    /// All results of a store, in the order in which they came.
    public init(_ store: ResultStore) { rows = store.visit }

    private static let header = [
        "network", "property", "verdict", "seconds", "reason", "category", "timeout", "nodes", "open", "worst_bound",
        "neurons", "unstable_neurons", "read_s", "attack_s", "bounds_s", "search_s", "memory_mb", "predicted",
        "certificate", "version",
    ]

    /// A CSV table of all results, one column per header name; replaces the file at once.
    public func writeTable(to path: String) throws(StudyError) {
        var lines = [Self.header.joined(separator: ",")]
        try collecting { row in
            let result = row.result
            let values: [String] = [
                row.network, row.property, result.outcome.word, Self.decimal(result.seconds, 4),
                result.reason ?? "", row.category, row.timeout.map { "\($0)" } ?? "", "\(result.nodes)",
                "\(result.open)", result.worstBound.map { "\($0)" } ?? "", "\(result.neurons)",
                "\(result.unstableNeurons)", Self.decimal(result.readSeconds, 4), Self.decimal(result.attackSeconds, 4),
                Self.decimal(result.boundSeconds, 4), Self.decimal(result.searchSeconds, 4), "\(result.memory >> 20)",
                result.predicted.map(String.init) ?? "", result.certificate ?? "", row.fingerprint.version,
            ]
            lines.append(values.map(Self.quoted).joined(separator: ","))
        }
        try Self.write(lines.joined(separator: "\n") + "\n", to: path)
    }

    /// `results.csv` with rows `category,network,property,prepare_time,result,run_time`, and for every counterexample
    /// `CATEGORY/NETWORK_PROPERTY.counterexample`.
    public func writeCompetition(to directory: String) throws(StudyError) {
        var lines: [String] = []
        try collecting { row in
            let result = row.result
            let values = [
                row.category, row.network, row.property, "0", result.outcome.word,
                Self.decimal(result.seconds, 4),
            ]
            lines.append(values.map(Self.quoted).joined(separator: ","))
            guard let witness = result.witness else { return }
            let folder = "\(directory)/\(row.category)"
            try Self.makeDirectory(folder)
            let name = Self.stem(row.network, "onnx") + "_" + Self.stem(row.property, "vnnlib")
            try Self.write("sat\n\(witness)\n", to: "\(folder)/\(name).counterexample")
        }
        try Self.makeDirectory(directory)
        try Self.write(lines.map { $0 + "\n" }.joined(), to: "\(directory)/results.csv")
    }

    private func collecting(_ body: (ResultStore.Row) throws -> Void) throws(StudyError) {
        do {
            try rows(body)
        } catch let error as StudyError {
            throw error
        } catch {
            throw StudyError("\(error)")
        }
    }

    private static func stem(_ name: String, _ suffix: String) -> String {
        var name = name.split(separator: "/").last.map(String.init) ?? name
        for suffix in [".gz", "." + suffix] where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
        return name
    }

    private static func quoted(_ field: String) -> String {
        guard field.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return field }
        return "\"" + field.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }

    static func decimal(_ value: Double, _ places: Int) -> String { String(format: "%.\(places)f", value) }

    static func makeDirectory(_ path: String) throws(StudyError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw StudyError("\(path): cannot be made; check its permissions and the space left")
        }
    }

    private static func write(_ text: String, to path: String) throws(StudyError) {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw StudyError("\(path): cannot be written; check its directory's permissions and the space left")
        }
    }
}
