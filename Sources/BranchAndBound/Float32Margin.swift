import Synchronization

/// Whether what is proved of the real network also holds for float32 execution.
///
/// A disjunct is refuted for every float32 execution where its margin is bounded by more than that may lose. Where a
/// search refutes a part by less, it bounds that part once more in the end.
public struct Float32Margin: Sendable {
    /// Whether bounds that float32 may undercut count as refutations.
    public let isRequired: Bool
    private let monitor: Monitor
    private let improve: (@Sendable () -> Estimate)?

    /// What is known of disjuncts at a higher price.
    public struct Estimate: Sendable {
        /// The most that float32 execution may take from a constraint's margin.
        public var losses: [Double]
        /// The margin at some point of the region, which no bound over the region can exceed.
        public var attained: [Double]

        public init(losses: [Double], attained: [Double]) {
            self.losses = losses
            self.attained = attained
        }
    }

    private final class Monitor: Sendable {
        let lost = Mutex(Set<Int>())
        let losses: Mutex<[Double]>
        let isImproved = Mutex(false)

        init(_ losses: [Double]) { self.losses = Mutex(losses) }
    }

    /// - Parameters:
    ///   - losses: per disjunct the most that float32 execution may take from a constraint's margin.
    ///   - improve: better estimates, asked for when they may matter.
    public init(losses: [Double], isRequired: Bool, improve: (@Sendable () -> Estimate)? = nil) {
        monitor = Monitor(losses)
        self.isRequired = isRequired
        self.improve = improve
    }

    /// Per disjunct the most that float32 execution may take from a constraint's margin, as far as it is known.
    public var losses: [Double] { monitor.losses.withLock(\.self) }

    func loss(_ disjunct: Int) -> Double { monitor.losses.withLock { $0[disjunct] } }

    /// Takes the higher price for smaller losses, once, and gives up the disjuncts that lose more than is attained.
    /// Between rounds only, so that searches can be repeated.
    func tighten() {
        guard let improve,
            monitor.isImproved.withLock({ known in
                defer { known = true }
                return !known
            })
        else { return }
        let better = improve()
        monitor.losses.withLock { $0 = zip($0, better.losses).map { min($0, $1) } }
        let losses = losses
        lose(losses.indices.filter { better.attained[$0] <= losses[$0] })
    }

    /// The disjuncts of which it is not known whether float32 execution keeps their refutation.
    public var lost: Set<Int> { monitor.lost.withLock(\.self) }

    public func lose(_ disjuncts: some Sequence<Int>) { monitor.lost.withLock { $0.formUnion(disjuncts) } }

    func isLost(_ disjunct: Int) -> Bool { monitor.lost.withLock { $0.contains(disjunct) } }

    /// Whether float32 execution may undercut a bound of a combination of margins, which matters as long as the
    /// disjunct is not lost.
    func undercuts(_ bound: Double, _ disjunct: Int, weight: Double = 1) -> Bool {
        !(bound > loss(disjunct) * max(1, weight)) && !isLost(disjunct)
    }

    /// The same question for bounds that have to exceed the losses.
    var required: Float32Margin { Float32Margin(losses: losses, isRequired: true) }

    /// How many subproblems may be bounded once more for a search of so many: many where they cost little.
    static func extraNodes(_ nodes: Int, multiplyAdds: Int) -> Int {
        min(64, 100_000_000 / max(1, multiplyAdds)) + nodes / 8
    }
}
