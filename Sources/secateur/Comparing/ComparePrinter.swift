import Comparison
import Glibc
import Properties

/// Prints what comparisons found, as lines or as JSON objects, and a summary of several regions.
struct ComparePrinter {
    private let dense: String
    private let pruned: String
    private let asJSON: Bool
    private var counts: [String: Int] = [:]
    private var regions = 0

    init(dense: String, pruned: String, asJSON: Bool) {
        self.dense = dense
        self.pruned = pruned
        self.asJSON = asJSON
    }

    private func head(_ region: NamedRegion) -> [(String, JSON)] {
        [("dense", .text(dense)), ("pruned", .text(pruned)), ("region", .text(region.name))]
    }

    private mutating func count(_ word: String) {
        counts[word, default: 0] += 1
        regions += 1
    }

    /// With more than one region, how many have which answer.
    func finish() {
        guard regions > 1, !asJSON else { return }
        let parts = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        writeOut("\(regions) regions: \(parts.joined(separator: ", "))\n", to: STDERR_FILENO)
    }

    // MARK: deviations

    mutating func print(_ region: NamedRegion, _ report: ComparisonReport, _ goal: DeviationGoal, seconds: Double) {
        count(report.verdict?.word ?? (report.isDecided ? "within the tolerance" : "open"))
        if asJSON {
            writeOut("\(object(region, report, goal, seconds))\n", to: STDOUT_FILENO)
            return
        }
        if let reason = report.verdict?.reason { writeOut("unknown: \(reason)\n", to: STDERR_FILENO) }
        var text = report.verdict?.text ?? ""
        text += "\(region.name)\n"
        for (index, bracket) in report.brackets.enumerated() {
            let what = goal.measure == .outputs ? "output \(index)" : "deviation"
            text += "\(what): at least \(number(bracket.attacked)), at most \(number(bracket.certified))"
            if bracket.attacked > 0 {
                let gap = formatted("%.3g", 100 * (bracket.certified / bracket.attacked - 1))
                text += " (\(gap) % apart)"
            }
            text += "\n"
        }
        if goal.measure != .outputs && !report.outputs.isEmpty {
            text += "outputs: at most \(report.outputs.map(number).joined(separator: ", "))\n"
        }
        var ways: [String] = []
        if let closed = report.closedForm { ways.append("closed form \(number(closed.deviation))") }
        if let value = report.zonotope.max() { ways.append("difference bounds \(number(value))") }
        if let value = report.joint.max() { ways.append("joint linear bounds \(number(value))") }
        if !ways.isEmpty { text += "without splitting: \(ways.joined(separator: ", "))\n" }
        text += "\(report.boxes) boxes, \(report.queries) queries, \(formatted("%.2f", seconds)) s\n"
        writeOut(text, to: STDOUT_FILENO)
    }

    private func object(
        _ region: NamedRegion, _ report: ComparisonReport, _ goal: DeviationGoal, _ seconds: Double
    ) -> JSON {
        let brackets = report.brackets.map { bracket in
            JSON.object([
                ("attacked", .number(bracket.attacked)), ("certified", .number(bracket.certified)),
                ("witness", bracket.witness.map(json) ?? .null),
            ])
        }
        return .object(
            head(region) + [
                ("measure", .text(goal.measure.rawValue)), ("threshold", .optional(goal.threshold)),
                ("verdict", report.verdict.map { .text($0.word) } ?? .null),
                ("reason", report.verdict?.reason.map(JSON.text) ?? .null), ("brackets", .list(brackets)),
                ("outputs", .numbers(report.outputs)),
                ("closedForm", .optional(report.closedForm?.deviation)),
                ("differenceBounds", .numbers(report.zonotope)),
                ("jointBounds", .numbers(report.joint)), ("boxes", .count(report.boxes)),
                ("queries", .count(report.queries)), ("seconds", .number(seconds)), ("version", .text(version)),
            ])
    }

    private func json(_ witness: DeviationWitness) -> JSON {
        .object([
            ("input", .numbers(witness.input)), ("inputText", .texts(witness.inputText)),
            ("dense", .numbers(witness.dense)), ("pruned", .numbers(witness.pruned)),
        ])
    }

    // MARK: decisions

