// Two networks of the same inputs and outputs, and how they correspond.
//
// Pruning changes weights, not structure: node by node both networks apply the same kind of operator, and what they
// differ by is again an affine operator at each node. Where whole neurons are gone the smaller network is filled up with
// neurons that are always 0 beside those that are missing; where no correspondence is found both are bounded side by side.

public import Networks

/// A network and what pruning made of it.
public struct NetworkPair: Sendable {
    /// As given.
    public let dense: Network
    public let pruned: Network
    /// Both with one structure; nil where none was found.
    public let alignment: Alignment?
    /// Why there is no alignment.
    public let obstacle: String?
    /// Both side by side: the dense network's outputs, then the pruned one's.
    public let product: Network

    /// - Parameter tryWidths: whether networks of other widths are filled up.
    /// - Throws: when the networks have other numbers of inputs or of outputs.
    public init(dense: Network, pruned: Network, tryWidths: Bool = true) throws(ComparisonError) {
        guard dense.inputCount == pruned.inputCount else {
            throw ComparisonError(
                message: "one network has \(dense.inputCount) inputs, the other \(pruned.inputCount); "
                    + "compare networks of the same inputs")
        }
        guard dense.outputCount == pruned.outputCount else {
            throw ComparisonError(
                message: "one network has \(dense.outputCount) outputs, the other \(pruned.outputCount); "
                    + "compare networks of the same outputs")
        }
        self.dense = dense
        self.pruned = pruned
        product = Network.product([dense, pruned])
        let first = dense.simplifiedKeepingNeurons().decomposingMaxPools()
        let second = pruned.simplifiedKeepingNeurons().decomposingMaxPools()
        switch Alignment.match(first, second) {
        case .success(let alignment):
            self.alignment = alignment
            obstacle = nil
        case .failure(let mismatch):
            let filled = tryWidths ? Alignment.matchWidths(first, second) : nil
            alignment = filled
            obstacle = filled == nil ? mismatch.description : nil
        }
    }

    public var inputCount: Int { dense.inputCount }
    public var outputCount: Int { dense.outputCount }
}

/// Why a comparison makes no sense as it is asked.
public struct ComparisonError: Error, Sendable, CustomStringConvertible {
    public let message: String

    public init(message: String) { self.message = message }

    public var description: String { message }
}
