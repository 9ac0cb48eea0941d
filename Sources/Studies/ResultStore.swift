// The results of a batch, in an SQLite database. Each result is one transaction in the write-ahead log: what was
// reported as finished survives a crash of the program; after a loss of power the last results may be missing, and are
// found again, but nothing is corrupted.

internal import Foundation
internal import GRDB
internal import Glibc

public final class ResultStore {
    public let path: String
    private let database: DatabaseQueue
    private let lock: Int32

    /// A stored result and what it speaks of.
    public struct Row: Sendable {
        public var key: String
        public var category: String
        public var network: String
        public var property: String
        public var fingerprint: Fingerprint
        public var timeout: Double?
        public var result: QueryResult
    }

    /// Opens or makes the store.
    ///
    /// - Throws: when the file is no store, was written by a later version, or another batch is writing to it.
    public init(path: String) throws(StudyError) {
        self.path = path
        lock = try Self.locked(path)
        do {
            var configuration = Configuration()
            configuration.journalMode = .wal
            configuration.busyMode = .timeout(10)
            database = try DatabaseQueue(path: path, configuration: configuration)
            try database.write(Self.prepare)
        } catch {
            _ = close(lock)
            throw Self.explained(error, path: path)
        }
    }

    deinit {
        _ = try? database.close()
        _ = unlink(path + "-lock")
        _ = close(lock)
    }

