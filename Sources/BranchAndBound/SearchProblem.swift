public import BoundPropagation

/// What is to be refuted over one region, and who judges candidates.
public struct SearchProblem: Sendable {
    public var region: RegionBounder
    /// Per disjunct the objectives of its constraints, all of which hold in a counterexample.
    public var disjuncts: [[Objective]]
    /// Tells whether an input, in the order of the lanes, is a counterexample of a disjunct.
    public var confirm: @Sendable (_ point: [Double], _ disjunct: Int) -> Bool
    public var branching = BranchingHeuristic.filtered

    public init(
        region: RegionBounder, disjuncts: [[Objective]],
        confirm: @escaping @Sendable (_ point: [Double], _ disjunct: Int) -> Bool
    ) {
        self.region = region
        self.disjuncts = disjuncts
        self.confirm = confirm
    }
}
