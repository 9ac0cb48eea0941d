import ArgumentParser
import Glibc
import Studies

/// Runs queries as the arguments ask, with lines as results come, progress on a terminal, and a table at the end.
struct BatchSession {
    var arguments: BatchArguments
    /// Where results are kept when the arguments do not say; nil keeps them for the session only.
    var defaultStore: String?
    /// - Parameter finish: called with the runner before the table is printed, also after an interrupt.
    func run(_ queries: [StudyQuery], finish: (BatchRunner, BatchOptions) throws -> Void) throws {
        catchInterrupts()
        let options = arguments.options()
        let queries = arguments.shard.map { shard in queries.filter(shard.contains) } ?? queries
        let temporary = arguments.store == nil && defaultStore == nil ? try temporaryStore() : nil
        defer { if let temporary { removeStore(temporary) } }
        let path = arguments.store ?? defaultStore ?? temporary!
        do {
            if temporary == nil { try setAside(path) }
            let store = try ResultStore(path: path)
            try store.forget(arguments.retried())
            let runner = BatchRunner(queries: queries, store: store, options: options)
            let progress = ProgressLine()
            let lines = ResultLines(asJSON: arguments.json, isQuiet: arguments.quiet, progress: progress)
            runner.onResult = lines.print
            runner.onProgress = { progress.show(line(for: $0)) }
            runner.isCancelled = { isInterrupted() }
            let summary = try runner.run()
            progress.finish()
            try finish(runner, options)
            lines.printSummary(summary)
            let isKept = temporary == nil
            if summary.left > 0 && isKept {
                writeOut(
                    "\(summary.left) of \(summary.progress.total) are left; go on with: \(Self.resumption)\n",
                    to: STDERR_FILENO)
            }
            if case .interrupted = summary.end { throw ExitStatus.interrupted }
        } catch let error as StudyError {
            throw InputFault(error.description)
        }
    }

    /// The same command, with the same options, so that the results are used again.
    private static var resumption: String {
        let words = ["secateur"] + CommandLine.arguments.dropFirst().filter { $0 != "--resume" } + ["--resume"]
        return words.map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")
    }

    /// Keeps an earlier store that is not to be resumed under another name.
    private func setAside(_ path: String) throws {
        guard !arguments.resume, access(path, F_OK) == 0 else { return }
        var number = 1
        while access("\(path).\(number)", F_OK) == 0 { number += 1 }
        // Opening it brings the write-ahead log into the file, and sees that nobody is writing to it.
        _ = try ResultStore(path: path).count()
        guard rename(path, "\(path).\(number)") == 0 else {
            throw StudyError("\(path): cannot be renamed (\(String(cString: strerror(errno)))); choose another --store")
        }
        for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
        writeOut("earlier results are kept as \(path).\(number); --resume would go on with them\n", to: STDERR_FILENO)
    }

    private func temporaryStore() throws -> String {
        let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(directory)/secateur-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw InputFault("\(directory): no temporary files; set TMPDIR") }
        let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        return path + "/results.sqlite"
    }

    private func removeStore(_ path: String) {
        for suffix in ["", "-wal", "-shm", "-lock"] { unlink(path + suffix) }
        rmdir(String(path.dropLast("/results.sqlite".count)))
    }

    /// One line: a bar, what has ended how, the speed, the time left, and the slowest that run.
    private func line(for progress: BatchProgress) -> String {
        let width = 20
        let filled = progress.total == 0 ? width : width * progress.finished / progress.total
        var parts = [
            "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled) + "]",
            "\(progress.finished)/\(progress.total)",
        ]
        parts += Outcome.allCases.compactMap { outcome in
            progress.counts[outcome].map { "\($0) \(outcome.word)" }
        }
        if progress.waiting > 0 { parts.append("\(progress.waiting) hard") }
        parts.append("\(formatted("%.1f", progress.rate))/s")
        if let left = progress.secondsLeft { parts.append("\(clock(left)) left") }
        for slow in progress.running.prefix(2) where slow.seconds >= 0.5 {
            parts.append("\(formatted("%.1f", slow.seconds)) s \(slow.name)")
        }
        return parts.joined(separator: "  ")
    }

    private func clock(_ seconds: Double) -> String {
        let total = Int(min(seconds, 1e9).rounded())
        let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }
}

