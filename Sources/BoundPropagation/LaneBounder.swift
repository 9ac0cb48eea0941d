// One thread's machine for bounding a batch of lanes: float32 ascent on slopes and split multipliers, then the
// float64 pass whose result is a theorem.

import Evaluation
public import Lanes

public final class LaneBounder {
    public let model: BoundModel
    /// How many lanes the next batch has: see `use(lanes:)`.
    public private(set) var lanes: Int
    let capacity: Int
    var bounds: NodeBounds
    var relaxations: Relaxations
    let search: BackwardPass<Float>
    lazy var exact = BackwardPass<Double>(model.rigorous, lanes: capacity)
    var forward: [LaneStorage<Float>?]
    /// `[slot][lane]`: slopes and multipliers, phases, Adam's two moments, and the best parameters so far.
    private let parameterStorage: LaneStorage<Float>
    private let phaseStorage: LaneStorage<Float>
    let momentStorage: LaneStorage<Float>
    let bestStorage: LaneStorage<Float>
    lazy var scores = LaneStorage<Float>(features: max(1, slotCount), lanes: capacity)
    let laneFloats: LaneStorage<Float>
    let laneDoubles: LaneStorage<Double>
    let objectiveConstants: LaneStorage<Float>
    let inputLower: Table<Float>
    let inputUpper: Table<Float>
    var objectives = LaneObjectives([])
    /// Where bounds of features are wanted; nil: on the whole region.
    var cut: ObjectiveCut?
    var projection: ObjectiveCut.Projection<Float>?
    var target = 0
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

    // MARK: weights

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

    /// The weights of a lane's objectives, as ascent left them.
    public func weights(_ lane: Int) -> [Double] { objectives.rows[lane].map(\.weight) }

    // MARK: objectives to coefficients

    func paddedRows() -> some Sequence<(Int, [(weight: Double, objective: Objective)])> {
        let rows = objectives.rows
        return (0..<(rows.isEmpty ? 0 : lanes)).lazy.map { ($0, rows[$0 < rows.count ? $0 : 0]) }
    }

    func writeSearchObjectives() {
        writeOutputTerms(to: search.coefficients(target), zeroing: search.bufferCount(target))
        for (lane, row) in paddedRows() {
            objectiveConstants.base[lane] = Float(row.reduce(0) { $0 + $1.weight * $1.objective.constant })
        }
    }

    func writeOutputTerms<Scalar: LaneScalar>(to g: UnsafeMutablePointer<Scalar>, zeroing count: Int) {
        g.update(repeating: 0, count: count * lanes)
        for (lane, row) in paddedRows() {
            for (weight, objective) in row {
                for term in objective.outputTerms {
                    g[term.feature * lanes + lane] += Scalar(weight * term.coefficient)
                }
            }
        }
    }

    func writeInputTerms<Scalar: LaneScalar>(to g: UnsafeMutablePointer<Scalar>, zeroing count: Int) {
        g.update(repeating: 0, count: count * lanes)
        for (lane, row) in paddedRows() {
            for (weight, objective) in row {
                for term in objective.inputTerms { g[term.feature * lanes + lane] += Scalar(weight * term.coefficient) }
            }
        }
    }
}
