import Foundation
import Testing

@testable import Studies

/// Batches in real worker processes of the built program.
@Suite(.serialized)
struct BatchRunnerTests {
    @Test func outcomesAreAsConstructed() throws {
        let scratch = try Scratch()
        let store = try ResultStore(path: scratch.path + "/s.sqlite")
        let summary = try BatchRunner(queries: easyQueries(40), store: store, options: options()).run()
        #expect(summary.progress.counts == [.holds: 20, .violated: 20])
        #expect(summary.left == 0)
        try store.visit { row in
            #expect((row.result.outcome == .violated) == (row.result.witness?.contains("(X_0 ") == true))
            #expect(row.result.seconds > 0 && row.result.memory > 1 << 20)
        }
    }

    @Test func verdictsComeWithCertificates() throws {
        let scratch = try Scratch()
        let store = try ResultStore(path: scratch.path + "/s.sqlite")
        var options = options()
        #expect(try BatchRunner(queries: easyQueries(4), store: store, options: options).run().left == 0)
        // Results without certificates do not count when certificates are asked for.
        options.certificates = scratch.path + "/certificates"
        let summary = try BatchRunner(queries: easyQueries(8), store: store, options: options).run()
        #expect(summary.progress.reused == 0 && summary.left == 0)
        var files: Set<String> = []
        try store.visit { row in
            let path = try #require(row.result.certificate)
            #expect(path.hasSuffix(row.result.outcome == .holds ? ".secert" : ".witness"))
            files.insert(path)
            let network = "\(specs)/\(row.network)"
            let check = try run(["check", path, network, "\(specs)/\(row.property)"])
            #expect(check == "accepted\n")
        }
        #expect(files.count == 8)
        let again = try BatchRunner(queries: easyQueries(8), store: store, options: options).run()
        #expect(again.progress.reused == 8)
    }

