// The door to the affine C kernels: one value per precision holds the functions of that precision.

internal import CLaneKernels

/// A scalar the lane kernels exist for: `Float` and `Double`, and no other type may conform.
public protocol LaneScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable {
    static var laneKernels: LaneKernels<Self> { get }
}

/// The affine kernels of one precision; see `affine.h`.
public struct LaneKernels<Scalar: LaneScalar>: Sendable {
    typealias Affine<Shape> =
        @Sendable (
            _ shape: UnsafePointer<Shape>, _ weights: UnsafePointer<Scalar>, _ bias: UnsafePointer<Scalar>?,
            _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>
        ) -> Void

    let gather: Affine<lane_gather_shape>
    let sparse: Affine<lane_sparse_shape>
    let dot:
        @Sendable (
            _ features: Int64, _ period: Int64, _ bias: UnsafePointer<Scalar>, _ x: UnsafePointer<Scalar>,
            _ constants: UnsafeMutablePointer<Scalar>, _ lanes: Int32
        ) -> Void
    let load:
        @Sendable (
            _ shape: UnsafePointer<lane_load_shape>, _ panels: UnsafePointer<Scalar>,
            _ which: UnsafePointer<Int32>,
            _ scales: UnsafePointer<Scalar>, _ g: UnsafeMutablePointer<Scalar>
        ) -> Void
    let loadSparse:
        @Sendable (
            _ shape: UnsafePointer<lane_sparse_shape>, _ columns: Int64, _ values: UnsafePointer<Scalar>,
            _ which: UnsafePointer<Int32>, _ scales: UnsafePointer<Scalar>, _ g: UnsafeMutablePointer<Scalar>
        ) -> Void
    let pack:
        @Sendable (
            _ shape: UnsafePointer<lane_load_shape>, _ weights: UnsafePointer<Double>, _ channelStride: Int64,
            _ offsets: UnsafePointer<Int64>, _ panels: UnsafeMutablePointer<Scalar>
        ) -> Void
    let round:
        @Sendable (_ count: Int64, _ values: UnsafePointer<Double>, _ rounded: UnsafeMutablePointer<Scalar>)
            -> Void
}

extension Float: LaneScalar {
    public static var laneKernels: LaneKernels<Float> {
        LaneKernels(
            gather: lane_gather_f32, sparse: lane_sparse_f32, dot: lane_dot_f32, load: lane_load_f32,
            loadSparse: lane_load_sparse_f32, pack: lane_pack_f32, round: lane_round_f32)
    }
}

extension Double: LaneScalar {
    public static var laneKernels: LaneKernels<Double> {
        LaneKernels(
            gather: lane_gather_f64, sparse: lane_sparse_f64, dot: lane_dot_f64, load: lane_load_f64,
            loadSparse: lane_load_sparse_f64, pack: lane_pack_f64, round: lane_round_f64)
    }
}

/// The lane counts the affine kernels accept.
public let supportedLaneCounts = [16, 32, 48, 64]

/// The fewest lanes that hold `count` problems; 64 when none do.
public func laneCount(atLeast count: Int) -> Int { supportedLaneCounts.first { $0 >= count } ?? 64 }

/// Of a matrix's entries, the share of nonzeros below which the sparse kernels are faster than the dense ones, in
/// either precision as `make bench-kernels` measures it.
public let sparseDensityThreshold = 0.45

/// Lets a gather leave out rows of zeros, where enough channels share the look for them.
func leavingOutZeros(_ shape: inout lane_gather_shape, _ gather: (inout lane_gather_shape) -> Void) {
    guard shape.groups == 1, shape.height >= 8 else { return gather(&shape) }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(shape.source_count)) {
        shape.nonzero = $0.baseAddress
        gather(&shape)
    }
}

func requireSupported(lanes: Int) {
    precondition(lanes > 0 && lanes <= 64 && lanes % 16 == 0, "unsupported number of lanes")
}
