// Proofs that carry over from a dense network to what pruning made of it: where the dense network's margins over a region
// are proved to be larger than anything that pruning can have taken from them, the pruned one needs no proof of its own.
// The dense network is bounded once for all networks that were pruned from it; for each of those it takes one pass over
// the difference.

internal import Comparison
internal import Intervals
internal import Networks
internal import Properties
internal import Synchronization
internal import Verification

/// The dense network of a seed, and its margins over the regions asked about so far.
final class DenseMargins: Sendable {
    let network: PreparedNetwork
    /// What messages and results call it.
    let name: String
    private let known = Mutex<[Key: Double?]>([:])

    struct Key: Hashable {
        var image: Int
        /// The radius's place in the list.
        var epsilon: Int
    }

    init(_ network: PreparedNetwork, name: String) {
        self.network = network
        self.name = name
    }

    /// A lower bound of all margins, from bounds alone; nil where there is none.
    ///
    /// - Soundness: that of `looseness(of:)`.
    func lowest(_ property: Property, _ key: Key) -> Double? {
        if let margin = known.withLock({ $0[key] }) { return margin }
        let margin = (try? Query(network: network, property: property)).flatMap { looseness(of: $0)?.rootBound }
        known.withLock { $0[key] = .some(margin) }
        return margin
    }
}

/// Between one network and the dense one that it was pruned from.
final class MarginTransfer: Sendable {
    private let dense: DenseMargins
    private let pruned: PreparedNetwork
    // One thread at a time uses its buffers.
    private let transfer: Mutex<Owned>

    private struct Owned: @unchecked Sendable { var transfer: RobustnessTransfer }

    /// Inputs times neurons that a pass over a difference may take, to cost less than a proof.
    private static let mostWork = 3_000_000

    /// - Returns: nil where the networks differ too much in structure, or are too large for this to pay.
    init?(dense: DenseMargins, pruned: PreparedNetwork) {
        let network = pruned.network
        guard network.inputCount * network.nodes.map(\.count).reduce(0, +) <= Self.mostWork,
            let pair = try? NetworkPair(dense: dense.network.network, pruned: network), pair.alignment != nil
        else { return nil }
        self.dense = dense
        self.pruned = pruned
        transfer = Mutex(Owned(transfer: RobustnessTransfer(pair)))
    }

    var source: String { dense.name }

    /// Whether the pruned network certainly has the property, because the dense one does.
    ///
    /// - Parameter center: an input of the region, where float32 says first whether it is worth trying.
    /// - Soundness: true only if every margin of the dense network is proved to exceed the proved loss.
    func carries(_ property: Property, center: [Double], key: DenseMargins.Key) -> Bool {
        guard property.regions.count == 1, property.disjuncts.allSatisfy({ $0.constraints.count == 1 }) else {
            return false
        }
        let constraints = property.disjuncts.map { $0.constraints[0] }
        guard isPossible(constraints, center) else { return false }
        let deviation = transfer.withLock { $0.transfer.deviation(over: property.regions[0]) }
        guard let loss = constraints.map({ deviation.loss(of: $0) }).max(), loss.isFinite,
            loss < least(constraints, of: dense.network, at: center),
            let margin = dense.lowest(property, key)
        else { return false }
        return loss < margin
    }

    /// At the centre already pruning must not have taken the dense network's whole margin.
    private func isPossible(_ constraints: [LinearConstraint], _ center: [Double]) -> Bool {
        let (before, after) = (
            margins(constraints, of: dense.network, at: center), margins(constraints, of: pruned, at: center)
        )
        let loss = zip(before, after).map { $0 - $1 }.max() ?? .infinity
        return loss < before.min() ?? -.infinity
    }

    private func least(_ constraints: [LinearConstraint], of network: PreparedNetwork, at point: [Double]) -> Double {
        margins(constraints, of: network, at: point).min() ?? -.infinity
    }

    /// In float32.
    private func margins(
        _ constraints: [LinearConstraint], of network: PreparedNetwork, at point: [Double]
    ) -> [Double] {
        let outputs = network.outputs(at: [point])[0].map { Double($0) }
        return constraints.map { constraint in
            let sum = constraint.outputTerms.reduce(0) { $0 + $1.coefficient.midpoint * outputs[$1.index] }
            return sum + constraint.constant.midpoint
        }
    }
}

/// The dense networks of a sweep that were opened for their margins, the last few of them.
final class DenseNetworks: Sendable {
    private let networks = Mutex(RecentValues<String, DenseMargins>(limit: 2))

    /// - Returns: nil where proofs cannot carry over, or the dense network cannot be read.
    func transfer(from recipe: ModelRecipe, to pruned: PreparedNetwork) -> MarginTransfer? {
        let dense = networks.withLock { networks in
            try? networks.value(for: recipe.file) { () throws(StudyError) in
                DenseMargins(try OpenedModel(file: recipe.file, images: [:]).prepared, name: recipe.name)
            }
        }
        return dense.flatMap { MarginTransfer(dense: $0, pruned: pruned) }
    }
}

extension [ModelRecipe] {
    /// The network that another one was pruned from, as far as the sweep knows; nil for dense ones.
    func denseNetwork(of model: Int) -> Int? {
        if case .pruned(let parent) = self[model].making { return parent }
        guard self[model].method != nil else { return nil }
        return firstIndex { $0.seed == self[model].seed && $0.method == nil }
    }
}
