// Interval arithmetic through one operator, in midpoint and radius form: two plain sums per output and a bound of
// their rounding. The cheapest bound there is, and the range that the tighter ones need.

import Evaluation
import Intervals
import Networks

struct IntervalPropagation {
    let plan: LanePlan

    /// Tightens a node's bounds by what its operands' bounds imply.
    ///
    /// - Soundness: the result encloses the node's real value for all values of the operands within their bounds.
    func step(_ node: Int, _ bounds: inout NodeBounds) {
        let operands = plan.operands[node]
        switch plan.operations[node] {
        case .input: break
        case .linear(let linear): step(linear, node, operands[0], &bounds)
        case .convolution(let convolution): step(convolution, node, operands[0], &bounds)
        case .elementwise(let elementwise): step(elementwise, node, operands[0], &bounds)
        case .select(let selection):
            for (feature, source) in selection.sources.enumerated() {
                let constant = selection.constants[feature]
                bounds.tighten(
                    node, feature, lower: source < 0 ? constant : bounds.lower[operands[0]][Int(source)],
                    upper: source < 0 ? constant : bounds.upper[operands[0]][Int(source)])
            }
        case .sum:
            for feature in 0..<plan.layouts[node].count {
                var lower = bounds.lower[operands[0]][feature]
                var upper = bounds.upper[operands[0]][feature]
                for operand in operands.dropFirst() {
                    lower = (lower + bounds.lower[operand][feature]).nextDown
                    upper = (upper + bounds.upper[operand][feature]).nextUp
                }
                bounds.tighten(node, feature, lower: lower, upper: upper)
            }
        case .smooth(let curve):
            for feature in 0..<plan.layouts[node].count {
                let range = curve.range(
                    over: Interval(lower: bounds.lower[operands[0]][feature], upper: bounds.upper[operands[0]][feature])
                )
                bounds.tighten(node, feature, lower: range.lower, upper: range.upper)
            }
        case .activation(let slope):
            for feature in 0..<plan.layouts[node].count {
                let lower = bounds.lower[operands[0]][feature]
                let upper = bounds.upper[operands[0]][feature]
                bounds.tighten(
                    node, feature, lower: lower >= 0 ? lower : slope == 0 ? 0 : (slope * lower).nextDown,
                    upper: upper >= 0 ? upper : slope == 0 ? 0 : (slope * upper).nextUp)
            }
        }
    }

    /// Two sums over one output's terms, and what they are worth.
    private struct Sums {
        var middle: Double
        /// Sum of |w| times the radius.
        var radius = 0.0
        /// Sum of |w| times |midpoint|.
        var size: Double
        /// Sum of radius and |midpoint|, for errors that are not relative to w.
        var reach = 0.0
        var terms = 0

        init(bias: Double) {
            middle = bias
            size = bias.magnitude
        }

        @inline(__always)
        mutating func add(_ weight: Double, _ midpoint: Double, _ radius: Double) {
            if weight == 0 || (midpoint == 0 && radius == 0) { return }
            middle += weight * midpoint
            self.radius += weight.magnitude * radius
            size += weight.magnitude * midpoint.magnitude
            reach += radius + midpoint.magnitude
            terms += 1
        }

        func ends(_ error: AffineError, offset: Double) -> (lower: Double, upper: Double) {
            // Nothing was added: the bias stands exactly.
            if terms == 0 && offset == 0 && error.absolute == 0 { return (middle, middle) }
            let factor = roundingFactor(terms + 3) + error.relative
            let spread =
                (radius + factor * (radius + size) + error.absolute * reach + offset) * sumSlack + underflowAllowance
            guard spread.isFinite, middle.isFinite else { return (-.infinity, .infinity) }
            return ((middle - spread).nextDown, (middle + spread).nextUp)
        }
    }

    /// Midpoints, and radii that reach both ends after rounding.
    private func centred(_ node: Int, _ bounds: NodeBounds) -> (midpoints: [Double], radii: [Double]) {
        let lower = bounds.lower[node]
        let upper = bounds.upper[node]
        var midpoints = lower
        var radii = upper
        for feature in lower.indices {
            let low = lower[feature]
            let high = upper[feature]
            let middle = low == high ? low : low / 2 + high / 2
            midpoints[feature] = middle
            radii[feature] = low == high ? 0 : max((high - middle).nextUp, (middle - low).nextUp)
        }
        return (midpoints, radii)
    }

