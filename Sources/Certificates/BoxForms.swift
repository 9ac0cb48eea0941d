// Forward linear bounds on one box: every value lies within D(e) of M(e), two affine functions of the box's coordinates
// e in [-1, 1]^n (as in Neurify, Wang et al. 2018). An affine operator W, b takes M to W M + b and D to |W| D.
//
// The lanes are the functions' coefficients, the constant first; with more than seven moving inputs a function takes
// two or more blocks of eight. What rounding may lose is added to D's constant.

internal import Intervals
internal import Networks

struct BoxForms<Numbers: LaneNumbers> {
    private let network: CheckedNetwork
    private let blocks: Int
    /// Per node `[feature * blocks + block]`.
    private var means: [[Numbers]]
    private var spreads: [[Numbers]]
    /// Per node and feature no less than the largest magnitude of the value, and of the functions.
    private var sizes: [[Double]]
    /// What is known of neurons on the box.
    private(set) var ranges: Ranges

    /// Carries the box through the network.
    init(_ network: CheckedNetwork, _ box: Box, moving: [Int], _ bounds: RegionBounds) {
        self.network = network
        blocks = (moving.count + 8) / 8
        means = network.nodes.map { _ in [] }
        spreads = means
        sizes = network.nodes.map { _ in [] }
        ranges = Ranges(lower: bounds.lower, upper: bounds.upper)
        begin(box, moving)
        for node in 1..<network.nodes.count { forward(node) }
    }

    private mutating func begin(_ box: Box, _ moving: [Int]) {
        let count = network.nodes[0].count
        var mean = [Eight](repeating: .zero, count: count * blocks)
        var spread = mean
        for (index, feature) in moving.enumerated() {
            ranges.lower[0][feature] = box.lower[index]
            ranges.upper[0][feature] = box.upper[index]
        }
        for feature in 0..<count {
            let low = ranges.lower[0][feature]
            let high = ranges.upper[0][feature]
            let middle = low / 2 + high / 2
            let radius = low == high ? 0 : max((high - middle).nextUp, (middle - low).nextUp)
            mean[feature * blocks][0] = middle
            if let index = moving.firstIndex(of: feature) {
                mean[feature * blocks + (index + 1) / 8][(index + 1) % 8] = radius
            } else {
                spread[feature * blocks][0] = radius
            }
            sizes[0].append((middle.magnitude + radius) * sumSlack)
        }
        means[0] = mean.map { Numbers($0) }
        spreads[0] = spread.map { Numbers($0) }
    }

