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
}

/// One thread's coefficients, and what its leaves say.
final class Backsubstitution<Numbers: LaneNumbers>: @unchecked Sendable {
    // Used by one thread at a time.
    let network: CheckedNetwork
    let choices: LaneChoices
    /// Zero between passes, but for the inputs'.
    private let g: UnsafeMutablePointer<Numbers>
    private var isReached: [Bool]
    private var target = 0
    private var bound = LaneBound<Numbers>()
    /// Lanes whose part of the region holds no point.
    private var isVacuous = Eight.zero

    init(_ network: CheckedNetwork) {
        self.network = network
        choices = LaneChoices(neurons: network.neuronCount)
        g = .allocate(capacity: network.featureCount)
        g.initialize(repeating: .zero, count: network.featureCount)
        isReached = Array(repeating: false, count: network.layers.count)
    }

    deinit {
        g.deinitialize(count: network.featureCount)
        g.deallocate()
    }

    /// Begins with objectives on features of a layer, and perhaps of the input.
    func begin(at layer: Int) {
        target = layer
        bound = LaneBound()
        isVacuous = .zero
        g.update(repeating: .zero, count: network.inputs.count)
    }

    /// Adds to the objectives.
    func add(_ coefficients: Eight, of feature: Int) { g[feature].add(Numbers(coefficients)) }

    /// Adds constants to the objectives, less what they may be off.
    func add(constants: Eight, losses: Eight) {
        bound.add(Numbers(constants))
        bound.lose(1, times: losses)
    }

