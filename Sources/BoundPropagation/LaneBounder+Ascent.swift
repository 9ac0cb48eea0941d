// Ascent on slopes and split multipliers, in float32.
//
// It needs no automatic differentiation: the bound's gradient follows from one backward pass and one forward pass of the
// minimiser through the lines that the backward pass chose (alpha-CROWN, Xu et al. 2021; beta-CROWN, Wang et al. 2021,
// with the gradient written out).

import CLaneKernels
import Evaluation
import Lanes

/// How long and how fast to ascend.
public struct AscentOptions: Sendable {
    public var iterations: Int
    public var slopeRate: Float = 0.1
    /// Relative to the coefficient on the split neuron.
    public var multiplierRate: Float = 0.3
    public var decay: Float = 0.97
    /// Stop when every lane's bound is positive.
    public var stopsWhenPositive = true
    /// Polled between steps; once true the best so far is kept.
    public var isStopped: @Sendable () -> Bool = { false }

    public init(iterations: Int) { self.iterations = iterations }
}

extension LaneBounder {
    /// Improves the parameters of every lane.
    ///
    /// - Returns: each lane's best bound in float32, which proves nothing; `parameters` are the ones that gave it.
    public func ascend(_ options: AscentOptions) -> [Float] {
        let slots = reachedSlots
        for run in slots {
            (momentStorage.base + 2 * run.lowerBound * lanes).update(repeating: 0, count: 2 * run.count * lanes)
        }
        var best = [Float](repeating: -.infinity, count: lanes)
        let active = objectives.rows.isEmpty ? lanes : objectives.rows.count
        var rates: [Float] = [options.slopeRate, options.multiplierRate, 0, 0]
        let combines = objectives.rows.contains { $0.count > 1 }
        var bestRows = objectives.rows
        for iteration in 0..<options.iterations {
            let bound = boundInSearch()
            let better = laneFloats.base + lanes
            var improved = false
            for lane in 0..<lanes {
                better[lane] = bound[lane] > best[lane] ? 1 : 0
                if better[lane] != 0 {
                    best[lane] = bound[lane]
                    improved = true
                    if combines && lane < active { bestRows[lane] = objectives.rows[lane] }
                }
            }
            if improved {
                for run in slots {
                    let first = run.lowerBound * lanes
                    lane_keep_f32(run.count, lanes, better, parameters + first, bestStorage.base + first)
                }
            }
            let done = options.stopsWhenPositive && best[0..<active].allSatisfy { $0 > 0 }
            if done || iteration == options.iterations - 1 || options.isStopped() { break }
            rates[2] = 1 / (1 - power(0.9, iteration + 1))
            rates[3] = 1 / (1 - power(0.99, iteration + 1))
            ascendOnce(rates)
            if combines { shiftWeights(rate: Double(rates[1] / options.multiplierRate)) }
            rates[0] *= options.decay
            rates[1] *= options.decay
        }
        for run in slots {
            let first = run.lowerBound * lanes
            (parameters + first).update(from: bestStorage.base + first, count: run.count * lanes)
        }
        if combines {
            objectives.rows = bestRows
            writeSearchObjectives()
        }
        return best
    }

    /// The slots of the neurons that the target sees.
    private var reachedSlots: [Range<Int>] {
        var result: [Range<Int>] = []
        for node in plan.activations where node < target && search.isNeeded[node] {
            let slots = relaxations.slotStarts[node]
            if slots.isEmpty { continue }
            for span in search.spans[node] {
                let run = slots[span.feature]..<slots[span.feature + span.count]
                if run.isEmpty { continue }
                if let last = result.last, last.upperBound == run.lowerBound {
                    result[result.count - 1] = last.lowerBound..<run.upperBound
                } else {
                    result.append(run)
                }
            }
        }
        return result
    }

    /// Moves each lane's weights towards the constraints whose margins are largest where the lines have their minimum:
    /// a step of exponentiated gradient ascent, for the bound's derivative by a weight is that margin.
    private func shiftWeights(rate: Double) {
        push(target, [0, 0, 1, 1])
        let output = values(target)
        let input = values(0)
        for lane in objectives.rows.indices where objectives.rows[lane].count > 1 {
            let margins = objectives.rows[lane].map { row in
                row.objective.outputTerms.reduce(row.objective.constant) {
                    $0 + $1.coefficient * Double(output[$1.feature * lanes + lane])
                }
                    + row.objective.inputTerms.reduce(0) {
                        $0 + $1.coefficient * Double(input[$1.feature * lanes + lane])
                    }
            }
            let largest = margins.reduce(1e-30) { max($0, $1.magnitude) }
            var total = 0.0
            for index in margins.indices {
                let grown = objectives.rows[lane][index].weight * exponential(rate * margins[index] / largest)
                objectives.rows[lane][index].weight = max(grown, 1e-6)
                total += objectives.rows[lane][index].weight
            }
            guard total.isFinite, total > 0 else { continue }
            for index in margins.indices { objectives.rows[lane][index].weight /= total }
        }
        writeSearchObjectives()
    }

    /// e^x for |x| <= 1, roughly: enough for a step size.
    private func exponential(_ x: Double) -> Double { 1 + x * (1 + x / 2 * (1 + x / 3)) }

    private func power(_ base: Float, _ exponent: Int) -> Float {
        (0..<exponent).reduce(1) { product, _ in product * base }
    }

