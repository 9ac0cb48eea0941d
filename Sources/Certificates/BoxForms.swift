// Forward linear bounds on one box: every value lies within D(e) of M(e), two affine functions of the box's coordinates
// e in [-1, 1]^n (as in Neurify, Wang et al. 2018). An affine operator W, b takes M to W M + b and D to |W| D.
//
// The lanes are the functions' coefficients, the constant first; with more than seven moving inputs a function takes
// two or more blocks of eight. What rounding may lose is added to D's constant.

internal import Intervals

struct BoxForms<Numbers: LaneNumbers>: ~Copyable {
    private let network: CheckedNetwork
    private let blocks: Int
    /// `[feature * blocks + block]`.
    private let means: UnsafeMutablePointer<Numbers>
    private let spreads: UnsafeMutablePointer<Numbers>
    /// The functions below and above one feature.
    private let low: UnsafeMutablePointer<Numbers>
    private let high: UnsafeMutablePointer<Numbers>
    private let capacity: Int
    /// Per feature no less than the largest magnitude of the value, and of the functions.
    private var sizes: [Double] = []
    /// What is known of features on the box.
    private(set) var ranges: Ranges

    /// Carries the box through the network.
    init(_ network: CheckedNetwork, _ box: Box, moving: [Int], _ bounds: RegionBounds) {
        self.network = network
        blocks = (moving.count + 8) / 8
        ranges = Ranges(lower: bounds.lower, upper: bounds.upper)
        let count = network.featureCount * blocks
        capacity = 2 * (count + blocks)
        means = .allocate(capacity: capacity)
        means.initialize(repeating: .zero, count: capacity)
        spreads = means + count
        low = spreads + count
        high = low + blocks
        sizes = Array(repeating: 0, count: network.featureCount)
        begin(box, moving)
        for layer in network.layers {
            switch layer.kind {
            case .input: break
            case .affine: step(layer, bounds.rows)
            case .activation(let slope):
                let operand = network.layers[layer.operands[0]].features.lowerBound
                for (place, feature) in layer.features.enumerated() { relax(operand + place, to: feature, slope) }
            }
        }
    }

    deinit {
        means.deinitialize(count: capacity)
        means.deallocate()
    }

    /// A vector with one lane set.
    private func constant(_ value: Double) -> Numbers { Numbers(Eight(value, 0, 0, 0, 0, 0, 0, 0)) }

    private mutating func begin(_ box: Box, _ moving: [Int]) {
        for (index, input) in moving.enumerated() {
            ranges.lower[input] = box.lower[index]
            ranges.upper[input] = box.upper[index]
        }
        for input in network.inputs {
            let (low, high) = (ranges.lower[input], ranges.upper[input])
            let middle = low / 2 + high / 2
            let radius = low == high ? 0 : max((high - middle).nextUp, (middle - low).nextUp)
            means[input * blocks] = constant(middle)
            if let index = moving.firstIndex(of: input) {
                var lane = Eight.zero
                lane[(index + 1) % 8] = radius
                means[input * blocks + (index + 1) / 8].add(Numbers(lane))
            } else {
                spreads[input * blocks] = constant(radius)
            }
            sizes[input] = (middle.magnitude + radius) * sumSlack
        }
    }

    // MARK: affine functions

    private mutating func step(_ layer: CheckedNetwork.Layer, _ rows: Rows) {
        let reach =
            layer.absolute == 0
            ? 0 : layer.operands.reduce(0) { sizes[network.layers[$1].features].reduce($0, +) } * layer.absolute
        for feature in layer.features {
            let places = rows.starts[feature]..<rows.starts[feature + 1]
            var size = network.biases[feature].magnitude
            for block in 0..<blocks {
                // Sums stay in registers, block by block.
                var (mean, spread) = (Numbers.zero, Numbers.zero)
                for place in places {
                    let (weight, column) = (rows.weights[place], Int(rows.columns[place]))
                    mean.add(weight, times: means[column * blocks + block])
                    spread.add(weight.magnitude, times: spreads[column * blocks + block])
                    if block == 0 { size += weight.magnitude * sizes[column] }
                }
                means[feature * blocks + block] = mean
                spreads[feature * blocks + block] = spread
            }
            means[feature * blocks].add(constant(network.biases[feature]))
            let rounding = Numbers.kind == .rounded ? gamma(places.count + 4) : 0
            widen(feature, by: (layer.relative + rounding) * size + reach + network.offsets[feature])
        }
    }

    /// Adds to a feature's spread what was lost, and takes its size.
    private mutating func widen(_ feature: Int, by loss: Double) {
        let first = feature * blocks
        // More than underflow can cost.
        if loss != 0 || Numbers.kind == .rounded { spreads[first].add(constant(loss * sumSlack + 0x1p-1000)) }
        // No less than the sum of all coefficients' magnitudes.
        var total = Eight.zero
        for place in first..<first + blocks {
            total += means[place].chosen.magnitudes + spreads[place].chosen.magnitudes
        }
        sizes[feature] = total.sum() * sumSlack
    }

