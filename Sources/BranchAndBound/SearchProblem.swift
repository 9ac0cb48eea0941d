public import BoundPropagation
import Evaluation

/// What is to be refuted over one region, and who judges candidates.
public struct SearchProblem: Sendable {
    public var region: RegionBounder
    /// Per disjunct the objectives of its constraints, all of which hold in a counterexample.
    public var disjuncts: [[Objective]]
    /// Tells whether an input, in the order of the lanes, is a counterexample of a disjunct.
    public var confirm: @Sendable (_ point: [Double], _ disjunct: Int) -> Bool
    public var branching = BranchingHeuristic.filtered
    /// Whether refuted subproblems teach clauses. A proof that is written down says of each part by itself why it is
    /// refuted, so then they do not.
    var learnsClauses: Bool { scribe == nil }

    /// Takes the proof down; nil when nobody asked for one.
    public var scribe: ProofScribe?
    /// What proofs call the disjuncts.
    public var disjunctNumbers: [Int] = []

    /// Keeps what is done for neighbours; nil when nobody asked.
    public var trace: SearchTrace?

    /// Subproblems to begin with; nil to begin with the whole region.
    public var start: SearchStart?

    /// What float32 execution may lose, where that matters.
    public var float32: Float32Margin?

    /// A bound of a disjunct's margin above this refutes it, for weights that sum to 1 at most.
    func floor(_ disjunct: Int) -> Double {
        max(proofFloor(disjunct), float32.map { $0.isRequired ? $0.losses[disjunct] : 0 } ?? 0)
    }

    private func proofFloor(_ disjunct: Int) -> Double {
        guard scribe != nil else { return 0 }
        let sizes = disjuncts[disjunct].map { objective in
            objective.outputTerms.reduce(objective.constant.magnitude) {
                $0 + $1.coefficient.magnitude * region.bounds.magnitude(region.plan.output, $1.feature)
            }
        }
        return (sizes.max() ?? 0) * ProofScribe.leastMargin
    }

    public init(
        region: RegionBounder, disjuncts: [[Objective]],
        confirm: @escaping @Sendable (_ point: [Double], _ disjunct: Int) -> Bool
    ) {
        self.region = region
        self.disjuncts = disjuncts
        self.confirm = confirm
    }
}