    /// One backward pass; leaves the minimisers in `forward[0]` and the coefficients in `search`.
    private func boundInSearch() -> UnsafeMutablePointer<Float> {
        let constants = laneFloats.base
        constants.update(from: objectiveConstants.base, count: lanes)
        let readsInput = objectives.readsInput
        if readsInput { writeInputTerms(to: search.coefficients(0), zeroing: search.bufferCount(0)) }
        var rule = SearchRule(
            plan: plan, relaxations: relaxations, source: .lanes(parameters: parameters, phases: phases), lanes: lanes,
            constants: constants)
        search.run(from: target, inputIsSet: readsInput, rule: &rule)
        if let projection {
            let multipliers = laneFloats.base + 2 * lanes
            lane_tilt_f32(
                projection.coefficients.count, lanes, projection.coefficients, projection.constant, projection.lower,
                projection.upper, search.coefficients(0), multipliers, nil)
            for lane in 0..<lanes { constants[lane] += multipliers[lane] * projection.constant }
        }
        let minimiser = values(0)
        for span in search.spans[0] {
            lane_concretize_f32(
                span.count, lanes, search.coefficients(0) + span.buffer * lanes, inputLower.base + span.feature,
                inputUpper.base + span.feature, minimiser + span.buffer * lanes, constants)
        }
        return constants
    }

    private func values(_ node: Int) -> UnsafeMutablePointer<Float> {
        let count = search.bufferCount(node)
        if (forward[node]?.features ?? -1) < count {
            forward[node] = LaneStorage(features: max(1, count), lanes: capacity)
        }
        return forward[node]!.base
    }

    /// One forward pass of the minimisers, updating parameters at every activation that it passes.
    private func ascendOnce(_ rates: [Float]) {
        guard target > 0 else { return }
        for node in 1..<target where search.reached[node] { push(node, rates) }
    }

    private func push(_ node: Int, _ rates: [Float]) {
        let operands = plan.operands[node]
        let y = values(node)
        let x = values(operands[0])
        let count = search.bufferCount(node)
        switch model.search.operators[node] {
        case .input: break
        case .dense(let matrix): matrix.apply(x, to: y, lanes: lanes)
        case .sparse(let matrix): matrix.apply(x, to: y, lanes: lanes)
        case .convolution(let convolution, _):
            convolution.apply(
                x, inputWindow: search.windows[operands[0]]!, to: y, outputWindow: search.windows[node]!, lanes: lanes,
                live: relaxations.live[node].map { UnsafePointer($0.base) })
        case .elementwise(let scale, let offset):
            search.forEachShared(node, operands[0]) { from, to, feature, run in
                scale.withUnsafeBufferPointer { scale in
                    offset.withUnsafeBufferPointer { offset in
                        Float.scale(
                            run, lanes: lanes, by: scale.baseAddress! + feature, adding: offset.baseAddress! + feature,
                            x + to * lanes, to: y + from * lanes, accumulating: false)
                    }
                }
            }
        case .select(let sources, let constants):
            for (feature, source) in sources.enumerated() {
                if source < 0 {
                    (y + feature * lanes).update(repeating: constants[feature], count: lanes)
                } else {
                    (y + feature * lanes).update(from: x + Int(source) * lanes, count: lanes)
                }
            }
        case .sum:
            y.update(repeating: 0, count: count * lanes)
            for operand in operands {
                let term = values(operand)
                search.forEachShared(node, operand) { from, to, _, run in
                    Float.add(run, lanes: lanes, term + to * lanes, to: y + from * lanes)
                }
            }
        case .activation(let slope):
            let table = relaxations.tables[node]!
            let g = search.coefficients(node)
            search.forEachShared(node, operands[0]) { from, to, feature, run in
                lane_ascend_split_f32(
                    run, lanes, slope, table.slots.base + feature, x + to * lanes, g + from * lanes,
                    y + from * lanes, table.floatUpperSlope.base + feature, table.floatIntercept.base + feature,
                    parameters, phases, momentStorage.base, rates)
            }
        case .smooth:
            let table = relaxations.smoothTables[node]!
            let g = search.coefficients(node)
            search.forEachShared(node, operands[0]) { from, to, feature, run in
                lane_ascend_smooth_f32(
                    run, lanes, table.slots.base + feature,
                    table.floatLines.base + feature * SmoothTable.lineNumbers,
                    table.floatSplits.base + feature * Int(LANE_SMOOTH_SPLITS), x + to * lanes, g + from * lanes,
                    y + from * lanes, parameters, phases, momentStorage.base, rates)
            }
        }
    }

    /// Float32 bounds of every lane with one more neuron split, without ascent: what a split would do at once.
    ///
    /// - Parameter slots: per lane the neuron to split; -1: none.
    public func probe(_ slots: [Int32], phase: Float) -> [Float] {
        var kept: [Float] = []
        for (lane, slot) in slots.enumerated() where slot >= 0 {
            kept.append(parameters[Int(slot) * lanes + lane])
            parameters[Int(slot) * lanes + lane] = 0
            phases[Int(slot) * lanes + lane] = phase
        }
        let bounds = Array(UnsafeBufferPointer(start: boundInSearch(), count: lanes))
        var next = 0
        for (lane, slot) in slots.enumerated() where slot >= 0 {
            parameters[Int(slot) * lanes + lane] = kept[next]
            phases[Int(slot) * lanes + lane] = 0
            next += 1
        }
        return bounds
    }
}
