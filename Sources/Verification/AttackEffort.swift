/// How long to look for a counterexample by gradient descent.
enum AttackEffort {
    /// Before anything is bounded: enough for the violations that lie open.
    case quick
    /// Once the root bounds did not decide.
    case thorough
}
