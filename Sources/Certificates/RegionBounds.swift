// What is known of every feature on one region, and what rounding a step back through it may cost. Interval arithmetic
// gives the first bounds; proofs tighten those of neurons.

internal import Intervals

/// - Soundness: for every input of the region, every feature of the layers walked through lies between its bounds.
struct RegionBounds: Sendable {
    private(set) var lower: [Double]
    private(set) var upper: [Double]
    /// What a unit of a feature's coefficient may lose when it is taken back to the features before:
    /// `sum_i |W_ji| |y_i| (gamma_n + relative) + absolute sum_i |y_i| + offset_j`.
    private(set) var payments: [Double]
    /// What each feature's affine function may be off all over the region.
    private(set) var losses: [Double]
    /// The affine functions as they are replayed: without features that are 0 all over the region.
    private(set) var rows = Rows()
    private(set) var biases: [Double]
    /// What underflow may cost one backward pass: some 2^40 products beside those of the affine steps.
    private(set) var underflow = 0x1p-1000
    /// Layers before it have been walked through.
    private var next = 0
    private let network: CheckedNetwork
    private let kind: ArithmeticKind

    init(_ network: CheckedNetwork, lower inputLower: [Double], upper inputUpper: [Double], _ kind: ArithmeticKind) {
        self.network = network
        self.kind = kind
        lower = Array(repeating: -.infinity, count: network.featureCount)
        upper = Array(repeating: .infinity, count: network.featureCount)
        payments = Array(repeating: 0, count: network.featureCount)
        losses = payments
        biases = payments
        lower.replaceSubrange(network.inputs, with: inputLower.map { kind.down($0) })
        upper.replaceSubrange(network.inputs, with: inputUpper.map { kind.up($0) })
    }

    /// Starts a walk from the input.
    mutating func rewind() {
        next = 0
        rows = Rows()
        underflow = 0x1p-1000
    }

    /// Walks on through the layer by interval arithmetic, and leaves the layers behind it for later.
    mutating func walk<Sums: LaneSums>(through layer: Int, in _: Sums.Type) {
        for step in next..<max(next, layer + 1) {
            switch network.layers[step].kind {
            case .input: for _ in network.inputs { rows.endRow() }
            case .affine: affine(step, in: Sums.self)
            case .activation(let slope): activate(step, slope)
            }
        }
        next = max(next, layer + 1)
    }

    mutating func tighten(_ feature: Int, lower newLower: Double, upper newUpper: Double) {
        if newLower > lower[feature] { lower[feature] = kind.down(newLower) }
        if newUpper < upper[feature] { upper[feature] = kind.up(newUpper) }
    }

    func isUnstable(_ feature: Int) -> Bool { lower[feature] < 0 && upper[feature] > 0 }

    func magnitude(_ feature: Int) -> Double { max(lower[feature].magnitude, upper[feature].magnitude) }

    // MARK: interval arithmetic

    private mutating func affine<Sums: LaneSums>(_ step: Int, in _: Sums.Type) {
        let layer = network.layers[step]
        let first = layer.operands.map { network.layers[$0].features.lowerBound }.min()!
        let end = layer.operands.map { network.layers[$0].features.upperBound }.max()!
        // Ends of both bounds: the lower one, and the upper one's opposite; the other way round for negative weights.
        let ends = (first..<end).map { Eight(lower[$0], -upper[$0], 0, 0, 0, 0, 0, 0) }
        let swapped = (first..<end).map { Eight(-upper[$0], lower[$0], 0, 0, 0, 0, 0, 0) }
        let sizes = (first..<end).map { magnitude($0) }
        let isDead = (first..<end).map { lower[$0] == 0 && upper[$0] == 0 }
        let reach = layer.absolute == 0 ? 0 : layer.absolute * sizes.reduce(0, +)
        var most = 0
        for feature in layer.features {
            var bound = LaneBound<Sums>()
            var size = 0.0
            // What is left of weights and the bias where exact arithmetic rounds them.
            let bias = kind.down(network.biases[feature])
            var rest = network.biases[feature] - bias
            var isConstant = true
            var terms = 0
            for place in network.rows.starts[feature]..<network.rows.starts[feature + 1] {
                let weight = kind.down(network.rows.weights[place])
                let column = Int(network.rows.columns[place])
                if isDead[column - first] { continue }
                rows.add(weight, column)
                terms = max(terms, network.terms[column])
                if kind == .exact { rest += (network.rows.weights[place] - weight) * sizes[column - first] }
                if weight == 0 { continue }
                isConstant = false
                bound.add(
                    weight > 0 ? ends[column - first] : swapped[column - first],
                    times: Eight(repeating: weight.magnitude))
                size += weight.magnitude * sizes[column - first]
            }
            rows.endRow()
            biases[feature] = bias
            let inexact = (layer.relative * size + reach + network.offsets[feature] + rest) * sumSlack
            let loss = inexact == 0 ? 0 : kind.up(inexact + 0x1p-1000)
            losses[feature] = loss
            if isConstant && loss == 0 {
                tighten(feature, lower: bias, upper: bias)
            } else {
                bound.add(Eight(bias, -bias, 0, 0, 0, 0, 0, 0))
                bound.lose(Eight(repeating: loss), times: Eight(repeating: 1))
                let found = bound.result(underflow: 0x1p-1000)
                tighten(feature, lower: found[0], upper: -found[1])
            }
            payments[feature] = loss + (kind == .rounded ? gamma(terms + 2) * size * sumSlack + 0x1p-1000 : 0)
            most = max(most, terms)
        }
        if kind == .rounded { underflow += Double(most) * 0x1p-1074 * sizes.reduce(0, +) * sumSlack }
    }

    private mutating func activate(_ step: Int, _ slope: Double) {
        let operand = network.layers[network.layers[step].operands[0]].features.lowerBound
        for (place, feature) in network.layers[step].features.enumerated() {
            let (low, high) = (lower[operand + place], upper[operand + place])
            tighten(
                feature, lower: low >= 0 ? low : productRoundedDown(slope, low),
                upper: high >= 0 ? high : productRoundedUp(slope, high))
            rows.endRow()
            // Adding to a coefficient that others add to as well rounds.
            let terms = network.terms[operand + place]
            let rounds = kind == .rounded && terms > 1
            payments[feature] = rounds ? gamma(terms + 2) * magnitude(operand + place) * sumSlack + 0x1p-1000 : 0
        }
    }
}
