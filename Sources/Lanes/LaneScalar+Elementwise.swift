// The elementwise kernels for both precisions behind one name each.

internal import CLaneKernels

/// A scalar whose elementwise lane kernels exist. Sizes are in features; pointers are `[feature][lane]`.
public protocol ElementwiseLaneScalar: LaneScalar {
    /// `y = x` for `x >= 0`, else `slope * x`.
    static func activate(
        _ count: Int, lanes: Int, negativeSlope: Self, _ x: UnsafePointer<Self>,
        to y: UnsafeMutablePointer<Self>)
    /// `lambda (+)= g * f'(z)`.
    static func differentiate(
        _ count: Int, lanes: Int, negativeSlope: Self, at z: UnsafePointer<Self>, _ g: UnsafePointer<Self>,
        to lambda: UnsafeMutablePointer<Self>, accumulating: Bool)
    /// `y (+)= scale_i * x + offset_i`.
    static func scale(
        _ count: Int, lanes: Int, by scale: UnsafePointer<Self>, adding offset: UnsafePointer<Self>?,
        _ x: UnsafePointer<Self>, to y: UnsafeMutablePointer<Self>, accumulating: Bool)
    /// `y += x` over `count * lanes` numbers.
    static func add(_ count: Int, lanes: Int, _ x: UnsafePointer<Self>, to y: UnsafeMutablePointer<Self>)
    /// `sums[lane] += sum_i weights[i] * values[i][lane]`.
    static func addWeightedSum(
        _ count: Int, lanes: Int, weights: UnsafePointer<Self>, _ values: UnsafePointer<Self>,
        to sums: UnsafeMutablePointer<Self>)
}

extension Float: ElementwiseLaneScalar {
    public static func activate(
        _ count: Int, lanes: Int, negativeSlope: Float, _ x: UnsafePointer<Float>,
        to y: UnsafeMutablePointer<Float>
    ) {
        lane_activate_f32(count, lanes, negativeSlope, x, y)
    }

    public static func differentiate(
        _ count: Int, lanes: Int, negativeSlope: Float, at z: UnsafePointer<Float>, _ g: UnsafePointer<Float>,
        to lambda: UnsafeMutablePointer<Float>, accumulating: Bool
    ) {
        lane_differentiate_f32(count, lanes, negativeSlope, z, g, lambda, accumulating ? 1 : 0)
    }

    public static func scale(
        _ count: Int, lanes: Int, by scale: UnsafePointer<Float>, adding offset: UnsafePointer<Float>?,
        _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, accumulating: Bool
    ) {
        lane_scale_f32(count, lanes, scale, offset, x, y, accumulating ? 1 : 0)
    }

    public static func add(
        _ count: Int, lanes: Int, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>
    ) {
        lane_add_f32(count * lanes, x, y)
    }

    public static func addWeightedSum(
        _ count: Int, lanes: Int, weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>,
        to sums: UnsafeMutablePointer<Float>
    ) {
        lane_weighted_sum_f32(count, lanes, weights, values, sums, nil)
    }
}

extension Double: ElementwiseLaneScalar {
    public static func activate(
        _ count: Int, lanes: Int, negativeSlope: Double, _ x: UnsafePointer<Double>,
        to y: UnsafeMutablePointer<Double>
    ) {
        lane_activate_f64(count, lanes, negativeSlope, x, y)
    }

    public static func differentiate(
        _ count: Int, lanes: Int, negativeSlope: Double, at z: UnsafePointer<Double>,
        _ g: UnsafePointer<Double>,
        to lambda: UnsafeMutablePointer<Double>, accumulating: Bool
    ) {
        lane_differentiate_f64(count, lanes, negativeSlope, z, g, lambda, accumulating ? 1 : 0)
    }

    public static func scale(
        _ count: Int, lanes: Int, by scale: UnsafePointer<Double>, adding offset: UnsafePointer<Double>?,
        _ x: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>, accumulating: Bool
    ) {
        lane_scale_f64(count, lanes, scale, offset, x, y, accumulating ? 1 : 0)
    }

    public static func add(
        _ count: Int, lanes: Int, _ x: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>
    ) {
        lane_add_f64(count * lanes, x, y)
    }

    public static func addWeightedSum(
        _ count: Int, lanes: Int, weights: UnsafePointer<Double>, _ values: UnsafePointer<Double>,
        to sums: UnsafeMutablePointer<Double>
    ) {
        lane_weighted_sum_f64(count, lanes, weights, values, sums, nil)
    }
}
