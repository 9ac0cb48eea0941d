// Back-substitution of eight linear objectives from one node to the input (DeepPoly, Singh et al. 2019; CROWN, Zhang et
// al. 2018), in arithmetic of the caller's choice. This is the step that every bound of a proof is replayed by.
//
// Invariant: objective >= bound + sum over the nodes reached so far of coefficients . values. A step replaces one
// node's part by coefficients on its operands; whatever coefficients the step computes, what is left over is bounded
// and taken off.

internal import Networks

/// A rectangle of an image, outside of which all coefficients are zero.
struct Window: Equatable {
    var rows: Range<Int>
    var columns: Range<Int>

    func union(_ other: Window) -> Window {
        Window(
            rows: min(rows.lowerBound, other.rows.lowerBound)..<max(rows.upperBound, other.rows.upperBound),
            columns: min(
                columns.lowerBound, other.columns.lowerBound)..<max(
                    columns.upperBound, other.columns.upperBound))
    }
}

/// What is known of neurons and inputs where the objective is bounded.
struct Ranges {
    /// Per node and feature; read for operands of activations, for activations and for the input.
    var lower: [[Double]]
    var upper: [[Double]]
}

/// One thread's coefficients.
final class Backsubstitution<Numbers: LaneNumbers> {
    let network: CheckedNetwork
    private var storage: [UnsafeMutablePointer<Numbers>?]
    private var windows: [Window?]
    private var runs: [[Range<Int>]]
    private var isReached: [Bool]
    private var live: [Int32] = []
    var bound = LaneBound<Numbers>()
    /// Lanes whose part of the region holds no point.
    private(set) var isVacuous = Eight.zero

    init(_ network: CheckedNetwork) {
        self.network = network
        storage = Array(repeating: nil, count: network.nodes.count)
        windows = Array(repeating: nil, count: network.nodes.count)
        runs = Array(repeating: [], count: network.nodes.count)
        isReached = Array(repeating: false, count: network.nodes.count)
    }

    deinit {
        for (node, base) in storage.enumerated() {
            base?.deinitialize(count: network.nodes[node].count)
            base?.deallocate()
        }
    }

    func coefficients(_ node: Int) -> UnsafeMutablePointer<Numbers> {
        if let base = storage[node] { return base }
        let base = UnsafeMutablePointer<Numbers>.allocate(capacity: network.nodes[node].count)
        base.initialize(repeating: .zero, count: network.nodes[node].count)
        storage[node] = base
        return base
    }

    // MARK: beginning

    /// Zeroes the coefficients of `target`, for the caller to fill in.
    ///
    /// - Parameters:
    ///   - features: of the target those that will have coefficients; nil: any.
    ///   - readsInput: whether the caller will give coefficients of the input as well.
    func begin(at target: Int, features: [Int]? = nil, readsInput: Bool = false) {
        bound = LaneBound()
        isVacuous = .zero
        for node in 0...target {
            isReached[node] = false
            windows[node] = nil
        }
        windows[target] = features.flatMap { window(of: $0, in: target) } ?? fullWindow(target)
        for node in stride(from: target, to: 0, by: -1) where node == target || isReached[node] {
            for operand in network.nodes[node].inputs {
                isReached[operand] = true
                guard let seen = windowSeen(by: node, operand) else { continue }
                windows[operand] = windows[operand]?.union(seen) ?? seen
            }
        }
        for node in 0...target where isReached[node] || node == target { lay(node) }
        if readsInput || !isReached[0] {
            windows[0] = fullWindow(0)
            lay(0)
        }
        for node in 0..<target { isReached[node] = false }
        reach(target)
        if readsInput { reach(0) }
    }

    private func fullWindow(_ node: Int) -> Window? {
        let shape = network.nodes[node].shape
        return shape.count == 3 ? Window(rows: 0..<shape[1], columns: 0..<shape[2]) : nil
    }

    private func window(of features: [Int], in node: Int) -> Window? {
        let shape = network.nodes[node].shape
        guard shape.count == 3 else { return nil }
        return features.map { feature in
            let row = feature / shape[2] % shape[1]
            let column = feature % shape[2]
            return Window(rows: row..<row + 1, columns: column..<column + 1)
        }.reduce(nil) { $0?.union($1) ?? $1 }
    }

