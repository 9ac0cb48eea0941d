import ArgumentParser
import Files
import Glibc
import Statistics

struct StatisticsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statistics",
        abstract: "Says what scores by seed can and cannot tell.",
        discussion: """
            The table has one row per score and a header; treatments (such as pruning ratios) that were run with the same \
            seeds are compared in pairs. Rows that differ in further columns are studies of their own.

            Example: secateur statistics results.csv --treatment pruning --seed seed --score result --baseline baseline
            """)

    @Argument(help: "The table, a CSV file.")
    var table: String

    @Option(help: "The column of treatments. (default: pruning, ratio or a like name)")
    var treatment: String?

    @Option(help: "The column of seeds. (default: seed)")
    var seed: String?

    @Option(help: "The column of scores. (default: result, score or a like name)")
    var score: String?

    @Option(
        help: ArgumentHelp(
            "The columns that tell studies apart, with commas between. (default: all that are left)",
            valueName: "columns"))
    var by: String?

    @Option(help: "The treatment that differences are taken to. (default: baseline, dense or 0, where there is one)")
    var baseline: String?

    @Flag(help: "The least score is the best one.")
    var lowerIsBetter = false

    @Option(help: "How sure intervals and the set of possible optima are.")
    var confidence = 0.95

    @Flag(help: "Print one JSON object per study.")
    var json = false

    func validate() throws {
        guard confidence > 0.5, confidence < 1 else {
            throw ValidationError("--confidence must lie between 0.5 and 1, such as 0.95")
        }
    }

    func run() throws {
        let scores = try read()
        for (index, group) in scores.groups.enumerated() {
            let base = try baseline(of: group)
            guard
                let study = TreatmentStudy(
                    group.treatments, baseline: base, lowerIsBetter: lowerIsBetter, confidence: confidence)
            else { continue }
            if json {
                writeOut("\(object(group, study))\n", to: STDOUT_FILENO)
                continue
            }
            let title = group.labels.isEmpty ? "" : "\(group.name)\n"
            let sentences = study.sentences().map { wrapped($0) }.joined()
            writeOut((index > 0 ? "\n" : "") + title + "\(textTable(study))" + sentences, to: STDOUT_FILENO)
        }
    }

    private func read() throws -> ScoreTable {
        let groups = by.map { $0.split(separator: ",").map(String.init) }
        do {
            let text = String(decoding: try readFile(table), as: UTF8.self)
            return try ScoreTable(
                csv: text, columns: .init(treatment: treatment, seed: seed, score: score, groups: groups))
        } catch let error as FileError {
            throw InputFault(error.description)
        } catch let error as ScoreTableError {
            throw InputFault("\(table): \(error.description)")
        }
    }

    private func baseline(of group: ScoreTable.Group) throws -> String? {
        let names = group.treatments.map(\.name)
        guard let baseline else {
            return names.first { ["baseline", "dense"].contains($0.lowercased()) || Double($0) == 0 }
        }
        guard names.contains(baseline) else {
            let place = group.labels.isEmpty ? "" : " in the study \(group.name)"
            throw InputFault(
                "\(table): no treatment '\(baseline)'\(place); --baseline may be one of \(names.joined(separator: ", "))"
            )
        }
        return baseline
    }

    private func textTable(_ study: TreatmentStudy) -> TextTable {
        let percent = formatted("%g", confidence * 100)
        var table = TextTable(
            header: [
                "treatment", "seeds", "mean", "sd", "\(percent) % interval", "difference", "\(percent) % interval",
                "p", "p adjusted", "seeds needed", "may be best",
            ], leftAligned: 1)
        let wording = TreatmentStudy.Wording(number: { number($0) })
        for entry in study.entries {
            table.rows.append([
                entry.name, "\(entry.sample.count)", number(entry.sample.mean),
                entry.sample.deviation.map(number) ?? "",
                entry.interval.map { "[\(number($0.lower)), \(number($0.upper))]" } ?? "",
                entry.difference.map { wording.signed($0.mean) } ?? "",
                entry.differenceInterval.map(wording.interval) ?? "", entry.pValue.map(probability) ?? "",
                entry.adjustedPValue.map(probability) ?? "", entry.seedsNeeded.map { "\($0)" } ?? "",
                entry.isCandidate ? "yes" : "no",
            ])
        }
        return table
    }

    private func object(_ group: ScoreTable.Group, _ study: TreatmentStudy) -> JSON {
        func interval(_ interval: ConfidenceInterval?) -> JSON {
            interval.map { .numbers([$0.lower, $0.upper]) } ?? .null
        }
        func count(_ value: Int?) -> JSON { value.map(JSON.count) ?? .null }
        let entries = study.entries.map { entry in
            JSON.object([
                ("treatment", .text(entry.name)), ("seeds", .count(entry.sample.count)),
                ("mean", .number(entry.sample.mean)), ("deviation", .optional(entry.sample.deviation)),
                ("interval", interval(entry.interval)), ("difference", .optional(entry.difference?.mean)),
                ("differenceInterval", interval(entry.differenceInterval)), ("p", .optional(entry.pValue)),
                ("pAdjusted", .optional(entry.adjustedPValue)), ("seedsNeeded", count(entry.seedsNeeded)),
                ("mayBeBest", .text(entry.isCandidate ? "yes" : "no")),
            ])
        }
        return .object([
            ("study", .object(group.labels.map { ($0.column, .text($0.value)) })),
            ("baseline", study.baseline.map { .text(study.entries[$0].name) } ?? .null),
            ("best", .text(study.entries[study.best].name)), ("confidence", .number(confidence)),
            ("treatments", .list(entries)), ("sentences", .texts(study.sentences())),
        ])
    }
}

/// One digit behind the point, more below 1.
private func number(_ value: Double) -> String {
    let size = abs(value)
    return fixed(value, size >= 1 || size == 0 ? 1 : size >= 0.1 ? 3 : 4)
}

/// A paragraph of at most 100 columns.
private func wrapped(_ text: String) -> String {
    var lines = [""]
    for word in text.split(separator: " ") {
        if lines.last!.isEmpty {
            lines[lines.count - 1] = String(word)
        } else if lines.last!.count + 1 + word.count <= 100 {
            lines[lines.count - 1] += " " + word
        } else {
            lines.append("  " + word)
        }
    }
    return lines.map { $0 + "\n" }.joined()
}
