// How far execution in float32 or float64 may be from the real network, whatever the order of its sums.
//
// A row sum_i w_i y_i + b of k products, executed in any order, with or without fused multiply-adds, is off by at most
// gamma_(k+2) (sum_i |w_i| |y_i| + |b|) (Higham 2002, ch. 3, with u = 2^-24 or 2^-53; one rounding more for weights that
// are no numbers of the format, one for the bias). Errors of the operands add sum_i |w_i| e_i. Carried through the
// network with ranges of |y_i| over a box, this bounds every execution on every input of the box. `Float32Errors` is
// tighter on boxes, by what is known of signs, and for float32 only.

public import Intervals
internal import Lanes
public import Networks

/// How far executions in a floating-point format may be from the real network over a box.
public struct ExecutionErrors: Sendable {
    /// Per output the most by which an execution may differ from the real output; infinite where it may overflow.
    public var errors: [Double]
    /// Per output the largest absolute value of the real output.
    public var magnitudes: [Double]
}

extension Network {
    /// Per output the most by which execution in a format, in any order of its sums, may differ from the real output.
    ///
    /// - Parameters:
    ///   - lower: ends of the box of inputs, which are numbers of the format when they are executed.
    ///   - upper: the other ends.
    /// - Returns: nil for smooth activations, whose implementations differ.
    /// - Soundness: holds for executions operator by operator, each product and each sum rounded to nearest at most
    ///   once, results below the normal range flushed to zero or not.
    public func executionErrors(
        in format: FloatFormat, over lower: [Double], upper: [Double]
    ) -> ExecutionErrors? {
        let network = decomposingMaxPools()
        let hasSmooth = network.nodes.contains { if case .activation(.smooth) = $0.operation { true } else { false } }
        if hasSmooth { return nil }
        let ranges = network.intervalBounds(over: lower, upper: upper)
        let plan = LanePlan(network)
        let absolute = LaneNetwork<Double>(plan.withAbsoluteWeights())
        // Lane 0: errors. Lane 1: magnitudes.
        let lanes = 16
        let storage = plan.layouts.map { LaneStorage<Double>(features: $0.count, lanes: lanes) }
        for node in 0..<plan.nodeCount {
            if node > 0 { carry(plan, absolute, node, storage, lanes, format, isExactSum: network.joinsParts(node)) }
            let magnitudes = zip(ranges[node].lower, ranges[node].upper).map { max($0.magnitude, $1.magnitude) }
            for (feature, magnitude) in plan.layouts[node].permuted(magnitudes).enumerated() {
                let row = storage[node].base + feature * lanes
                row[1] = magnitude
                if !(magnitude + row[0] < format.greatestFinite / 2) { row[0] = .infinity }
            }
        }
        let outputs = (0..<outputCount).map { storage[plan.output].base + plan.outputLayout.laneFeature($0) * lanes }
        return ExecutionErrors(errors: outputs.map { $0[0] }, magnitudes: outputs.map { $0[1] })
    }

    /// Whether a sum only puts values next to each other: of its operands at most one is not zero at any feature.
    private func joinsParts(_ node: Int) -> Bool {
        guard case .sum = nodes[node].operation else { return false }
        var isTaken = [Bool](repeating: false, count: nodes[node].count)
        for operand in nodes[node].inputs {
            guard case .select(let selection) = nodes[operand].operation else { return false }
            for (feature, source) in selection.sources.enumerated()
            where source >= 0 || selection.constants[feature] != 0 {
                if isTaken[feature] { return false }
                isTaken[feature] = true
            }
        }
        return true
    }

    private func carry(
        _ plan: LanePlan, _ absolute: LaneNetwork<Double>, _ node: Int, _ storage: [LaneStorage<Double>], _ lanes: Int,
        _ format: FloatFormat, isExactSum: Bool
    ) {
        let operands = plan.operands[node]
        let from = storage[operands[0]].base
        let to = storage[node].base
        let count = plan.layouts[node].count
        absolute.applyAffine(node, from, to: to, lanes: lanes, addingOffsets: false)
        for operand in operands.dropFirst() { Double.add(count, lanes: lanes, storage[operand].base, to: to) }
        let rounding: RowRounding
        switch plan.operations[node] {
        case .input, .select, .smooth: return
        case .activation(let slope): rounding = RowRounding(terms: slope == 0 ? 0 : 1)
        case .sum: rounding = RowRounding(terms: operands.count == 1 || isExactSum ? 0 : operands.count)
        case .elementwise(let elementwise):
            rounding = RowRounding(terms: 1, error: elementwise.error, offsets: elementwise.offset)
        case .linear(let linear):
            rounding = RowRounding(terms: linear.weights.columns, error: linear.error, offsets: linear.bias)
        case .convolution(let convolution):
            let terms = convolution.weights.count / max(1, convolution.outputChannels)
            rounding = RowRounding(terms: terms, error: convolution.error, offsets: convolution.bias)
        }
        if rounding.terms == 0 { return }
        let reach =
            rounding.error.absolute == 0
            ? 0 : (0..<plan.layouts[operands[0]].count).reduce(0) { $0 + from[$1 * lanes + 1] }
        for feature in 0..<count {
            let row = to + feature * lanes
            row[0] = rounding.bound(feature, carried: row[0], size: row[1], reach: reach, in: format)
        }
    }
}

/// What executing one row of an operator may add to the errors of its operands.
private struct RowRounding {
    var terms: Int
    var error = AffineError.exact
    /// Repeats over the rows.
    var offsets: [Double] = []

    /// - Parameters:
    ///   - carried: `sum |w| e`.
    ///   - size: `sum |w| |y|`.
    ///   - reach: `sum |y|`, where weights have absolute errors.
    func bound(_ row: Int, carried: Double, size: Double, reach: Double, in format: FloatFormat) -> Double {
        let product = Double(terms + 3) * format.unitRoundoff
        guard product < 0.25 else { return .infinity }
        let gamma = product / (1 - product)
        let offset = offsets.isEmpty ? 0 : offsets[row % offsets.count].magnitude
        let radius = error.offsets.isEmpty ? 0 : error.offsets[row % error.offsets.count]
        let inexact = error.relative * size + (error.absolute == 0 ? 0 : error.absolute * reach) + radius
        let tiny = Double(terms + 1) * 2 * format.leastNormal
        // The last factor covers the rounding of all this, and of the sums it is made from.
        return (carried + gamma * (carried + size + offset + inexact) + inexact + tiny) * (1 + 0x1p-20)
    }
}
