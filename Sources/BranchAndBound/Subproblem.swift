/// One more fixed phase on the path from the root; shared by everything below it.
final class NeuronSplit: Sendable {
    let slot: Int32
    /// 1: preactivation >= 0; -1: <= 0.
    let phase: Float
    let parent: NeuronSplit?
    let depth: Int

    init(slot: Int32, phase: Float, parent: NeuronSplit?) {
        self.slot = slot
        self.phase = phase
        self.parent = parent
        depth = (parent?.depth ?? 0) + 1
    }
}

extension NeuronSplit? {
    /// The splits from the root to here.
    var path: [(slot: Int32, phase: Float)] {
        var path: [(slot: Int32, phase: Float)] = []
        var split = self
        while let step = split {
            path.append((step.slot, step.phase))
            split = step.parent
        }
        return path.reversed()
    }
}

/// Slopes and split multipliers by slot, as ascent left them; shared by a parent's two children.
final class ParameterBlock: Sendable {
    let values: [Float]
    init(_ values: [Float]) { self.values = values }
}

/// A part of the region, by the phases on its path, and one disjunct to refute there.
struct Subproblem: Comparable, LaneContent, Sendable {
    var disjunct: Int
    /// A certified lower bound, from this subproblem's parent.
    var bound: Double
    var splits: NeuronSplit?
    var parameters: ParameterBlock?
    /// The combination of the disjunct's constraints that the parent found best; empty: not chosen yet.
    var weights: [Double]
    /// How many splits on the path, newest first, the parent's parameters know nothing of.
    var freshSplits = 1
    /// Breaks ties in order of creation, for reproducible runs.
    var number: Int

    static func < (a: Subproblem, b: Subproblem) -> Bool {
        a.bound != b.bound ? a.bound < b.bound : a.number < b.number
    }

    static func == (a: Subproblem, b: Subproblem) -> Bool { a.number == b.number }
}
