// Weights in the order the gather kernel reads them.

internal import CLaneKernels

/// Weights of `groups` times `height` result channels, `size` each, packed in panels of a few channels: within a
/// panel the weights of its channels alternate, so that the kernel loads them side by side.
struct PackedPanels<Scalar: LaneScalar>: Sendable {
    let storage: AlignedStorage<Scalar>
    let height: Int
    let size: Int

    var base: UnsafePointer<Scalar> { storage.base }

    /// - Parameters:
    ///   - groupStride, channelStride: distances in `weights` between groups and between channels of a group.
    ///   - offsets: where in `weights` a channel's weights are, relative to its first.
    init(
        _ weights: [Double], groups: Int = 1, groupStride: Int = 0, height: Int, channelStride: Int,
        offsets: [Int64]
    ) {
        let size = offsets.count
        storage = AlignedStorage(count: groups * height * size) { panels in
            var shape = lane_load_shape(
                height: Int64(height), size: Int64(size), lanes: 0, accumulating: false)
            weights.withUnsafeBufferPointer { weights in
                guard let first = weights.baseAddress, size > 0 else { return }
                for group in 0..<groups {
                    Scalar.laneKernels.pack(
                        &shape, first + group * groupStride, Int64(channelStride), offsets,
                        panels + group * height * size)
                }
            }
        }
        self.height = height
        self.size = size
    }
}
