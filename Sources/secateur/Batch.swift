import ArgumentParser
import Glibc
import Studies

struct Batch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decides many queries, each in a process of its own.",
        discussion: """
            A list is a competition's instances.csv (network,property,timeout), a directory of such lists or of networks \
            and properties, or a study in YAML. Every result goes to a store at once; --resume goes on after an \
            interrupt, a crash or a full disk, and asks again only what is new or was changed.

            Example: secateur batch instances.csv --timeout 20 --out results.csv
            """)

    @Argument(help: "Lists, directories or studies.")
    var lists: [String]

    @OptionGroup var batch: BatchArguments

    @Option(
        help: ArgumentHelp(
            "Write the competition's result and witness files to this directory.", valueName: "directory"))
    var vnncomp: String?

    @Option(
        help: ArgumentHelp(
            "Run nothing: write a Slurm job array for the batch, and the merge of its shards.", valueName: "script"))
    var slurm: String?

    @Option(help: "With --slurm, how many tasks the array has.")
    var shards = 16

    func validate() throws {
        if lists.isEmpty { throw ValidationError("name a list of queries") }
        if !(1...100_000).contains(shards) { throw ValidationError("--shards must be 1 to 100000") }
        if slurm != nil && (batch.shard != nil || batch.resume || batch.store != nil || batch.retry != nil) {
            throw ValidationError("--slurm gives each task its own --shard, --store and --resume")
        }
    }

    func run() throws {
        var queries: [StudyQuery] = []
        do {
            for list in lists { queries += try InstanceList.queries(at: list) }
        } catch {
            throw InputFault(error.description)
        }
        if let slurm {
            do { try writeSlurmScript(for: queries, to: slurm) } catch { throw InputFault(error.description) }
            return
        }
        let session = BatchSession(
            arguments: batch, defaultStore: "\(storeName()).sqlite")
        try session.run(queries) { runner, _ in
            let export = ResultExport(runner)
            if let out = batch.out { try export.writeTable(to: out) }
            if let vnncomp { try export.writeCompetition(to: vnncomp) }
        }
    }

    /// After the list, or its directory where the list has the name that all have.
    func storeName() -> String {
        var path = lists[0].split(separator: "/").map(String.init)
        guard var name = path.popLast() else { return "batch" }
        if ["instances.csv", ".", ".."].contains(name) {
            name = path.last { $0 != "." && $0 != ".." } ?? "instances"
        } else if let dot = name.lastIndex(of: "."), dot > name.startIndex {
            name = String(name[..<dot])
        }
        if lists.count > 1 { name += "-and-\(lists.count - 1)" }
        return batch.shard.map { "\(name)-\($0.number)-of-\($0.count)" } ?? name
    }
}
