import ArgumentParser
import Files
import Glibc
import Studies

/// What all commands have in common that run many queries.
struct BatchArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Stop each query after this many seconds, or earlier where the list says so.", valueName: "seconds"))
    var timeout: Double?

    @Option(help: ArgumentHelp("Stop everything after this many seconds.", valueName: "seconds"))
    var budget: Double?

    @Option(
        help: """
            How many queries run side by side. (default: one per processor for a short trial of each, then one at a \
            time on all processors)
            """)
    var jobs: Int?

    @Option(help: "How many threads work on each query.")
    var threads: Int?

    @Option(help: ArgumentHelp("How much memory each query's process may hold.", valueName: "size"))
    var memory = MemorySize(bytes: 4 << 30)

    @Option(help: "Stop each query after this many subproblems.")
    var maxNodes: Int?

    @Flag(name: .customLong("give-up"), help: "End a query with unknown once its time clearly will not do.")
    var givesUp = false

    @Option(help: "Start of the random numbers.")
    var seed: UInt64 = 0

    @Flag(name: .customLong("no-attack"), help: "Do not look for counterexamples; only try to prove.")
    var noAttack = false

    @Option(help: ArgumentHelp("Keep the results in this SQLite database.", valueName: "file"))
    var store: String?

    @Flag(help: "Go on with the store's results: ask only what has none yet.")
    var resume = false

    @Option(
        help: ArgumentHelp("With --resume, ask again what ended so: error, timeout, unknown.", valueName: "outcomes"))
    var retry: String?

    @Option(help: ArgumentHelp("Write a table of the results to this CSV file.", valueName: "file"))
    var out: String?

    @Option(
        help: ArgumentHelp(
            "Write a proof or a counterexample for every verdict into this directory, for secateur check.",
            valueName: "directory"))
    var certificates: String?

    @Option(
        help: ArgumentHelp("Run only this part of the queries, such as 3/64.", valueName: "part"),
        transform: { try parsed($0, Shard.init, like: "3/64") })
    var shard: Shard?

    @Flag(help: "Print one JSON object per result, and one for the summary.")
    var json = false

    @Flag(help: "Print the summary only.")
    var quiet = false

    func validate() throws {
        for (name, seconds) in [("--timeout", timeout), ("--budget", budget)] {
            if let seconds, !(seconds > 0) { throw ValidationError("\(name) must be a positive number of seconds") }
        }
        for (name, count) in [("--jobs", jobs), ("--threads", threads)] {
            if let count, !(1...1024).contains(count) { throw ValidationError("\(name) must be 1 to 1024") }
        }
        if let maxNodes, maxNodes < 1 { throw ValidationError("--max-nodes must be at least 1") }
        _ = try retried()
    }

    func retried() throws -> [Outcome] {
        try (retry ?? "").split(separator: ",").map { word in
            guard let outcome = Outcome.allCases.first(where: { $0.rawValue == word || $0.word == word }) else {
                throw ValidationError(
                    "--retry: '\(word)' is no outcome; they are \(Outcome.allCases.map(\.word).joined(separator: ", "))"
                )
            }
            return outcome
        }
    }

    func options() -> BatchOptions {
        let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        var options = BatchOptions(program: ownProgram(), version: markedVersion(), processors: processors)
        options.query.timeout = timeout
        options.query.maxNodes = maxNodes
        options.query.givesUp = givesUp
        options.query.seed = seed
        options.query.memory = memory.bytes
        options.query.attack = !noAttack
        options.budget = budget
        options.certificates = certificates
        switch (jobs, threads) {
        case (let jobs?, let threads?): options.schedule = .fixed(jobs: jobs, threads: threads)
        case (let jobs?, nil): options.schedule = .fixed(jobs: jobs, threads: max(1, processors / jobs))
        case (nil, let threads?): options.schedule = .fixed(jobs: max(1, processors / threads), threads: threads)
        case (nil, nil): break
        }
        return options
    }
}

/// What the text says, or a message that says how it is written.
func parsed<Value>(_ text: String, _ make: (String) -> Value?, like example: String) throws -> Value {
    guard let value = make(text) else { throw ValidationError("'\(text)' is not written like \(example)") }
    return value
}

/// The path of this program.
func ownProgram() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
        let count = readlink("/proc/self/exe", buffer.baseAddress!, buffer.count - 1)
        guard count > 0 else { return "/proc/self/exe" }
        buffer[count] = 0
        return String(cString: buffer.baseAddress!)
    }
}

/// The version with a checksum of this very program: another build's results are not taken for its own.
func markedVersion() -> String {
    guard let checksum = try? checksum(ofFile: ownProgram()) else { return version }
    return "\(version)+\(String(checksum, radix: 16))"
}
