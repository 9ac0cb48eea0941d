// Forward linear bounds on one box: every value lies within D(e) of M(e), two affine functions of the box's coordinates
// e in [-1, 1]^n (as in Neurify, Wang et al. 2018). An affine operator W, b takes M to W M + b and D to |W| D.
//
// The lanes are the functions' coefficients, the constant first; with more than seven moving inputs a function takes
// two or more blocks of eight. What rounding may lose is added to D's constant.

internal import Intervals

/// A thread's room for the functions of one box after the other.
final class FormsMemory<Sums: LaneSums>: @unchecked Sendable {
    // Used by one thread at a time.
    let blocks: Int
    /// `[feature * blocks + block]`.
    let means: UnsafeMutablePointer<Eight>
    let spreads: UnsafeMutablePointer<Eight>
    /// The same, ready to be multiplied.
    let meanFactors: UnsafeMutablePointer<Sums.Factors>
    let spreadFactors: UnsafeMutablePointer<Sums.Factors>
    /// Per feature no less than the largest magnitude of the value, and of the functions.
    let sizes: UnsafeMutablePointer<Double>
    /// Offsets in a row.
    let live: UnsafeMutablePointer<Int32>

    init(features: Int, moving: Int) {
        blocks = (moving + 8) / 8
        means = .allocate(capacity: features * blocks)
        spreads = .allocate(capacity: features * blocks)
        meanFactors = .allocate(capacity: features * blocks)
        spreadFactors = .allocate(capacity: features * blocks)
        sizes = .allocate(capacity: features)
        live = .allocate(capacity: features)
    }

    deinit {
        means.deallocate()
        spreads.deallocate()
        meanFactors.deallocate()
        spreadFactors.deallocate()
        sizes.deallocate()
        live.deallocate()
    }

    @inline(__always)
    func set(_ place: Int, _ mean: Eight, _ spread: Eight) {
        means[place] = mean
        spreads[place] = spread
        meanFactors[place] = Sums.factors(mean)
        spreadFactors[place] = Sums.factors(spread)
    }
}

struct BoxForms<Sums: LaneSums> {
    private let network: CheckedNetwork
    private let memory: FormsMemory<Sums>
    private var blocks: Int { memory.blocks }
    private var kind: ArithmeticKind { Sums.kind }
    /// The functions below and above one feature.
    private var low: [Eight]
    private var high: [Eight]
    /// What is known of features on the box.
    private(set) var ranges: Ranges

    /// Carries the box through the network.
    init(_ network: CheckedNetwork, _ box: Box, moving: [Int], _ bounds: RegionBounds, _ memory: FormsMemory<Sums>) {
        self.network = network
        self.memory = memory
        ranges = Ranges(lower: bounds.lower, upper: bounds.upper)
        low = Array(repeating: .zero, count: memory.blocks)
        high = low
        begin(box, moving)
        for layer in network.layers {
            switch layer.kind {
            case .input: break
            case .affine: step(layer, bounds)
            case .activation(let slope):
                let operand = network.layers[layer.operands[0]].features.lowerBound
                for (place, feature) in layer.features.enumerated() { relax(operand + place, to: feature, slope) }
            }
        }
    }

    private mutating func begin(_ box: Box, _ moving: [Int]) {
        for (index, input) in moving.enumerated() {
            ranges.lower[input] = kind.down(box.lower[index])
            ranges.upper[input] = kind.up(box.upper[index])
        }
        for input in network.inputs {
            let (low, high) = (ranges.lower[input], ranges.upper[input])
            let middle = low == high ? low : kind.down(low / 2 + high / 2)
            let radius = low == high ? 0 : kind.up(max((high - middle).nextUp, (middle - low).nextUp))
            let axis = moving.firstIndex(of: input)
            for block in 0..<blocks {
                var (mean, spread) = (Eight.zero, Eight.zero)
                if block == 0 { mean[0] = middle }
                if let axis {
                    if (axis + 1) / 8 == block { mean[(axis + 1) % 8] = radius }
                } else if block == 0 {
                    spread[0] = radius
                }
                memory.set(input * blocks + block, mean, spread)
            }
            memory.sizes[input] = (middle.magnitude + radius) * sumSlack
        }
    }

    // MARK: affine functions