    /// What the program prints.
    private func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }

    @Test func whatIsStoredIsNotRunAgain() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/s.sqlite"
        do {
            let first = BatchRunner(queries: easyQueries(30), store: try ResultStore(path: path), options: options())
            var count = 0
            first.onResult = { _, _, _ in count += 1 }
            first.isCancelled = { count >= 11 }
            let summary = try first.run()
            guard case .interrupted = summary.end else {
                Issue.record("not interrupted")
                return
            }
            #expect((11..<30).contains(summary.progress.finished))
        }
        let store = try ResultStore(path: path)
        let before = try outcomes(store)
        let runner = BatchRunner(queries: easyQueries(30), store: store, options: options())
        var fresh = 0
        runner.onResult = { query, _, isReused in
            #expect(isReused == (before[query.key] != nil))
            if !isReused { fresh += 1 }
        }
        let summary = try runner.run()
        #expect(summary.progress.reused == before.count && fresh == 30 - before.count && summary.left == 0)
        #expect(try outcomes(store).count == 30)
    }

    @Test func changedContentIsRunAgain() throws {
        let scratch = try Scratch()
        let property = try String(contentsOfFile: "\(specs)/triangle-below.vnnlib", encoding: .utf8)
        let file = try scratch.write(property, as: "p.vnnlib")
        let network = "\(specs)/triangle.onnx"
        let query = StudyQuery(
            category: "c", networkName: "triangle.onnx", network: network,
            subject: .property(name: "p.vnnlib", path: file))
        let store = try ResultStore(path: scratch.path + "/s.sqlite")
        func reused(_ options: BatchOptions) throws -> Int {
            try BatchRunner(queries: [query], store: store, options: options).run().progress.reused
        }
        #expect(try reused(options()) == 0)
        #expect(try reused(options(jobs: 1)) == 1)
        #expect(try reused(options(timeout: 19)) == 0)
        var later = options()
        later.version = "later"
        #expect(try reused(later) == 0)
        try scratch.write(property + "; a comment\n", as: "p.vnnlib")
        #expect(try reused(options()) == 0)
        #expect(try reused(options()) == 1)
    }

    @Test func faultyFilesCostOnlyThemselves() throws {
        let scratch = try Scratch()
        let broken = try scratch.write("no network", as: "broken.onnx")
        var queries = easyQueries(4)
        queries.insert(
            StudyQuery(
                category: "c", networkName: "broken.onnx", network: broken,
                subject: .property(name: "p", path: "\(specs)/triangle-below.vnnlib")), at: 1)
        queries.append(query("dense.onnx", "triangle-below.vnnlib"))
        queries.append(query("dense.onnx", "missing.vnnlib"))
        let store = try ResultStore(path: scratch.path + "/s.sqlite")
        let runner = BatchRunner(queries: queries, store: store, options: options())
        var reasons: [String: String] = [:]
        runner.onResult = { query, result, _ in reasons["\(query.networkName) \(query.propertyName)"] = result.reason }
        let summary = try runner.run()
        #expect(summary.progress.counts == [.holds: 2, .violated: 2, .error: 3])
        #expect(reasons["broken.onnx p"]?.contains("broken.onnx: ") == true)
        #expect(reasons["dense.onnx triangle-below.vnnlib"]?.contains("the property declares") == true)
        #expect(reasons["dense.onnx missing.vnnlib"]?.contains("no such file") == true)
    }

    @Test func aKilledWorkerCostsItsQuery() throws {
        let scratch = try Scratch()
        let store = try ResultStore(path: scratch.path + "/s.sqlite")
        let queries = [query("parity41.onnx", "parity41-half.vnnlib")] + easyQueries(4)
        let runner = BatchRunner(queries: queries, store: store, options: options(jobs: 1))
        var reason: String?
        runner.onProgress = { progress in
            if progress.running.first.map({ $0.name.hasPrefix("parity41") && $0.seconds > 0.3 }) == true {
                for worker in workers() { kill(worker, SIGKILL) }
            }
        }
        runner.onResult = { _, result, _ in if result.outcome == .error { reason = result.reason } }
        let summary = try runner.run()
        #expect(summary.progress.counts == [.holds: 2, .violated: 2, .error: 1])
        #expect(reason?.contains("killed from outside") == true, "\(reason ?? "")")
    }

    @Test func memoryIsLimited() throws {
        let scratch = try Scratch()
        let store = try ResultStore(path: scratch.path + "/s.sqlite")
        var options = options(jobs: 1, timeout: 10)
        options.query.memory = 1 << 20
        let runner = BatchRunner(
            queries: [query("parity41.onnx", "parity41-half.vnnlib")], store: store, options: options)
        var reason: String?
        runner.onResult = { _, result, _ in reason = result.reason }
        #expect(try runner.run().progress.counts == [.error: 1])
        #expect(reason?.contains("more than the 1 MB allowed") == true || reason?.contains("worker died") == true)
    }

    @Test func aStoppedWorkerIsEndedAtItsDeadline() throws {
        let scratch = try Scratch()
        let store = try ResultStore(path: scratch.path + "/s.sqlite")
        let queries = [query("parity41.onnx", "parity41-half.vnnlib", timeout: 0.5)] + easyQueries(2)
        let runner = BatchRunner(queries: queries, store: store, options: options(jobs: 1))
        var hasStopped = false
        runner.onProgress = { progress in
            if !hasStopped, progress.running.first?.name.hasPrefix("parity41") == true, progress.seconds > 0.1 {
                for worker in workers() { kill(worker, SIGSTOP) }
                hasStopped = true
            }
        }
        var reason: String?
        runner.onResult = { _, result, _ in if result.outcome == .error { reason = result.reason } }
        let summary = try runner.run()
        #expect(hasStopped)
        #expect(reason?.contains("did not stop at its deadline") == true)
        #expect(summary.progress.counts == [.holds: 1, .violated: 1, .error: 1])
    }

    @Test func theBudgetLeavesTheRest() throws {
        let scratch = try Scratch()
        let store = try ResultStore(path: scratch.path + "/s.sqlite")
        var options = options(jobs: 1)
        options.budget = 0.5
        let queries = easyQueries(2) + [query("parity41.onnx", "parity41-half.vnnlib")]
        let summary = try BatchRunner(queries: queries, store: store, options: options).run()
        guard case .budgetExhausted = summary.end else {
            Issue.record("the budget did not end the batch")
            return
        }
        #expect(summary.left == 1)
    }

    @Test func hardQueriesGetAllThreads() throws {
        let scratch = try Scratch()
        let store = try ResultStore(path: scratch.path + "/s.sqlite")
        var options = options()
        options.schedule = .trialsFirst(processors: 2)
        let queries = [query("parity41.onnx", "parity41-half.vnnlib", timeout: 2)] + easyQueries(4)
        let runner = BatchRunner(queries: queries, store: store, options: options)
        var order: [Outcome] = []
        var seconds = 0.0
        runner.onResult = { _, result, _ in
            order.append(result.outcome)
            if result.outcome == .timeout { seconds = result.seconds }
        }
        _ = try runner.run()
        #expect(order.count == 5 && order.last == .timeout)
        #expect(seconds > 1.5 && seconds < 4)
    }

    @Test func aTrialThatDoesNotStopIsTriedAgain() throws {
        let scratch = try Scratch()
        let store = try ResultStore(path: scratch.path + "/s.sqlite")
        var options = options()
        options.schedule = .trialsFirst(processors: 2)
        let runner = BatchRunner(
            queries: [query("parity41.onnx", "parity41-half.vnnlib", timeout: 1)], store: store, options: options)
        var hasStopped = false
        runner.onProgress = { progress in
            if !hasStopped, !progress.running.isEmpty {
                for worker in workers() { kill(worker, SIGSTOP) }
                hasStopped = true
            }
        }
        #expect(try runner.run().progress.counts == [.timeout: 1])
        #expect(hasStopped)
    }
}
