// What is to be pruned, and how much of it.

internal import Networks

/// How weights are chosen, and whether others make up for them.
public enum PruningMethod: String, Sendable, CaseIterable {
    /// The smallest weights.
    case magnitude
    case random
    /// The smallest `|w dL/dw|` on calibration data.
    case gradient
    /// Optimal brain damage: the smallest `H_qq w_q^2 / 2`; no compensation.
    case obd
    /// Optimal brain surgeon: the smallest `w_q^2 / (2 [H^-1]_qq)`, with compensation.
    case obs
    case sparsegpt
    /// Optimal brain surgeon with the empirical Fisher matrix of the loss, in blocks.
    case woodfisher

    public var needsCalibration: Bool {
        switch self {
        case .magnitude, .random: false
        case .gradient, .obd, .obs, .sparsegpt, .woodfisher: true
        }
    }
}

/// Which layers are pruned.
public enum PruningScope: Sendable, Equatable, CustomStringConvertible {
    case all, convolutions, matrices
    case layers([String])

    public var description: String {
        switch self {
        case .all: "all"
        case .convolutions: "convolutions"
        case .matrices: "matrices"
        case .layers(let names): names.joined(separator: ",")
        }
    }
}

/// How channels or neurons are compared.
public enum Norm: String, Sendable, CaseIterable {
    case l1, l2
}

public struct PruningOptions: Sendable {
    public var method = PruningMethod.magnitude
    public var scope = PruningScope.all
    /// Share of the weights in scope that are 0 in the end.
    public var ratio = 0.5
    /// Layers with a ratio of their own.
    public var layerRatios: [String: Double] = [:]
    /// Whether all layers are compared with each other, rather than each pruned by the ratio, as `obs` and `sparsegpt`
    /// always do.
    public var isGlobal = true
    /// Instead of a ratio: so many weights are kept of each group of neighbouring inputs.
    public var pattern: (kept: Int, group: Int)?
    public var seed: UInt64 = 0
    /// Share of the removed weights that come back at random (topology-aware revival).
    public var revival = 0.0
    /// Added to the Hessian's diagonal, as a share of its mean.
    public var damping = 0.01
    /// About how many vectors a layer's Hessian is made of.
    public var calibrationVectors = 16384
    /// The result does not depend on them.
    public var threads = 1

    public init() {}
}

public struct PruningError: Error, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Weights of one node that pruning may change, as rows of outputs.
struct PrunableLayer {
    let node: Int
    let name: String
    let rows: Int
    let columns: Int
    /// Outputs of a group share their inputs with each other only.
    let groups: Int
    var weights: [Double]

    /// Nil for nodes without trained weights.
    init?(_ index: Int, _ node: Node) {
        self.node = index
        name = node.name
        switch node.operation {
        case .linear(let linear):
            (rows, columns, groups) = (linear.weights.rows, linear.weights.columns, 1)
            weights = linear.weights.dense
        case .convolution(let convolution) where !convolution.isAveragePooling:
            rows = convolution.outputChannels
            groups = convolution.groups
            columns = convolution.inputChannels / groups * convolution.kernelHeight * convolution.kernelWidth
            weights = convolution.weights
        default: return nil
        }
    }

    func write(to network: inout Network) {
        switch network.nodes[node].operation {
        case .linear(var linear):
            linear.weights = Matrix(rows: rows, columns: columns, rowMajor: weights)
            network.nodes[node].operation = .linear(linear)
        case .convolution(var convolution):
            convolution.weights = weights
            network.nodes[node].operation = .convolution(convolution)
        default: preconditionFailure("only matrices and convolutions have weights")
        }
    }
}

extension PruningScope {
    /// - Throws: when a name belongs to no layer with weights, or nothing is in scope.
    func layers(of network: Network) throws(PruningError) -> [PrunableLayer] {
        let all = network.nodes.enumerated().compactMap { PrunableLayer($0.offset, $0.element) }
        var found: [PrunableLayer]
        switch self {
        case .all: found = all
        case .convolutions:
            found = all.filter { if case .convolution = network.nodes[$0.node].operation { true } else { false } }
        case .matrices:
            found = all.filter { if case .linear = network.nodes[$0.node].operation { true } else { false } }
        case .layers(let names):
            for name in names where !all.contains(where: { $0.name == name }) {
                throw PruningError(
                    "no layer with weights is called '\(name)'; the layers are "
                        + all.map(\.name).joined(separator: ", "))
            }
            found = all.filter { names.contains($0.name) }
        }
        if found.isEmpty { throw PruningError("no layer is in scope; choose another --scope") }
        return found
    }
}
