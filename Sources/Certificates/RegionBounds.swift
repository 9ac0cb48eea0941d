// What is known of every value of the network on one region, and what rounding a step back through it may cost.
//
// Interval arithmetic gives the first bounds of every feature; proofs tighten those of neurons. Rounded outward in
// midpoint and radius form, or exact.

internal import Intervals
internal import Networks

/// - Soundness: for every input of the region, every feature of every node below `next` lies between its bounds.
struct RegionBounds: Sendable {
    var lower: [[Double]]
    var upper: [[Double]]
    /// Per node and feature: what a unit of the feature's coefficient may lose when it is taken back to the node's
    /// operands: `sum_i |W_ji| |y_i| (gamma_n + relative) + absolute sum_i |y_i| + offset_j`.
    private(set) var payments: [[Double]]
    /// Per node what underflow in a step back through it may cost.
    private var underflows: [Double]
    /// Nodes below it have been walked through.
    private var next = 0
    private let network: CheckedNetwork
    private let arithmetic: ArithmeticKind

    init(
        _ network: CheckedNetwork, lower inputLower: [Double], upper inputUpper: [Double], _ arithmetic: ArithmeticKind
    ) {
        self.network = network
        self.arithmetic = arithmetic
        lower = network.nodes.map { Array(repeating: -.infinity, count: $0.count) }
        upper = network.nodes.map { Array(repeating: .infinity, count: $0.count) }
        payments = network.nodes.map { _ in [] }
        underflows = network.nodes.map { _ in 0 }
        lower[0] = inputLower
        upper[0] = inputUpper
    }

    /// Starts a walk from the input.
    mutating func rewind() { next = 0 }

    /// Walks on until the node, and leaves the nodes behind it for later.
    mutating func walk(through node: Int) {
        for step in next..<max(next, node + 1) { propagate(step) }
        next = node + 1
    }

    /// - Returns: whether the bounds still hold some number.
    mutating func tighten(_ node: Int, _ feature: Int, lower newLower: Double, upper newUpper: Double) {
        if newLower > lower[node][feature] { lower[node][feature] = newLower }
        if newUpper < upper[node][feature] { upper[node][feature] = newUpper }
    }

    func isUnstable(_ node: Int, _ feature: Int) -> Bool { lower[node][feature] < 0 && upper[node][feature] > 0 }

    func magnitude(_ node: Int, _ feature: Int) -> Double {
        max(lower[node][feature].magnitude, upper[node][feature].magnitude)
    }

    /// What underflow may cost one backward pass: some 2^40 products beside those of the affine steps.
    var underflow: Double { underflows.reduce(0x1p-1000, +) * sumSlack }

    // MARK: interval arithmetic

    private mutating func affine<Sum: RowSum>(_ node: Int, as: Sum.Type) {
        let operand = network.nodes[node].inputs[0]
        let elements = zip(lower[operand], upper[operand]).map { Sum.Element($0, $1) }
        let n = network.terms[operand]
        let operation = network.nodes[node].operation
        var rows: [Double] = []
        rows.reserveCapacity(network.nodes[node].count)
        forEachRow(of: operation, elements, as: Sum.self) { row, bias, error, offset, sum in
            let ends = sum.ends(bias: bias, error, offset: offset)
            tighten(node, row, lower: ends.lower, upper: ends.upper)
            rows.append(sum.payment(error, offset: offset, terms: n))
        }
        payments[node] = rows.contains { $0 != 0 } ? rows : []
        let total = lower[operand].indices.reduce(0) { $0 + magnitude(operand, $1) }
        underflows[node] = arithmetic == .rounded ? Double(n) * 0x1p-1074 * total * sumSlack : 0
    }

    private mutating func propagate(_ node: Int) {
        let operands = network.nodes[node].inputs
        let count = network.nodes[node].count
        switch network.nodes[node].operation {
        case .input, .maxPool: break
        case .linear, .convolution, .elementwise:
            switch arithmetic {
            case .rounded: affine(node, as: RoundedSum.self)
            case .exact: affine(node, as: ExactSum.self)
            }
        case .select(let selection):
            copy(node, operands[0]) { selection.sources[$0] < 0 ? nil : Int(selection.sources[$0]) }
            for (index, source) in selection.sources.enumerated() where source < 0 {
                tighten(node, index, lower: selection.constants[index], upper: selection.constants[index])
            }
        case .reshape: copy(node, operands[0]) { $0 }
        case .sum:
            for index in 0..<count {
                var low = lower[operands[0]][index]
                var high = upper[operands[0]][index]
                for operand in operands.dropFirst() {
                    low = sumRoundedDown(low, lower[operand][index])
                    high = sumRoundedUp(high, upper[operand][index])
                }
                tighten(node, index, lower: low, upper: high)
            }
            payForForks(node)
        case .activation:
            let slope = network.negativeSlope(node)
            for index in 0..<count {
                let low = lower[operands[0]][index]
                let high = upper[operands[0]][index]
                tighten(
                    node, index, lower: low >= 0 ? low : productRoundedDown(slope, low),
                    upper: high >= 0 ? high : productRoundedUp(slope, high))
            }
            payForForks(node)
        }
    }

    private mutating func copy(_ node: Int, _ operand: Int, source: (Int) -> Int?) {
        for index in 0..<network.nodes[node].count {
            guard let from = source(index) else { continue }
            tighten(node, index, lower: lower[operand][from], upper: upper[operand][from])
        }
        payments[node] = []
        let n = network.terms[operand]
        guard n > 1, arithmetic == .rounded else { return }
        payments[node] = (0..<network.nodes[node].count).map { index in
            source(index).map { gamma(n + 2) * magnitude(operand, $0) } ?? 0
        }
    }

    /// Adding to the coefficients of a node that others read as well rounds.
    private mutating func payForForks(_ node: Int) {
        payments[node] = []
        let operands = network.nodes[node].inputs
        guard arithmetic == .rounded, operands.contains(where: { network.isFork[$0] }) else { return }
        payments[node] = (0..<network.nodes[node].count).map { index in
            operands.reduce(0) { $0 + gamma(network.terms[$1] + 2) * magnitude($1, index) } * sumSlack
        }
    }
}
