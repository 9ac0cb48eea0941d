// Back-substitution of eight linear objectives to the input (DeepPoly, Singh et al. 2019; CROWN, Zhang et al. 2018), in
// arithmetic of the caller's choice. This is the step that every bound of a proof is replayed by.
//
// Invariant: objective >= bound + sum over the features reached so far of coefficient . value. A step replaces one
// layer's part by coefficients on the features that it reads; whatever coefficients the step computes, what is left
// over is bounded and taken off.

/// What is known of features where the objective is bounded.
struct Ranges {
    var lower: [Double]
    var upper: [Double]

    @inline(__always) func magnitude(_ feature: Int) -> Double {
        max(lower[feature].magnitude, upper[feature].magnitude)
    }
}

/// One thread's coefficients, and what its leaves say.
final class Backsubstitution<Sums: LaneSums>: @unchecked Sendable {
    // Used by one thread at a time.
    let network: CheckedNetwork
    let choices: LaneChoices
    /// Zero between passes.
    private let g: UnsafeMutablePointer<Sums>
    /// The last pass's coefficients of inputs.
    private(set) var slopes: [Eight]
    private var isReached: [Bool]
    private var target = 0
    private var bound = LaneBound<Sums>()
    /// Lanes whose part of the region holds no point.
    private var isVacuous = Eight.zero
    /// Offsets in a dense row.
    private let live: UnsafeMutablePointer<Int32>

    init(_ network: CheckedNetwork) {
        self.network = network
        choices = LaneChoices(neurons: network.neuronCount)
        g = .allocate(capacity: network.featureCount)
        g.initialize(repeating: .zero, count: network.featureCount)
        live = .allocate(capacity: network.featureCount)
        slopes = Array(repeating: .zero, count: network.inputs.count)
        isReached = Array(repeating: false, count: network.layers.count)
    }

    deinit {
        g.deinitialize(count: network.featureCount)
        g.deallocate()
        live.deallocate()
    }

    /// Begins with objectives on features of a layer, and perhaps of the input.
    func begin(at layer: Int) {
        target = layer
        bound = LaneBound()
        isVacuous = .zero
    }

    /// Adds to the objectives.
    func add(_ coefficients: Eight, of feature: Int) { g[feature].add(coefficients) }

    /// Adds constants to the objectives, less what they may be off.
    func add(constants: Eight, losses: Eight) {
        bound.add(constants)
        bound.lose(losses, times: Eight(repeating: 1))
    }

    /// Carries the coefficients to the input and takes the least value over the box there.
    ///
    /// - Parameter splits: whether `choices` count.
    /// - Returns: a lower bound of each lane's objective, where every split neuron has its lane's sign.
    func run(_ ranges: Ranges, _ bounds: RegionBounds, splits: Bool = false) -> Eight {
        for layer in isReached.indices { isReached[layer] = layer == target }
        for index in stride(from: target, through: 0, by: -1) where isReached[index] {
            let layer = network.layers[index]
            for operand in layer.operands { isReached[operand] = true }
            switch layer.kind {
            case .input: break
            case .affine: step(layer, ranges, bounds)
            case .activation(let slope): relax(layer, slope, ranges, bounds.payments, splits)
            }
        }
        for input in network.inputs {
            slopes[input] = take(input, ranges)
            let ends = Eight(repeating: ranges.lower[input]).replacing(
                with: ranges.upper[input], where: slopes[input] .< 0)
            if any(slopes[input] .!= Eight.zero) { bound.add(slopes[input], times: ends) }
        }
        return bound.result(underflow: bounds.underflow).replacing(with: .infinity, where: isVacuous .> 0)
    }

    /// A feature's coefficients, chosen near what they are. What is left over is paid for, and none stay.
    @inline(__always)
    private func take(_ feature: Int, _ ranges: Ranges) -> Eight {
        if g[feature].isZero { return .zero }
        let (values, leftovers) = g[feature].chosen
        g[feature] = .zero
        if Sums.kind == .exact { bound.lose(leftovers, times: Eight(repeating: ranges.magnitude(feature))) }
        return values
    }

    // MARK: affine functions

    private func step(_ layer: CheckedNetwork.Layer, _ ranges: Ranges, _ bounds: RegionBounds) {
        bounds.rows.columns.withUnsafeBufferPointer { columns in
            bounds.rows.weights.withUnsafeBufferPointer { weights in
                let starts = bounds.rows.starts
                let liveCount = layer.isDense ? findLive(columns, starts, layer, ranges) : 0
                var waiting: (start: Int, lambda: Sums.Factors)?
                for feature in layer.features where !g[feature].isZero {
                    let lambda = take(feature, ranges)
                    let bias = bounds.biases[feature]
                    if bias != 0 { bound.add(lambda, times: Eight(repeating: bias)) }
                    bound.lose(lambda.magnitudes, times: Eight(repeating: bounds.payments[feature]))
                    let factors = Sums.factors(lambda)
                    let start = starts[feature]
                    guard layer.isDense else {
                        for place in start..<starts[feature + 1] {
                            g[Int(columns[place])].add(weights[place], times: factors)
                        }
                        continue
                    }
                    guard let (other, one) = waiting else {
                        waiting = (start, factors)
                        continue
                    }
                    // Two rows with the same columns at a time: half as many coefficients to load and to store.
                    for index in 0..<liveCount {
                        let offset = Int(live[index])
                        let column = Int(columns[start + offset])
                        var sum = g[column]
                        sum.add(weights[other + offset], times: one)
                        sum.add(weights[start + offset], times: factors)
                        g[column] = sum
                    }
                    waiting = nil
                }
                guard let (last, factors) = waiting else { return }
                for index in 0..<liveCount {
                    let place = last + Int(live[index])
                    g[Int(columns[place])].add(weights[place], times: factors)
                }
            }
        }
    }

