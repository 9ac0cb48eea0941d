// One thread's machine for bounding a batch of lanes: float32 ascent on slopes and split multipliers, then the
// float64 pass whose result is a theorem.
//
// Ascent needs no automatic differentiation: the bound's gradient follows from one backward pass and one forward pass
// of the minimiser through the lines that the backward pass chose (alpha-CROWN, Xu et al. 2021; beta-CROWN, Wang et
// al. 2021, with the gradient written out).

import CLaneKernels
import Evaluation
import Intervals
public import Lanes

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

/// How neurons are ranked for a split, from one backward pass.
public enum BranchingScore: Sendable {
    /// The coefficient times the largest distance of the line in use from the activation.
    case gap
    /// What fixing the neuron would do to the bound, estimated from its offset (Bunel et al. 2020).
    case babsr
}

public final class LaneBounder {
    public let model: BoundModel
    /// How many lanes the next batch has: see `use(lanes:)`.
    public private(set) var lanes: Int
    private let capacity: Int
    var bounds: NodeBounds
    var relaxations: Relaxations
    private let search: BackwardPass<Float>
    lazy var exact = BackwardPass<Double>(model.rigorous, lanes: capacity)
    private var forward: [LaneStorage<Float>?]
    /// `[slot][lane]`: slopes and multipliers, phases, Adam's two moments, and the best parameters so far.
    private let parameterStorage: LaneStorage<Float>
    private var phaseStorage: LaneStorage<Float>
    private var momentStorage: LaneStorage<Float>
    private let bestStorage: LaneStorage<Float>
    private lazy var scores = LaneStorage<Float>(features: max(1, slotCount), lanes: capacity)
    private let laneFloats: LaneStorage<Float>
    private let laneDoubles: LaneStorage<Double>
    private let objectiveConstants: LaneStorage<Float>
    private var inputLower: Table<Float>
    private var inputUpper: Table<Float>
    private var objectives = LaneObjectives([])
    /// Where bounds of features are wanted; nil: on the whole region.
    var cut: ObjectiveCut?
    private var projection: ObjectiveCut.Projection<Float>?
    private var target = 0
    public private(set) var slotCount: Int

    var plan: LanePlan { model.plan }
    public var parameters: UnsafeMutablePointer<Float> { parameterStorage.base }
    public var phases: UnsafeMutablePointer<Float> { phaseStorage.base }

    public convenience init(_ region: RegionBounder, lanes: Int = 64) {
        self.init(model: region.model, bounds: region.bounds, relaxations: region.relaxations, lanes: lanes)
    }

    init(model: BoundModel, bounds: NodeBounds, relaxations: Relaxations, lanes: Int = 64) {
        self.model = model
        self.lanes = lanes
        capacity = lanes
        self.bounds = bounds
        self.relaxations = relaxations
        search = BackwardPass(model.search, lanes: lanes)
        forward = Array(repeating: nil, count: model.plan.nodeCount)
        slotCount = relaxations.neurons.count
        parameterStorage = LaneStorage(features: max(1, slotCount), lanes: lanes)
        phaseStorage = LaneStorage(features: max(1, slotCount), lanes: lanes)
        momentStorage = LaneStorage(features: max(1, 2 * slotCount), lanes: lanes)
        bestStorage = LaneStorage(features: max(1, slotCount), lanes: lanes)
        laneFloats = LaneStorage(features: 4, lanes: lanes)
        objectiveConstants = LaneStorage(features: 1, lanes: lanes)
        laneDoubles = LaneStorage(features: 8, lanes: lanes)
        inputLower = Table(bounds.lower[0].map { Float($0) })
        inputUpper = Table(bounds.upper[0].map { Float($0) })
    }

    // MARK: what to bound

    /// Makes room for `count` lanes and no more than kernels need: a batch costs as much as its lanes. To be called
    /// before anything is put into them.
    public func use(lanes count: Int) {
        lanes = min(capacity, laneCount(atLeast: count))
        search.lanes = lanes
    }

    /// Each lane's objective over the output; lanes beyond the given ones repeat the first.
    public func setObjectives(_ objectives: LaneObjectives) {
        self.objectives = objectives
        target = plan.output
        projection = nil
        search.prepare(target: target)
        writeSearchObjectives()
    }

    /// One signed feature of `node` per lane, on a window of it when it is an image.
    public func setFeatures(_ features: [Int], signs: [Float], of node: Int, window: Window? = nil) {
        objectives = LaneObjectives([])
        objectiveConstants.base.update(repeating: 0, count: capacity)
        target = node
        search.prepare(target: node, window: window)
        projection = cut?.projected(to: search.spans[0], bounds.lower[0], bounds.upper[0])
        search.clear(node)
        let coefficients = search.coefficients(node)
        for lane in features.indices {
            coefficients[search.bufferPlace(of: features[lane], node: node) * lanes + lane] = signs[lane]
        }
    }

    /// The standard slopes and no splits, in every lane.
    public func resetParameters() {
        for (slot, slope) in relaxations.starts.enumerated() {
            (parameters + slot * lanes).update(repeating: slope, count: lanes)
        }
        phases.update(repeating: 0, count: slotCount * lanes)
    }

    // MARK: ascent

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

    // MARK: the claim

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

    /// Replaces the weights of a lane's objectives.
    public func setWeights(_ weights: [Double], lane: Int) {
        for index in weights.indices { objectives.rows[lane][index].weight = weights[index] }
        writeSearchObjectives()
    }

    /// Rounds the objectives' weights to float32.
    func roundWeights() {
        guard objectives.rows.contains(where: { $0.count > 1 }) else { return }
        for lane in objectives.rows.indices where objectives.rows[lane].count > 1 {
            for index in objectives.rows[lane].indices {
                objectives.rows[lane][index].weight = Double(Float(objectives.rows[lane][index].weight))
            }
        }
        writeSearchObjectives()
    }

    /// The weights of a lane's objectives; one for a single feature.
    func rowWeights(_ lane: Int) -> [Double] { objectives.rows.isEmpty ? [1] : weights(lane) }

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

    /// The weights of a lane's objectives, as ascent left them.
    public func weights(_ lane: Int) -> [Double] { objectives.rows[lane].map(\.weight) }

    // MARK: objectives to coefficients

    private func paddedRows() -> some Sequence<(Int, [(weight: Double, objective: Objective)])> {
        let rows = objectives.rows
        return (0..<(rows.isEmpty ? 0 : lanes)).lazy.map { ($0, rows[$0 < rows.count ? $0 : 0]) }
    }

    private func writeSearchObjectives() {
        writeOutputTerms(to: search.coefficients(target), zeroing: search.bufferCount(target))
        for (lane, row) in paddedRows() {
            objectiveConstants.base[lane] = Float(row.reduce(0) { $0 + $1.weight * $1.objective.constant })
        }
    }

    private func writeOutputTerms<Scalar: LaneScalar>(to g: UnsafeMutablePointer<Scalar>, zeroing count: Int) {
        g.update(repeating: 0, count: count * lanes)
        for (lane, row) in paddedRows() {
            for (weight, objective) in row {
                for term in objective.outputTerms {
                    g[term.feature * lanes + lane] += Scalar(weight * term.coefficient)
                }
            }
        }
    }

    private func writeInputTerms<Scalar: LaneScalar>(to g: UnsafeMutablePointer<Scalar>, zeroing count: Int) {
        g.update(repeating: 0, count: count * lanes)
        for (lane, row) in paddedRows() {
            for (weight, objective) in row {
                for term in objective.inputTerms { g[term.feature * lanes + lane] += Scalar(weight * term.coefficient) }
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