/// Prints results as they come, and their table.
final class ResultLines {
    private let asJSON: Bool
    private let isQuiet: Bool
    private let progress: ProgressLine
    private var times: [Outcome: [Double]] = [:]

    init(asJSON: Bool, isQuiet: Bool, progress: ProgressLine) {
        self.asJSON = asJSON
        self.isQuiet = isQuiet
        self.progress = progress
    }

    func print(_ query: StudyQuery, _ result: QueryResult, isReused: Bool) {
        times[result.outcome, default: []].append(result.seconds)
        guard !isQuiet, !isReused else { return }
        progress.hide()
        if asJSON {
            writeOut("\(object(query, result))\n", to: STDOUT_FILENO)
        } else {
            let word = result.outcome.word
            let padded = word + String(repeating: " ", count: max(0, 13 - word.count))
            let reason = result.reason.map { "  (\($0))" } ?? ""
            writeOut(
                "\(padded) \(formatted("%9.3f", result.seconds)) s  \(query.networkName) \(query.propertyName)\(reason)\n",
                to: STDOUT_FILENO)
        }
    }

    func printSummary(_ summary: BatchSummary) {
        if asJSON {
            let counts = Outcome.allCases.map { ($0.word, JSON.count(summary.progress.counts[$0] ?? 0)) }
            let object = JSON.object([
                (
                    "summary",
                    .object(
                        counts + [
                            ("total", .count(summary.progress.total)), ("left", .count(summary.left)),
                            ("reused", .count(summary.progress.reused)), ("seconds", .number(summary.progress.seconds)),
                            ("version", .text(version)),
                        ])
                )
            ])
            writeOut("\(object)\n", to: STDOUT_FILENO)
            return
        }
        var table = TextTable(header: ["outcome", "queries", "median s", "longest s", "sum s"], leftAligned: 1)
        for outcome in Outcome.allCases {
            let seconds = (times[outcome] ?? []).sorted()
            guard !seconds.isEmpty else {
                table.rows.append([outcome.word, "0", "", "", ""])
                continue
            }
            table.rows.append([
                outcome.word, "\(seconds.count)", formatted("%.3f", seconds[seconds.count / 2]),
                formatted("%.3f", seconds.last!), formatted("%.1f", seconds.reduce(0, +)),
            ])
        }
        let progress = summary.progress
        let earlier = progress.reused > 0 ? ", \(progress.reused) of them earlier" : ""
        writeOut(
            "\(table)\(progress.finished) of \(progress.total) finished\(earlier), in "
                + "\(formatted("%.1f", progress.seconds)) s\n", to: STDOUT_FILENO)
    }

    private func object(_ query: StudyQuery, _ result: QueryResult) -> JSON {
        .object([
            ("network", .text(query.networkName)), ("property", .text(query.propertyName)),
            ("category", .text(query.category)), ("verdict", .text(result.outcome.word)),
            ("reason", result.reason.map(JSON.text) ?? .null),
            (
                "seconds",
                .object([
                    ("read", .number(result.readSeconds)), ("attack", .number(result.attackSeconds)),
                    ("bounds", .number(result.boundSeconds)), ("search", .number(result.searchSeconds)),
                    ("total", .number(result.seconds)),
                ])
            ),
            ("nodes", .count(result.nodes)), ("open", .count(result.open)),
            ("worstBound", .optional(result.worstBound)),
            ("neurons", .count(result.neurons)), ("unstableNeurons", .count(result.unstableNeurons)),
            ("memory", .count(result.memory)), ("predicted", result.predicted.map(JSON.count) ?? .null),
            ("warnings", .texts(result.warnings)), ("witness", result.witness.map(JSON.text) ?? .null),
            ("certificate", result.certificate.map(JSON.text) ?? .null),
        ])
    }
}