    /// The columns of a dense layer whose features are not 0 everywhere; how many.
    private func findLive(
        _ columns: UnsafeBufferPointer<Int32>, _ starts: [Int], _ layer: CheckedNetwork.Layer, _ ranges: Ranges
    ) -> Int {
        let start = starts[layer.features.lowerBound]
        var count = 0
        for place in start..<starts[layer.features.lowerBound + 1] {
            let column = Int(columns[place])
            if ranges.lower[column] == 0 && ranges.upper[column] == 0 { continue }
            live[count] = Int32(place - start)
            count += 1
        }
        return count
    }

    // MARK: activations

    /// For any coefficient lambda on z, g f(z) >= lambda z + the least of g f(z) - lambda z over the range of z; the
    /// latter is linear on both sides of 0, so that its least value is at an end of the range or at 0.
    private func relax(
        _ layer: CheckedNetwork.Layer, _ slope: Double, _ ranges: Ranges, _ payments: [Double], _ splits: Bool
    ) {
        let operand = network.layers[layer.operands[0]].features.lowerBound
        for (place, feature) in layer.features.enumerated() {
            let choice = splits ? choices.choices.baseAddress! + layer.firstNeuron + place : nil
            let isSplit = choice?.pointee.isSplit ?? false
            if !isSplit && g[feature].isZero { continue }
            let (low, high) = (ranges.lower[operand + place], ranges.upper[operand + place])
            if !isSplit && slope == 0 && high <= 0 {
                g[feature] = .zero
                continue
            }
            var lambda = take(feature, ranges)
            if isSplit || low < 0 { relax(&lambda, low, high, slope, choice, isSplit) }
            g[operand + place].add(lambda)
            bound.lose(lambda.magnitudes, times: Eight(repeating: payments[feature]))
        }
    }

    /// From coefficients on f(z) to those on z.
    @inline(__always)
    private func relax(
        _ lambda: inout Eight, _ low: Double, _ high: Double, _ slope: Double,
        _ choice: UnsafePointer<LaneChoices.Choice>?, _ isSplit: Bool
    ) {
        let v = lambda
        let (below, above) = low >= 0 ? (1, 1) : high <= 0 ? (slope, slope) : standardSlopes(low, high, slope)
        var lower = Eight(repeating: below)
        if let choice, low < 0 && high > 0 {
            let slopes = choice.pointee.slopes
            lower.replace(with: slopes, where: slopes .== slopes)
        }
        lambda = v * lower.replacing(with: above, where: v .< 0)
        var (from, to) = (Eight(repeating: low), Eight(repeating: high))
        if let choice, isSplit {
            let (isActive, isInactive) = (choice.pointee.phases .> 0, choice.pointee.phases .< 0)
            lambda.replace(with: v - choice.pointee.multipliers, where: isActive)
            lambda.replace(with: v * slope + choice.pointee.multipliers, where: isInactive)
            from.replace(with: 0, where: isActive .& (from .< 0))
            to.replace(with: 0, where: isInactive .& (to .> 0))
            isVacuous.replace(with: 1, where: from .> to)
        }
        lambda = Sums.kind.down(lambda)
        add(gap: v, lambda, from, to, slope)
    }

    /// Adds the least of `v f(z) - lambda z` for `z` between the ends.
    @inline(__always)
    private func add(gap v: Eight, _ lambda: Eight, _ from: Eight, _ to: Eight, _ slope: Double) {
        let reach = from.magnitudes.replacing(with: to.magnitudes, where: to.magnitudes .> from.magnitudes)
        var negative = Eight.zero
        if slope != 0 {
            negative = Sums.kind.down(v * slope)
            // One rounding, and one more to a multiple of 2^-64.
            let off = negative.magnitudes * 0x1p-52 + (Sums.kind == .exact ? 0x1p-63 : 0x1p-1000)
            bound.lose(-Sums.kind.down(-off), times: reach)
        }
        var (left, right) = (Sums.zero, Sums.zero)
        left.add(negative.replacing(with: v, where: from .>= 0), minus: lambda, times: from)
        right.add(negative.replacing(with: v, where: to .>= 0), minus: lambda, times: to)
        let least = left.least(right, where: v .== v)
        // NaN that a comparison may have hidden.
        let size = Sums.kind == .rounded ? 0 * left.chosen.values + 0 * right.chosen.values : .zero
        bound.add(least.least(.zero, where: (from .<= 0) .& (to .>= 0)), of: size)
    }
}

/// Slopes of the standard lines around an unstable neuron: below it the nearer of the two pieces, above it the chord.
/// Rounding does not matter: any slopes are sound. Ties, which round numbers make, are decided as the search does.
@inline(__always)
func standardSlopes(_ low: Double, _ high: Double, _ slope: Double) -> (below: Double, above: Double) {
    let chord = (high - slope * low) / (high - low)
    return (high > -low * nearlyOne ? 1 : slope, min(1, max(slope, chord)))
}

/// How much of -low a high end has to exceed for the steeper line below: a millionth less than all of it.
let nearlyOne = 1 - 0x1p-20
