import Glibc
import Studies

extension Batch {
    /// Writes the script and says how to submit it.
    func writeSlurmScript(for queries: [StudyQuery], to path: String) throws(StudyError) {
        let options = batch.options()
        var script = SlurmScript(
            program: ownProgram(), arguments: arguments(), shards: min(shards, max(1, queries.count)),
            name: "secateur-\(storeName())", directory: absolute(path) + ".d")
        switch options.schedule {
        case .fixed(let jobs, let threads): (script.jobs, script.threads) = (jobs, threads)
        // A task has as many processors as it asks for, not as many as this machine: one, and more shards.
        case .trialsFirst: (script.jobs, script.threads) = (1, 1)
        }
        script.memory = options.query.memory
        let timeouts = queries.map { options.timeout(of: $0) }
        script.seconds = SlurmScript.seconds(
            for: timeouts, shards: script.shards, jobs: script.jobs, budget: options.budget)
        if let out = batch.out { script.mergeArguments += ["--out", absolute(out)] }
        if let vnncomp { script.mergeArguments += ["--vnncomp", absolute(vnncomp)] }
        try script.write(to: path)
        writeOut("submit the shards and their merge with: sh \(path)\n", to: STDERR_FILENO)
        if script.seconds == nil {
            writeOut("the tasks have no time limit: some queries have none; give --timeout\n", to: STDERR_FILENO)
        }
    }

    /// The batch's arguments as every task gets them.
    private func arguments() -> [String] {
        var words = lists.map(absolute)
        if let timeout = batch.timeout { words += ["--timeout", "\(timeout)"] }
        if let budget = batch.budget { words += ["--budget", "\(budget)"] }
        words += ["--memory", "\(batch.memory.bytes)", "--seed", "\(batch.seed)"]
        if let maxNodes = batch.maxNodes { words += ["--max-nodes", "\(maxNodes)"] }
        if batch.givesUp { words.append("--give-up") }
        if batch.noAttack { words.append("--no-attack") }
        if let certificates = batch.certificates { words += ["--certificates", absolute(certificates)] }
        return words
    }

    private func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return "\(String(cString: directory))/\(path)"
    }
}
