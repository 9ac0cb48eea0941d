public import BranchAndBound
public import Certificates
public import Intervals
public import Properties

/// Budgets and switches of one verification.
public struct VerificationOptions: Sendable {
    /// Seconds from the call's start; honoured within 0.5 s.
    public var timeout: Double = .infinity
    public var threads = 2
    public var seed: UInt64 = 0
    /// Stop with `.unknown` after this many subproblems.
    public var maxNodes = Int.max
    /// Stop with `.unknown` once it is clear that the search will not end within the timeout.
    public var givesUp = false
    /// Stop with `.unknown` where the first bounds leave at least this gap (`VerificationReport.gap`) and no counterexample
    /// is found at once: for callers who know what similar queries were decided from.
    public var hopelessGap = Double.infinity
    /// Bytes the search may hold; reaching it gives `.unknown`.
    public var memoryLimit = 4 << 30
    /// How a search over phases chooses the neuron to split.
    public var branching = BranchingHeuristic.filtered
    /// Off: no counterexample search and no test of node minimisers; a violated property then ends `.unknown`.
    public var attack = true
    /// Off: no gradient descent, for callers who have searched themselves; minimisers of subproblems are still tested.
    public var descends = true
    /// Whether the report is to say what a proof is worth for float32 execution, where that can be told cheaply.
    public var reportsFloat32 = true
    /// Prove the property of every float32 execution, not only of the real-valued network.
    public var requiresFloat32 = false
    /// Answer for every execution in this format, and on its numbers: neither verdict is given of the real network only.
    public var executionFormat: FloatFormat?
    /// Takes the proof of a property that holds down, complete when the verdict is `.holds`.
    public var recorder: ProofRecorder?
    /// Bounds to begin with, from the report of a query of the same prepared network over a larger region. They are
    /// left aside where a proof is taken down, which has to say how each bound is found.
    public var known: KnownBounds?

    /// A proof to start the search from: of a neighbouring network, another epsilon, or of this query, cut short. It
    /// changes what is done, never what is true: all of it is bounded anew.
    public var start: [ProofRecord]?

    /// Whether the report is to have what a neighbour's search can start from.
    public var keepsTrace = false

    public init() {}
}

/// Where a running verification stands.
public struct VerificationProgress: Sendable {
    public var phase: String
    public var nodes: Int
    public var open: Int
    public var worstBound: Double
    public var seconds: Double

    public init(phase: String, nodes: Int, open: Int, worstBound: Double, seconds: Double) {
        self.phase = phase
        self.nodes = nodes
        self.open = open
        self.worstBound = worstBound
        self.seconds = seconds
    }
}

extension VerificationOptions {
    /// The format whose executions a proof has to cover; nil when none.
    var requiredFormat: FloatFormat? { executionFormat ?? (requiresFloat32 ? .float32 : nil) }
}

/// Whether a proof covers float32 execution in any order of its sums (or float64 execution, when that was asked about).
public struct Float32Report: Sendable {
    /// The most that such execution may take from a constraint's margin, over the regions.
    public var rounding: Double
    /// Whether the proven margins exceed it everywhere.
    public var holds: Bool
}

/// A verdict and how it came about.
public struct VerificationReport: Sendable {
    public var verdict: Verdict
    /// Things the user should know although the verdict stands, such as an empty input region.
    public var warnings: [String] = []
    /// Seconds spent in the counterexample search, the root bounds, and the branch and bound.
    public var attackSeconds = 0.0
    public var boundSeconds = 0.0
    public var searchSeconds = 0.0
    public var nodes = 0
    public var open = 0
    /// How far from a proof the first bounds of all neurons are: the distance of a disjunct's bound below zero, as a
    /// multiple of the range over the region of the linear function that is the bound; the largest. Nil where they decide,
    /// or inputs were split.
    public var gap: Double?
    /// Whether the search was given up with time left.
    public var isGivenUp = false
    /// The lowest proven lower bound of a margin over what is still open (or at the root when nothing is).
    public var worstBound: Double?
    public var neurons = 0
    public var unstableNeurons = 0
    /// Of regions that were proved; nil when float32 rounding was not bounded, as for large networks unless required.
    public var float32: Float32Report?
    /// What was found out about the neurons over the property's last region.
    public var bounds: KnownBounds?

    /// How many subproblems came from the proof that was given to start from.
    public var givenSubproblems = 0
    /// The last search over phases of each region, for `VerificationOptions.start` of a neighbour; nil when there was
    /// none, or nobody asked.
    public var trace: [ProofRecord]?

    public init(verdict: Verdict) { self.verdict = verdict }
}

/// Decides the query within the options' budgets.
///
/// - Parameters:
///   - progress: called between rounds of the search, on the calling thread.
///   - isCancelled: polled; once true the verification ends soon with `.unknown`.
/// - Soundness: `.holds` rests on float64 passes that paid for their rounding, `.violated` on an outward-rounded
///   evaluation of the network at the witness; nothing else gives a verdict.
public func verify(
    _ query: Query, options: VerificationOptions,
    progress: @escaping @Sendable (VerificationProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
) -> VerificationReport {
    let run = VerificationRun(query, options: options, progress: progress, isCancelled: isCancelled)
    return run.decide()
}
