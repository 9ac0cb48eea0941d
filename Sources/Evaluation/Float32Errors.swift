// How far float32 execution may be from the real network, whatever the order of its sums.
//
// docs/float32.md states and proves the theorem. In its words: `errors` are E, `injected` d and r E, the evaluator's
// fixed slopes m, and its gradients g.

public import Intervals
internal import Lanes
internal import Networks

/// What float32 execution may lose over one region.
public struct Float32Errors {
    private let model: Float32Model
    private let lower: [[Double]]
    private let upper: [[Double]]
    /// Per node and feature the most by which execution may differ from the real value: `E`.
    private var errors: [[Double]] = []
    /// What is injected at each node: `d`, and `r E` at activations.
    private var injected: [[Double]] = []
    private let evaluator: LaneEvaluator<Double>
    private let capacity: Int
    private var plan: LanePlan { model.plan }

    /// Multiply-adds that bounding single features' errors may cost: some tenths of a second.
    private static let budget = 1_000_000_000
    private static let unit = 0x1p-24

    /// - Parameters:
    ///   - thoroughly: whether single features' errors are bounded by the theorem as well, which costs about as much as
    ///     bounding them does; without it errors grow from layer to layer.
    ///   - lower: per node of the model's plan lower bounds of the real values over the region, in lane order.
    ///   - upper: the upper bounds.
    /// - Soundness: errors are infinite where float32 may overflow; results below the normal range may be flushed to 0.
    public init(_ model: Float32Model, thoroughly: Bool, lower: [[Double]], upper: [[Double]]) {
        self.model = model
        self.lower = lower
        self.upper = upper
        let features = model.plan.layouts.reduce(0) { $0 + $1.count }
        capacity = features > 50_000 ? 16 : 64
        evaluator = LaneEvaluator(model.exact, lanes: capacity)
        var cost = 0
        var budget = Self.budget
        var isLinear = true
        for node in 0..<model.plan.nodeCount {
            let operation = model.plan.operations[node]
            errors.append(Array(repeating: 0, count: model.plan.layouts[node].count))
            injected.append(errors[node])
            if node > 0 { forward(node) }
            for feature in errors[node].indices {
                let reach = magnitude(node, feature)
                // NaN fails, too.
                if !(reach < Double(Float.greatestFiniteMagnitude) / 2) { errors[node][feature] = .infinity }
            }
            cost += operation.multiplyAdds
            let isRead = model.plan.activations.contains { model.plan.operands[$0] == [node] }
            if thoroughly, isRead, !isLinear, cost * errors[node].count <= budget {
                budget -= cost * errors[node].count
                tighten(node)
            }
            isLinear = isLinear && !model.plan.isActivation(node)
        }
    }

    /// The most that float32 execution may take from linear functions of the output.
    ///
    /// - Parameter rows: coefficients by output, in the network's order.
    public func losses(of rows: [[(output: Int, coefficient: Interval)]]) -> [Double] {
        let features = rows.map { row in row.map { (plan.outputLayout.laneFeature($0.output), $0.coefficient) } }
        let carried = carry(features.map { row in row.map { ($0, $1.midpoint) } }, from: plan.output)
        return zip(carried, features).map { loss, row in
            let rest = row.reduce(0) { $1.1.isPoint ? $0 : $0 + $1.1.width * errors[plan.output][$1.0] }
            return loss + rest * (1 + 0x1p-20)
        }
    }

    /// The largest magnitude of an executed value.
    private func magnitude(_ node: Int, _ feature: Int) -> Double {
        max(-lower[node][feature], upper[node][feature]) + errors[node][feature]
    }

    // MARK: backward

