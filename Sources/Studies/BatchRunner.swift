// A batch: hand queries to workers, take their answers, and write each down before the next.
//
// One thread waits for all workers at once. A worker that dies, that holds too much memory or that does not end at
// its deadline costs its query, which is recorded as an error, and is replaced.

internal import Foundation
internal import Glibc

public final class BatchRunner {
    private let queries: [StudyQuery]
    private let store: ResultStore
    private let options: BatchOptions
    private var fingerprints: [Fingerprint] = []
    private var progress = BatchProgress()
    private var workers: [WorkerProcess] = []
    /// Queries not yet handed out, the next one last.
    private var pending: [Int] = []
    /// Queries that their trial did not decide, in order, and the seconds that it took.
    private var undecided: [(query: Int, spent: Double)] = []
    private var isTrying: Bool
    private let start = ContinuousClock.now

    /// Called for every result: those of earlier runs first.
    public var onResult: (StudyQuery, QueryResult, _ isReused: Bool) -> Void = { _, _, _ in }
    /// Called about ten times a second.
    public var onProgress: (BatchProgress) -> Void = { _ in }
    public var isCancelled: () -> Bool = { false }

    public init(queries: [StudyQuery], store: ResultStore, options: BatchOptions) {
        self.queries = queries
        self.store = store
        self.options = options
        if case .trialsFirst = options.schedule { isTrying = true } else { isTrying = false }
        progress.total = queries.count
    }

    /// Runs what has no result in the store yet.
    ///
    /// - Throws: when a result cannot be stored or no worker started; what was stored before is safe.
    public func run() throws(StudyError) -> BatchSummary {
        signal(SIGPIPE, SIG_IGN)
        defer { for worker in workers { worker.dismiss() } }
        if let directory = options.certificates { try ResultExport.makeDirectory(directory) }
        try reuse()
        var nextReport = ContinuousClock.now
        while true {
            if isCancelled() { return summary(.interrupted) }
            if let budget = options.budget, seconds(since: start) >= budget { return summary(.budgetExhausted) }
            try handOut()
            guard workers.contains(where: { $0.task != nil }) else { return summary(.complete) }
            wait()
            try takeAnswers()
            enforceLimits()
            if ContinuousClock.now >= nextReport {
                nextReport = ContinuousClock.now + .milliseconds(100)
                report()
            }
        }
    }

    /// Every query that has a result now, in the order of the list.
    func forEachResult(_ body: (ResultStore.Row) throws -> Void) throws {
        for (query, fingerprint) in zip(queries, fingerprints) {
            guard let result = try store.result(key: query.key, fingerprint: fingerprint) else { continue }
            try body(row(query, fingerprint, result))
        }
    }

    private func row(_ query: StudyQuery, _ fingerprint: Fingerprint, _ result: QueryResult) -> ResultStore.Row {
        ResultStore.Row(
            key: query.key, category: query.category, network: query.networkName, property: query.propertyName,
            fingerprint: fingerprint, timeout: options.queryOptions(for: query).timeout, result: result)
    }

    private func reuse() throws(StudyError) {
        let fingerprinter = Fingerprinter(version: options.version)
        fingerprints.reserveCapacity(queries.count)
        let isEmpty = try store.count() == 0
        for (index, query) in queries.enumerated() {
            let fingerprint = fingerprinter.fingerprint(of: query, options: options.queryOptions(for: query))
            fingerprints.append(fingerprint)
            if !isEmpty, let result = try store.result(key: query.key, fingerprint: fingerprint) {
                if lacksCertificate(result) {
                    try store.forget(key: query.key, fingerprint: fingerprint)
                    pending.append(index)
                    continue
                }
                progress.reused += 1
                progress.counts[result.outcome, default: 0] += 1
                onResult(query, result, true)
            } else {
                pending.append(index)
            }
            if isCancelled() { break }
        }
        pending.reverse()
    }

    private func lacksCertificate(_ result: QueryResult) -> Bool {
        options.certificates != nil && result.certificate == nil && [.holds, .violated].contains(result.outcome)
            && !result.warnings.contains { $0.hasPrefix("no certificate") }
    }

    private func summary(_ end: BatchSummary.End) -> BatchSummary {
        progress.running = []
        progress.seconds = seconds(since: start)
        return BatchSummary(end: end, progress: progress)
    }

    private func report() {
        progress.seconds = seconds(since: start)
        progress.waiting = undecided.count
        progress.granted = undecided.reduce(0) { sum, hard in
            guard let sum, let timeout = options.timeout(of: queries[hard.query]) else { return nil }
            return sum + timeout - hard.spent
        }
        progress.running = workers.compactMap { worker in
            worker.task.map { task in
                let query = queries[task.query]
                return (name: query.shortName, seconds: seconds(since: task.started))
            }
        }.sorted { $0.seconds > $1.seconds }
        onProgress(progress)
    }