    // MARK: activations

    private mutating func relax(_ operand: Int, to feature: Int, _ slope: Double) {
        for block in 0..<blocks {
            let (mean, spread) = (means[operand * blocks + block], spreads[operand * blocks + block])
            low[block] = mean
            low[block].add(-1, times: spread)
            high[block] = mean
            high[block].add(spread)
        }
        // One rounding a coefficient in the differences, some in each sum.
        let slack = Numbers.kind == .rounded ? gamma(2 * 8 * blocks + 16) * sizes[operand] : 0
        let (lowLeast, lowMost) = range(low, slack)
        let (left, right) = range(high, slack)
        let l = max(ranges.lower[operand], lowLeast)
        let u = min(ranges.upper[operand], right)
        ranges.lower[operand] = l
        ranges.upper[operand] = u
        ranges.lower[feature] = l >= 0 ? l : productRoundedDown(slope, l)
        ranges.upper[feature] = u >= 0 ? u : productRoundedUp(slope, u)
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
        if lift == 0 && above == below && (above == 0 || above == 1) {
            // The piece itself: what the operand has, or 0.
            guard above == 1 else { return }
            for block in 0..<blocks {
                means[feature * blocks + block] = means[operand * blocks + block]
                spreads[feature * blocks + block] = spreads[operand * blocks + block]
            }
            sizes[feature] = sizes[operand]
        } else {
            combine(below, above, lift, to: feature, size: sizes[operand])
        }
    }

    /// The least value of an affine function over the box, rounded down, and the greatest, rounded up.
    private func range(_ form: UnsafeMutablePointer<Numbers>, _ slack: Double) -> (least: Double, most: Double) {
        // |x| = -min(x, -x); the constant is taken as it is.
        let minus = Eight(repeating: -1)
        let first = form[0].times(Eight(0, 1, 1, 1, 1, 1, 1, 1))
        var negative = first.least(first.times(minus))
        for block in 1..<blocks { negative.add(form[block].least(form[block].times(minus))) }
        let widths = negative.lowerBound(less: .zero)
        let constant = form[0].lowerBound(less: .zero)[0]
        let most = -form[0].times(minus).lowerBound(less: .zero)[0]
        let reach = -(widths.sum() * sumSlack)
        guard constant.isFinite, most.isFinite, reach.isFinite else { return (-.infinity, .infinity) }
        return ((constant - reach - slack).nextDown, (most + reach + slack).nextUp)
    }

    /// The feature lies between `below * low` and `above * high + lift`.
    private mutating func combine(_ below: Double, _ above: Double, _ lift: Double, to feature: Int, size: Double) {
        var loss = Numbers.kind == .rounded ? gamma(16) * (size + lift) : 0
        for block in 0..<blocks {
            var hi = high[block].times(Eight(repeating: above / 2))
            let lo = low[block].times(Eight(repeating: below / 2))
            if block == 0 { hi.add(constant(lift / 2)) }
            var middle = hi
            middle.add(lo)
            hi.add(-1, times: lo)
            let place = feature * blocks + block
            (means[place], spreads[place]) = (middle, hi)
            if Numbers.kind == .rounded { continue }
            // Float64 numbers within a unit in the last place keep the arithmetic short.
            let (m, d) = (middle.chosen, hi.chosen)
            (means[place], spreads[place]) = (Numbers(m), Numbers(d))
            for lane in 0..<8 { loss += (m[lane] == 0 ? 0 : m[lane].ulp) + (d[lane] == 0 ? 0 : d[lane].ulp) }
        }
        widen(feature, by: loss)
    }

    // MARK: what follows

    /// A lower bound of an objective on the box.
    mutating func bound(_ objective: Objective) -> Double {
        low.update(repeating: .zero, count: blocks)
        high.update(repeating: .zero, count: blocks)
        var size = objective.constant.magnitude
        var loss = 0.0
        for term in objective.terms {
            for block in 0..<blocks {
                let place = term.feature * blocks + block
                low[block].add(term.coefficient, times: means[place])
                high[block].add(term.coefficient.magnitude, times: spreads[place])
            }
            size += term.coefficient.magnitude * sizes[term.feature]
            loss += term.radius * sizes[term.feature]
        }
        low[0].add(constant(objective.constant))
        for block in 0..<blocks { low[block].add(-1, times: high[block]) }
        let slack = Numbers.kind == .rounded ? gamma(4 * objective.terms.count + 16 * blocks + 32) * size : 0
        return range(low, (slack + loss) * sumSlack + 0x1p-1000).least
    }

    /// Tightens what is known of a feature.
    mutating func tighten(_ feature: Int, lower: Double, upper: Double) {
        if lower > ranges.lower[feature] { ranges.lower[feature] = lower }
        if upper < ranges.upper[feature] { ranges.upper[feature] = upper }
    }
}
