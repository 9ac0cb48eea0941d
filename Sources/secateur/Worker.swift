import ArgumentParser
import Studies

/// Not for people: what `batch` and its kin run their queries in.
struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answers queries from standard input, for other commands.",
        discussion: "Example: secateur worker --memory-limit 1073741824 < questions", shouldDisplay: false)

    @Option(help: "Bytes that the process may hold.")
    var memoryLimit: Int

    func validate() throws {
        guard memoryLimit > 0 else { throw ValidationError("--memory-limit must be positive") }
    }

    func run() { QueryWorker().run(memoryLimit: memoryLimit) }
}
