// The violation nearest to a center, in a weighted maximum norm.
//
// Descent in a fixed box asks whether there is a violation; here the box of all lanes shrinks with what is found. It begins
// a little larger than where the margin's linearisation at the center reaches zero (Croce and Hein, "Minimally distorted
// adversarial examples with a fast adaptive boundary attack", ICML 2020). Sign steps in the box follow, in stages of
// falling step size. Whenever a lane meets a nearer violation the box becomes the smaller one, by a share that falls
// with every stage that meets none: a search for the radius by bisection that never begins anew. (Adapting each lane's box
// by itself, as Pintor et al., "Fast minimum-norm adversarial attacks through adaptive norm constraints", NeurIPS 2021,
// leaves most lanes in boxes far too large for so few steps.)

public import Properties

public struct NearestViolationSearch: Sendable {
    public var stages = 8
    public var iterations = 10
    /// How much smaller than the nearest violation the box is at first, and at least.
    public var firstShrinkage: Float = 0.1
    public var leastShrinkage: Float = 0.003
    /// Steps as a share of the box's radius, at the beginning and at the end of a stage.
    public var firstStep: Float = 0.5
    public var lastStep: Float = 0.05
    public var seed: UInt64 = 0
    /// Polled before every step.
    public var isStopped: @Sendable () -> Bool = { false }

    public init() {}

    /// - Parameters:
    ///   - start: a violation to begin with, in the network's order; nil begins at the center.
    /// - Returns: the nearest point met that violates a disjunct as float32 execution has it, in the network's order;
    ///   nil when none does.
    /// - Soundness: none; what is found is a candidate.
    /// - Complexity: a forward and a backward run of the model for each step.
    public func run(
        around surroundings: Surroundings, disjuncts: [Disjunct], model: some LaneModel, start: [Double]? = nil
    ) -> [Double]? {
        guard !disjuncts.isEmpty else { return nil }
        var lanes = ShrinkingLanes(surroundings, disjuncts: disjuncts, model: model, seed: seed)
        var shrinkage = firstShrinkage
        lanes.begin(at: start, shrinkage: shrinkage)
        for stage in 0..<stages {
            if stage > 0 { lanes.scatterHalf(stage) }
            var isNearer = false
            for iteration in 0...iterations {
                if isStopped() { return lanes.nearest }
                if lanes.evaluate(shrinkage: shrinkage) { isNearer = true }
                guard iteration < iterations else { break }
                let part = Float(iteration) / Float(max(1, iterations - 1))
                lanes.step(by: firstStep + (lastStep - firstStep) * part)
            }
            if !isNearer {
                shrinkage = max(leastShrinkage, 0.4 * shrinkage)
                lanes.widen(shrinkage: shrinkage)
            }
        }
        return lanes.nearest
    }
}

/// A center and the boxes around it: radius `r` reaches from `center - r * unit` to `center + r * unit`, but not beyond
/// `lower` and `upper`. All in the network's order of inputs.
public struct Surroundings: Sendable {
    public var center: [Double]
    public var unit: [Double]
    public var lower: [Double]
    public var upper: [Double]

    public init(center: [Double], unit: [Double], lower: [Double], upper: [Double]) {
        (self.center, self.unit, self.lower, self.upper) = (center, unit, lower, upper)
    }
}
