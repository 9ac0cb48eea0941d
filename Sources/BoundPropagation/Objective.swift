// What a lane minimises, beside single neurons: combinations of a property's constraints.

public import Evaluation
import Intervals
public import Properties

/// A constraint's margin with its features in the order of the lanes: `output . Y + input . X + constant`.
public struct Objective: Sendable {
    public struct Term: Sendable {
        public var feature: Int
        public var coefficient: Double
        /// How far the real coefficient may be from it.
        public var radius: Double
    }

    public let outputTerms: [Term]
    public let inputTerms: [Term]
    /// Rounded down.
    public let constant: Double

    public init(_ constraint: LinearConstraint, plan: LanePlan) {
        outputTerms = constraint.outputTerms.map { Self.term($0, plan.outputLayout) }
        inputTerms = constraint.inputTerms.map { Self.term($0, plan.inputLayout) }
        constant = constraint.constant.lower
    }

    private static func term(_ term: LinearConstraint.Term, _ layout: LaneLayout) -> Term {
        let interval = term.coefficient
        let radius = interval.lower == interval.upper ? 0 : (interval.upper - interval.lower).nextUp
        return Term(feature: layout.laneFeature(term.index), coefficient: interval.lower, radius: radius)
    }
}

/// The objective of each lane of a batch: a combination, with weights that are not negative, of objectives that hold
/// together in a counterexample. Its minimum is positive only if no point satisfies them all.
public struct LaneObjectives: Sendable {
    public var rows: [[(weight: Double, objective: Objective)]]

    public init(_ rows: [[(weight: Double, objective: Objective)]]) { self.rows = rows }

    public init(single objectives: [Objective]) { rows = objectives.map { [(1, $0)] } }

    var readsInput: Bool { rows.contains { $0.contains { !$0.objective.inputTerms.isEmpty } } }
}
