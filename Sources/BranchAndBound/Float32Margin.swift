import Synchronization

/// Whether what is proved of the real network also holds for float32 execution.
///
/// A disjunct is refuted for every float32 execution where its margin is bounded by more than that may lose.
public struct Float32Margin: Sendable {
    /// Per disjunct the most that float32 execution may take from a constraint's margin.
    public var losses: [Double]
    /// Whether bounds that float32 may undercut count as refutations.
    public var isRequired: Bool
    private let monitor: Monitor

    private final class Monitor: Sendable {
        let isUndercut = Atomic<Bool>(false)
    }

    public init(losses: [Double], isRequired: Bool) {
        self.losses = losses
        self.isRequired = isRequired
        monitor = Monitor()
    }

    /// The same for some of the disjuncts, watching them together.
    public func restricted(to disjuncts: [Int]) -> Float32Margin {
        var result = self
        result.losses = disjuncts.map { losses[$0] }
        return result
    }

    /// Whether every refutation so far holds in float32 as well.
    public var holds: Bool { !monitor.isUndercut.load(ordering: .relaxed) }

    /// A disjunct was refuted, on some part of the region, by this bound of a combination of its margins.
    func see(_ bound: Double, _ disjunct: Int, weight: Double = 1) {
        if !(bound > losses[disjunct] * max(1, weight)) { undercut() }
    }

    func undercut() { monitor.isUndercut.store(true, ordering: .relaxed) }
}
