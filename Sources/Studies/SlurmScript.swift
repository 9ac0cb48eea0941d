// A batch as a Slurm job array (https://slurm.schedmd.com/job_array.html): one task per shard, each with a store of its
// own, and a job that merges the stores once all tasks have ended.

internal import Foundation

public struct SlurmScript: Sendable {
    public var program: String
    /// The batch's own arguments: lists and budgets, without `--shard`, `--store`, `--out` and `--slurm`.
    public var arguments: [String]
    public var shards: Int
    public var name: String
    /// Where the shards' stores and their output go; on a file system that all nodes see.
    public var directory: String
    /// Queries that run side by side in a task, each on `threads` threads and with up to `memory` bytes.
    public var jobs: Int
    public var threads: Int
    public var memory: Int
    /// Seconds that a whole task may take; nil where queries or the batch have no time limit.
    public var seconds: Double?
    public var mergeArguments: [String]

    public init(program: String, arguments: [String], shards: Int, name: String, directory: String) {
        self.program = program
        self.arguments = arguments
        self.shards = shards
        self.name = name
        self.directory = directory
        jobs = 1
        threads = 1
        memory = 4 << 30
        mergeArguments = []
    }

    /// The longest that a shard of queries with these timeouts may well take.
    ///
    /// - Returns: nil when one of them has no limit, and the batch has none either.
    public static func seconds(for timeouts: [Double?], shards: Int, jobs: Int, budget: Double?) -> Double? {
        let limits = timeouts.compactMap(\.self)
        guard limits.count == timeouts.count else { return budget.map { $0 + 60 } }
        // Each query has the grace of its deadline, and shards are equal on the average only.
        let all = limits.reduce(0) { $0 + 1.1 * $1 + 3 }
        let bound = 1.5 * all / Double(shards * jobs) + 3 * (limits.max() ?? 0) + 60
        return budget.map { min($0 + 60, bound) } ?? bound
    }

    /// The script, to be given to `sbatch` as it is. Run with `sbatch`, it is the array; run with `sh`, it submits the
    /// array and the merge that depends on it.
    public var text: String {
        let gigabyte = 1 << 30
        // Half a gigabyte for the batch itself.
        let megabytes = (jobs * memory + gigabyte / 2) >> 20
        var lines = [
            "#!/bin/sh",
            "# Written by secateur. `sh THIS_FILE` submits the shards and the merge that waits for them.",
            "#SBATCH --job-name=\(name)",
            "#SBATCH --array=1-\(shards)",
            "#SBATCH --ntasks=1",
            "#SBATCH --cpus-per-task=\(jobs * threads)",
            "#SBATCH --mem=\(megabytes)M",
        ]
        if let seconds { lines.append("#SBATCH --time=\(Self.duration(seconds))") }
        lines += [
            "# A shard whose node fails is queued again, and goes on where its store ends.",
            "#SBATCH --requeue",
            "#SBATCH --open-mode=append",
            "#SBATCH --output=\(directory)/%a.log",
            "set -eu",
            "program=\(Self.quoted(program))",
            "directory=\(Self.quoted(directory))",
            #"if [ "${1:-}" = merge ]; then"#,
            #"    exec "$program" merge --store "$directory/merged.sqlite" "# + Self.words(mergeArguments)
                + #""$directory"/shard-*.sqlite"#,
            "fi",
            #"if [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then"#,
            #"    mkdir -p "$directory""#,
            #"    array=$(sbatch --parsable "$0")"#,
            #"    array=${array%%;*}"#,
            "    # Also after a failed shard: what there is gets merged.",
            #"    sbatch --dependency="afterany:$array" --array=0 --mem=1G --cpus-per-task=1 \"#,
            #"        --output="$directory/merge.log" "$0" merge"#,
            "    exit",
            "fi",
            #"exec "$program" batch "# + Self.words(arguments + ["--jobs", "\(jobs)", "--threads", "\(threads)"])
                + #"--resume \"#,
            #"    --shard "$SLURM_ARRAY_TASK_ID/"# + "\(shards)"
                + #"" --store "$directory/shard-$SLURM_ARRAY_TASK_ID.sqlite""#,
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// - Throws: when the file cannot be written.
    public func write(to path: String) throws(StudyError) {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw StudyError("\(path): cannot be written; check its directory's permissions and the space left")
        }
    }

    private static func duration(_ seconds: Double) -> String {
        let minutes = Int((seconds / 60).rounded(.up))
        let (days, hours) = (minutes / 1440, minutes / 60 % 24)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(days)-\(two(hours)):\(two(minutes % 60)):00"
    }

    private static func words(_ arguments: [String]) -> String {
        arguments.map { quoted($0) + " " }.joined()
    }

    static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                byte >= 48 && byte <= 57 || byte >= 65 && byte <= 90 || byte >= 97 && byte <= 122
                    || "-_./=+:,@%".utf8.contains(byte)
            }
        return isPlain
            ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
