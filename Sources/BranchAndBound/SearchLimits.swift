/// What a search may spend, and how it is told to stop.
public struct SearchLimits: Sendable {
    public var deadline: ContinuousClock.Instant?
    /// The search ends with `.stopped` after the round in which it has handled this many subproblems. A count, not a
    /// time, so that runs can be repeated.
    public var softNodes = Int.max
    public var threads = 1
    public var maxNodes = Int.max
    /// Bytes that open subproblems may hold.
    public var memory = Int.max
    /// Whether node minimisers are tried as counterexamples.
    public var triesMinimisers = true
    /// Whether a search over phases ends once it is clear that it will not end in time.
    public var givesUp = false
    public var isCancelled: @Sendable () -> Bool = { false }

    public init() {}

    /// Seconds until the deadline.
    var remaining: Double { deadline.map { max(0, ($0 - ContinuousClock.now) / .seconds(1)) } ?? .infinity }

    /// Why a search must end; nil when it may go on.
    ///
    /// - Parameters:
    ///   - open: how many subproblems wait, and the bytes of each.
    func exhausted(nodes: Int, open: Int, bytesEach: Int) -> String? {
        if nodes >= maxNodes { return "the limit of \(maxNodes) subproblems was reached" }
        return open * bytesEach > memory ? "the memory limit was reached with \(open) open subproblems" : nil
    }

    public var isOver: Bool { isCancelled() || deadline.map { ContinuousClock.now >= $0 } ?? false }
}

/// How a search over one region ended.
public enum SearchOutcome: Sendable {
    /// No point of the region satisfies any disjunct.
    case proved
    /// A confirmed counterexample was found; the caller's `confirm` has it.
    case violated
    /// The deadline passed or the caller cancelled.
    case stopped
    case exhausted(reason: String)
    /// There is time left, but not enough by far.
    case hopeless(reason: String)

    public var isProof: Bool { if case .proved = self { true } else { false } }
}

/// How far a search is.
public struct SearchStatus: Sendable {
    public var nodes = 0
    public var open = 0
    /// The least certified bound of a margin among what is open.
    public var worstBound = Double.infinity

    public init() {}
}