    private func step(_ linear: Linear, _ node: Int, _ operand: Int, _ bounds: inout NodeBounds) {
        let (midpoints, radii) = centred(operand, bounds)
        let offsets = linear.error.offsets
        for row in 0..<linear.weights.rows {
            var sums = Sums(bias: linear.bias[row])
            switch linear.weights {
            case .dense(_, let columns, let values):
                values.withUnsafeBufferPointer { values in
                    for column in 0..<columns {
                        sums.add(values[row * columns + column], midpoints[column], radii[column])
                    }
                }
            case .sparse(let matrix):
                for place in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                    let column = Int(matrix.columnIndices[place])
                    sums.add(matrix.values[place], midpoints[column], radii[column])
                }
                if linear.error.absolute > 0 {
                    sums.reach = zip(midpoints, radii).reduce(0) { $0 + $1.0.magnitude + $1.1 }
                }
            }
            let ends = sums.ends(linear.error, offset: offsets.isEmpty ? 0 : offsets[row])
            bounds.tighten(node, row, lower: ends.lower, upper: ends.upper)
        }
    }

    private func step(_ elementwise: Elementwise, _ node: Int, _ operand: Int, _ bounds: inout NodeBounds) {
        let (midpoints, radii) = centred(operand, bounds)
        for feature in midpoints.indices {
            var sums = Sums(bias: elementwise.offset[feature])
            sums.add(elementwise.scale[feature], midpoints[feature], radii[feature])
            let offsets = elementwise.error.offsets
            let ends = sums.ends(elementwise.error, offset: offsets.isEmpty ? 0 : offsets[feature])
            bounds.tighten(node, feature, lower: ends.lower, upper: ends.upper)
        }
    }

    /// As `Sums`, for eight outputs that read the same features.
    private struct EightSums {
        private var middle: SIMD8<Double>
        private var radius = SIMD8<Double>.zero
        private var size: SIMD8<Double>
        private var reach = 0.0
        private var terms = 0

        init(bias: SIMD8<Double>) {
            middle = bias
            size = bias.magnitudes
        }

        @inline(__always)
        mutating func add(_ weights: SIMD8<Double>, _ magnitudes: SIMD8<Double>, _ midpoint: Double, _ radius: Double) {
            middle += weights * midpoint
            self.radius += magnitudes * radius
            size += magnitudes * midpoint.magnitude
            reach += radius + midpoint.magnitude
            terms += 1
        }

        subscript(output: Int) -> Sums {
            var sums = Sums(bias: middle[output])
            (sums.radius, sums.size, sums.reach, sums.terms) = (radius[output], size[output], reach, terms)
            return sums
        }
    }

    /// Eight outputs at a time; the filters of a group are padded with zeros to whole eights.
    private func step(_ convolution: Convolution, _ node: Int, _ operand: Int, _ bounds: inout NodeBounds) {
        let (midpoints, radii) = centred(operand, bounds)
        let offsets = convolution.error.offsets
        let filters = Filters(convolution)
        for row in 0..<convolution.outputHeight {
            for column in 0..<convolution.outputWidth {
                for (block, outputs) in filters.blocks.enumerated() {
                    var sums = EightSums(bias: filters.biases[block])
                    for kernelRow in 0..<convolution.kernelHeight {
                        let y =
                            row * convolution.strideHeight + kernelRow * convolution.dilationHeight
                            - convolution.paddingTop
                        guard y >= 0, y < convolution.inputHeight else { continue }
                        for kernelColumn in 0..<convolution.kernelWidth {
                            let x =
                                column * convolution.strideWidth + kernelColumn * convolution.dilationWidth
                                - convolution.paddingLeft
                            guard x >= 0, x < convolution.inputWidth else { continue }
                            let pixel =
                                (y * convolution.inputWidth + x) * convolution.inputChannels
                                + filters.firstInput(of: outputs)
                            let place = filters.place(block, kernelRow * convolution.kernelWidth + kernelColumn)
                            for input in 0..<filters.inputs {
                                let (midpoint, radius) = (midpoints[pixel + input], radii[pixel + input])
                                if midpoint == 0 && radius == 0 { continue }
                                sums.add(
                                    filters.weights[place + input], filters.magnitudes[place + input], midpoint, radius)
                            }
                        }
                    }
                    let first = (row * convolution.outputWidth + column) * convolution.outputChannels
                    for (index, output) in outputs.enumerated() {
                        let ends = sums[index].ends(convolution.error, offset: offsets.isEmpty ? 0 : offsets[output])
                        bounds.tighten(node, first + output, lower: ends.lower, upper: ends.upper)
                    }
                }
            }
        }
    }
}

/// A convolution's weights with eight outputs of a group side by side.
private struct Filters {
    /// The outputs of each eight.
    private(set) var blocks: [Range<Int>] = []
    private(set) var biases: [SIMD8<Double>] = []
    /// `[block][place in the kernel][input]`
    private(set) var weights: [SIMD8<Double>] = []
    private(set) var magnitudes: [SIMD8<Double>] = []
    /// Inputs of a group.
    let inputs: Int
    private let outputs: Int
    private let places: Int

    init(_ convolution: Convolution) {
        inputs = convolution.inputChannels / convolution.groups
        outputs = convolution.outputChannels / convolution.groups
        places = convolution.kernelHeight * convolution.kernelWidth
        for group in stride(from: 0, to: convolution.outputChannels, by: outputs) {
            for first in stride(from: group, to: group + outputs, by: 8) {
                blocks.append(first..<min(first + 8, group + outputs))
            }
        }
        for block in blocks {
            var bias = SIMD8<Double>.zero
            for (index, output) in block.enumerated() { bias[index] = convolution.bias[output] }
            biases.append(bias)
            for place in 0..<places {
                for input in 0..<inputs {
                    var eight = SIMD8<Double>.zero
                    for (index, output) in block.enumerated() {
                        eight[index] = convolution.weights[(output * inputs + input) * places + place]
                    }
                    weights.append(eight)
                    magnitudes.append(eight.magnitudes)
                }
            }
        }
    }

    func place(_ block: Int, _ place: Int) -> Int { (block * places + place) * inputs }

    func firstInput(of block: Range<Int>) -> Int { block.lowerBound / outputs * inputs }
}

extension SIMD8<Double> {
    fileprivate var magnitudes: SIMD8<Double> { replacing(with: -self, where: self .< 0) }
}
