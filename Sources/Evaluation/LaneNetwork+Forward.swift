// Evaluating the network itself on many inputs at once, and the gradient of a weighted output.

internal import Intervals
public import Lanes

/// Buffers for one evaluation in lanes; reused between calls.
public final class LaneEvaluator<Scalar: ElementwiseLaneScalar> {
    public let network: LaneNetwork<Scalar>
    /// How many lanes the next evaluation has; at most as many as there is room for.
    public var lanes: Int {
        didSet { precondition(lanes <= capacity) }
    }
    private let capacity: Int
    /// Per piecewise linear activation node, when set: the slope by which each feature is multiplied instead of the
    /// activation, so that evaluation is affine in the input. The gradient has the same slopes.
    public var fixedSlopes: [Int: [Scalar]] = [:]
    /// The least slope that `differentiate()` gives an activation. Above 0 the result is no gradient, but it leads off
    /// plateaus on which the gradient is 0.
    public var leastSlope: Scalar = 0
    private let storage: [LaneStorage<Scalar>]
    private var gradientStorage: [LaneStorage<Scalar>] = []

    public init(_ network: LaneNetwork<Scalar>, lanes: Int) {
        self.network = network
        self.lanes = lanes
        capacity = lanes
        storage = network.plan.layouts.map { LaneStorage(features: $0.count, lanes: lanes) }
    }

    /// Node values `[feature][lane]`, in the layout's order. Fill `values(of: 0)` with the inputs, then `evaluate()`.
    public func values(of node: Int) -> UnsafeMutablePointer<Scalar> { storage[node].base }

    public func evaluate() {
        for node in 1..<network.plan.nodeCount { evaluate(node) }
    }

    private func evaluate(_ node: Int) {
        let plan = network.plan
        let operands = plan.operands[node]
        let y = values(of: node)
        let x = values(of: operands[0])
        let count = plan.layouts[node].count
        if case .activation(let slope) = network.operators[node] {
            if let slopes = fixedSlopes[node] {
                Scalar.scale(count, lanes: lanes, by: slopes, adding: nil, x, to: y, accumulating: false)
            } else {
                Scalar.activate(count, lanes: lanes, negativeSlope: slope, x, to: y)
            }
            return
        }
        if case .smooth(let function) = network.operators[node] {
            for place in 0..<count * lanes { y[place] = Scalar(function.jet(Double(x[place])).value) }
            return
        }
        network.applyAffine(node, x, to: y, lanes: lanes)
        for operand in operands.dropFirst() { Scalar.add(count, lanes: lanes, values(of: operand), to: y) }
    }
}

extension LaneNetwork {
    /// One node's affine map of its first operand, on whole values; activations are copied as they are.
    public func applyAffine(
        _ node: Int, _ x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>, lanes: Int,
        addingOffsets: Bool = true
    ) {
        let count = plan.layouts[node].count
        switch operators[node] {
        case .input: break
        case .dense(let matrix): matrix.apply(x, to: y, lanes: lanes, addingBias: addingOffsets)
        case .sparse(let matrix): matrix.apply(x, to: y, lanes: lanes, addingBias: addingOffsets)
        case .convolution(let convolution, _):
            let geometry = convolution.geometry
            convolution.apply(
                x, inputWindow: geometry.inputWindow, to: y, outputWindow: geometry.outputWindow, lanes: lanes,
                addingBias: addingOffsets)
        case .elementwise(let scale, let offset):
            offset.withUnsafeBufferPointer {
                Scalar.scale(
                    count, lanes: lanes, by: scale, adding: addingOffsets ? $0.baseAddress : nil, x, to: y,
                    accumulating: false)
            }
        case .select(let sources, let constants):
            for (feature, source) in sources.enumerated() {
                if source < 0 {
                    (y + feature * lanes).update(repeating: addingOffsets ? constants[feature] : 0, count: lanes)
                } else {
                    (y + feature * lanes).update(from: x + Int(source) * lanes, count: lanes)
                }
            }
        case .sum, .activation, .smooth: y.update(from: x, count: count * lanes)
        }
    }
}

extension LaneEvaluator {
    /// Where `differentiate()` reads the output's weights and leaves every node's gradient, `[feature][lane]`.
    public func gradient(of node: Int) -> UnsafeMutablePointer<Scalar> {
        if gradientStorage.isEmpty {
            gradientStorage = network.plan.layouts.map { LaneStorage(features: $0.count, lanes: capacity) }
        }
        return gradientStorage[node].base
    }

    /// From weights on the output in `gradient(of: output)` to the gradient at every earlier node, at the point that
    /// `evaluate()` last saw.
    public func differentiate() {
        if !differentiate(from: network.plan.output)[0] {
            gradient(of: 0).update(repeating: 0, count: network.plan.layouts[0].count * lanes)
        }
    }

    /// The same from weights on any node.
    ///
    /// - Returns: per node whether it has a gradient.
    public func differentiate(from target: Int) -> [Bool] {
        let plan = network.plan
        var reached = [Bool](repeating: false, count: plan.nodeCount)
        reached[target] = true
        for node in stride(from: target, to: 0, by: -1) where reached[node] {
            for operand in plan.operands[node] {
                pullBack(node, to: operand, accumulating: reached[operand])
                reached[operand] = true
            }
        }
        return reached
    }

    private func pullBack(_ node: Int, to operand: Int, accumulating: Bool) {
        let plan = network.plan
        let g = gradient(of: node)
        let target = gradient(of: operand)
        let count = plan.layouts[node].count
        switch network.operators[node] {
        case .input: break
        case .dense(let matrix): matrix.applyTransposed(g, to: target, lanes: lanes, accumulating: accumulating)
        case .sparse(let matrix): matrix.applyTransposed(g, to: target, lanes: lanes, accumulating: accumulating)
        case .convolution(let convolution, _):
            let geometry = convolution.geometry
            convolution.applyTransposed(
                g, outputWindow: geometry.outputWindow, to: target, inputWindow: geometry.inputWindow, lanes: lanes,
                accumulating: accumulating)
        case .elementwise(let scale, _):
            Scalar.scale(count, lanes: lanes, by: scale, adding: nil, g, to: target, accumulating: accumulating)
        case .select(let sources, _):
            if !accumulating { target.update(repeating: 0, count: plan.layouts[operand].count * lanes) }
            for (feature, source) in sources.enumerated() where source >= 0 {
                Scalar.add(1, lanes: lanes, g + feature * lanes, to: target + Int(source) * lanes)
            }
        case .sum:
            if accumulating {
                Scalar.add(count, lanes: lanes, g, to: target)
            } else {
                target.update(from: g, count: count * lanes)
            }
        case .activation(let slope):
            if let slopes = fixedSlopes[node] {
                Scalar.scale(count, lanes: lanes, by: slopes, adding: nil, g, to: target, accumulating: accumulating)
                return
            }
            Scalar.differentiate(
                count, lanes: lanes, negativeSlope: max(slope, leastSlope), at: values(of: operand), g, to: target,
                accumulating: accumulating)
        case .smooth(let function):
            let z = values(of: operand)
            for place in 0..<count * lanes {
                let slope = max(Scalar(function.jet(Double(z[place])).slope), leastSlope)
                target[place] = (accumulating ? target[place] : 0) + slope * g[place]
            }
        }
    }
}