    mutating func print(_ region: NamedRegion, _ report: DecisionReport, seconds: Double) {
        count(report.verdict.word)
        if asJSON {
            let witness = report.verdict.witness.map { witness in
                JSON.object([
                    ("input", .numbers(witness.input)), ("inputText", .texts(witness.inputText)),
                    ("output", .numbers(witness.output)),
                ])
            }
            let object = JSON.object(
                head(region) + [
                    ("verdict", .text(report.verdict.word)), ("reason", report.verdict.reason.map(JSON.text) ?? .null),
                    ("witness", witness ?? .null), ("boxes", .count(report.boxes)), ("queries", .count(report.queries)),
                    ("seconds", .number(seconds)), ("version", .text(version)),
                ])
            writeOut("\(object)\n", to: STDOUT_FILENO)
            return
        }
        if let reason = report.verdict.reason { writeOut("unknown: \(reason)\n", to: STDERR_FILENO) }
        let work = "\(report.boxes) boxes, \(report.queries) queries, \(formatted("%.2f", seconds)) s"
        writeOut("\(report.verdict.text)\(region.name): \(work)\n", to: STDOUT_FILENO)
    }

    // MARK: closed forms

    mutating func print(
        _ region: NamedRegion, _ closed: ClosedForm, published: Bool, budgets: [PruningBudget]?, deviation: Double?,
        seconds: Double
    ) {
        count("bounded")
        if asJSON {
            writeOut("\(object(region, closed, published, budgets, seconds))\n", to: STDOUT_FILENO)
            return
        }
        var text = "\(region.name)\n"
        text += "deviation: at most \(number(closed.deviation)) (l2, so also linf)\n"
        text += "outputs: at most \(closed.outputs.map(number).joined(separator: ", "))\n"
        if published {
            let note =
                closed.publishedIsSound
                ? "sound here, as one layer is pruned and no activation is steeper than the identity"
                : "NOT a bound: it takes unpruned norms for pruned layers, or steep activations for flat ones"
            text += "as published: \(number(closed.published)) (\(note))\n"
        }
        var table = TextTable(
            header: ["layer", "removed %", "|W|", "|W'|", "|W - W'|", "deviation", "by it alone"], leftAligned: 1)
        for layer in closed.layers {
            table.rows.append(
                [layer.name, formatted("%.1f", 100 * layer.removedShare)]
                    + [layer.denseNorm, layer.prunedNorm, layer.changeNorm, layer.deviation, layer.ownDeviation].map(
                        number))
        }
        text += "\(table)"
        if let budgets, let deviation {
            var table = TextTable(
                header: ["layer", "|W|", "alone |W - W'|", "%", "together |W - W'|", "%"], leftAligned: 1)
            for budget in budgets {
                table.rows.append([
                    budget.name, number(budget.norm), number(budget.alone), share(budget.alone, budget.norm),
                    number(budget.together), share(budget.together, budget.norm),
                ])
            }
            text += "admissible changes for a deviation of \(number(deviation))\n\(table)"
        }
        text += "\(formatted("%.4f", seconds)) s\n"
        writeOut(text, to: STDOUT_FILENO)
    }

    private func object(
        _ region: NamedRegion, _ closed: ClosedForm, _ published: Bool, _ budgets: [PruningBudget]?, _ seconds: Double
    ) -> JSON {
        let layers = closed.layers.map { layer in
            JSON.object([
                ("name", .text(layer.name)), ("removedShare", .number(layer.removedShare)),
                ("denseNorm", .number(layer.denseNorm)), ("prunedNorm", .number(layer.prunedNorm)),
                ("changeNorm", .number(layer.changeNorm)), ("deviation", .number(layer.deviation)),
                ("ownDeviation", .number(layer.ownDeviation)),
            ])
        }
        var members = head(region)
        members += [
            ("closedForm", .number(closed.deviation)), ("outputs", .numbers(closed.outputs)), ("layers", .list(layers)),
        ]
        if published {
            members += [
                ("published", .number(closed.published)),
                ("publishedIsSound", .text(closed.publishedIsSound ? "yes" : "no")),
            ]
        }
        if let budgets {
            let list = budgets.map { budget in
                JSON.object([
                    ("name", .text(budget.name)), ("norm", .number(budget.norm)), ("alone", .number(budget.alone)),
                    ("together", .number(budget.together)),
                ])
            }
            members.append(("budgets", .list(list)))
        }
        return .object(members + [("seconds", .number(seconds)), ("version", .text(version))])
    }

    private func number(_ value: Double) -> String { formatted("%.6g", value) }

    private func share(_ part: Double, _ whole: Double) -> String {
        whole > 0 ? formatted("%.2f", 100 * part / whole) : "-"
    }
}
