/// What one query of a sweep can take over from others. Nothing here is trusted: a proof holds on the network at hand,
/// and a counterexample is confirmed on it.
public enum Reuse: String, Codable, Sendable, CaseIterable {
    /// Proved at a larger radius, or refuted at a smaller one, of the same network and image.
    case epsilons
    /// A counterexample of another network.
    case counterexamples
    /// The search begins with the splits of a neighbour's proof: the same network at another radius, or another network.
    case proofs
    /// The search begins with bounds of neurons that were proved at a larger radius.
    case bounds
    /// Proved because the network that this one was pruned from is, by more than pruning can have taken.
    case margins
    /// Given up at once, where first bounds lie farther from a proof than those of the same network's queries that were
    /// proved, and of several that were searched in vain; where queries may be given up.
    case failures

    /// What is on unless the sweep's file says otherwise. Margins pay where networks are pruned a little and not trained
    /// again; where most of what is tried does not carry over, trying costs more than it saves. A proof's splits pay
    /// where networks are alike: splits that do not matter for the network at hand multiply its work.
    public static let usual = Set(allCases).subtracting([.margins, .proofs])
}

/// What a sweep notes of a query beside its result.
struct SweepDetails: Codable, Sendable, Equatable {
    var origin = SweepQuery.Origin.computed
    /// The network that a counterexample or a proof came from.
    var source: String?
    var cleanMargin: Double?
    var attackedMargin: Double?
    var adversarialClass: Int?
    /// How far from a proof the search began: `VerificationReport.gap`.
    var gap: Double?
    /// Before any search, where it was measured.
    var rootBound: Double?
    var unstableByLayer: [SweepLayer]?
    /// All neurons, where the unstable ones were counted.
    var layers: [SweepLayer]?
}