    private func step(_ layer: CheckedNetwork.Layer, _ bounds: RegionBounds) {
        let (starts, blocks) = (bounds.rows.starts, blocks)
        let (means, spreads, sizes) = (memory.meanFactors, memory.spreadFactors, memory.sizes)
        let lives = memory.live
        bounds.rows.columns.withUnsafeBufferPointer { columns in
            bounds.rows.weights.withUnsafeBufferPointer { weights in
                // A dense layer's rows have the same columns; those that are 0 on the box are left out.
                var live = 0
                if layer.isDense {
                    let first = starts[layer.features.lowerBound]
                    for place in first..<starts[layer.features.lowerBound + 1]
                    where sizes[Int(columns[place])] != 0 {
                        lives[live] = Int32(place - first)
                        live += 1
                    }
                }
                for feature in layer.features {
                    let start = starts[feature]
                    if !layer.isDense {
                        live = starts[feature + 1] - start
                        for offset in 0..<live { lives[offset] = Int32(offset) }
                    }
                    var size = bounds.biases[feature].magnitude
                    var off = Eight.zero
                    for block in 0..<blocks {
                        // Sums stay in registers.
                        var (mean, spread) = (Sums.zero, Sums.zero)
                        for index in 0..<live {
                            let place = start + Int(lives[index])
                            let (weight, column) = (weights[place], Int(columns[place]))
                            mean.add(weight, times: means[column * blocks + block])
                            spread.add(weight.magnitude, times: spreads[column * blocks + block])
                            if block == 0 { size += weight.magnitude * sizes[column] }
                        }
                        if block == 0 { mean.add(Eight(bounds.biases[feature], 0, 0, 0, 0, 0, 0, 0)) }
                        off += set(feature * blocks + block, mean, spread)
                    }
                    let rounding = kind == .rounded ? gamma(live + 4) * size : 0
                    widen(feature, by: bounds.losses[feature] + rounding + off.sum())
                }
            }
        }
    }

    /// Stores a function's block; what its coefficients may be off.
    @inline(__always)
    private func set(_ place: Int, _ mean: Sums, _ spread: Sums) -> Eight {
        let (mean, spread) = (mean.chosen, spread.chosen)
        memory.set(place, mean.values, spread.values)
        return mean.leftovers + spread.leftovers
    }

    /// Adds to a feature's spread what was lost, and takes its size.
    private func widen(_ feature: Int, by loss: Double) {
        let first = feature * blocks
        if loss != 0 || kind == .rounded {
            var spread = memory.spreads[first]
            // More than underflow can cost, and rounded up.
            let sum = spread[0] + (loss * sumSlack + 0x1p-1000)
            spread[0] = kind.up(sum + sum.magnitude * 0x1p-52)
            memory.set(first, memory.means[first], spread)
        }
        // No less than the sum of all coefficients' magnitudes.
        var total = Eight.zero
        for place in first..<first + blocks {
            total += memory.means[place].magnitudes + memory.spreads[place].magnitudes
        }
        memory.sizes[feature] = total.sum() * sumSlack
    }

    // MARK: activations

