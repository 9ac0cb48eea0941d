// Which queries of a network are not worth a search, as those before them showed.
//
// How far the first bounds lie from a proof (`VerificationReport.gap`) says little by itself: some networks' queries are
// proved from a gap of 5, others' end undecided from 0.5 on. Within one network it says nearly all: the gaps that proofs
// began with and those that searches in vain began with hardly overlap.

/// The gaps of one network's queries.
struct GapExperience: Sendable, Equatable {
    /// The largest that was closed.
    private var closed = 0.0
    /// The smallest that were not, in ascending order.
    private var failures: [Double] = []

    /// So many searches have to have failed.
    private static let leastFailures = 4
    /// Proofs may be found from gaps that are larger than any seen by this factor.
    private static let allowance = 1.5

    /// Takes down how a query with that gap ended, after all that is done for one.
    mutating func add(_ gap: Double, isProved: Bool) {
        if isProved {
            closed = max(closed, gap)
        } else {
            failures = Array((failures + [gap]).sorted().prefix(Self.leastFailures))
        }
    }

    /// The gap from which on queries are given up; nil while too little is known.
    var hopeless: Double? {
        failures.count < Self.leastFailures ? nil : max(failures.last!, Self.allowance * closed)
    }
}
