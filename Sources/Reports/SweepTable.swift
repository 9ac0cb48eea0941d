// One row for each ratio and radius, every number of the report: as HTML to sort, as CSV and as Markdown.

internal import Statistics
internal import Studies

struct SweepTable {
    struct Column {
        var name: String
        /// What it says where there is room.
        var help: String
        var isText = false
        /// Left out of Markdown and of the page, which show means with intervals in one cell.
        var isOnlyInCSV = false
        var value: (Row) -> Value
    }

    struct Row {
        var architecture: String
        var point: SweepPoint
        var cell: SweepCell
        var entry: TreatmentStudy.Entry?
    }

    enum Value {
        case none
        case text(String)
        /// The number, and how it is shown.
        case number(Double, String)
    }

    let rows: [Row]
    let columns: [Column]

    init(_ analysis: SweepAnalysis) {
        var rows: [Row] = []
        for architecture in analysis.architectures {
            for (radius, _) in analysis.epsilons.enumerated() {
                for point in architecture.points {
                    let entry = architecture.studies[radius]?.entries.first { $0.name == point.name }
                    rows.append(
                        Row(
                            architecture: architecture.name, point: point, cell: point.cells[radius], entry: entry))
                }
            }
        }
        self.rows = rows
        columns = Self.columns(withArchitecture: analysis.architectures.count > 1)
    }

    private static func columns(withArchitecture: Bool) -> [Column] {
        func plain(_ name: String, _ help: String, _ value: @escaping (Row) -> Double?) -> Column {
            Column(name: name, help: help) { row in value(row).map { .number($0, numberText($0)) } ?? .none }
        }
        func pValue(_ name: String, _ help: String, _ value: @escaping (Row) -> Double?) -> Column {
            Column(name: name, help: help) { row in value(row).map { .number($0, probability($0)) } ?? .none }
        }
        func ends(_ word: String, _ interval: @escaping (Row) -> ConfidenceInterval?) -> [Column] {
            [("lower", { (interval: ConfidenceInterval) in interval.lower }), ("upper", { $0.upper })].map {
                end, part in
                Column(name: "\(word)_\(end)", help: "", isOnlyInCSV: true) { row in
                    interval(row).map { .number(part($0), "") } ?? .none
                }
            }
        }
        func share(_ name: String, _ help: String, _ value: @escaping (Row) -> Sample?) -> [Column] {
            let word = name.lowercased().replacing(" ", with: "_")
            return [
                Column(name: name, help: help) { row in
                    value(row).map { .number($0.mean, withSpread($0)) } ?? .none
                }
            ]
                + spread(word, value)
        }
        func spread(_ word: String, _ value: @escaping (Row) -> Sample?) -> [Column] {
            func hidden(_ suffix: String, _ part: @escaping (Sample) -> Double?) -> Column {
                Column(name: "\(word)_\(suffix)", help: "", isOnlyInCSV: true) { row in
                    value(row).flatMap(part).map { .number($0, "") } ?? .none
                }
            }
            return [
                hidden("sd") { $0.deviation }, hidden("lower") { $0.interval()?.lower },
                hidden("upper") { $0.interval()?.upper },
            ]
        }
        var columns: [Column] = [
            Column(name: "Pruned", help: "the share of weights in scope that was removed", isText: true) {
                .number($0.point.ratio, $0.point.name)
            },
            Column(name: "Radius", help: "the perturbation's maximum norm") {
                .number(Double($0.cell.epsilon) ?? 0, $0.cell.epsilon)
            },
            plain("Seeds", "networks, one per seed") { Double($0.point.models.count) },
            Column(name: "Zero weights", help: "share of all weights that are exactly zero") {
                .number($0.point.sparsity.mean, fixed(100 * $0.point.sparsity.mean, 1) + " %")
            },
            Column(name: "Accuracy", help: "on the test set") { row in
                row.point.accuracy.map { .number($0.mean, fixed(100 * $0.mean, 2) + " %") } ?? .none
            },
            plain("Queries", "with a result") { Double($0.cell.counts.values.reduce(0, +)) },
        ]
        if withArchitecture {
            columns.insert(Column(name: "Architecture", help: "", isText: true) { .text($0.architecture) }, at: 0)
        }
        columns += share("Certified", "share proved, mean ± sd over seeds") { $0.cell.certified }
        columns += share("Attacked accuracy", "right, and no counterexample known") { $0.cell.attacked }
        columns += share("Undecided", "unknown, timeout or error") { $0.cell.undecided }
        for entry in stackedOutcomes where entry.outcome != .holds {
            columns += share(entry.word.prefix(1).uppercased() + entry.word.dropFirst(), "share of queries") {
                $0.cell.shares[entry.outcome]
            }
        }
        columns += [
            Column(name: "To dense", help: "difference of the certified share in points, paired by seed, 95 % interval")
            {
                difference($0.entry?.difference)
            }
        ]
        columns += ends("to_dense") { $0.entry?.differenceInterval }
        columns += [
            pValue("p", "paired t test over seeds") { $0.entry?.pValue },
            pValue("p adjusted", "Holm's correction for all comparisons at this radius") { $0.entry?.adjustedPValue },
            Column(name: "To dense by image", help: "the same, paired by image over the seeds at hand") {
                difference($0.cell.byImage)
            },
        ]
        columns += ends("to_dense_by_image") { $0.cell.byImage?.interval() }
        columns += [
            Column(name: "McNemar", help: "exact p of each seed's images", isText: true) { row in
                let values = row.cell.bySeed.map { probability($0.pairs.exactMcNemar) }
                return values.isEmpty ? .none : .text(values.joined(separator: " "))
            },
            plain("Seeds needed", "to show a difference as large as the one observed, in four studies of five") {
                $0.entry?.seedsNeeded.map(Double.init)
            },
            Column(name: "May be best", help: "the data leave it open (95 %)", isText: true) { row in
                row.entry.map { .text($0.isCandidate ? "yes" : "no") } ?? .none
            },
        ]
        columns += [
            plain("Seconds", "mean of a query that was asked itself") { $0.cell.seconds?.mean },
            plain("To proof", "mean seconds of certified queries") { $0.cell.proofSeconds?.mean },
            plain("Subproblems", "mean of a query") { $0.cell.nodes?.mean },
            plain("Unstable", "mean number of unstable neurons") { $0.cell.unstableNeurons?.mean },
            plain("Bound", "mean lower bound before any split") { $0.cell.rootBound?.mean },
            plain("Margin found", "mean least margin that the attack found") { $0.cell.attackedMargin?.mean },
            plain("Looseness", "margin found less bound") { $0.cell.looseness?.mean },
        ]
        return columns
    }

