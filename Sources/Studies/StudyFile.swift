// A study written in YAML: networks times properties, or networks times images times radii.
//
//     networks: [a.onnx, b.onnx]
//     properties: [p.vnnlib]
//     dataset: {path: mnist, images: '0:100', epsilons: [0.01, 0.02], mean: [0.1307], std: [0.3081], target: 3}
//     timeout: 20

internal import Datasets
internal import Files
internal import Foundation
internal import Intervals
internal import Yams

enum StudyFile {
    /// - Throws: when the file is no such study, with YAML's own position where it is no YAML.
    static func queries(at path: String) throws(StudyError) -> [StudyQuery] {
        let study: Study
        do {
            let text = String(decoding: try readFile(path), as: UTF8.self)
            try Self.checkKeys(of: Yams.compose(yaml: text), path: path)
            study = try YAMLDecoder().decode(Study.self, from: text)
        } catch let error as FileError {
            throw StudyError(error.description)
        } catch let error as StudyError {
            throw error
        } catch let error as DecodingError {
            throw StudyError("\(path): \(describe(error))")
        } catch {
            throw StudyError("\(path): \(error)")
        }
        let directory = InstanceList.parent(of: path)
        var queries: [StudyQuery] = []
        for network in study.networks {
            let file = InstanceList.resolved(network, in: directory)
            for property in study.properties ?? [] {
                queries.append(
                    StudyQuery(
                        category: InstanceList.name(of: directory), networkName: network, network: file,
                        subject: .property(name: property, path: InstanceList.resolved(property, in: directory)),
                        timeout: study.timeout))
            }
            if let dataset = study.dataset {
                queries += try imageQueries(
                    network: network, file: file, dataset, in: directory, timeout: study.timeout, study: path)
            }
        }
        guard !queries.isEmpty else {
            throw StudyError("\(path): asks nothing; give `networks` with `properties` or a `dataset`")
        }
        return queries
    }

    private static func imageQueries(
        network: String, file: String, _ entry: Study.Dataset, in directory: String, timeout: Double?, study: String
    ) throws(StudyError) -> [StudyQuery] {
        guard let images = IndexRanges(entry.images) else {
            throw StudyError("\(study): images: '\(entry.images)' is no range; write for example 0:100")
        }
        for epsilon in entry.epsilons where ExactDecimal(epsilon).map({ $0.sign < 0 }) ?? true {
            throw StudyError("\(study): epsilons: '\(epsilon)' is no radius; write decimals from 0 on")
        }
        var normalization: Normalization?
        if entry.mean != nil || entry.std != nil {
            normalization = Normalization(mean: entry.mean ?? ["0"], deviation: entry.std ?? ["1"])
            guard normalization != nil else {
                throw StudyError("\(study): mean and std must be decimals, std above 0")
            }
        }
        let reference = DatasetReference(
            path: InstanceList.resolved(entry.path, in: directory),
            labels: entry.labels.map { InstanceList.resolved($0, in: directory) }, split: entry.split ?? "test",
            shape: entry.shape)
        let questions = try ImageQuestion.all(
            of: reference, images: images, epsilons: entry.epsilons, normalization: normalization, target: entry.target)
        return questions.map {
            StudyQuery(
                category: reference.name, networkName: network, network: file, subject: .image($0), timeout: timeout)
        }
    }

    /// A misspelt key is refused, not passed over.
    private static func checkKeys(of root: Node?, path: String) throws(StudyError) {
        let known = ["networks", "properties", "dataset", "timeout"]
        let inDataset = ["path", "labels", "split", "shape", "images", "epsilons", "mean", "std", "target"]
        for (mapping, known) in [(root?.mapping, known), (root?.mapping?["dataset"]?.mapping, inDataset)] {
            for (key, _) in mapping ?? [:] where !known.contains(key.string ?? "") {
                let line = key.mark.map { " line \($0.line):" } ?? ""
                throw StudyError(
                    "\(path):\(line) '\(key.string ?? "?")' is no part of a study; there are "
                        + known.joined(separator: ", "))
            }
        }
    }

    private static func describe(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context) -> String {
            let keys = context.codingPath.map(\.stringValue).joined(separator: ".")
            return keys.isEmpty ? "" : "\(keys): "
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(place(context))lacks `\(key.stringValue)`; add it"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(place(context))has another kind of value than expected; see the documentation of studies"
        case .dataCorrupted(let context):
            let cause = context.underlyingError.map { "\($0)" } ?? context.debugDescription
            return "\(place(context))\(cause)"
        @unknown default: return "\(error)"
        }
    }

    private struct Study: Decodable {
        var networks: [String]
        var properties: [String]?
        var dataset: Dataset?
        var timeout: Double?

        struct Dataset: Decodable {
            var path: String
            var labels: String?
            var split: String?
            var shape: [Int]?
            var images: String
            var epsilons: [String]
            var mean: [String]?
            var std: [String]?
            var target: Int?
        }
    }
}

/// Indices of examples, written like `0:100` (100 is left out; `0..<100` is the same), `7` or `0,5,10:20`.
public struct IndexRanges: Sendable, Equatable {
    public let ranges: [Range<Int>]

    public init?(_ text: String) {
        var ranges: [Range<Int>] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let part = part.filter { $0 != " " }
            if let dots = part.range(of: "..<") ?? part.range(of: ":") {
                guard let first = Int(part[..<dots.lowerBound]), let end = Int(part[dots.upperBound...]), first >= 0,
                    end > first
                else { return nil }
                ranges.append(first..<end)
            } else {
                guard let index = Int(part), index >= 0, index < Int.max else { return nil }
                ranges.append(index..<index + 1)
            }
        }
        self.ranges = ranges
    }

    public var indices: [Int] { ranges.flatMap { Array($0) } }
}
