// A subproblem whose phases are all fixed: the network is affine there, so the least violation of the disjunct is a
// linear program in the input alone,
//     minimise t  subject to  margin_r(x) <= t for every constraint r,  the sign of every split preactivation,  x in the box.
// GLPK solves it. Its dual multipliers are exactly the weights of the constraints and the split multipliers of the
// backward pass, which then bounds the subproblem rigorously; its solution is a candidate for a counterexample. A
// network with smooth activations is affine nowhere: nothing is decided about it here.

import BoundPropagation
import Evaluation
import LinearPrograms
import Networks

final class LeafProgram {
    enum Answer {
        /// Multipliers that should refute the leaf: one weight per constraint, one split multiplier per slot.
        case refute(weights: [Double], multipliers: [Double])
        /// An input, in the order of the lanes, that should violate the disjunct.
        case candidate([Double])
        case undecided(String)
    }

    private let region: RegionBounder
    private let evaluator: LaneEvaluator<Double>
    private let lanes = 16
    /// Inputs that may move.
    private let columns: [Int]

    init(_ region: RegionBounder) {
        self.region = region
        evaluator = LaneEvaluator(region.model.rigorous, lanes: lanes)
        columns = region.inputLower.indices.filter { region.inputLower[$0] < region.inputUpper[$0] }
    }

    /// Whether programs over whole cells cost little beside a round of bounding.
    var isSmall: Bool { region.plan.isPiecewiseLinear && columns.count <= 64 && region.unstableNeurons.count <= 500 }

    /// The phases of the unstable neurons at the point that a lane of an evaluator has seen.
    func phases(_ evaluator: LaneEvaluator<Float>, lane: Int) -> [Float] {
        region.unstableNeurons.map { neuron in
            let row = evaluator.values(of: region.plan.operands[neuron.node][0]) + neuron.feature * evaluator.lanes
            return row[lane] >= 0 ? 1 : -1
        }
    }

    /// An affine function of the inputs in `columns`.
    private struct Form {
        var coefficients: [Double]
        var constant: Double
    }

    /// - Parameter phases: 1 or -1 by slot.
    func decide(_ objectives: [Objective], phases: [Float], timeLimit: Double) -> Answer {
        guard region.plan.isPiecewiseLinear else {
            return .undecided("every split of its smooth neurons is used, and what is left is no linear program")
        }
        return answer(solve(objectives, phases, timeLimit), phases, objectives.count)
    }

    /// Pattern descent: from the cell of an activation pattern to better neighbours, crossing the facet that holds the
    /// optimum back most, until no crossing helps.
    ///
    /// - Returns: the best input met, in the order of the lanes; a candidate, no more.
    func descend(_ objectives: [Objective], phases: [Float], steps: Int, timeLimit: Double) -> [Double]? {
        var phases = phases
        guard case .optimal(var best) = solve(objectives, phases, timeLimit) else { return nil }
        for _ in 0..<steps where best.objective > 0 {
            let duals = best.rowDuals[objectives.count...]
            let facets = duals.enumerated().filter { $0.element.magnitude > 1e-9 }
                .sorted { $0.element.magnitude > $1.element.magnitude }.prefix(3).map(\.offset)
            var hasMoved = false
            for slot in facets where !hasMoved {
                phases[slot] = -phases[slot]
                if case .optimal(let next) = solve(objectives, phases, timeLimit),
                    next.objective < best.objective - 1e-9
                {
                    best = next
                    hasMoved = true
                } else {
                    phases[slot] = -phases[slot]
                }
            }
            if !hasMoved { break }
        }
        return point(best)
    }

    private func point(_ optimum: LinearProgram.Optimum) -> [Double] {
        var point = region.inputLower
        for (column, feature) in columns.enumerated() { point[feature] = optimum.primal[column] }
        return point
    }

    private func solve(_ objectives: [Objective], _ phases: [Float], _ timeLimit: Double) -> LinearProgram.Outcome {
        let (splits, outputs) = forms(phases, objectives)
        let slack = columns.count
        return LinearProgram.withProgram(columns: columns.count + 1) { program in
            for (column, feature) in columns.enumerated() {
                program.setBounds(
                    ofColumn: column, lower: region.inputLower[feature], upper: region.inputUpper[feature])
            }
            program.setObjective(ofColumn: slack, 1)
            for form in outputs {
                program.addRow(
                    terms(form) + [.init(slack, -1)], lower: -.infinity, upper: -form.constant)
            }
            for (form, phase) in zip(splits, phases) {
                if phase > 0 {
                    program.addRow(terms(form), lower: -form.constant, upper: .infinity)
                } else {
                    program.addRow(terms(form), lower: -.infinity, upper: -form.constant)
                }
            }
            var options = LinearProgram.Options()
            options.timeLimit = timeLimit
            return program.minimise(options)
        }
    }

