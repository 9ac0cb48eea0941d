// Bounding one network over 64 boxes at once, for inputs of few dimensions.
//
// Forward: every value lies between two affine functions of the box's own coordinates e in [-1, 1]^n (as in Neurify,
// Wang et al. 2018), kept as mean M and half-difference D. Through an affine operator M becomes W M + b and D becomes
// |W| D, exactly: two products a coefficient. Whatever rounding leaves is added to D's constant.
//
// Backward: from each lane's own bounds of every neuron, back-substitution of one objective for all lanes; tighter,
// and dearer.

import CLaneKernels
import Evaluation
import Intervals
import Lanes
import Networks

/// A box of inputs, by the inputs that move; the others are as in the region.
public struct InputBox: Sendable, Equatable {
    public var lower: [Double]
    public var upper: [Double]

    public init(lower: [Double], upper: [Double]) {
        self.lower = lower
        self.upper = upper
    }

    /// The smallest box that holds both.
    public func hull(_ other: InputBox) -> InputBox {
        InputBox(
            lower: zip(lower, other.lower).map { min($0, $1) }, upper: zip(upper, other.upper).map { max($0, $1) })
    }
}

public final class BoxBounder {
    public let region: RegionBounder
    public let lanes: Int
    /// Input features that are not fixed to one number, in the order of `InputBox`.
    public let moving: [Int]
    private let absolute: LaneNetwork<Double>
    private let pass: BackwardPass<Double>
    private let influence: BackwardPass<Double>
    private let coefficientCount: Int
    private let means: [LaneStorage<Double>]
    private let spreads: [LaneStorage<Double>]
    /// What each lane knows of every preactivation.
    private var lower: [LaneStorage<Double>?]
    private var upper: [LaneStorage<Double>?]
    /// Per smooth node each lane's own lines; see `SmoothBoxes`.
    private var smooth: [SmoothBoxes?]
    private let boxLower: LaneStorage<Double>
    private let boxUpper: LaneStorage<Double>
    private let scratch: LaneStorage<Double>
    private let rowNorms: RowNorms
    private var model: BoundModel { region.model }
    private var plan: LanePlan { region.plan }

    public init(_ region: RegionBounder, shared: BoxModel, lanes: Int = 64) {
        self.region = region
        self.lanes = lanes
        moving = shared.moving
        absolute = shared.absolute
        rowNorms = shared.rowNorms
        pass = BackwardPass(region.model.rigorous, lanes: lanes)
        influence = BackwardPass(shared.absolute, lanes: lanes)
        coefficientCount = moving.count + 1
        let count = coefficientCount
        means = region.plan.layouts.map { LaneStorage(features: $0.count * count, lanes: lanes) }
        spreads = region.plan.layouts.map { LaneStorage(features: $0.count * count, lanes: lanes) }
        lower = Array(repeating: nil, count: region.plan.nodeCount)
        upper = lower
        for node in region.plan.activations {
            let operand = region.plan.operands[node][0]
            lower[operand] = LaneStorage(features: region.plan.layouts[operand].count, lanes: lanes)
            upper[operand] = LaneStorage(features: region.plan.layouts[operand].count, lanes: lanes)
        }
        smooth = region.plan.layouts.indices.map { node in
            guard case .smooth(let curve) = region.plan.operations[node] else { return nil }
            return SmoothBoxes(curve, count: region.plan.layouts[node].count, lanes: lanes)
        }
        boxLower = LaneStorage(features: region.plan.inputLayout.count, lanes: lanes)
        boxUpper = LaneStorage(features: region.plan.inputLayout.count, lanes: lanes)
        scratch = LaneStorage(features: 12, lanes: lanes)
    }

    // MARK: forward

    /// Sets the lanes' boxes (lanes beyond them repeat the first) and bounds every preactivation by forward bounds.
    public func load(_ boxes: [InputBox]) {
        prepareInput(boxes)
        for node in 1..<plan.nodeCount { forward(node) }
    }

