import Foundation
import Testing

@testable import Studies

struct ResultStoreTests {
    static func row(_ key: String, _ outcome: Outcome, network: String = "n") -> ResultStore.Row {
        var result = QueryResult(outcome: outcome, reason: outcome == .error ? "a reason" : nil)
        result.seconds = 1.5
        result.worstBound = -0.25
        result.nodes = 7
        result.memory = 3 << 40
        result.witness = outcome == .violated ? "((X_0 1)\n(Y_0 2))" : nil
        result.warnings = outcome == .holds ? ["one", "two"] : []
        return ResultStore.Row(
            key: key, category: "c", network: "a.onnx", property: "p", timeout: 20, result: result, digest: network)
    }

    @Test func readsBackWhatWasWritten() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/s.sqlite"
        let rows = Outcome.allCases.map { Self.row($0.rawValue, $0) }
        do {
            let store = try ResultStore(path: path)
            for row in rows { try store.add(row) }
        }
        let store = try ResultStore(path: path)
        #expect(try store.count() == 6)
        for row in rows {
            #expect(try store.result(key: row.key, fingerprint: row.fingerprint) == row.result)
            var other = row.fingerprint
            other.network = "other"
            #expect(try store.result(key: row.key, fingerprint: other) == nil)
        }
        try store.forget([.error, .timeout])
        #expect(try store.count() == 4)
    }

    @Test func oneResultPerContent() throws {
        let scratch = try Scratch()
        let store = try ResultStore(path: scratch.path + "/s.sqlite")
        try store.add(Self.row("k", .unknown))
        // Asked again, as for a certificate that was not asked for at first, the later answer counts.
        let later = Self.row("k", .holds)
        try store.add(later)
        #expect(try store.result(key: "k", fingerprint: later.fingerprint)?.outcome == .holds)
        try store.add(Self.row("k", .holds, network: "changed"))
        #expect(try store.count() == 2)
    }

    @Test func onlyOneBatchWrites() throws {
        let scratch = try Scratch()
        let store = try ResultStore(path: scratch.path + "/s.sqlite")
        #expect { try ResultStore(path: store.path) } throws: { "\($0)".contains("another batch is writing") }
    }

    @Test func otherFilesAreRefused() throws {
        let scratch = try Scratch()
        let text = try scratch.write(String(repeating: "no database ", count: 100), as: "text")
        #expect { try ResultStore(path: text) } throws: { "\($0)".contains("no SQLite database") }
        #expect { try ResultStore(path: scratch.path + "/missing/s.sqlite") } throws: {
            "\($0)".contains("choose another --store")
        }
    }

    @Test func mergingTellsConflicts() throws {
        let scratch = try Scratch()
        let (a, b) = (try ResultStore(path: scratch.path + "/a"), try ResultStore(path: scratch.path + "/b"))
        for row in [Self.row("1", .holds), Self.row("2", .holds), Self.row("3", .timeout)] { try a.add(row) }
        for row in [Self.row("2", .holds), Self.row("3", .holds), Self.row("4", .error)] { try b.add(row) }
        try b.add(Self.row("1", .violated))
        var report = MergeReport()
        try a.merge(b, into: &report)
        #expect(report.added == 1 && report.equal == 1)
        #expect(report.conflicts.map(\.key) == ["3", "1"] && report.contradictions == 1)
        #expect(try outcomes(a) == ["1": .holds, "2": .holds, "3": .timeout, "4": .error])
    }
}

extension ResultStore.Row {
    init(
        key: String, category: String, network: String, property: String, timeout: Double?, result: QueryResult,
        digest: String
    ) {
        self.init(
            key: key, category: category, network: network, property: property,
            fingerprint: Fingerprint(network: digest, property: "p", options: "o", version: "v"), timeout: timeout,
            result: result)
    }
}
