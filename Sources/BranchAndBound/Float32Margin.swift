import Synchronization

/// Whether what is proved of the real network also holds for float32 execution.
///
/// A disjunct is refuted for every float32 execution where its margin is bounded by more than that may lose. Where a
/// search refutes a part by less, it bounds that part once more in the end.
public struct Float32Margin: Sendable {
    /// Per disjunct the most that float32 execution may take from a constraint's margin.
    public let losses: [Double]
    /// Whether bounds that float32 may undercut count as refutations.
    public let isRequired: Bool
    private let monitor = Monitor()

    private final class Monitor: Sendable {
        let lost = Mutex(Set<Int>())
    }

    public init(losses: [Double], isRequired: Bool) {
        self.losses = losses
        self.isRequired = isRequired
    }

    /// The disjuncts of which it is not known whether float32 execution keeps their refutation.
    public var lost: Set<Int> { monitor.lost.withLock(\.self) }

    func lose(_ disjuncts: some Sequence<Int>) { monitor.lost.withLock { $0.formUnion(disjuncts) } }

    func isLost(_ disjunct: Int) -> Bool { monitor.lost.withLock { $0.contains(disjunct) } }

    /// Whether float32 execution may undercut a bound of a combination of margins, which matters as long as the
    /// disjunct is not lost.
    func undercuts(_ bound: Double, _ disjunct: Int, weight: Double = 1) -> Bool {
        !(bound > losses[disjunct] * max(1, weight)) && !isLost(disjunct)
    }

    /// The same question for bounds that have to exceed the losses.
    var required: Float32Margin { Float32Margin(losses: losses, isRequired: true) }

    /// How many subproblems may be bounded once more for a search of so many.
    static func extraNodes(_ nodes: Int) -> Int { 64 + nodes / 8 }
}