    /// An input's coefficients, as they were when its part was taken off.
    func slopes(_ input: Int) -> Eight { g[input].chosen }

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
            case .affine: step(layer, bounds)
            case .activation(let slope): relax(layer, slope, ranges, bounds.payments, splits)
            }
        }
        for input in network.inputs where !g[input].isZero { least(input, ranges.lower[input], ranges.upper[input]) }
        return bound.result(underflow: bounds.underflow).replacing(with: .infinity, where: isVacuous .> 0)
    }

    private func least(_ input: Int, _ low: Double, _ high: Double) {
        let v = g[input].chosen
        func least(_ g: Numbers) -> Numbers { g.times(Eight(repeating: low)).least(g.times(Eight(repeating: high))) }
        // `slopes` speaks of chosen numbers: what they leave of the exact ones is paid for.
        if Numbers.kind == .exact { bound.add(least(g[input].minus(v))) }
        bound.account(v * Eight(repeating: 0 * low + 0 * high))
        bound.add(least(Numbers(v)))
    }

    // MARK: affine functions

    private func step(_ layer: CheckedNetwork.Layer, _ bounds: RegionBounds) {
        bounds.rows.columns.withUnsafeBufferPointer { columns in
            bounds.rows.weights.withUnsafeBufferPointer { weights in
                var waiting: Int?
                for feature in layer.features where !g[feature].isZero {
                    let lambda = g[feature]
                    if network.biases[feature] != 0 { bound.add(network.biases[feature], times: lambda) }
                    bound.lose(bounds.payments[feature], times: lambda.chosen.magnitudes)
                    let places = bounds.rows.starts[feature]..<bounds.rows.starts[feature + 1]
                    if let other = waiting {
                        // Two rows with the same columns at a time: half as many coefficients to load and to store.
                        let (from, one) = (bounds.rows.starts[other], g[other])
                        for (offset, place) in places.enumerated() {
                            let column = Int(columns[place])
                            var sum = g[column]
                            sum.add(weights[from + offset], times: one)
                            sum.add(weights[place], times: lambda)
                            g[column] = sum
                        }
                        g[other] = .zero
                        g[feature] = .zero
                        waiting = nil
                    } else if layer.isDense {
                        waiting = feature
                    } else {
                        for place in places { g[Int(columns[place])].add(weights[place], times: lambda) }
                        g[feature] = .zero
                    }
                }
                guard let last = waiting else { return }
                for place in bounds.rows.starts[last]..<bounds.rows.starts[last + 1] {
                    g[Int(columns[place])].add(weights[place], times: g[last])
                }
                g[last] = .zero
            }
        }
    }

    // MARK: activations

    /// For any coefficient lambda on z, g f(z) >= lambda z + the least of g f(z) - lambda z over the range of z; the
    /// latter is linear on both sides of 0, so that its least value is at an end of the range or at 0.
    private func relax(
        _ layer: CheckedNetwork.Layer, _ slope: Double, _ ranges: Ranges, _ payments: [Double], _ splits: Bool
    ) {
        let operand = network.layers[layer.operands[0]].features.lowerBound
        for (place, feature) in layer.features.enumerated() {
            let choice = splits ? choices.choice(layer.firstNeuron + place) : nil
            if g[feature].isZero && choice?.isSplit != true { continue }
            let (low, high) = (ranges.lower[operand + place], ranges.upper[operand + place])
            let lambda = relax(g[feature], low, high, slope, choice)
            g[feature] = .zero
            g[operand + place].add(Numbers(lambda))
            bound.lose(payments[feature], times: lambda.magnitudes)
        }
    }

    @inline(__always)
    private func relax(_ g: Numbers, _ low: Double, _ high: Double, _ slope: Double, _ choice: LaneChoices.Choice?)
        -> Eight
    {
        let v = g.chosen
        let isSplit = choice?.isSplit == true
        if !isSplit && Numbers.kind == .rounded && low >= 0 { return v }
        if !isSplit && slope == 0 && high <= 0 { return .zero }
        let (below, above) = low >= 0 ? (1, 1) : high <= 0 ? (slope, slope) : standardSlopes(low, high, slope)
        var lower = Eight(repeating: below)
        if let choice, low < 0 && high > 0 {
            lower.replace(with: choice.slopes, where: choice.slopes .== choice.slopes)
        }
        var lambda = v * lower.replacing(with: above, where: v .< 0)
        var (from, to) = (Eight(repeating: low), Eight(repeating: high))
        if let choice, choice.isSplit {
            let (isActive, isInactive) = (choice.phases .> 0, choice.phases .< 0)
            lambda.replace(with: v - choice.multipliers, where: isActive)
            lambda.replace(with: v * slope + choice.multipliers, where: isInactive)
            from.replace(with: 0, where: isActive .& (from .< 0))
            to.replace(with: 0, where: isInactive .& (to .> 0))
            isVacuous.replace(with: 1, where: from .> to)
        }
        add(gap: g, lambda, v, from, to, slope)
        return lambda
    }

    /// Adds the least of `g f(z) - lambda z` for `z` between the ends.
    @inline(__always)
    private func add(gap g: Numbers, _ lambda: Eight, _ v: Eight, _ from: Eight, _ to: Eight, _ slope: Double) {
        func gap(_ z: Eight) -> Numbers {
            let slopes = Eight(repeating: slope).replacing(with: 1, where: z .>= 0)
            return g.times(slopes).minus(lambda).times(z)
        }
        let (left, right) = (gap(from), gap(to))
        var least = left.least(right)
        let holdsZero = (from .<= 0) .& (to .>= 0)
        // Where 0 lies between the ends the gap is 0 there; elsewhere take the lesser end for it.
        if all(holdsZero) {
            least = least.least(.zero)
        } else {
            let keep = Eight.zero.replacing(with: 1, where: holdsZero)
            least = least.least(least.times(Eight(repeating: 1) - keep))
        }
        bound.add(least)
        if Numbers.kind == .rounded {
            // What one rounding more of `slope * g` costs, and NaN that a comparison may have hidden.
            let reach = from.magnitudes.replacing(with: to.magnitudes, where: to.magnitudes .> from.magnitudes)
            let sizes = (v.magnitudes + Eight(repeating: 0x1p-1020)) * reach
            bound.account(sizes * Eight(repeating: slope == 0 ? 0 : 1) + 0 * left.chosen + 0 * right.chosen)
        }
    }
}

/// Slopes of the standard lines around an unstable neuron: below it the nearer of the two pieces, above it the chord.
/// Rounding does not matter: any slopes are sound.
@inline(__always)
func standardSlopes(_ low: Double, _ high: Double, _ slope: Double) -> (below: Double, above: Double) {
    let chord = (high - slope * low) / (high - low)
    return (high > -low ? 1 : slope, min(1, max(slope, chord)))
}