    private func prepareInput(_ boxes: [InputBox]) {
        let count = plan.inputLayout.count
        let mean = means[0].base
        let spread = spreads[0].base
        mean.update(repeating: 0, count: count * coefficientCount * lanes)
        spread.update(repeating: 0, count: count * coefficientCount * lanes)
        for feature in 0..<count {
            let low = region.inputLower[feature]
            let high = region.inputUpper[feature]
            for lane in 0..<lanes {
                boxLower.base[feature * lanes + lane] = low
                boxUpper.base[feature * lanes + lane] = high
                let middle = low / 2 + high / 2
                mean[feature * lanes + lane] = middle
                spread[feature * lanes + lane] = low == high ? 0 : max((high - middle).nextUp, (middle - low).nextUp)
            }
        }
        let stride = count * lanes
        for (index, feature) in moving.enumerated() {
            for lane in 0..<lanes {
                let box = boxes[lane < boxes.count ? lane : 0]
                let low = box.lower[index]
                let high = box.upper[index]
                let place = feature * lanes + lane
                let middle = low / 2 + high / 2
                boxLower.base[place] = low
                boxUpper.base[place] = high
                mean[place] = middle
                mean[(index + 1) * stride + place] = max((high - middle).nextUp, (middle - low).nextUp)
                spread[place] = 0
            }
        }
    }

    private func forward(_ node: Int) {
        let operand = plan.operands[node][0]
        let inCount = plan.layouts[operand].count * lanes
        let outCount = plan.layouts[node].count * lanes
        for coefficient in 0..<coefficientCount {
            let m = means[operand].base + coefficient * inCount
            let d = spreads[operand].base + coefficient * inCount
            let toMean = means[node].base + coefficient * outCount
            let toSpread = spreads[node].base + coefficient * outCount
            model.rigorous.applyAffine(node, m, to: toMean, lanes: lanes, addingOffsets: coefficient == 0)
            absolute.applyAffine(node, d, to: toSpread, lanes: lanes, addingOffsets: false)
            for further in plan.operands[node].dropFirst() {
                Double.add(outCount / lanes, lanes: lanes, means[further].base + coefficient * inCount, to: toMean)
                Double.add(outCount / lanes, lanes: lanes, spreads[further].base + coefficient * inCount, to: toSpread)
            }
        }
        switch plan.operations[node] {
        case .activation(let slope): relax(node, operand, slope)
        case .smooth: relaxSmooth(node, operand)
        case .input, .linear, .convolution, .elementwise, .select, .sum: widen(node, operand)
        }
    }

    private func relaxSmooth(_ node: Int, _ operand: Int) {
        let count = plan.layouts[operand].count
        forgetBounds(operand)
        let rounding = roundingFactor(2 * coefficientCount + 16)
        let low = lower[operand]!.base
        let up = upper[operand]!.base
        lane_form_ranges(
            count, lanes, coefficientCount, count * lanes, rounding, means[node].base, spreads[node].base, low, up)
        let own = smooth[node]!
        own.update(lower: low, upper: up)
        lane_relax_forms_by_lines(
            count, lanes, coefficientCount, count * lanes, rounding, own.lines.base, means[node].base,
            spreads[node].base)
    }

    /// Sets the lanes' bounds of a node's features to the region's.
    private func forgetBounds(_ node: Int) {
        for feature in 0..<plan.layouts[node].count {
            (lower[node]!.base + feature * lanes).update(repeating: region.bounds.lower[node][feature], count: lanes)
            (upper[node]!.base + feature * lanes).update(repeating: region.bounds.upper[node][feature], count: lanes)
        }
    }

    /// Activations were copied as they are; relax them in place.
    private func relax(_ node: Int, _ operand: Int, _ slope: Double) {
        let count = plan.layouts[operand].count
        forgetBounds(operand)
        lane_relax_forms(
            count, lanes, slope, coefficientCount, count * lanes, roundingFactor(2 * coefficientCount + 16),
            means[node].base, spreads[node].base, lower[operand]!.base, upper[operand]!.base)
    }

