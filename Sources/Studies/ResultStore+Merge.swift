/// What came of uniting stores.
public struct MergeReport: Sendable {
    public var added = 0
    /// Results that were there already, with the same outcome.
    public var equal = 0
    /// Keys of which two stores tell different outcomes of the same content; the first one is kept. `holds` against
    /// `violated` is a contradiction, anything else a matter of budgets.
    public var conflicts: [(key: String, kept: Outcome, dropped: Outcome)] = []

    public init() {}

    public var contradictions: Int {
        conflicts.count { Set([$0.kept, $0.dropped]) == [.holds, .violated] }
    }
}

extension ResultStore {
    /// Adds the results of another store.
    public func merge(_ other: ResultStore, into report: inout MergeReport) throws(StudyError) {
        var current = report
        try other.visit { row in
            guard let mine = try self.result(key: row.key, fingerprint: row.fingerprint) else {
                try self.add(row)
                current.added += 1
                return
            }
            if mine.outcome == row.result.outcome {
                current.equal += 1
            } else {
                current.conflicts.append((key: row.key, kept: mine.outcome, dropped: row.result.outcome))
            }
        }
        report = current
    }
}
