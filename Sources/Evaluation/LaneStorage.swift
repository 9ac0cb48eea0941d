public import Lanes

/// Lane storage with reference semantics, for a set of buffers that lives in arrays and is reused.
public final class LaneStorage<Scalar: LaneScalar> {
    private let buffer: LaneBuffer<Scalar>
    public let features: Int
    public let lanes: Int
    public let base: UnsafeMutablePointer<Scalar>

    /// Zeroed.
    public init(features: Int, lanes: Int) {
        buffer = LaneBuffer(features: features, lanes: lanes)
        self.features = features
        self.lanes = lanes
        base = buffer.base
    }
}
