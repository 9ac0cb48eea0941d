import ArgumentParser
import Glibc
import Studies

struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Unites the stores of a batch's shards.",
        discussion: """
            Results of the same query, content, options and version are kept once. Where two stores tell different \
            outcomes, the first one's is kept and the conflict is told; unsat against sat is a fault, with exit status 2.

            Example: secateur merge --store all.sqlite shard-1.sqlite shard-2.sqlite
            """)

    @Argument(help: "The stores to be united.")
    var stores: [String]

    @Option(help: ArgumentHelp("The store that gets all results; made if there is none.", valueName: "file"))
    var store: String

    @Option(help: ArgumentHelp("Write a table of the results to this CSV file.", valueName: "file"))
    var out: String?

    @Option(
        help: ArgumentHelp(
            "Write the competition's result and witness files to this directory.", valueName: "directory"))
    var vnncomp: String?

    func run() throws {
        var report = MergeReport()
        var counts: [Outcome: Int] = [:]
        do {
            for path in stores where access(path, R_OK) != 0 {
                throw StudyError("\(path): no such store; check the name")
            }
            let united = try ResultStore(path: store)
            for path in stores { try united.merge(ResultStore(path: path), into: &report) }
            try united.visit { counts[$0.result.outcome, default: 0] += 1 }
            let export = ResultExport(united)
            if let out { try export.writeTable(to: out) }
            if let vnncomp { try export.writeCompetition(to: vnncomp) }
        } catch let error as StudyError {
            throw InputFault(error.description)
        }
        var table = TextTable(header: ["outcome", "queries"], leftAligned: 1)
        for outcome in Outcome.allCases { table.rows.append([outcome.word, "\(counts[outcome] ?? 0)"]) }
        writeOut(
            "\(table)\(report.added) added, \(report.equal) there already, \(report.conflicts.count) in conflict\n",
            to: STDOUT_FILENO)
        for conflict in report.conflicts {
            writeOut(
                "conflict: \(conflict.key): \(conflict.kept.word) kept, \(conflict.dropped.word) dropped\n",
                to: STDERR_FILENO)
        }
        if report.contradictions > 0 { throw ExitStatus.internalFault }
    }
}