    private mutating func relax(_ operand: Int, to feature: Int, _ slope: Double) {
        // One rounding a coefficient in the differences, some in each sum.
        var slack = kind == .rounded ? gamma(2 * 8 * blocks + 16) * memory.sizes[operand] : 0
        for block in 0..<blocks {
            let place = operand * blocks + block
            let ones = Eight(repeating: 1)
            var (below, above) = (Sums.zero, Sums.zero)
            below.add(memory.means[place], minus: memory.spreads[place], times: ones)
            above.add(memory.means[place], minus: -memory.spreads[place], times: ones)
            var (belowOff, aboveOff) = (Eight.zero, Eight.zero)
            (low[block], belowOff) = below.chosen
            (high[block], aboveOff) = above.chosen
            if kind == .exact { slack += (belowOff + aboveOff).sum() * sumSlack }
        }
        let (lowLeast, lowMost) = range(low, slack)
        let (left, right) = range(high, slack)
        let l = max(ranges.lower[operand], kind.down(lowLeast))
        let u = min(ranges.upper[operand], kind.up(right))
        ranges.lower[operand] = l
        ranges.upper[operand] = u
        ranges.lower[feature] = l >= 0 ? l : kind.down(productRoundedDown(slope, l))
        ranges.upper[feature] = u >= 0 ? u : kind.up(productRoundedUp(slope, u))
        // Below: any slope between the two pieces'. Above: the chord over the upper function's own range.
        let below = l >= 0 ? 1 : u <= 0 ? slope : lowMost > -lowLeast * nearlyOne ? 1 : slope
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
            for block in 0..<blocks {
                let place = operand * blocks + block
                memory.set(
                    feature * blocks + block, above == 1 ? memory.means[place] : .zero,
                    above == 1 ? memory.spreads[place] : .zero)
            }
            memory.sizes[feature] = above == 1 ? memory.sizes[operand] : 0
        } else {
            combine(below, above, lift, to: feature, size: memory.sizes[operand], slack: slack)
        }
    }

    /// The least value of an affine function over the box, rounded down, and the greatest, rounded up.
    private func range(_ form: [Eight], _ slack: Double) -> (least: Double, most: Double) {
        var sizes = Eight.zero
        for block in form { sizes += block.magnitudes }
        let constant = form[0][0]
        sizes[0] = 0
        for block in form.dropFirst() { sizes[0] += block[0].magnitude }
        // The sum has at most 64 terms, none negative; then three roundings.
        let sum = sizes.sum() * (1 + 0x1p-45) + slack
        let reach = sum + (sum + constant.magnitude) * 0x1p-50 + 0x1p-1000
        guard constant.isFinite, reach.isFinite else { return (-.infinity, .infinity) }
        return (constant - reach, constant + reach)
    }

    /// The feature lies between `below * low` and `above * high + lift`.
    private mutating func combine(
        _ below: Double, _ above: Double, _ lift: Double, to feature: Int, size: Double, slack: Double
    ) {
        // Slopes that exact arithmetic multiplies by; what that leaves of them.
        let (lower, upper) = (kind.down(below / 2), kind.down(above / 2))
        var loss = slack * max(1, below.magnitude, above.magnitude)
        if kind == .rounded { loss = gamma(16) * (size + lift) } else { loss += 0x1p-63 * size }
        for block in 0..<blocks {
            var (mean, spread) = (Sums.zero, Sums.zero)
            let (a, b) = (high[block], low[block])
            mean.add(a, minus: .zero, times: Eight(repeating: upper))
            spread = mean
            mean.add(b, minus: .zero, times: Eight(repeating: lower))
            spread.add(.zero, minus: b, times: Eight(repeating: lower))
            if block == 0 {
                let constant = Eight(kind.up(lift / 2), 0, 0, 0, 0, 0, 0, 0)
                mean.add(constant)
                spread.add(constant)
            }
            loss += set(feature * blocks + block, mean, spread).sum()
        }
        widen(feature, by: loss)
    }

    // MARK: what follows

    /// A lower bound of an objective on the box.
    mutating func bound(_ objective: Objective) -> Double {
        var size = objective.constant.magnitude
        var loss = 0.0
        for term in objective.terms {
            size += term.coefficient.magnitude * memory.sizes[term.feature]
            loss += (term.radius + (term.coefficient - kind.down(term.coefficient))) * memory.sizes[term.feature]
        }
        for block in 0..<blocks {
            var sum = Sums.zero
            for term in objective.terms {
                let place = term.feature * blocks + block
                let coefficient = kind.down(term.coefficient)
                sum.add(coefficient, times: memory.meanFactors[place])
                sum.add(-coefficient.magnitude, times: memory.spreadFactors[place])
            }
            if block == 0 { sum.add(Eight(kind.down(objective.constant), 0, 0, 0, 0, 0, 0, 0)) }
            let (values, leftovers) = sum.chosen
            low[block] = values
            loss += leftovers.sum()
        }
        let slack = kind == .rounded ? gamma(4 * objective.terms.count + 16 * blocks + 32) * size : 0
        return range(low, (slack + loss) * sumSlack + 0x1p-1000).least
    }

    /// Tightens what is known of a feature.
    mutating func tighten(_ feature: Int, lower: Double, upper: Double) {
        if lower > ranges.lower[feature] { ranges.lower[feature] = lower }
        if upper < ranges.upper[feature] { ranges.upper[feature] = upper }
    }
}
