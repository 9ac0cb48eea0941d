internal import Glibc
public import Properties
internal import RandomNumbers

/// Searches a box for a point that violates a property, by sign gradient descent from random starts (Madry et
/// al., "Towards deep learning models resistant to adversarial attacks", 2018), one start per lane.
///
/// Each lane descends on the margin of one disjunct, by a step of a fixed share of the box's width in every
/// coordinate; the share falls geometrically from the first to the last iteration. Every point met is judged
/// for all disjuncts, whichever its lane aims at. The first round shares the lanes equally; later rounds give
/// half of them to the disjuncts that came closest so far.
///
/// What goes beyond the plain method is where later rounds start: every other lane hops to near the last
/// round's best point, at one of four distances. Of the 25 violated ACAS Xu properties, ten rounds refute 21
/// with it and 19.5 without, 32 rounds 23 and 20.3 (means over several seeds).
///
/// The same options and model give the same search, up to where `isStopped` ends it.
///
/// - Soundness: none needed: what is found is a candidate, and the caller's `accept` decides.
public struct ProjectedGradientDescent: Sendable {
    /// Starts per lane.
    public var rounds = 12
    public var iterations = 25
    /// Steps as a share of the box's width.
    public var firstStep = 0.25
    public var lastStep = 0.004
    public var seed: UInt64 = 0
    /// The most candidates shown to `accept` in a round; each costs an evaluation rounded outward.
    public var candidatesPerRound = 8
    /// A margin up to this share of the largest output's magnitude still makes the best point a candidate at
    /// the end of a round: float32 may be wrong about its sign.
    public var tolerance: Float = 1e-5
    /// Polled before every iteration.
    public var isStopped: @Sendable () -> Bool = { false }

    public init() {}

    public struct Outcome: Sendable {
        /// Whether a candidate was accepted.
        public var isFound = false
        /// The smallest margin met for each disjunct, as float32 execution has it.
        public var leastMargins: [Float]
        /// Lanes started.
        public var starts = 0
    }

    /// - Parameters:
    ///   - region: not empty.
    ///   - disjuncts: those of the property that speak of this region.
    ///   - accept: told a point in the network's own order and the index of a disjunct it seems to satisfy;
    ///     true ends the search.
    public func run(
        region: InputRegion, disjuncts: [Disjunct], model: some LaneModel,
        accept: (_ candidate: [Double], _ disjunct: Int) -> Bool
    ) -> Outcome {
        var outcome = Outcome(leastMargins: disjuncts.map { _ in .infinity })
        guard !disjuncts.isEmpty else { return outcome }
        var batch = DescentBatch(region: region, disjuncts: disjuncts, model: model)
        var generator = SplitMix64(seed: seed)
        for round in 0..<rounds {
            if isStopped() { break }
            batch.start(
                aims: aims(round: round, outcome.leastMargins, lanes: model.laneCount), &generator)
            outcome.starts += model.laneCount
            outcome.isFound = descend(&batch, accept)
            outcome.leastMargins = batch.best.map(\.margin)
            if outcome.isFound { break }
        }
        return outcome
    }

    /// One round; true once a candidate is accepted.
    private func descend<Model>(
        _ batch: inout DescentBatch<Model>, _ accept: ([Double], Int) -> Bool
    ) -> Bool {
        var candidatesLeft = candidatesPerRound
        let decay = iterations > 1 ? pow(lastStep / firstStep, 1 / Double(iterations - 1)) : 1
        var step = firstStep
        for iteration in 0...iterations {
            if isStopped() { return false }
            for index in batch.evaluate() where batch.best[index].margin <= 0 && candidatesLeft > 0 {
                candidatesLeft -= 1
                if accept(batch.candidate(index), index) { return true }
            }
            if iteration < iterations { batch.step(by: Float(step)) }
            step *= decay
        }
        let nearest = batch.best.indices.min { batch.best[$0].margin < batch.best[$1].margin }!
        let margin = batch.best[nearest].margin
        guard margin > 0, margin <= tolerance * batch.largestOutput else { return false }
        return accept(batch.candidate(nearest), nearest)
    }

    /// The disjunct each lane descends on.
    private func aims(round: Int, _ margins: [Float], lanes: Int) -> [Int] {
        let all = (0..<lanes).map { ($0 + round * lanes) % margins.count }
        guard round > 0 else { return all }
        let ranked = margins.indices.sorted { margins[$0] < margins[$1] }
        return all.enumerated().map { lane, aim in
            // Half of the lanes to the closest, half of the rest to the second, and so on; every other lane
            // to all.
            lane % 2 == 0 ? aim : ranked[min(((lane + 1) / 2).trailingZeroBitCount, ranked.count - 1)]
        }
    }
}
