// The door to the C kernels of training: one value per precision holds the functions of that precision.

public import CLaneKernels

/// A scalar that networks are trained in: `Float`, and `Double` where gradients are checked.
public protocol TrainingLaneScalar: ElementwiseLaneScalar {
    static var trainingKernels: TrainingKernels<Self> { get }
}

/// The training kernels of one precision; see `training.h`.
public struct TrainingKernels<Scalar: LaneScalar>: Sendable {
    public typealias Input = UnsafePointer<Scalar>
    public typealias Output = UnsafeMutablePointer<Scalar>
    public typealias Sums = UnsafeMutablePointer<Double>

    public let weightGradient:
        @Sendable (_ shape: UnsafePointer<lane_weights_shape>, _ x: Input, _ lambda: Input, Output, Output) -> Void
    public let repack:
        @Sendable (
            _ shape: UnsafePointer<lane_load_shape>, _ weights: Input, _ channelStride: Int64,
            _ offsets: UnsafePointer<Int64>, _ magnitudes: Bool, _ panels: Output
        ) -> Void
    public let channelSums: @Sendable (_ pixels: Int64, _ channels: Int64, _ lanes: Int64, Input, Sums) -> Void
    public let moments:
        @Sendable (_ pixels: Int64, _ channels: Int64, _ lanes: Int64, _ shift: Input, _ x: Input, Sums) -> Void
    public let normalize:
        @Sendable (
            _ pixels: Int64, _ channels: Int64, _ lanes: Int64, _ scale: Input, _ offset: Input, _ slope: Scalar,
            _ x: Input, _ y: Output
        ) -> Void
    public let normalizeSums:
        @Sendable (
            _ pixels: Int64, _ channels: Int64, _ lanes: Int64, _ scale: Input, _ offset: Input, _ shift: Input,
            _ slope: Scalar, _ x: Input, _ g: Input, Sums
        ) -> Void
    public let normalizeGradient:
        @Sendable (
            _ pixels: Int64, _ channels: Int64, _ lanes: Int64, _ scale: Input, _ offset: Input, _ slant: Input,
            _ level: Input, _ slope: Scalar, _ x: Input, _ g: Input, _ lambda: Output, _ accumulating: Bool
        ) -> Void
    public let maxPool: @Sendable (_ shape: UnsafePointer<lane_pool_shape>, _ x: Input, _ y: Output) -> Void
    public let maxPoolGradient:
        @Sendable (_ shape: UnsafePointer<lane_pool_shape>, _ x: Input, _ y: Input, _ g: Input, Output) -> Void
    public let activateInterval:
        @Sendable (_ count: Int64, _ lanes: Int64, _ slope: Scalar, Input, Input, Output, Output) -> Void
    public let activateIntervalGradient:
        @Sendable (
            _ count: Int64, _ lanes: Int64, _ slope: Scalar, _ stability: Scalar, Input, Input, Input, Input, Output,
            Output, _ accumulating: Bool
        ) -> Void
    public let addSigned: @Sendable (_ count: Int64, _ weights: Input, _ magnitudes: Input, Output) -> Void
    public let addParts:
        @Sendable (_ count: Int64, _ parts: Int64, _ stride: Int64, _ values: Input, _ total: Output) -> Void
    public let signStep:
        @Sendable (
            _ count: Int64, _ start: Input, _ g: Input, _ step: Scalar, _ radius: Scalar, _ least: Scalar,
            _ most: Scalar, _ x: Output
        ) -> Void
    public let box:
        @Sendable (
            _ count: Int64, _ x: Input, _ radius: Scalar, _ least: Scalar, _ most: Scalar, _ centre: Output,
            _ half: Output
        ) -> Void
    public let scatter:
        @Sendable (
            _ count: Int64, _ lanes: Int64, _ lane: Int64, UnsafePointer<Float>, UnsafePointer<Int32>, Output
        ) -> Void
    public let crossEntropy:
        @Sendable (
            _ outputs: Int64, _ lanes: Int64, _ used: Int64, _ labels: UnsafePointer<Int32>, _ weight: Double,
            _ z: Input, _ g: Output, _ losses: Sums, _ largest: UnsafeMutablePointer<Int32>
        ) -> Void
    public let squaredError:
        @Sendable (
            _ outputs: Int64, _ lanes: Int64, _ used: Int64, _ targets: UnsafePointer<Float>, _ weight: Double,
            _ z: Input, _ g: Output, _ losses: Sums
        ) -> Void
    public let adam:
        @Sendable (
            _ count: Int64, _ step: UnsafePointer<lane_step>, _ gradient: Input, _ mask: Input?, _ parameters: Output,
            _ first: Output, _ second: Output
        ) -> Void
    public let momentum:
        @Sendable (
            _ count: Int64, _ step: UnsafePointer<lane_step>, _ gradient: Input, _ mask: Input?, _ parameters: Output,
            _ velocity: Output
        ) -> Void
}

extension Float: TrainingLaneScalar {
    public static let trainingKernels = TrainingKernels<Float>(
        weightGradient: lane_weight_gradient_f32, repack: lane_repack_f32, channelSums: lane_channel_sums_f32,
        moments: lane_moments_f32, normalize: lane_normalize_f32, normalizeSums: lane_normalize_sums_f32,
        normalizeGradient: lane_normalize_gradient_f32, maxPool: lane_max_pool_f32,
        maxPoolGradient: lane_max_pool_gradient_f32, activateInterval: lane_activate_interval_f32,
        activateIntervalGradient: lane_activate_interval_gradient_f32, addSigned: lane_add_signed_f32,
        addParts: lane_add_parts_f32, signStep: lane_sign_step_f32, box: lane_box_f32, scatter: lane_scatter_f32,
        crossEntropy: lane_cross_entropy_f32, squaredError: lane_squared_error_f32, adam: lane_adam_f32,
        momentum: lane_momentum_f32)
}

extension Double: TrainingLaneScalar {
    public static let trainingKernels = TrainingKernels<Double>(
        weightGradient: lane_weight_gradient_f64, repack: lane_repack_f64, channelSums: lane_channel_sums_f64,
        moments: lane_moments_f64, normalize: lane_normalize_f64, normalizeSums: lane_normalize_sums_f64,
        normalizeGradient: lane_normalize_gradient_f64, maxPool: lane_max_pool_f64,
        maxPoolGradient: lane_max_pool_gradient_f64, activateInterval: lane_activate_interval_f64,
        activateIntervalGradient: lane_activate_interval_gradient_f64, addSigned: lane_add_signed_f64,
        addParts: lane_add_parts_f64, signStep: lane_sign_step_f64, box: lane_box_f64, scatter: lane_scatter_f64,
        crossEntropy: lane_cross_entropy_f64, squaredError: lane_squared_error_f64, adam: lane_adam_f64,
        momentum: lane_momentum_f64)
}
