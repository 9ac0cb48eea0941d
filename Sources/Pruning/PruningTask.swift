// All ways to make a network smaller, as one value and one function.

public import Datasets
public import Networks

/// What is to become of a network.
public enum PruningTask: Sendable {
    /// Single weights become 0.
    case weights(PruningOptions)
    /// Channels and neurons go, and the graph shrinks.
    case channels(ChannelOptions)
    /// Neurons that compute the same but for a factor become one, constant and unread ones none; the function stays.
    case merging

    public var needsCalibration: Bool {
        if case .weights(let options) = self { options.method.needsCalibration } else { false }
    }
}

/// What became of a network.
public struct PruningResult: Sendable {
    public var network: TrainableNetwork
    public var report: Report

    public enum Report: Sendable {
        /// Layers in scope.
        case weights([LayerSparsity])
        /// Channels removed, of those in scope.
        case channels(removed: Int, of: Int)
        /// Neurons before and after.
        case merging(before: Int, after: Int)
    }
}

/// - Parameter calibration: examples, where the task needs them.
/// - Throws: when the task does not fit the network, or calibration data are missing or do not fit.
public func prune(
    _ network: TrainableNetwork, _ task: PruningTask, calibration: Examples? = nil
) throws(PruningError) -> PruningResult {
    switch task {
    case .weights(let options):
        var pruner = try Pruner(network, options: options, calibration: calibration)
        let pruned = try pruner.run()
        return PruningResult(network: pruned.network, report: .weights(pruned.layers))
    case .channels(let options):
        let shrunk = try pruneChannels(network, options)
        return PruningResult(
            network: shrunk.network, report: .channels(removed: shrunk.removed, of: shrunk.channels))
    case .merging:
        let merged = network.network.simplified()
        return PruningResult(
            network: TrainableNetwork(merged),
            report: .merging(
                before: network.network.statistics.neurons, after: merged.statistics.neurons))
    }
}
