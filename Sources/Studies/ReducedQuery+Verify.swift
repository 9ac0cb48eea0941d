// How a VNN-LIB 2.0 query gets its answer: two networks of the same inputs by bounds of their difference first, and whatever
// that leaves open by the search on their product.

internal import Comparison
internal import Glibc
public import NetworkQueries
internal import Networks
internal import Properties
public import Verification

/// Decides the reduction of a VNN-LIB 2.0 query within the options' budgets.
///
/// - Parameter query: of the reduction's network and property.
/// - Soundness: as of `verify`; bounds of differences answer for real numbers only, and are not asked where a proof is to be
///   written or executions in a floating-point format count.
public func verify(
    _ reduced: ReducedQuery, as query: Query, options: VerificationOptions,
    progress: @escaping @Sendable (VerificationProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
) -> VerificationReport {
    if let objection = reduced.objection { return VerificationReport(verdict: .unknown(reason: objection)) }
    var options = options
    options.executionFormat = reduced.format
    guard let search = PairedSearch(reduced, options) else {
        return verify(query, options: options, progress: progress, isCancelled: isCancelled)
    }
    let start = ContinuousClock.now
    var report = search.run(progress, isCancelled)
    switch report.verdict {
    case .holds, .violated: return report
    case .unknown, .timeout: break
    }
    let spent = seconds(since: start)
    options.timeout = max(0, options.timeout - spent)
    let nodes = report.nodes
    if options.maxNodes < .max { options.maxNodes = max(1, options.maxNodes - nodes) }
    report = verify(query, options: options, progress: progress, isCancelled: isCancelled)
    report.nodes += nodes
    report.searchSeconds += spent
    return report
}

/// The search by bounds of differences.
private struct PairedSearch {
    private let comparison: Comparison
    private let reduced: ReducedQuery
    private let options: VerificationOptions

    /// What of the time goes to boxes before the product network gets the rest, and the most seconds.
    private static let share = 0.4
    private static let mostSeconds = 60.0

    /// Moving inputs times neurons that one look at a region may take.
    private static let mostWork = 20_000_000

    /// - Returns: nil where the query is not of two networks of one structure and the same inputs, or asks for more than a
    ///   verdict about real numbers.
    init?(_ reduced: ReducedQuery, _ options: VerificationOptions) {
        guard let pair = reduced.pair, reduced.format == nil, !options.requiresFloat32, options.recorder == nil,
            options.start == nil, options.attack, !reduced.property.disjuncts.isEmpty,
            !reduced.property.regions.contains(where: \.isCertainlyEmpty),
            reduced.network.inputCount * reduced.network.nodes.map(\.count).reduce(0, +) <= Self.mostWork,
            let networks = try? NetworkPair(dense: pair.first, pruned: pair.second), networks.alignment != nil
        else { return nil }
        comparison = Comparison(networks)
        self.reduced = reduced
        self.options = options
    }

    func run(
        _ progress: @escaping @Sendable (VerificationProgress) -> Void, _ isCancelled: @escaping @Sendable () -> Bool
    ) -> VerificationReport {
        let start = ContinuousClock.now
        var limits = ComparisonLimits()
        limits.deadline = start + .seconds(min(Self.mostSeconds, options.timeout * Self.share))
        limits.threads = options.threads
        limits.isCancelled = isCancelled
        limits.maxBoxes = options.maxNodes
        let found = comparison.decide(reduced.property, limits: limits, seed: options.seed) { status in
            progress(
                VerificationProgress(
                    phase: "differences", nodes: status.boxes, open: status.open, worstBound: -status.certified,
                    seconds: seconds(since: start)))
        }
        var report = VerificationReport(verdict: found.verdict)
        report.nodes = found.boxes
        report.open = found.open
        report.searchSeconds = seconds(since: start)
        return report
    }
}
