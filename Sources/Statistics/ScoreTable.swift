// Scores by treatment and seed from a CSV table of one's own: one row per score, columns found by their names.
//
//     dataset,pruning,seed,epsilon,result
//     MNIST,baseline,10,0.006,88
//
// Every combination of the remaining columns is a study of its own.

/// What is wrong with a table: which line, what, what to do.
public struct ScoreTableError: Error, Sendable, CustomStringConvertible {
    public let description: String
}

public struct ScoreTable: Sendable {
    /// Which column is which; nil finds it by the usual names.
    public struct Columns: Sendable {
        public var treatment: String?
        public var seed: String?
        public var score: String?
        /// Columns whose values tell studies apart; nil takes all that are left.
        public var groups: [String]?

        public init(treatment: String? = nil, seed: String? = nil, score: String? = nil, groups: [String]? = nil) {
            self.treatment = treatment
            self.seed = seed
            self.score = score
            self.groups = groups
        }
    }

    /// One study: the rows that agree in all other columns.
    public struct Group: Sendable {
        /// Column and value, in the table's order.
        public var labels: [(column: String, value: String)]
        /// In the order of first appearance.
        public var treatments: [Treatment]

        public var name: String { labels.map { "\($0.column) \($0.value)" }.joined(separator: ", ") }
    }

    public let groups: [Group]
    public let treatmentColumn: String
    public let scoreColumn: String

    /// Reads the table.
    ///
    /// - Throws: for a column that is not there, a row of another length, a score that is no number, or two scores of
    ///   one treatment and seed in a study, with the line.
    public init(csv: String, columns: Columns = Columns()) throws(ScoreTableError) {
        let rows = try Self.rows(csv)
        guard let header = rows.first else {
            throw ScoreTableError(description: "no header; write one such as pruning,seed,result")
        }
        func column(_ wanted: String?, _ usual: [String], _ what: String, _ option: String) throws(ScoreTableError)
            -> Int
        {
            if let wanted {
                if let index = header.fields.firstIndex(of: wanted) { return index }
                throw ScoreTableError(
                    description: "line 1: no column '\(wanted)' among \(header.fields.joined(separator: ", "))")
            }
            let lowered = header.fields.map { $0.lowercased() }
            for name in usual { if let index = lowered.firstIndex(of: name) { return index } }
            throw ScoreTableError(
                description: "line 1: which column is the \(what)? name one of "
                    + "\(header.fields.joined(separator: ", ")) with \(option)")
        }
        let treatment = try column(
            columns.treatment, ["treatment", "pruning", "ratio", "sparsity", "method", "model", "prune_type"],
            "treatment", "--treatment")
        let seed = try column(columns.seed, ["seed", "run"], "seed", "--seed")
        let score = try column(
            columns.score, ["score", "result", "certified", "verified", "accuracy", "value"], "score", "--score")
        var labels: [Int] = []
        if let groups = columns.groups {
            for group in groups { labels.append(try column(group, [], "group", "--by")) }
        } else {
            labels = header.fields.indices.filter { ![treatment, seed, score].contains($0) }
        }
        groups = try Self.groups(rows.dropFirst(), header, (treatment, seed, score), labels)
        treatmentColumn = header.fields[treatment]
        scoreColumn = header.fields[score]
    }

    private static func groups(
        _ rows: ArraySlice<Row>, _ header: Row, _ columns: (treatment: Int, seed: Int, score: Int), _ labels: [Int]
    ) throws(ScoreTableError) -> [Group] {
        var groups: [Group] = []
        var positions: [[String]: Int] = [:]
        var lines: [[String]: Int] = [:]
        for row in rows {
            func fail(_ problem: String) -> ScoreTableError {
                ScoreTableError(description: "line \(row.line): \(problem)")
            }
            guard row.fields.count == header.fields.count else {
                throw fail("\(row.fields.count) columns, the header has \(header.fields.count)")
            }
            let text = row.fields[columns.score]
            guard let score = Double(text), score.isFinite else {
                throw fail("\(header.fields[columns.score]) '\(text)' is no number; leave out rows without a score")
            }
            let (name, seed) = (row.fields[columns.treatment], row.fields[columns.seed])
            guard !name.isEmpty, !seed.isEmpty else { throw fail("an empty treatment or seed") }
            let key = labels.map { row.fields[$0] }
            if let earlier = lines.updateValue(row.line, forKey: key + [name, seed]) {
                throw fail(
                    "treatment \(name) and seed \(seed) have a score already, on line \(earlier); name the columns "
                        + "that tell studies apart with --by")
            }
            let position = positions[key] ?? groups.count
            if position == groups.count {
                positions[key] = position
                groups.append(Group(labels: labels.map { (header.fields[$0], row.fields[$0]) }, treatments: []))
            }
            if let index = groups[position].treatments.firstIndex(where: { $0.name == name }) {
                groups[position].treatments[index].scores[seed] = score
            } else {
                groups[position].treatments.append(Treatment(name: name, scores: [seed: score]))
            }
        }
        guard !groups.isEmpty else { throw ScoreTableError(description: "no rows below the header") }
        return groups
    }

    private struct Row {
        var line: Int
        var fields: [String]
    }

    /// Rows of fields after RFC 4180: quotes may hold commas, line ends and doubled quotes. Blank lines are left out.
    private static func rows(_ text: String) throws(ScoreTableError) -> [Row] {
        var rows: [Row] = []
        var fields: [String] = []
        var field = ""
        var (line, first) = (1, 1)
        var isQuoted = false
        var wasQuoted = false
        func trimmed(_ field: String) -> String {
            var rest = field[...]
            while rest.first?.isWhitespace ?? false { rest.removeFirst() }
            while rest.last?.isWhitespace ?? false { rest.removeLast() }
            return String(rest)
        }
        func endField() {
            fields.append(wasQuoted ? field : trimmed(field))
            field = ""
            wasQuoted = false
        }
        func endRow() {
            endField()
            if fields != [""] { rows.append(Row(line: first, fields: fields)) }
            fields = []
        }
        // A byte order mark is no part of the first column's name.
        for character in text.first == "\u{FEFF}" ? text.dropFirst() : text[...] {
            if character == "\"" {
                // A quote inside quotes is doubled: the second one opens them again.
                if !isQuoted && wasQuoted { field.append("\"") }
                guard isQuoted || wasQuoted || field.allSatisfy(\.isWhitespace) else {
                    throw ScoreTableError(description: "line \(line): a quote within a field; quote the whole field")
                }
                if !isQuoted && !wasQuoted { field = "" }
                isQuoted.toggle()
                wasQuoted = true
            } else if isQuoted {
                field.append(character)
                if character.isNewline { line += 1 }
            } else if character == "," {
                endField()
            } else if character.isNewline {
                endRow()
                line += 1
                first = line
            } else if !wasQuoted || !character.isWhitespace {
                field.append(character)
            }
        }
        guard !isQuoted else {
            throw ScoreTableError(description: "line \(first): a quote is not closed")
        }
        endRow()
        return rows
    }
}