    /// The theorem's right-hand side for linear functions of a node's features.
    private func carry(_ rows: [[(feature: Int, coefficient: Double)]], from node: Int) -> [Double] {
        var result: [Double] = []
        evaluator.lanes = rows.count <= 16 ? 16 : capacity
        let lanes = evaluator.lanes
        for start in stride(from: 0, to: rows.count, by: lanes) {
            let group = rows[start..<min(start + lanes, rows.count)]
            let target = evaluator.gradient(of: node)
            target.update(repeating: 0, count: plan.layouts[node].count * lanes)
            for (lane, row) in group.enumerated() {
                for (feature, coefficient) in row { target[feature * lanes + lane] += coefficient }
            }
            let reached = evaluator.differentiate(from: node)
            var sums = [Double](repeating: 0, count: lanes)
            for node in reached.indices where reached[node] { addInjected(at: node, &sums) }
            // Covers the rounding of these sums of positive numbers, and underflow.
            result += sums.prefix(group.count).map { $0.isFinite ? $0 * (1 + 0x1p-20) + 0x1p-120 : .infinity }
        }
        return result
    }

    private func addInjected(at node: Int, _ sums: inout [Double]) {
        let g = evaluator.gradient(of: node)
        let lanes = evaluator.lanes
        sums.withUnsafeMutableBufferPointer { sums in
            for (feature, size) in injected[node].enumerated() where size != 0 {
                let row = g + feature * lanes
                for lane in 0..<lanes { sums[lane] += size * row[lane].magnitude }
            }
        }
    }

    private mutating func tighten(_ node: Int) {
        let features = errors[node].indices.filter { errors[node][$0] != 0 }
        let found = carry(features.map { [($0, 1)] }, from: node)
        for (feature, error) in zip(features, found) where error < errors[node][feature] {
            errors[node][feature] = error
        }
    }

    // MARK: forward

    private mutating func forward(_ node: Int) {
        if case .activation(let slope) = plan.operations[node] {
            activate(node, plan.operands[node][0], slope)
            return
        }
        let sums = sums(node)
        for feature in errors[node].indices {
            let sum = sums[feature]
            // Rounding of the float64 coefficients that are carried back: up to 2^22 of them meet in one.
            injected[node][feature] = loss(node, feature, sum) + 0x1p-30 * sum.carried
            errors[node][feature] = (sum.carried + injected[node][feature]) * (1 + 0x1p-20)
        }
    }

    private mutating func activate(_ node: Int, _ operand: Int, _ slope: Double) {
        var slopes = [Double](repeating: 0, count: errors[node].count)
        for feature in slopes.indices {
            let error = errors[operand][feature]
            let (least, most): (Double, Double) =
                if lower[operand][feature] >= error {
                    (1, 1)
                } else if upper[operand][feature] <= -error {
                    (slope, slope)
                } else {
                    (min(slope, 1), max(slope, 1))
                }
            slopes[feature] = least / 2 + most / 2
            let radius = (most - least) / 2 * (1 + 0x1p-20)
            let rounding = slope == 0 ? 0 : 3 * Self.unit * slope.magnitude * magnitude(operand, feature) + 0x1p-125
            let off = least == 0 && most == 0
            injected[node][feature] = off ? 0 : (radius + 0x1p-30) * error + rounding
            let steepest = max(least.magnitude, most.magnitude)
            errors[node][feature] = off ? 0 : (steepest * error + rounding) * (1 + 0x1p-20)
        }
        evaluator.fixedSlopes[node] = slopes
    }

    /// Sums over the operands of one row, in float64.
    private struct RowSums {
        /// `sum |w| E`.
        var carried: Double
        /// `sum |w| |y|`.
        var size: Double
        /// The larger of the sums of positive and of negative products.
        var partial: Double
        /// `sum |y|`, where weights have absolute errors, and how many operands are not 0.
        var reach: Double
        var live: Int
    }

