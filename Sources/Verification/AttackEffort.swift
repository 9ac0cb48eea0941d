public import Properties

/// How long to look for a counterexample by gradient descent.
public enum AttackEffort: Sendable {
    /// Before anything is bounded: enough for the violations that lie open.
    case quick
    /// Once the root bounds did not decide.
    case thorough
}

/// Looks for a counterexample, without any attempt at a proof.
///
/// - Returns: nil where none was found, which says nothing about the property.
/// - Soundness: a counterexample was confirmed by an evaluation rounded outward, or exactly.
public func findCounterexample(
    _ query: Query, effort: AttackEffort, options: VerificationOptions,
    isCancelled: @escaping @Sendable () -> Bool = { false }
) -> Counterexample? {
    let run = VerificationRun(query, options: options, progress: { _ in }, isCancelled: isCancelled)
    return run.falsify(effort: effort)
}
