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

    private func step(_ convolution: Convolution, _ node: Int, _ operand: Int, _ bounds: inout NodeBounds) {
        let (midpoints, radii) = centred(operand, bounds)
        let groupInputs = convolution.inputChannels / convolution.groups
        let groupOutputs = convolution.outputChannels / convolution.groups
        let kernel = convolution.kernelHeight * convolution.kernelWidth
        for row in 0..<convolution.outputHeight {
            for column in 0..<convolution.outputWidth {
                for output in 0..<convolution.outputChannels {
                    let firstInput = (output / groupOutputs) * groupInputs
                    var sums = Sums(bias: convolution.bias[output])
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
                            let pixel = (y * convolution.inputWidth + x) * convolution.inputChannels + firstInput
                            let place =
                                output * groupInputs * kernel + kernelRow * convolution.kernelWidth + kernelColumn
                            for input in 0..<groupInputs {
                                sums.add(
                                    convolution.weights[place + input * kernel], midpoints[pixel + input],
                                    radii[pixel + input])
                            }
                        }
                    }
                    let offsets = convolution.error.offsets
                    let ends = sums.ends(convolution.error, offset: offsets.isEmpty ? 0 : offsets[output])
                    let feature =
                        (row * convolution.outputWidth + column) * convolution.outputChannels + output
                    bounds.tighten(node, feature, lower: ends.lower, upper: ends.upper)
                }
            }
        }
    }
}
