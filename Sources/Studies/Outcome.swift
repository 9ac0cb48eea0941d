/// How a query of a study ended. Six outcomes, never merged.
public enum Outcome: String, Codable, Sendable, CaseIterable {
    /// Proved: no input of the property's regions violates it.
    case holds
    /// A counterexample was confirmed.
    case violated
    /// Undecided within a budget other than time.
    case unknown
    /// Undecided within the time.
    case timeout
    /// The query could not be decided at all: its files are at fault, or its worker died.
    case error
    /// The network gives the image itself another class than its label.
    case misclassified

    /// As verifiers of VNN-LIB properties say it.
    public var word: String {
        switch self {
        case .holds: "unsat"
        case .violated: "sat"
        case .unknown, .timeout, .error, .misclassified: rawValue
        }
    }
}

/// What became of one query.
public struct QueryResult: Codable, Sendable, Equatable {
    public var outcome: Outcome
    /// Why it was not decided.
    public var reason: String?
    /// Wall time of the query in its worker: reading and deciding.
    public var seconds = 0.0
    public var readSeconds = 0.0
    public var attackSeconds = 0.0
    public var boundSeconds = 0.0
    public var searchSeconds = 0.0
    public var nodes = 0
    public var open = 0
    /// The lowest proven lower bound of a margin, where there is one.
    public var worstBound: Double?
    public var neurons = 0
    public var unstableNeurons = 0
    /// Resident memory of the worker when the query ended, in bytes.
    public var memory = 0
    /// The counterexample in VNN-LIB form.
    public var witness: String?
    /// The class that the network gives a misclassified image.
    public var predicted: Int?
    public var warnings: [String] = []
    /// The certificate's file.
    public var certificate: String?
    /// What a sweep notes of it.
    var details: SweepDetails?

    public init(outcome: Outcome, reason: String? = nil) {
        self.outcome = outcome
        self.reason = reason
    }
}