    /// Adds to the spread what rounding the operator may have lost.
    private func widen(_ node: Int, _ operand: Int) {
        guard let norms = rowNorms.rows[node] else { return }
        let squares = scratch.base
        let absolutes = scratch.base + lanes
        squares.update(repeating: 0, count: 2 * lanes)
        for further in plan.operands[node] {
            let count = plan.layouts[further].count
            for forms in [means[further].base, spreads[further].base] {
                lane_form_sizes(count, lanes, coefficientCount, count * lanes, forms, squares, absolutes)
            }
        }
        for lane in 0..<lanes {
            squares[lane] = (2 * squares[lane]).squareRoot() * sumSlack
            absolutes[lane] = absolutes[lane] * norms.absolute * sumSlack + underflowAllowance
        }
        lane_widen(
            plan.layouts[node].count, lanes, norms.weights.base, squares, absolutes, norms.offsets?.base,
            spreads[node].base)
    }

    // MARK: objectives

    /// Certified lower bounds of an objective, a lane each, from the forward bounds alone.
    public func forwardBounds(_ objective: Objective) -> [Double] {
        var constants = [Double](repeating: objective.constant, count: lanes)
        var sizes = [Double](repeating: objective.constant.magnitude, count: lanes)
        var slopes = [[Double]](repeating: Array(repeating: 0, count: moving.count), count: lanes)
        for (terms, node) in [(objective.outputTerms, plan.output), (objective.inputTerms, 0)] {
            let stride = plan.layouts[node].count * lanes
            for term in terms {
                for coefficient in 0..<coefficientCount {
                    let m = means[node].base + coefficient * stride + term.feature * lanes
                    let d = spreads[node].base + coefficient * stride + term.feature * lanes
                    for lane in 0..<lanes {
                        let value = term.coefficient * m[lane] - term.coefficient.magnitude * d[lane]
                        let reach = m[lane].magnitude + d[lane].magnitude
                        sizes[lane] += term.coefficient.magnitude * reach
                        if coefficient == 0 { constants[lane] += value } else { slopes[lane][coefficient - 1] += value }
                        if term.radius > 0 { constants[lane] -= term.radius * reach * sumSlack }
                    }
                }
            }
        }
        let termCount = (objective.outputTerms.count + objective.inputTerms.count + 1) * (coefficientCount + 1)
        let factor = roundingFactor(4 * termCount + 16) * sumSlack
        return (0..<lanes).map { lane -> Double in
            let total = slopes[lane].reduce(constants[lane]) { $0 - $1.magnitude }
            let bound = (total - factor * sizes[lane] - underflowAllowance).nextDown
            return bound.isFinite ? bound : -.infinity
        }
    }

    /// An affine function below an objective on each lane's box, by back-substitution under the lane's own neuron
    /// bounds: at any `x` of the box the objective is at least `bound + sum_j slopes_j (x_j - corner_j)`, where the
    /// corner is the function's least point.
    public struct LowerPlanes: Sendable {
        /// Certified, one per lane.
        public let bounds: [Double]
        /// `slopes[lane * moving.count + j]` for the j-th moving input.
        public let slopes: [Double]
    }

    public func backwardBounds(_ objective: Objective) -> LowerPlanes {
        pass.prepare(target: plan.output)
        pass.clear(plan.output)
        let coefficients = pass.coefficients(plan.output)
        for term in objective.outputTerms {
            (coefficients + term.feature * lanes).update(repeating: term.coefficient, count: lanes)
        }
        let readsInput = !objective.inputTerms.isEmpty
        if readsInput {
            pass.clear(0)
            for term in objective.inputTerms {
                (pass.coefficients(0) + term.feature * lanes).update(repeating: term.coefficient, count: lanes)
            }
        }
        var rule = boxRule()
        for lane in 0..<lanes {
            rule.constants[lane] = objective.constant
            rule.magnitudes[lane] = objective.constant.magnitude
            for (terms, node) in [(objective.outputTerms, plan.output), (objective.inputTerms, 0)] {
                for term in terms where term.radius > 0 {
                    rule.losses[lane] += term.radius * region.bounds.magnitude(node, term.feature) * sumSlack
                }
            }
        }
        pass.run(from: plan.output, inputIsSet: readsInput, rule: &rule)
        let bounds = finish(rule)
        var slopes = [Double](repeating: 0, count: lanes * moving.count)
        for (index, feature) in moving.enumerated() {
            let row = pass.coefficients(0) + pass.bufferPlace(of: feature, node: 0) * lanes
            for lane in 0..<lanes { slopes[lane * moving.count + index] = row[lane] }
        }
        return LowerPlanes(bounds: bounds, slopes: slopes)
    }

