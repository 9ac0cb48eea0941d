// What a search over phases did, kept in memory for a neighbour's search to start from.

public import Certificates
import Synchronization

/// The records that a proof would have of a search, as they come, without the slopes: a neighbour finds its own at the
/// root. Nothing is claimed by them. Any thread may add.
public final class SearchTrace: Sendable {
    /// A longer trace is given up: its splits, where they do not matter, would multiply the neighbour's work by as much.
    private static let most = 256

    /// What proofs call the unstable neurons, by slot.
    let neurons: [Int]
    private let taken = Mutex<[ProofRecord]>([])

    public init(neurons: [Int]) { self.neurons = neurons }

    func add(_ record: ProofRecord) {
        taken.withLock { if $0.count <= Self.most { $0.append(record) } }
    }

    /// In the order of their making, which no start depends on; nil when there are none, or too many.
    public var records: [ProofRecord]? {
        taken.withLock { $0.isEmpty || $0.count > Self.most ? nil : $0 }
    }
}