    /// The part of an operand that a node's window depends on; nil when the operand is no image.
    private func windowSeen(by node: Int, _ operand: Int) -> Window? {
        guard let full = fullWindow(operand) else { return nil }
        guard let window = windows[node] else { return full }
        switch network.nodes[node].operation {
        case .convolution(let convolution):
            func seen(_ range: Range<Int>, _ stride: Int, _ dilation: Int, _ kernel: Int, _ pad: Int, _ size: Int)
                -> Range<Int>
            {
                let first = max(0, range.lowerBound * stride - pad)
                let last = min(size - 1, (range.upperBound - 1) * stride - pad + dilation * (kernel - 1))
                return first..<max(first, last + 1)
            }
            return Window(
                rows: seen(
                    window.rows, convolution.strideHeight, convolution.dilationHeight, convolution.kernelHeight,
                    convolution.paddingTop, convolution.inputHeight),
                columns: seen(
                    window.columns, convolution.strideWidth, convolution.dilationWidth, convolution.kernelWidth,
                    convolution.paddingLeft, convolution.inputWidth))
        case .elementwise, .sum, .activation, .reshape:
            return network.nodes[node].shape == network.nodes[operand].shape ? window : full
        case .input, .linear, .select, .maxPool: return full
        }
    }

    /// Lists the window's features, as runs.
    private func lay(_ node: Int) {
        let shape = network.nodes[node].shape
        guard let window = windows[node], window != fullWindow(node) else {
            runs[node] = [0..<network.nodes[node].count]
            return
        }
        runs[node].removeAll(keepingCapacity: true)
        for channel in 0..<shape[0] {
            for row in window.rows {
                let line = (channel * shape[1] + row) * shape[2]
                runs[node].append(line + window.columns.lowerBound..<line + window.columns.upperBound)
            }
        }
    }

    private func reach(_ node: Int) {
        if isReached[node] { return }
        isReached[node] = true
        let g = coefficients(node)
        for run in runs[node] { (g + run.lowerBound).update(repeating: .zero, count: run.count) }
    }

    // MARK: running

    /// Carries the coefficients to the input and takes the least value over the box there.
    ///
    /// - Returns: a lower bound of each lane's objective, where every split neuron has its lane's sign.
    func run(from target: Int, _ ranges: Ranges, payments: [[Double]], underflow: Double, choices: LaneChoices? = nil)
        -> Eight
    {
        for node in stride(from: target, to: 0, by: -1) where isReached[node] {
            for operand in network.nodes[node].inputs { reach(operand) }
            pay(node, payments[node], ranges, choices)
            step(node, ranges)
        }
        reach(0)
        let g = coefficients(0)
        for run in runs[0] {
            for feature in run where !g[feature].isZero { bound.add(least(g[feature], ranges, feature)) }
        }
        var result = bound.result(underflow: underflow)
        result.replace(with: .infinity, where: isVacuous .> 0)
        return result
    }

    private func least(_ g: Numbers, _ ranges: Ranges, _ feature: Int) -> Numbers {
        let (low, high) = (ranges.lower[0][feature], ranges.upper[0][feature])
        let v = g.chosen
        bound.account(v * Eight(repeating: 0 * low + 0 * high))
        func least(_ g: Numbers) -> Numbers {
            g.times(Eight(repeating: low)).least(g.times(Eight(repeating: high)))
        }
        // `slopes` speaks of chosen numbers: what they leave of the exact ones is paid for.
        if Numbers.kind == .exact { bound.add(least(g.minus(v))) }
        return least(Numbers(v))
    }

    /// After a run: an affine function of the inputs below each lane's objective has these slopes, and its least value
    /// over the box is the lane's bound.
    func slopes(_ feature: Int) -> Eight { coefficients(0)[feature].chosen }

    /// What a step back through the node may lose, and what it adds to the bound; relaxes activations.
    private func pay(_ node: Int, _ payments: [Double], _ ranges: Ranges, _ choices: LaneChoices?) {
        let lambda = coefficients(node)
        switch network.nodes[node].operation {
        case .activation: relax(node, payments, ranges, choices)
        case .linear(let linear): addOffsets(lambda, runs[node], payments) { linear.bias[$0] }
        case .elementwise(let elementwise): addOffsets(lambda, runs[node], payments) { elementwise.offset[$0] }
        case .convolution(let convolution):
            let positions = convolution.outputHeight * convolution.outputWidth
            addOffsets(lambda, runs[node], payments) { convolution.bias[$0 / positions] }
        case .select(let selection):
            addOffsets(lambda, runs[node], payments) { selection.sources[$0] < 0 ? selection.constants[$0] : 0 }
        case .sum, .reshape: addOffsets(lambda, runs[node], payments) { _ in 0 }
        case .input, .maxPool: break
        }
    }