    /// Per lane, how far each moving input can move any of the objectives over the lane's box, roughly.
    public func influences(_ objectives: [Objective]) -> [[Double]] {
        influence.prepare(target: plan.output)
        influence.clear(plan.output)
        let coefficients = influence.coefficients(plan.output)
        for term in objectives.flatMap(\.outputTerms) {
            for lane in 0..<lanes { coefficients[term.feature * lanes + lane] += term.coefficient.magnitude }
        }
        var rule = InfluenceRule(
            plan: plan, lower: lower.map { $0?.base }, upper: upper.map { $0?.base },
            smooth: smooth.map { $0?.lines.base }, lanes: lanes)
        influence.run(from: plan.output, rule: &rule)
        let g = influence.coefficients(0)
        return (0..<lanes).map { lane in
            moving.map { feature in
                let place = feature * lanes + lane
                return g[influence.bufferPlace(of: feature, node: 0) * lanes + lane].magnitude
                    * (boxUpper.base[place] - boxLower.base[place])
            }
        }
    }

    private func boxRule() -> BoxRule {
        BoxRule(
            plan: plan, bounds: region.bounds, relaxations: region.relaxations,
            lower: lower.map { $0?.base }, upper: upper.map { $0?.base }, smooth: smooth.map { $0?.lines.base },
            lanes: lanes, scratch: scratch.base)
    }

    private func finish(_ rule: BoxRule) -> [Double] {
        var rule = rule
        rule.concretize(
            pass.coefficients(0), spans: pass.spans[0], lower: boxLower.base, upper: boxUpper.base,
            into: scratch.base + 5 * lanes)
        return Array(UnsafeBufferPointer(start: scratch.base + 5 * lanes, count: lanes))
    }

    /// Tightens the lanes' bounds of the neurons that are unstable in some lane, layer by layer, by back-substitution.
    public func refineNeurons(boxCount: Int) {
        for node in plan.activations {
            let operand = plan.operands[node][0]
            if plan.operands[operand] == [0] { continue }
            let low = lower[operand]!.base
            let up = upper[operand]!.base
            for feature in 0..<plan.layouts[operand].count {
                let row = feature * lanes
                let isOpen = (0..<boxCount).contains {
                    smooth[node] == nil ? low[row + $0] < 0 && up[row + $0] > 0 : low[row + $0] < up[row + $0]
                }
                guard isOpen else { continue }
                let below = featureBounds(operand, feature, sign: 1)
                let above = featureBounds(operand, feature, sign: -1)
                for lane in 0..<lanes {
                    low[row + lane] = max(low[row + lane], below[lane])
                    up[row + lane] = min(up[row + lane], -above[lane])
                }
            }
            smooth[node]?.update(lower: low, upper: up)
        }
    }

    private func featureBounds(_ node: Int, _ feature: Int, sign: Double) -> [Double] {
        let window = plan.layouts[node].image.map { image in
            let pixel = feature / image.channels
            let row = pixel / image.width
            let column = pixel % image.width
            return Window(rows: row..<row + 1, columns: column..<column + 1)
        }
        pass.prepare(target: node, window: window)
        pass.clear(node)
        let row = pass.bufferPlace(of: feature, node: node) * lanes
        (pass.coefficients(node) + row).update(repeating: sign, count: lanes)
        var rule = boxRule()
        pass.run(from: node, rule: &rule)
        return finish(rule)
    }

    /// The centre of a lane's box, in the order of the input's lanes.
    public func centre(_ lane: Int) -> [Double] {
        (0..<plan.inputLayout.count).map {
            boxLower.base[$0 * lanes + lane] / 2 + boxUpper.base[$0 * lanes + lane] / 2
        }
    }

    /// The input of the last backward bound's minimum in a lane.
    public func minimiser(_ lane: Int) -> [Double] {
        var point = [Double](repeating: 0, count: plan.inputLayout.count)
        for span in pass.spans[0] {
            for index in 0..<span.count {
                let place = (span.feature + index) * lanes + lane
                let g = pass.coefficients(0)[(span.buffer + index) * lanes + lane]
                point[span.feature + index] = g >= 0 ? boxLower.base[place] : boxUpper.base[place]
            }
        }
        return point
    }
}