    private func sums(_ node: Int) -> [RowSums] {
        let lanes = 16
        let operands = plan.operands[node]
        let count = plan.layouts[node].count
        let (sizes, balance) = (
            LaneStorage<Double>(features: count, lanes: lanes), LaneStorage<Double>(features: count, lanes: lanes)
        )
        var reach = 0.0
        var live = 0
        for (place, operand) in operands.enumerated() {
            let operandCount = plan.layouts[operand].count
            let magnitudes = LaneStorage<Double>(features: operandCount, lanes: lanes)
            let differences = LaneStorage<Double>(features: operandCount, lanes: lanes)
            for feature in 0..<operandCount {
                let error = errors[operand][feature]
                let most = max(0, upper[operand][feature] + error)
                let least = isNeverNegative(operand) ? 0 : max(0, error - lower[operand][feature])
                magnitudes.base[feature * lanes] = error
                magnitudes.base[feature * lanes + 1] = max(most, least)
                magnitudes.base[feature * lanes + 2] = most + least
                differences.base[feature * lanes] = most - least
                reach += max(most, least)
                live += most + least > 0 ? 1 : 0
            }
            if place == 0 {
                model.absolute.applyAffine(node, magnitudes.base, to: sizes.base, lanes: lanes, addingOffsets: false)
                model.exact.applyAffine(node, differences.base, to: balance.base, lanes: lanes, addingOffsets: false)
            } else {
                Double.add(count, lanes: lanes, magnitudes.base, to: sizes.base)
                Double.add(count, lanes: lanes, differences.base, to: balance.base)
            }
        }
        return (0..<count).map { feature in
            let (size, both) = (sizes.base[feature * lanes + 1], sizes.base[feature * lanes + 2])
            let offset = plan.operations[node].offset(feature)
            let total = both + offset.magnitude
            // The difference is off by far less than the last term.
            let larger = (total + (balance.base[feature * lanes] + offset).magnitude) / 2 + 0x1p-25 * total
            return RowSums(
                carried: sizes.base[feature * lanes], size: size + offset.magnitude,
                partial: min(larger, size + offset.magnitude), reach: reach, live: live)
        }
    }

    /// Whether execution gives no negative numbers.
    private func isNeverNegative(_ node: Int) -> Bool {
        if case .activation(let slope) = plan.operations[node] { slope == 0 } else { false }
    }

    /// `d`: what executing one row may lose.
    private func loss(_ node: Int, _ feature: Int, _ sum: RowSums) -> Double {
        let terms: Int
        var error = AffineError.exact
        switch plan.operations[node] {
        case .input, .activation, .smooth: return 0
        case .select(let selection):
            return selection.sources[feature] < 0 ? Self.unit * selection.constants[feature].magnitude : 0
        case .sum:
            terms = plan.operands[node].count - 1
            if terms == 0 { return 0 }
        case .elementwise(let elementwise):
            // A normalization is some six operations.
            terms = 6
            error = elementwise.error
        case .linear(let linear):
            terms = min(linear.weights.columns, sum.live)
            error = linear.error
        case .convolution(let convolution):
            terms = min(convolution.weights.count / max(1, convolution.outputChannels), sum.live)
            error = convolution.error
        }
        let additions = Double(terms) * Self.unit
        guard additions < 0.25, sum.size < Double(Float.greatestFiniteMagnitude) / 4 else { return .infinity }
        let rounding = (additions * sum.partial + 2.01 * Self.unit * sum.size) / (1 - additions)
        let radius = error.offsets.isEmpty ? 0 : error.offsets[feature % error.offsets.count]
        let inexact = error.relative * sum.size + (error.absolute == 0 ? 0 : error.absolute * sum.reach) + radius
        // The last factor covers the rounding of all this, and of the sums it is made from.
        return (rounding + 2 * inexact + Double(terms + 1) * 0x1p-125) * (1 + 0x1p-20)
    }
}

extension PlannedOperation {
    fileprivate var multiplyAdds: Int {
        switch self {
        case .linear(let linear): linear.weights.nonzeros
        case .convolution(let convolution):
            convolution.weights.count * convolution.outputHeight * convolution.outputWidth
        case .input, .elementwise, .select, .sum, .activation, .smooth: 0
        }
    }

    /// What a row adds to its products.
    fileprivate func offset(_ feature: Int) -> Double {
        switch self {
        case .linear(let linear): linear.bias[feature]
        case .convolution(let convolution): convolution.bias[feature % convolution.outputChannels]
        case .elementwise(let elementwise): elementwise.offset[feature]
        case .input, .select, .sum, .activation, .smooth: 0
        }
    }
}