    @inline(__always)
    private func addOffsets(
        _ lambda: UnsafeMutablePointer<Numbers>, _ runs: [Range<Int>], _ payments: [Double], _ offset: (Int) -> Double
    ) {
        for run in runs {
            for feature in run where !lambda[feature].isZero {
                let number = offset(feature)
                if number != 0 { bound.add(number, times: lambda[feature]) }
                if !payments.isEmpty { bound.lose(payments[feature], times: lambda[feature].chosen.magnitudes) }
            }
        }
    }

    private func step(_ node: Int, _ ranges: Ranges) {
        let lambda = coefficients(node)
        guard let operand = network.nodes[node].inputs.first else { return }
        let g = coefficients(operand)
        switch network.nodes[node].operation {
        case .linear(let linear): step(linear.weights, node, lambda, to: g, operand, ranges)
        case .convolution(let convolution): step(convolution, node, lambda, to: g)
        case .elementwise(let elementwise):
            for run in runs[node] {
                for feature in run { g[feature].add(elementwise.scale[feature], times: lambda[feature]) }
            }
        case .select(let selection):
            for (feature, source) in selection.sources.enumerated() where source >= 0 {
                g[Int(source)].add(lambda[feature])
            }
        case .reshape, .sum:
            for operand in network.nodes[node].inputs {
                let g = coefficients(operand)
                for run in runs[node] {
                    for feature in run { g[feature].add(lambda[feature]) }
                }
            }
        case .input, .activation, .maxPool: break
        }
    }