    private func answer(_ outcome: LinearProgram.Outcome, _ phases: [Float], _ count: Int) -> Answer {
        switch outcome {
        case .optimal(let optimum):
            if optimum.objective <= 0 {
                return .candidate(point(optimum))
            }
            let weights = optimum.rowDuals[..<count].map { max(0, -$0) }
            let multipliers = zip(optimum.rowDuals[count...], phases).map { max(0, $0 * Double($1)) }
            return .refute(weights: weights, multipliers: multipliers)
        case .infeasible(let farkas?):
            // Multipliers of any size refute; take them large enough to outweigh the objective.
            let largest = farkas.reduce(0) { max($0, $1.magnitude) }
            let multipliers = zip(farkas[count...], phases).map { max(0, $0 * Double($1)) / largest * 1e6 }
            return .refute(weights: Array(repeating: 1 / Double(count), count: count), multipliers: multipliers)
        case .infeasible(nil): return .undecided("an infeasible subproblem came without multipliers")
        case .unbounded: return .undecided("the linear program has no least value")
        case .undecided(let reason): return .undecided(reason)
        }
    }

    private func terms(_ form: Form) -> [LinearProgram.Term] {
        form.coefficients.enumerated().filter { $0.element != 0 }.map { .init($0.offset, $0.element) }
    }

    /// The split preactivations by slot, and the objectives' margins, on the cell of the phases.
    private func forms(_ phases: [Float], _ objectives: [Objective]) -> (splits: [Form], outputs: [Form]) {
        let plan = region.plan
        evaluator.fixedSlopes = region.fixedSlopes(phases)
        let neurons = region.unstableNeurons
        let places = neurons.map { (plan.operands[$0.node][0], $0.feature) }
        var splits = neurons.map { _ in Form(coefficients: Array(repeating: 0, count: columns.count), constant: 0) }
        var outputs = objectives.map {
            Form(coefficients: Array(repeating: 0, count: columns.count), constant: $0.constant)
        }
        // Lane 0 evaluates the base point, the others one unit step each.
        for start in stride(from: 0, to: max(1, columns.count), by: lanes - 1) {
            let block = start..<min(start + lanes - 1, columns.count)
            evaluateSteps(block)
            for (index, (node, feature)) in places.enumerated() {
                let row = evaluator.values(of: node) + feature * lanes
                fill(&splits[index], block, row)
            }
            for (index, objective) in objectives.enumerated() { fill(&outputs[index], block, objective) }
        }
        return (splits, outputs)
    }

    private func evaluateSteps(_ block: Range<Int>) {
        let input = evaluator.values(of: 0)
        for feature in region.inputLower.indices {
            // Fixed inputs keep their value, the others are 0.
            let isFixed = region.inputLower[feature] == region.inputUpper[feature]
            (input + feature * lanes).update(repeating: isFixed ? region.inputLower[feature] : 0, count: lanes)
        }
        for (lane, column) in block.enumerated() { input[columns[column] * lanes + lane + 1] = 1 }
        evaluator.evaluate()
    }

    private func fill(_ form: inout Form, _ block: Range<Int>, _ row: UnsafeMutablePointer<Double>) {
        form.constant = row[0]
        for (lane, column) in block.enumerated() { form.coefficients[column] = row[lane + 1] - row[0] }
    }

    private func fill(_ form: inout Form, _ block: Range<Int>, _ objective: Objective) {
        let output = evaluator.values(of: region.plan.output)
        let input = evaluator.values(of: 0)
        func margin(_ lane: Int) -> Double {
            objective.constant
                + objective.outputTerms.reduce(0) { $0 + $1.coefficient * output[$1.feature * lanes + lane] }
                + objective.inputTerms.reduce(0) { $0 + $1.coefficient * input[$1.feature * lanes + lane] }
        }
        form.constant = margin(0)
        for (lane, column) in block.enumerated() { form.coefficients[column] = margin(lane + 1) - form.constant }
    }
}
