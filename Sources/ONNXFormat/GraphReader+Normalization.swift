// BatchNormalization at inference: per channel `y = s x + o` with `s = scale / sqrt(variance + epsilon)` and
// `o = bias - mean s`. Both are real numbers that float64 seldom holds; intervals bound how far off it is.
internal import Intervals
internal import Networks

extension GraphReader {
    mutating func readBatchNormalization(_ node: GraphNode) throws(ONNXError) -> Variable {
        let variable = try node.variable(0, "X")
        guard variable.shape.count >= 2 else {
            throw node.refuse("has an operand of shape \(variable.shape)", remedy: "export the network again")
        }
        if try node.flag("training_mode", default: false) {
            throw node.refuse(
                "is set", attribute: "training_mode", remedy: "export the network for inference")
        }
        if opset < 9, try !node.flag("spatial", default: true) {
            throw node.refuse("is 0", attribute: "spatial", remedy: "only one scale per channel is supported")
        }
        let epsilon = try node.real("epsilon", default: 1e-5)
        let channels = variable.shape[1]
        var parts: [[Double]] = []
        for (position, role) in ["scale", "B", "mean", "var"].enumerated() {
            let tensor = try node.constant(position + 1, role)
            guard tensor.shape == [channels], !tensor.isInteger, tensor.error == .none else {
                throw node.refuse(
                    "has \(role) of shape \(tensor.shape) for \(channels) channels",
                    remedy: "export the network again")
            }
            parts.append(tensor.reals)
        }
        var scales = RoundedNumbers()
        var offsets = RoundedNumbers()
        for channel in 0..<channels {
            let variance = Interval(parts[3][channel]) + Interval(epsilon)
            guard variance.lower > 0 else {
                throw node.refuse(
                    "has a variance of \(parts[3][channel]) and epsilon \(epsilon)",
                    remedy: "repair the weights")
            }
            let scale = Interval(parts[0][channel]) / variance.squareRoot
            let offset = Interval(parts[1][channel]) - Interval(parts[2][channel]) * scale
            guard scale.isBounded, offset.isBounded else {
                throw node.refuse("has a scale that is too large", remedy: "repair the weights")
            }
            scales.append(scale)
            offsets.append(offset)
        }
        let places = variable.shape[2...].reduce(1, *)
        func spread(_ values: [Double]) -> [Double] {
            (0..<variable.count).map { values[$0 / places % channels] }
        }
        try admit(variable.shape, for: node)
        var map = Elementwise(scale: spread(scales.values), offset: spread(offsets.values))
        let rounding = Tensor.Rounding(radii: scales.radii, of: scales.values)
        map.error = AffineError(relative: rounding.relative, absolute: rounding.absolute)
        if offsets.radii.contains(where: { $0 > 0 }) { map.error.offsets = spread(offsets.radii) }
        let result = try emit(node, .elementwise(map), [variable.node], shape: variable.shape)
        normalizations[result.node] = BatchNormalization(
            scale: parts[0], offset: parts[1], mean: parts[2], variance: parts[3], epsilon: epsilon)
        return result
    }
}

/// Real numbers, each a float64 and how far it may be off.
struct RoundedNumbers {
    private(set) var values: [Double] = []
    private(set) var radii: [Double] = []

    mutating func append(_ enclosure: Interval) {
        let value = enclosure.midpoint
        values.append(value)
        radii.append(
            enclosure.isPoint
                ? 0
                : max(
                    differenceRoundedUp(enclosure.upper, value), differenceRoundedUp(value, enclosure.lower)))
    }
}

extension Interval {
    /// The square root of a positive interval; a point where it is exact.
    var squareRoot: Interval {
        func isExact(_ root: Double, _ value: Double) -> Bool {
            // Below this the remainder could underflow to zero.
            value > 0x1p-900 && (-value).addingProduct(root, root) == 0
        }
        let low = lower.squareRoot()
        let high = upper.squareRoot()
        return Interval(
            lower: isExact(low, lower) ? low : low.nextDown, upper: isExact(high, upper) ? high : high.nextUp)
    }
}