    private func step(
        _ weights: Matrix, _ node: Int, _ lambda: UnsafeMutablePointer<Numbers>, to g: UnsafeMutablePointer<Numbers>,
        _ operand: Int, _ ranges: Ranges
    ) {
        switch weights {
        case .sparse(let matrix):
            for run in runs[node] {
                for row in run where !lambda[row].isZero {
                    for place in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                        g[Int(matrix.columnIndices[place])].add(matrix.values[place], times: lambda[row])
                    }
                }
            }
        case .dense(_, let columns, let values):
            // Features that are 0 all over the region need no coefficient.
            live.removeAll(keepingCapacity: true)
            for column in 0..<columns where ranges.lower[operand][column] != 0 || ranges.upper[operand][column] != 0 {
                live.append(Int32(column))
            }
            let rows = runs[node].joined().filter { !lambda[$0].isZero }
            values.withUnsafeBufferPointer { values in
                live.withUnsafeBufferPointer { live in
                    for pair in stride(from: 0, to: rows.count, by: 2) {
                        let first = values.baseAddress! + rows[pair] * columns
                        let one = lambda[rows[pair]]
                        guard pair + 1 < rows.count else {
                            for column in live { g[Int(column)].add(first[Int(column)], times: one) }
                            break
                        }
                        let second = values.baseAddress! + rows[pair + 1] * columns
                        let two = lambda[rows[pair + 1]]
                        for column in live {
                            let place = Int(column)
                            var sum = g[place]
                            sum.add(first[place], times: one)
                            sum.add(second[place], times: two)
                            g[place] = sum
                        }
                    }
                }
            }
        }
    }

    private func step(
        _ convolution: Convolution, _ node: Int, _ lambda: UnsafeMutablePointer<Numbers>,
        to g: UnsafeMutablePointer<Numbers>
    ) {
        let window = windows[node]!
        let (height, width) = (convolution.outputHeight, convolution.outputWidth)
        let groupInputs = convolution.inputChannels / convolution.groups
        let groupOutputs = convolution.outputChannels / convolution.groups
        for output in 0..<convolution.outputChannels {
            let plane = lambda + output * height * width
            let isEmpty = window.rows.allSatisfy { row in
                window.columns.allSatisfy { plane[row * width + $0].isZero }
            }
            if isEmpty { continue }
            for input in 0..<groupInputs {
                let channel = output / groupOutputs * groupInputs + input
                let target = g + channel * convolution.inputHeight * convolution.inputWidth
                let kernel = (output * groupInputs + input) * convolution.kernelHeight * convolution.kernelWidth
                for kernelRow in 0..<convolution.kernelHeight {
                    for kernelColumn in 0..<convolution.kernelWidth {
                        let weight = convolution.weights[kernel + kernelRow * convolution.kernelWidth + kernelColumn]
                        if weight == 0 { continue }
                        let columns = convolution.columns(window.columns, meeting: kernelColumn)
                        for row in window.rows {
                            let y =
                                row * convolution.strideHeight + kernelRow * convolution.dilationHeight
                                - convolution.paddingTop
                            guard y >= 0, y < convolution.inputHeight, !columns.isEmpty else { continue }
                            let from = plane + row * width
                            var x =
                                columns.lowerBound * convolution.strideWidth
                                + kernelColumn * convolution.dilationWidth - convolution.paddingLeft
                                + y * convolution.inputWidth
                            for column in columns {
                                target[x].add(weight, times: from[column])
                                x += convolution.strideWidth
                            }
                        }
                    }
                }
            }
        }
    }

    // MARK: activations

    /// For any coefficient lambda on z, g f(z) >= lambda z + the least of g f(z) - lambda z over the range of z; the
    /// latter is linear on both sides of 0, so that its least value is at an end of the range or at 0.
    private func relax(_ node: Int, _ payments: [Double], _ ranges: Ranges, _ choices: LaneChoices?) {
        let operand = network.nodes[node].inputs[0]
        let slope = network.negativeSlope(node)
        let from = coefficients(node)
        let to = coefficients(operand)
        let first = network.firstNeuron[node]
        ranges.lower[operand].withUnsafeBufferPointer { lower in
            ranges.upper[operand].withUnsafeBufferPointer { upper in
                for run in runs[node] {
                    for feature in run where !from[feature].isZero || choices?.isSplit(first + feature) == true {
                        let choice = choices?.choice(first + feature)
                        let lambda = relax(from[feature], lower[feature], upper[feature], slope, choice)
                        to[feature].add(Numbers(lambda))
                        if !payments.isEmpty { bound.lose(payments[feature], times: lambda.magnitudes) }
                    }
                }
            }
        }
    }

    @inline(__always)
    private func relax(_ g: Numbers, _ low: Double, _ high: Double, _ slope: Double, _ choice: LaneChoices.Choice?)
        -> Eight
    {
        let v = g.chosen
        if let choice, choice.isSplit { return relaxSplit(g, v, low, high, slope, choice) }
        let lambda: Eight
        if low >= 0 {
            lambda = v
            if Numbers.kind == .rounded { return lambda }
        } else if high <= 0 {
            if slope == 0 { return .zero }
            lambda = v * slope
        } else {
            let (below, above) = standardSlopes(low, high, slope)
            var lower = Eight(repeating: below)
            if let choice { lower.replace(with: choice.slopes, where: choice.slopes .== choice.slopes) }
            lambda = v * lower.replacing(with: above, where: v .< 0)
        }
        add(gap: g, lambda, v, Eight(repeating: low), Eight(repeating: high), slope)
        return lambda
    }

    /// Some lanes know the neuron's sign.
    private func relaxSplit(
        _ g: Numbers, _ v: Eight, _ low: Double, _ high: Double, _ slope: Double, _ choice: LaneChoices.Choice
    ) -> Eight {
        let (below, above) =
            low >= 0 ? (1, 1) : high <= 0 ? (slope, slope) : standardSlopes(low, high, slope)
        var lower = Eight(repeating: below)
        if low < 0 && high > 0 { lower.replace(with: choice.slopes, where: choice.slopes .== choice.slopes) }
        var lambda = v * lower.replacing(with: above, where: v .< 0)
        let (isActive, isInactive) = (choice.phases .> 0, choice.phases .< 0)
        lambda.replace(with: v - choice.multipliers, where: isActive)
        lambda.replace(with: v * slope + choice.multipliers, where: isInactive)
        var from = Eight(repeating: low)
        var to = Eight(repeating: high)
        from.replace(with: 0, where: isActive .& (from .< 0))
        to.replace(with: 0, where: isInactive .& (to .> 0))
        isVacuous.replace(with: 1, where: from .> to)
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
            bound.account(
                v.magnitudes * reach * Eight(repeating: slope == 0 ? 0 : 1) + 0 * left.chosen + 0 * right.chosen)
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

extension Convolution {
    /// The outputs of a range of columns whose kernel column lies inside the image.
    func columns(_ range: Range<Int>, meeting kernelColumn: Int) -> Range<Int> {
        let shift = kernelColumn * dilationWidth - paddingLeft
        let first = max(range.lowerBound, shift >= 0 ? 0 : (-shift + strideWidth - 1) / strideWidth)
        let last = shift >= inputWidth ? -1 : (inputWidth - 1 - shift) / strideWidth
        return first..<max(first, min(range.upperBound, last + 1))
    }
}
