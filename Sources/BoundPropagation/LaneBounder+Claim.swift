// The float64 pass whose result is a theorem, and what is read off it.

import CLaneKernels
import Evaluation
import Intervals
import Lanes

/// How neurons are ranked for a split, from one backward pass.
public enum BranchingScore: Sendable {
    /// The coefficient times the largest distance of the line in use from the activation.
    case gap
    /// What fixing the neuron would do to the bound, estimated from its offset (Bunel et al. 2020).
    case babsr
}

extension LaneBounder {
    /// Bounds every lane's objective under the present parameters and phases.
    ///
    /// - Soundness: on the part of the region where every split neuron has its lane's phase, the objective is at
    ///   least `result[lane]`; -infinity when anything was not finite.
    public func certify() -> [Double] {
        exact.lanes = lanes
        exact.prepare(target: target, window: search.windows[target] ?? nil)
        var rule = RigorousRule(
            plan: plan, bounds: bounds, relaxations: relaxations,
            source: .lanes(parameters: UnsafePointer(parameters), phases: UnsafePointer(phases)), lanes: lanes,
            scratch: laneDoubles.base)
        let coefficients = exact.coefficients(target)
        if objectives.rows.isEmpty {
            let from = search.coefficients(target)
            for index in 0..<exact.bufferCount(target) * lanes { coefficients[index] = Double(from[index]) }
        } else {
            writeOutputTerms(to: coefficients, zeroing: exact.bufferCount(target))
            if objectives.readsInput { writeInputTerms(to: exact.coefficients(0), zeroing: exact.bufferCount(0)) }
            payForObjectives(&rule)
        }
        exact.run(from: target, inputIsSet: objectives.readsInput, rule: &rule)
        if projection != nil, let cut { rule.tilt(exact.coefficients(0), spans: exact.spans[0], by: cut) }
        rule.finish(exact.coefficients(0), spans: exact.spans[0], into: laneDoubles.base + 5 * lanes)
        return Array(UnsafeBufferPointer(start: laneDoubles.base + 5 * lanes, count: lanes))
    }

    /// The input at which the certified bound was reached, `[feature][lane]` of the coefficients that certify left.
    public func minimiser(_ lane: Int) -> [Double] {
        var point = bounds.lower[0]
        let g = exact.coefficients(0)
        for span in exact.spans[0] {
            for index in 0..<span.count where g[(span.buffer + index) * lanes + lane] < 0 {
                point[span.feature + index] = bounds.upper[0][span.feature + index]
            }
        }
        return point
    }

    /// The unsplit neurons that promise most, `[rank][lane]`, best first; -1 where none is left. After `certify()`.
    public func branchingSlots(_ count: Int, by score: BranchingScore = .gap) -> [[Int32]] {
        scores.base.update(repeating: -1, count: slotCount * lanes)
        for node in plan.activations where node < target && exact.reached[node] {
            if let table = relaxations.smoothTables[node] {
                for span in exact.spans[node] {
                    lane_score_smooth(
                        span.count, lanes, table.slots.base + span.feature,
                        table.strips.base + span.feature * SmoothTable.stripNumbers,
                        exact.coefficients(node) + span.buffer * lanes, phases, scores.base)
                }
                continue
            }
            guard case .activation(let slope) = model.search.operators[node] else { continue }
            let table = relaxations.tables[node]!
            for span in exact.spans[node] {
                let at = span.feature
                let g = exact.coefficients(node) + span.buffer * lanes
                switch score {
                case .gap:
                    lane_score(
                        span.count, lanes, slope, table.slots.base + at, g, table.floatLower.base + at,
                        table.floatUpper.base + at, table.floatIntercept.base + at, parameters, phases, scores.base)
                case .babsr:
                    lane_score_babsr(
                        span.count, lanes, table.slots.base + at, g, table.bias.base + at,
                        table.floatUpperSlope.base + at, table.floatIntercept.base + at, parameters, phases,
                        scores.base)
                }
            }
        }
        var best = [Int32](repeating: -1, count: count * lanes)
        lane_rank(slotCount, lanes, scores.base, count, &best)
        return (0..<count).map { Array(best[$0 * lanes..<($0 + 1) * lanes]) }
    }

    /// What the last certified bound of a lane loses when a split of its path is undone and the line through the neuron
    /// stays: the least of the line's distances over both phases instead of one. At most the true value's roundings
    /// too much, never too little.
    public func worth(ofSplit slot: Int32, lane: Int) -> Double {
        let neuron = relaxations.neurons[Int(slot)]
        guard exact.reached[neuron.node], case .activation(let a) = plan.operations[neuron.node] else {
            return exact.reached[neuron.node] ? .infinity : 0
        }
        let operand = plan.operands[neuron.node][0]
        let place = exact.bufferPlace(of: neuron.feature, node: neuron.node)
        let g = exact.coefficients(neuron.node)[place * lanes + lane]
        let (low, high) = (bounds.lower[operand][neuron.feature], bounds.upper[operand][neuron.feature])
        let phase = phases[Int(slot) * lanes + lane]
        let multiplier = Double(parameters[Int(slot) * lanes + lane])
        let line = phase > 0 ? g - multiplier : a * g + multiplier
        func gap(_ z: Double) -> Double { ((z >= 0 ? g : a * g) - line) * z }
        let fixed = min(gap(phase > 0 ? 0 : low), gap(phase < 0 ? 0 : high), 0)
        let free = min(gap(low), gap(high), 0)
        let roundings = 1e-13 * (abs(line) + abs(g)) * max(-low, high)
        let worth = max(0, fixed - free) + roundings
        return worth.isFinite ? worth : .infinity
    }

    /// The unsplit neurons whose lower lines the last certified bound of a lane stands on, by slot; whether the slope is
    /// the standard one beyond doubt.
    func forEachLowerSlope(_ lane: Int, _ body: (_ slot: Int, _ isStandard: Bool) -> Void) {
        for node in plan.activations where node < target && exact.reached[node] {
            guard let table = relaxations.tables[node] else { continue }
            let operand = plan.operands[node][0]
            let g = exact.coefficients(node)
            for span in exact.spans[node] {
                for index in 0..<span.count {
                    let feature = span.feature + index
                    let slot = Int(table.slots[feature])
                    guard slot >= 0, phases[slot * lanes + lane] == 0, g[(span.buffer + index) * lanes + lane] > 0
                    else { continue }
                    let (lower, upper) = (bounds.lower[operand][feature], bounds.upper[operand][feature])
                    let isClear = (upper + lower).magnitude > 1e-6 * (upper - lower)
                    body(slot, isClear && parameters[slot * lanes + lane] == table.floatLowerSlope[feature])
                }
            }
        }
    }

    /// The objectives' constants, and what rounding their coefficients may lose: a weight times a coefficient, summed
    /// over the rows of a lane.
    private func payForObjectives(_ rule: inout RigorousRule) {
        for (lane, row) in paddedRows() {
            let factor = row.count == 1 && row[0].weight == 1 ? 0 : roundingFactor(row.count + 2)
            for (weight, objective) in row {
                let constant = weight * objective.constant
                rule.constants[lane] += constant
                rule.magnitudes[lane] += constant.magnitude
                rule.countTerms(2)
                for (terms, node) in [(objective.outputTerms, plan.output), (objective.inputTerms, 0)] {
                    for term in terms {
                        let loss = weight * (term.radius + factor * term.coefficient.magnitude)
                        if loss > 0 { rule.losses[lane] += loss * bounds.magnitude(node, term.feature) * sumSlack }
                    }
                }
            }
        }
    }
}