    // MARK: questions

    private var jobs: Int {
        switch options.schedule {
        case .fixed(let jobs, _): jobs
        case .trialsFirst(let processors): isTrying ? processors : 1
        }
    }

    private var threads: Int {
        switch options.schedule {
        case .fixed(_, let threads): threads
        case .trialsFirst(let processors): isTrying ? 1 : processors
        }
    }

    private func handOut() throws(StudyError) {
        if isTrying && pending.isEmpty && workers.allSatisfy({ $0.task == nil }) {
            isTrying = false
            while workers.count > jobs { workers.removeLast().dismiss() }
        }
        while true {
            guard let (query, spent) = next() else { return }
            let worker: WorkerProcess
            if let idle = workers.first(where: { $0.task == nil }) {
                worker = idle
            } else {
                worker = try WorkerProcess(program: options.program, memoryLimit: options.query.memory)
                workers.append(worker)
            }
            ask(worker, query, spent: spent)
        }
    }

    /// The next query and the seconds spent on it; nil when there is none or no worker for it.
    private func next() -> (query: Int, spent: Double)? {
        guard workers.contains(where: { $0.task == nil }) || workers.count < jobs else { return nil }
        if let query = pending.popLast() { return (query, 0) }
        return isTrying || undecided.isEmpty ? nil : undecided.removeFirst()
    }

    private func ask(_ worker: WorkerProcess, _ index: Int, spent: Double) {
        var request = WorkerRequest(query: queries[index], options: options.queryOptions(for: queries[index]))
        let timeout = request.options.timeout
        request.certificate = options.certificates.map { "\($0)/\(queries[index].fileStem)" }
        request.options.threads = threads
        var isTrial = false
        if isTrying {
            let trial = BatchOptions.trialSeconds(timeout: timeout)
            isTrial = timeout.map { trial < $0 } ?? true
            // What a trial's time will not do for is asked again.
            if isTrial { request.options.givesUp = false }
            request.options.timeout = trial
        } else if let timeout {
            request.options.timeout = max(0.1, timeout - spent)
        }
        let now = ContinuousClock.now
        let end = request.options.timeout.map { now + .seconds(1.1 * $0 + 2) }
        worker.task = WorkerProcess.Task(
            query: index, isTrial: isTrial, timeout: request.options.timeout, spent: spent, started: now, end: end)
        // Should the worker be gone, its output tells.
        _ = worker.send(request)
    }

    // MARK: answers

    /// Waits until a worker has something to say, but not for long.
    private func wait() {
        var events = workers.flatMap { worker in
            [worker.output, worker.errorOutput].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        }
        _ = poll(&events, nfds_t(events.count), 50)
    }

    private func takeAnswers() throws(StudyError) {
        for worker in workers {
            switch worker.receive() {
            case .nothing: continue
            case .answer(let result):
                guard let task = worker.task else { continue }
                worker.task = nil
                try finish(task, result)
                // What a large query left behind must not count against the next one.
                if result.memory > options.query.memory / 2 { remove(worker).dismiss() }
            case .ended:
                let task = worker.task
                let reason = remove(worker).obituary()
                guard let task else { continue }
                // A trial that does not stop in time is undecided as others are; the query's own deadline is to come.
                if task.isTrial, case .late = worker.sentence {
                    undecided.append((query: task.query, spent: task.timeout ?? 0))
                    continue
                }
                var result = QueryResult(outcome: .error, reason: reason)
                result.seconds = seconds(since: task.started)
                try finish(task, result)
            }
        }
    }

    private func remove(_ worker: WorkerProcess) -> WorkerProcess {
        workers.removeAll { $0 === worker }
        return worker
    }

    private func finish(_ task: WorkerProcess.Task, _ result: QueryResult) throws(StudyError) {
        if task.isTrial && result.outcome == .timeout {
            undecided.append((query: task.query, spent: result.seconds))
            return
        }
        var result = result
        if task.spent > 0 {
            progress.hard.seconds += seconds(since: task.started)
            progress.hard.count += 1
        }
        result.seconds += task.spent
        let query = queries[task.query]
        try store.add(row(query, fingerprints[task.query], result))
        progress.counts[result.outcome, default: 0] += 1
        onResult(query, result, false)
    }

    /// Ends workers that hold too much or are late.
    private func enforceLimits() {
        let now = ContinuousClock.now
        for worker in workers {
            guard let task = worker.task else { continue }
            if let end = task.end, now > end {
                worker.end(.late)
            } else if now - task.started > .milliseconds(50), let held = residentMemory(of: worker.identifier),
                held > options.query.memory
            {
                worker.end(.large(held: held, allowed: options.query.memory))
            }
        }
    }
}
