import BoundPropagation

/// What a verification found out about every neuron, for another one of the same prepared network over a region within
/// its own.
public struct KnownBounds: Sendable {
    private let model: BoundModel
    private let bounds: NodeBounds

    init(model: BoundModel, bounds: NodeBounds) {
        self.model = model
        self.bounds = bounds
    }

    /// Nil for another network, or a region that is not within.
    func within(model: BoundModel, lower: [Double], upper: [Double]) -> NodeBounds? {
        model === self.model ? bounds.within(lower: lower, upper: upper) : nil
    }
}
