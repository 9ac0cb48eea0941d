// What mutations came to.

struct Tally {
    var kinds: [String: (tried: Int, rejected: Int)] = [:]
    /// Accepted although the proof is broken.
    var faults = 0

    var text: String {
        let tried = kinds.values.reduce(0) { $0 + $1.tried }
        let rejected = kinds.values.reduce(0) { $0 + $1.rejected }
        return "\(tried) mutations, \(rejected) rejected, \(tried - rejected) still proofs, \(faults) faults"
    }

    mutating func add(_ name: String, isRejected: Bool) {
        kinds[name, default: (0, 0)].tried += 1
        if isRejected { kinds[name]!.rejected += 1 }
    }

    mutating func add(_ other: Tally) {
        for (name, counts) in other.kinds {
            kinds[name, default: (0, 0)].tried += counts.tried
            kinds[name]!.rejected += counts.rejected
        }
        faults += other.faults
    }
}