    /// Holds the file beside the store that stands for the right to write to it.
    private static func locked(_ path: String) throws(StudyError) -> Int32 {
        while true {
            let lock = Glibc.open(path + "-lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard lock >= 0 else {
                throw StudyError("\(path): \(String(cString: strerror(errno))); choose another --store")
            }
            guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
                _ = close(lock)
                throw StudyError(
                    "\(path): another batch is writing to it; wait for its end or choose another --store")
            }
            // Its last owner may have taken the file away between the two calls.
            var (mine, current) = (stat(), stat())
            if fstat(lock, &mine) == 0, stat(path + "-lock", &current) == 0, mine.st_ino == current.st_ino {
                return lock
            }
            _ = close(lock)
        }
    }

    private static let schemaVersion = 2

    private static func prepare(_ database: Database) throws {
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard version <= schemaVersion else {
            throw StudyError("the store has format \(version), this program knows \(schemaVersion); use a newer one")
        }
        if version == 0 { try makeTables(database) }
        if version < 2 { try addSweeps(database) }
    }

    /// What sweeps keep: how results came about, and records of networks, radii, and the sweep itself.
    private static func addSweeps(_ database: Database) throws {
        try database.execute(
            sql: """
                ALTER TABLE results ADD COLUMN details TEXT;
                CREATE TABLE records (kind TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL, UNIQUE (kind, key));
                PRAGMA user_version = \(schemaVersion);
                """)
    }

    private static func makeTables(_ database: Database) throws {
        guard try !database.tableExists("sqlite_sequence"),
            try Int.fetchOne(
                database, sql: "SELECT count(*) FROM sqlite_master") == 0
        else { throw StudyError("the database belongs to something else; choose another --store") }
        try database.execute(
            sql: """
                CREATE TABLE results (
                    key TEXT NOT NULL, category TEXT NOT NULL, network TEXT NOT NULL, property TEXT NOT NULL,
                    network_digest TEXT NOT NULL, property_digest TEXT NOT NULL, options TEXT NOT NULL,
                    version TEXT NOT NULL, timeout REAL, outcome TEXT NOT NULL, reason TEXT, seconds REAL NOT NULL,
                    read_seconds REAL NOT NULL, attack_seconds REAL NOT NULL, bound_seconds REAL NOT NULL,
                    search_seconds REAL NOT NULL, nodes INTEGER NOT NULL, open INTEGER NOT NULL, worst_bound REAL,
                    neurons INTEGER NOT NULL, unstable_neurons INTEGER NOT NULL, memory INTEGER NOT NULL,
                    witness TEXT, predicted INTEGER, warnings TEXT, certificate TEXT, finished TEXT NOT NULL,
                    UNIQUE (key, network_digest, property_digest, options, version));
                PRAGMA user_version = 1;
                """)
    }

    /// Adds a result in a transaction of its own, in the place of an earlier one of the same query.
    ///
    /// - Throws: when it cannot be written, such as on a full disk; the store stays as it was.
    public func add(_ row: Row) throws(StudyError) {
        do {
            try database.write { try Self.insert(row, into: $0) }
        } catch {
            throw Self.explained(error, path: path)
        }
    }

    static func insert(_ row: Row, into database: Database) throws {
        let result = row.result
        let statement = try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO results VALUES (" + Array(repeating: "?", count: 28).joined(separator: ",")
                + ")")
        try statement.execute(
            arguments: [
                row.key, row.category, row.network, row.property, row.fingerprint.network, row.fingerprint.property,
                row.fingerprint.options, row.fingerprint.version, row.timeout, result.outcome.rawValue, result.reason,
                result.seconds, result.readSeconds, result.attackSeconds, result.boundSeconds, result.searchSeconds,
                result.nodes, result.open, result.worstBound, result.neurons, result.unstableNeurons, result.memory,
                result.witness, result.predicted,
                result.warnings.isEmpty ? nil : result.warnings.joined(separator: "\n"), result.certificate,
                Date.now.formatted(.iso8601),
                try result.details.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) },
            ])
    }

    /// Takes away the results with the outcome, so that their queries run again.
    public func forget(_ outcomes: [Outcome]) throws(StudyError) {
        do {
            try database.write { database in
                for outcome in outcomes {
                    try database.execute(sql: "DELETE FROM results WHERE outcome = ?", arguments: [outcome.rawValue])
                }
            }
        } catch {
            throw Self.explained(error, path: path)
        }
    }

    /// Takes away one result, so that its query runs again.
    func forget(key: String, fingerprint: Fingerprint) throws(StudyError) {
        do {
            try database.write { database in
                try database.execute(
                    sql: """
                        DELETE FROM results
                        WHERE key = ? AND network_digest = ? AND property_digest = ? AND options = ? AND version = ?
                        """,
                    arguments: [
                        key, fingerprint.network, fingerprint.property, fingerprint.options, fingerprint.version,
                    ])
            }
        } catch {
            throw Self.explained(error, path: path)
        }
    }

    /// How many results there are, whatever they speak of.
    public func count() throws(StudyError) -> Int {
        do {
            return try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM results") ?? 0 }
        } catch {
            throw Self.explained(error, path: path)
        }
    }

    /// The result of the query, if it speaks of just that content.
    public func result(key: String, fingerprint: Fingerprint) throws(StudyError) -> QueryResult? {
        do {
            return try database.read { database in
                let statement = try database.cachedStatement(
                    sql: """
                        SELECT * FROM results
                        WHERE key = ? AND network_digest = ? AND property_digest = ? AND options = ? AND version = ?
                        """)
                return try SQLRow.fetchOne(
                    statement,
                    arguments: [
                        key, fingerprint.network, fingerprint.property, fingerprint.options, fingerprint.version,
                    ]
                ).map { Self.row($0).result }
            }
        } catch {
            throw Self.explained(error, path: path)
        }
    }

    /// Every result, in the order in which they came.
    public func visit(_ body: (Row) throws -> Void) throws(StudyError) {
        do {
            try database.read { database in
                let cursor = try SQLRow.fetchCursor(database, sql: "SELECT * FROM results ORDER BY rowid")
                while let row = try cursor.next() { try body(Self.row(row)) }
            }
        } catch {
            throw Self.explained(error, path: path)
        }
    }

    /// Replaces what a sweep notes of a result.
    func note(_ details: SweepDetails, key: String, fingerprint: Fingerprint) throws(StudyError) {
        do {
            let json = String(decoding: try JSONEncoder().encode(details), as: UTF8.self)
            try database.write { database in
                try database.execute(
                    sql: """
                        UPDATE results SET details = ?
                        WHERE key = ? AND network_digest = ? AND property_digest = ? AND options = ? AND version = ?
                        """,
                    arguments: [
                        json, key, fingerprint.network, fingerprint.property, fingerprint.options, fingerprint.version,
                    ])
            }
        } catch {
            throw Self.explained(error, path: path)
        }
    }

    /// Keeps a value, in the place of an earlier one of the same kind and key.
    func keep(_ value: some Encodable, kind: String, key: String) throws(StudyError) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            let json = String(decoding: try encoder.encode(value), as: UTF8.self)
            try database.write {
                try $0.execute(sql: "INSERT OR REPLACE INTO records VALUES (?, ?, ?)", arguments: [kind, key, json])
            }
        } catch {
            throw Self.explained(error, path: path)
        }
    }

    /// All values of a kind, by key.
    func kept<Value: Decodable>(kind: String) throws(StudyError) -> [String: Value] {
        do {
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            return try database.read { database in
                var values: [String: Value] = [:]
                let rows = try SQLRow.fetchCursor(
                    database, sql: "SELECT key, json FROM records WHERE kind = ?", arguments: [kind])
                while let row = try rows.next() {
                    values[row["key"]] = try decoder.decode(Value.self, from: Data((row["json"] as String).utf8))
                }
                return values
            }
        } catch {
            throw Self.explained(error, path: path)
        }
    }

    private typealias SQLRow = GRDB.Row

    private static func row(_ row: SQLRow) -> Row {
        var result = QueryResult(outcome: Outcome(rawValue: row["outcome"]) ?? .error, reason: row["reason"])
        result.seconds = row["seconds"]
        result.readSeconds = row["read_seconds"]
        result.attackSeconds = row["attack_seconds"]
        result.boundSeconds = row["bound_seconds"]
        result.searchSeconds = row["search_seconds"]
        result.nodes = row["nodes"]
        result.open = row["open"]
        result.worstBound = row["worst_bound"]
        result.neurons = row["neurons"]
        result.unstableNeurons = row["unstable_neurons"]
        result.memory = row["memory"]
        result.witness = row["witness"]
        result.predicted = row["predicted"]
        result.warnings = (row["warnings"] as String?)?.split(separator: "\n").map(String.init) ?? []
        result.certificate = row["certificate"]
        result.details = (row["details"] as String?).flatMap {
            try? JSONDecoder().decode(SweepDetails.self, from: Data($0.utf8))
        }
        let fingerprint = Fingerprint(
            network: row["network_digest"], property: row["property_digest"], options: row["options"],
            version: row["version"])
        return Row(
            key: row["key"], category: row["category"], network: row["network"], property: row["property"],
            fingerprint: fingerprint, timeout: row["timeout"], result: result)
    }

    private static func explained(_ error: any Error, path: String) -> StudyError {
        switch error {
        case let error as StudyError: return StudyError("\(path): \(error.description)")
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL:
            return StudyError(
                "\(path): the disk is full; what was stored is safe: free some space and go on with --resume")
        case let error as DatabaseError where error.resultCode == .SQLITE_NOTADB:
            return StudyError("\(path): no SQLite database; choose another --store")
        case let error as DatabaseError where error.resultCode == .SQLITE_IOERR:
            return StudyError(
                "\(path): \(error.message ?? "input/output error"); see whether the disk is full, and go on with --resume"
            )
        case let error as DatabaseError: return StudyError("\(path): \(error.message ?? "\(error)")")
        default: return StudyError("\(path): \(error)")
        }
    }
}
