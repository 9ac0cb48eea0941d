import Glibc
import Studies
import Training

/// Runs a sweep with a line for everything that is finished, progress on a terminal, and tables at the end.
struct SweepSession {
    var isQuiet: Bool
    private let progress = ProgressLine()

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// - Returns: whether it was interrupted.
    func run(_ plan: SweepPlan, _ options: SweepRunner.Options) throws -> Bool {
        let runner = try SweepRunner(plan: plan, options: options)
        connect(runner)
        let summary = try runner.run()
        progress.finish()
        if summary.left != nil { printTables(runner, summary) }
        switch summary.end {
        case .complete: say("complete: \(plan.folder)/\(SweepResults.fileName)")
        case .interrupted, .budgetExhausted:
            let left = summary.left.map { "\($0) questions are left" } ?? "not all networks are made"
            writeOut("\(left); go on with: \(Self.sameCommand)\n", to: STDERR_FILENO)
        }
        return summary.end == .interrupted
    }

    func choose(_ plan: SweepPlan, _ options: SweepRunner.Options) throws -> Bool {
        let run = try ChoiceRun(plan: plan, options: options)
        run.isCancelled = { isInterrupted() }
        run.onProgress = { [progress] in progress.show(Self.line($0)) }
        run.onCandidate = { [isQuiet, progress] candidate in
            guard !isQuiet else { return }
            progress.hide()
            writeOut(
                "ratio \(formatted("%.3f", candidate.ratio)): certified \(percent(candidate.certified)) of "
                    + "\(candidate.questions), accuracy \(percent(candidate.accuracy))\n", to: STDOUT_FILENO)
        }
        let result = try run.run()
        progress.finish()
        printChoice(result)
        if result.end != .complete {
            writeOut("not finished; go on with: \(Self.sameCommand)\n", to: STDERR_FILENO)
        }
        return result.end == .interrupted
    }

    private func printChoice(_ result: ChoiceResult) {
        var table = TextTable(header: ["ratio", "sparsity", "accuracy", "certified", "questions", ""], leftAligned: 0)
        for candidate in result.candidates {
            let remark =
                candidate.ratio == result.best?.ratio
                ? "best" : result.ties.contains(candidate.ratio) ? "not told from the best" : ""
            table.rows.append([
                formatted("%.3f", candidate.ratio), percent(candidate.sparsity), percent(candidate.accuracy),
                percent(candidate.certified), "\(candidate.questions)", remark,
            ])
        }
        writeOut("\n\(table)\n", to: STDOUT_FILENO)
        guard let best = result.best else {
            say("no network has an accuracy of \(percent(result.floor)) or more")
            return
        }
        let others = result.ties.map { formatted("%.3f", $0) }.joined(separator: ", ")
        say(
            "ratio \(formatted("%.3f", best.ratio)) has the highest certified accuracy at \(result.epsilon), "
                + "\(percent(best.certified)), among networks with an accuracy of \(percent(result.floor)) or more"
                + (others.isEmpty ? "" : "; the data does not tell it from \(others)"))
    }

    private func connect(_ runner: SweepRunner) {
        runner.isCancelled = { isInterrupted() }
        runner.onProgress = { [progress] in progress.show(Self.line($0)) }
        runner.onEvent = { [isQuiet, progress] event in
            guard !isQuiet else { return }
            progress.hide()
            writeOut(Self.line(event) + "\n", to: STDOUT_FILENO)
        }
    }

    private func say(_ line: String) { writeOut(line + "\n", to: STDOUT_FILENO) }

    private static var sameCommand: String {
        (["secateur"] + CommandLine.arguments.dropFirst()).map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(
            separator: " ")
    }

    private static func line(_ progress: SweepProgress) -> String {
        var parts = [progress.phase, "\(progress.done)/\(progress.total)"]
        parts += Outcome.allCases.compactMap { outcome in
            progress.counts[outcome].flatMap { $0 > 0 ? "\($0) \(outcome.word)" : nil }
        }
        if !progress.detail.isEmpty { parts.append(progress.detail) }
        parts.append("\(formatted("%.0f", progress.seconds)) s")
        return parts.joined(separator: "  ")
    }

    private static func line(_ event: SweepEvent) -> String {
        switch event {
        case .epoch(let recipe, let epoch):
            return "\(recipe.name): epoch \(epoch.epoch), loss \(formatted("%.4f", epoch.loss)), "
                + "test accuracy \(percent(epoch.testAccuracy)), \(formatted("%.1f", epoch.seconds)) s"
        case .made(let recipe, let seconds):
            return "\(recipe.name): made in \(formatted("%.1f", seconds)) s, \(recipe.file)"
        case .answered(let record, let counts):
            let parts = Outcome.allCases.compactMap { outcome in counts[outcome].map { "\($0) \(outcome.word)" } }
            return "\(record.name): accuracy \(percent(record.accuracy)), sparsity \(percent(record.sparsity)), "
                + parts.joined(separator: ", ")
        }
    }

    // MARK: tables

    private func printTables(_ runner: SweepRunner, _ summary: SweepSummary) {
        guard let results = runner.results else { return }
        var table = TextTable(
            header: ["method", "ratio", "epsilon"] + Outcome.allCases.map(\.word) + ["s", "nodes"], leftAligned: 1)
        let groups = Set(results.models.map { Group(method: $0.method ?? "-", ratio: $0.ratio) }).sorted()
        for group in groups {
            let models = Set(
                results.models.filter { Group(method: $0.method ?? "-", ratio: $0.ratio) == group }.map(\.id))
            for epsilon in results.epsilons {
                let queries = results.queries.filter { models.contains($0.model) && $0.epsilon == epsilon }
                table.rows.append(
                    [group.method, formatted("%.4g", group.ratio), epsilon]
                        + Outcome.allCases.map { outcome in "\(queries.count { $0.outcome == outcome })" } + [
                            formatted("%.1f", queries.reduce(0) { $0 + $1.seconds }),
                            "\(queries.reduce(0) { $0 + $1.nodes })",
                        ])
            }
        }
        writeOut("\n\(table)\n\(savings(summary, results))\n", to: STDOUT_FILENO)
    }

    private struct Group: Hashable, Comparable {
        var method: String
        var ratio: Double

        static func < (first: Group, second: Group) -> Bool {
            (first.method, first.ratio) < (second.method, second.ratio)
        }
    }

    private func savings(_ summary: SweepSummary, _ results: SweepResults) -> TextTable {
        var table = TextTable(header: ["reuse", "", "queries", "saved, about"], leftAligned: 2)
        for saving in summary.savings {
            table.rows.append([
                saving.kind.rawValue, saving.isOn ? "on" : "off", "\(saving.queries)",
                saving.seconds.map { formatted("%.1f", $0) + " s" } ?? "",
            ])
        }
        return table
    }
}