    private static func withSpread(_ sample: Sample) -> String {
        fixed(100 * sample.mean, 1) + (sample.deviation.map { " ± " + fixed(100 * $0, 1) } ?? "")
    }

    private static func difference(_ difference: PairedDifference?) -> Value {
        guard let difference else { return .none }
        let interval = difference.interval().map { " " + percentWording.interval($0) } ?? ""
        return .number(difference.mean, percentWording.signed(difference.mean) + interval)
    }

    /// Columns that are shown and have a value somewhere.
    private var shown: [Column] {
        columns.filter { column in
            !column.isOnlyInCSV
                && rows.contains { row in
                    if case .none = column.value(row) { return false }
                    return true
                }
        }
    }

    var html: String {
        let head = shown.map { column in
            "<th scope=\"col\"\(column.isText ? " class=\"text\"" : "") title=\"\(escaped(column.help))\">"
                + "<button type=\"button\">\(escaped(column.name))</button></th>"
        }
        let body = rows.map { row in
            let cells = shown.enumerated().map { index, column in
                let tag = index < 2 ? "th scope=\"row\"" : "td"
                let end = index < 2 ? "th" : "td"
                switch column.value(row) {
                case .none: return "<\(tag)></\(end)>"
                case .text(let text): return "<\(tag) class=\"text\">\(escaped(text))</\(end)>"
                case .number(let value, let text):
                    return "<\(tag) data-value=\"\(value)\">\(escaped(text))</\(end)>"
                }
            }
            return "<tr>\(cells.joined())</tr>"
        }
        return "<table class=\"sortable\"><thead><tr>\(head.joined())</tr></thead><tbody>"
            + body.joined(separator: "\n") + "</tbody></table>"
    }

    var markdown: String {
        let lines = rows.map { row in
            shown.map { column in
                switch column.value(row) {
                case .none: return ""
                case .text(let text), .number(_, let text): return text.replacing("|", with: "\\|")
                }
            }
        }
        let header = shown.map(\.name)
        let rule = shown.map { $0.isText ? "---" : "--:" }
        return ([header, rule] + lines).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    /// Numbers in full precision, shares from 0 to 1; names in lower case.
    var csv: String {
        let names = columns.map { $0.name.lowercased().replacing(" ", with: "_") }
        let lines = rows.map { row in
            columns.map { column in
                switch column.value(row) {
                case .none: return ""
                case .text(let text): return quoted(text)
                case .number(let value, let text):
                    if column.isText { return quoted(text) }
                    return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
                }
            }.joined(separator: ",")
        }
        return ([names.joined(separator: ",")] + lines).map { $0 + "\n" }.joined()
    }

    private func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
