/// Budgets of a batch and how it uses the machine.
public struct BatchOptions: Sendable {
    /// For each query; the timeout caps the list's own.
    public var query = QueryOptions()
    /// Seconds for the whole batch; what is not finished then is left for `--resume`.
    public var budget: Double?
    /// The directory that certificates go to, which exists; results without one are asked for again.
    public var certificates: String?
    public var schedule: Schedule
    /// The program that workers run.
    public var program: String
    /// Of the program, as results are marked with.
    public var version: String

    public enum Schedule: Sendable, Equatable {
        /// So many queries side by side, each on so many threads.
        case fixed(jobs: Int, threads: Int)
        /// First every query for a short while on one thread, side by side; then those left, one by one, on all.
        case trialsFirst(processors: Int)
    }

    public init(program: String, version: String, processors: Int) {
        self.program = program
        self.version = version
        schedule = processors > 1 ? .trialsFirst(processors: processors) : .fixed(jobs: 1, threads: 1)
    }

    /// The query's own options: the list's timeout capped by the batch's.
    func queryOptions(for query: StudyQuery) -> QueryOptions {
        var options = self.query
        options.timeout = [options.timeout, query.timeout].compactMap(\.self).min()
        return options
    }

    /// Seconds that a query is granted.
    public func timeout(of query: StudyQuery) -> Double? { queryOptions(for: query).timeout }

    /// Seconds of a query's trial: what the hard ones lose, so as little as lets the easy ones end.
    static func trialSeconds(timeout: Double?) -> Double {
        guard let timeout else { return 5 }
        return min(timeout, min(5, max(0.5, timeout / 40)))
    }
}

/// Where a batch stands.
public struct BatchProgress: Sendable {
    public var total = 0
    /// Results that an earlier run left in the store.
    public var reused = 0
    public var counts: [Outcome: Int] = [:]
    /// Queries that a trial did not decide and that wait for their turn.
    public var waiting = 0
    /// What the workers are at, longest first.
    public var running: [(name: String, seconds: Double)] = []
    public var seconds = 0.0

    public var finished: Int { counts.values.reduce(0, +) }
    /// Seconds that hard queries have taken beyond their trials, and how many they were.
    public var hard = (seconds: 0.0, count: 0)
    /// Seconds granted to those that wait; nil when there is no limit.
    public var granted: Double? = 0

    /// Queries finished a second, by this run.
    public var rate: Double { seconds > 0 ? Double(finished - reused) / seconds : 0 }
    /// Seconds to the end, if the rest goes on like what was done; nil before anything was, or when nobody can tell. Hard
    /// queries that wait count by those that came before them, the first ones by what they are granted.
    public var secondsLeft: Double? {
        let done = Double(finished - reused + waiting - hard.count)
        let easy = Double(total - finished - waiting)
        guard done > 0, seconds > hard.seconds else { return nil }
        let waits = hard.count > 0 ? Double(waiting) * hard.seconds / Double(hard.count) : granted
        return waits.map { easy * (seconds - hard.seconds) / done + $0 }
    }
}

/// How a batch ended.
public struct BatchSummary: Sendable {
    public enum End: Sendable { case complete, interrupted, budgetExhausted }

    public var end: End
    public var progress: BatchProgress

    public var left: Int { progress.total - progress.finished }
}