    private mutating func forward(_ node: Int) {
        let operands = network.nodes[node].inputs
        let count = network.nodes[node].count
        switch network.nodes[node].operation {
        case .input, .maxPool: break
        case .activation:
            means[node] = means[operands[0]]
            spreads[node] = spreads[operands[0]]
            sizes[node] = Array(repeating: 0, count: count)
            for feature in 0..<count { relax(node, operands[0], feature, network.negativeSlope(node)) }
        case .reshape:
            means[node] = means[operands[0]]
            spreads[node] = spreads[operands[0]]
            sizes[node] = sizes[operands[0]]
        case .select(let selection):
            start(node)
            for (feature, source) in selection.sources.enumerated() {
                let constant = Eight(selection.constants[feature], 0, 0, 0, 0, 0, 0, 0)
                for block in 0..<blocks {
                    let from = Int(source) * blocks + block
                    let isConstant = source < 0
                    means[node].append(
                        isConstant ? (block == 0 ? Numbers(constant) : .zero) : means[operands[0]][from])
                    spreads[node].append(isConstant ? .zero : spreads[operands[0]][from])
                }
                sizes[node].append(source < 0 ? constant[0].magnitude : sizes[operands[0]][Int(source)])
            }
        case .sum:
            start(node)
            for feature in 0..<count {
                var size = 0.0
                var row = Row(blocks: blocks)
                for operand in operands {
                    row.add(1, means[operand], spreads[operand], feature)
                    size += sizes[operand][feature]
                }
                finish(node, row, loss: Numbers.kind == .rounded ? gamma(operands.count + 2) * size : 0)
            }
        case .linear(let linear):
            affine(node, linear.error) { row, add in
                switch linear.weights {
                case .dense(_, let columns, let values):
                    for column in 0..<columns { add(values[row * columns + column], column) }
                case .sparse(let matrix):
                    for place in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                        add(matrix.values[place], Int(matrix.columnIndices[place]))
                    }
                }
                return (linear.bias[row], row)
            }
        case .elementwise(let elementwise):
            affine(node, elementwise.error) { row, add in
                add(elementwise.scale[row], row)
                return (elementwise.offset[row], row)
            }
        case .convolution(let convolution):
            let positions = convolution.outputHeight * convolution.outputWidth
            affine(node, convolution.error) { row, add in
                let position = row % positions
                convolution.forEachWeight(
                    row / positions, position / convolution.outputWidth, position % convolution.outputWidth, add)
                return (convolution.bias[row / positions], row / positions)
            }
        }
    }

    private mutating func start(_ node: Int) {
        let count = network.nodes[node].count
        means[node].reserveCapacity(count * blocks)
        spreads[node].reserveCapacity(count * blocks)
        sizes[node].reserveCapacity(count)
    }

    // MARK: affine operators

    /// One feature's functions in the making.
    private struct Row {
        var mean: [Numbers]
        var spread: [Numbers]

        init(blocks: Int) {
            mean = Array(repeating: .zero, count: blocks)
            spread = mean
        }

        @inline(__always)
        mutating func add(_ weight: Double, _ means: [Numbers], _ spreads: [Numbers], _ feature: Int) {
            for block in mean.indices {
                mean[block].add(weight, times: means[feature * mean.count + block])
                spread[block].add(weight.magnitude, times: spreads[feature * mean.count + block])
            }
        }
    }

    /// - Parameter entries: adds the weights of a row, and gives its bias and its place among the error's offsets.
    @inline(__always)
    private mutating func affine(
        _ node: Int, _ error: AffineError,
        entries: (_ row: Int, _ add: (_ weight: Double, _ column: Int) -> Void) -> (bias: Double, offset: Int)
    ) {
        start(node)
        let operand = network.nodes[node].inputs[0]
        let (operandMeans, operandSpreads, operandSizes) = (means[operand], spreads[operand], sizes[operand])
        let everything = error.absolute == 0 ? 0 : operandSizes.reduce(0, +)
        for index in 0..<network.nodes[node].count {
            var row = Row(blocks: blocks)
            var size = 0.0
            var terms = 0
            let (bias, offset) = entries(index) { weight, column in
                if weight == 0 || operandSizes[column] == 0 { return }
                row.add(weight, operandMeans, operandSpreads, column)
                size += weight.magnitude * operandSizes[column]
                terms += 1
            }
            row.mean[0].add(Numbers(Eight(bias, 0, 0, 0, 0, 0, 0, 0)))
            size += bias.magnitude
            var loss = (error.relative + (Numbers.kind == .rounded ? gamma(terms + 4) : 0)) * size
            loss += error.absolute == 0 ? 0 : error.absolute * everything
            loss += error.offsets.isEmpty ? 0 : error.offsets[offset]
            finish(node, row, loss: loss)
        }
    }

    private mutating func finish(_ node: Int, _ row: Row, loss: Double) {
        var row = row
        // More than underflow can cost.
        let paid = loss == 0 && Numbers.kind == .exact ? 0 : loss * sumSlack + 0x1p-1000
        if paid != 0 { row.spread[0].add(Numbers(Eight(paid, 0, 0, 0, 0, 0, 0, 0))) }
        means[node] += row.mean
        spreads[node] += row.spread
        sizes[node].append(size(row.mean, row.spread))
    }

    /// No less than the sum of all coefficients' magnitudes.
    private func size(_ mean: [Numbers], _ spread: [Numbers]) -> Double {
        var total = 0.0
        for block in 0..<blocks { total += (mean[block].chosen.magnitudes + spread[block].chosen.magnitudes).sum() }
        return total * sumSlack
    }

    // MARK: activations

    private mutating func relax(_ node: Int, _ operand: Int, _ feature: Int, _ slope: Double) {
        let at = feature * blocks
        var low = Array(means[node][at..<at + blocks])
        var high = low
        for block in 0..<blocks {
            low[block].add(-1, times: spreads[node][at + block])
            high[block].add(spreads[node][at + block])
        }
        // One rounding a coefficient in the differences, some in each sum.
        let slack = Numbers.kind == .rounded ? gamma(2 * 8 * blocks + 16) * sizes[operand][feature] : 0
        let (lowLeast, lowMost) = range(low, slack)
        let (left, right) = range(high, slack)
        let l = max(ranges.lower[operand][feature], lowLeast)
        let u = min(ranges.upper[operand][feature], right)
        ranges.lower[operand][feature] = l
        ranges.upper[operand][feature] = u
        ranges.lower[node][feature] = l >= 0 ? l : productRoundedDown(slope, l)
        ranges.upper[node][feature] = u >= 0 ? u : productRoundedUp(slope, u)
        // Below: any slope between the two pieces'. Above: the chord over the upper function's own range.
        let below = l >= 0 ? 1 : u <= 0 ? slope : lowMost > -lowLeast ? 1 : slope
        var above = 1.0
        var lift = 0.0
        if u <= 0 || right <= 0 {
            above = slope
        } else if !(l >= 0 || left >= 0) {
            let chord = right > left ? (right - slope * left) / (right - left) : 1
            above = min(1, max(slope, chord))
            lift = max(
                0, productRoundedUp(differenceRoundedDown(slope, above), left),
                productRoundedUp(differenceRoundedUp(1, above), right))
        }
        combine(node, operand, feature, low, high, below, above, lift)
    }

    /// The least value of an affine function over the box, rounded down, and the greatest, rounded up.
    private func range(_ form: [Numbers], _ slack: Double) -> (least: Double, most: Double) {
        // |x| = -min(x, -x); the constant is taken as it is.
        var negative = form[0].times(Eight(0, 1, 1, 1, 1, 1, 1, 1)).least(
            form[0].times(Eight(0, -1, -1, -1, -1, -1, -1, -1)))
        for block in 1..<max(1, blocks) { negative.add(form[block].least(form[block].times(Eight(repeating: -1)))) }
        let widths = negative.lowerBound(less: .zero)
        let constant = form[0].lowerBound(less: .zero)[0]
        let most = -form[0].times(Eight(repeating: -1)).lowerBound(less: .zero)[0]
        let reach = -(widths.sum() * sumSlack)
        guard constant.isFinite, most.isFinite, reach.isFinite else { return (-.infinity, .infinity) }
        return ((constant - reach - slack).nextDown, (most + reach + slack).nextUp)
    }

    private mutating func combine(
        _ node: Int, _ operand: Int, _ feature: Int, _ low: [Numbers], _ high: [Numbers], _ below: Double,
        _ above: Double, _ lift: Double
    ) {
        let at = feature * blocks
        if lift == 0 && above == below && (above == 0 || above == 1) {
            // The piece itself: what the node was given already, or 0.
            if above == 1 { sizes[node][feature] = sizes[operand][feature] }
            for block in 0..<blocks where above == 0 {
                means[node][at + block] = .zero
                spreads[node][at + block] = .zero
            }
            return
        }
        var loss = Numbers.kind == .rounded ? gamma(16) * (sizes[operand][feature] + lift) : 0
        for block in 0..<blocks {
            var hi = high[block].times(Eight(repeating: above / 2))
            let lo = low[block].times(Eight(repeating: below / 2))
            if block == 0 { hi.add(Numbers(Eight(lift / 2, 0, 0, 0, 0, 0, 0, 0))) }
            var mean = hi
            mean.add(lo)
            hi.add(-1, times: lo)
            if Numbers.kind == .rounded {
                means[node][at + block] = mean
                spreads[node][at + block] = hi
                continue
            }
            // Float64 numbers within a unit in the last place keep the arithmetic short.
            let (m, d) = (mean.chosen, hi.chosen)
            means[node][at + block] = Numbers(m)
            spreads[node][at + block] = Numbers(d)
            for lane in 0..<8 { loss += (m[lane] == 0 ? 0 : m[lane].ulp) + (d[lane] == 0 ? 0 : d[lane].ulp) }
        }
        if loss != 0 {
            spreads[node][at].add(Numbers(Eight(loss * sumSlack + 0x1p-1000, 0, 0, 0, 0, 0, 0, 0)))
        }
        sizes[node][feature] = size(
            Array(means[node][at..<at + blocks]), Array(spreads[node][at..<at + blocks]))
    }

    // MARK: what follows

    /// A lower bound of an objective on the box.
    func bound(_ objective: Objective) -> Double {
        var row = Row(blocks: blocks)
        var loss = 0.0
        var size = objective.constant.magnitude
        var constant = Numbers.zero
        constant.add(Numbers(Eight(objective.constant, 0, 0, 0, 0, 0, 0, 0)))
        row.mean[0] = constant
        for (terms, node) in [(objective.outputTerms, network.output), (objective.inputTerms, 0)] {
            for term in terms {
                row.add(term.coefficient, means[node], spreads[node], term.feature)
                size += term.coefficient.magnitude * sizes[node][term.feature]
                loss += term.radius * sizes[node][term.feature]
            }
        }
        let count = objective.outputTerms.count + objective.inputTerms.count
        let slack = Numbers.kind == .rounded ? gamma(4 * count + 16 * blocks + 32) * size : 0
        for block in 0..<blocks { row.mean[block].add(-1, times: row.spread[block]) }
        return range(row.mean, (slack + loss) * sumSlack + 0x1p-1000).least
    }

    /// Tightens what is known of a feature.
    mutating func tighten(_ node: Int, _ feature: Int, lower: Double, upper: Double) {
        if lower > ranges.lower[node][feature] { ranges.lower[node][feature] = lower }
        if upper < ranges.upper[node][feature] { ranges.upper[node][feature] = upper }
    }
}
