// Branch and bound over the input box: each box gets difference bounds of its own, the loosest is halved along the input
// that most of its looseness comes from, and every box proposes a corner to try. Rounds of boxes are shared among threads
// and merged in order, so that a run does not depend on their timing.

import BoundPropagation
import Evaluation
import HeapModule
import Intervals
import Lanes
import Networks
import Properties
import Synchronization

/// When to stop, and how.
public struct ComparisonLimits: Sendable {
    public var deadline: ContinuousClock.Instant?
    public var threads = 2
    public var maxBoxes = Int.max
    /// Polled between rounds.
    public var isCancelled: @Sendable () -> Bool = { false }

    public init() {}

    var isOver: Bool { isCancelled() || deadline.map { ContinuousClock.now >= $0 } ?? false }
}

/// What is to be found out about the deviation.
public struct DeviationGoal: Sendable {
    public var measure = DeviationMeasure.maximum
    /// Stop when the certified value is within this share of the attacked one.
    public var tolerance = 0.1
    /// Decide only whether this is exceeded.
    public var threshold: Double?

    public init() {}
}

/// Where a search over boxes stands.
public struct DeviationProgress: Sendable {
    public var boxes: Int
    public var open: Int
    public var attacked: Double
    public var certified: Double
    /// Of a deviation: what is known of each measured value.
    public var brackets: [DeviationBracket] = []
}

extension DeviationProgress {
    init(brackets: [DeviationBracket], boxes: Int = 0, open: Int = 0) {
        self.init(
            boxes: boxes, open: open, attacked: brackets.map(\.attacked).max() ?? 0,
            certified: brackets.map(\.certified).max() ?? 0, brackets: brackets)
    }
}

/// One box of the search.
private struct Part: Sendable, Comparable {
    var lower: [Double]
    var upper: [Double]
    /// Upper bounds of the measured values.
    var values: [Double]
    /// How far the worst value is from its goal.
    var excess: Double
    /// Per output, and the Euclidean norm last.
    var magnitudes: [Double]
    var influence: [Double]
    var number: Int

    static func < (a: Part, b: Part) -> Bool { (a.excess, b.number) < (b.excess, a.number) }
    static func == (a: Part, b: Part) -> Bool { a.number == b.number }
}

/// Brackets of the measured values over one region.
struct DeviationResult: Sendable {
    /// One for `maximum` and `euclidean`, one for each output for `outputs`.
    var brackets: [DeviationBracket]
    /// Per output at least `|f_i - g_i|` all over the region, as a by-product.
    var outputs: [Double]
    var boxes = 0
    var open = 0
    /// Whether the goal was reached.
    var isDecided = false
}

/// The branch and bound of one region.
final class DeviationSearch {
    private let model: PairModel
    private let evaluator: PointEvaluator
    private let goal: DeviationGoal
    private let limits: ComparisonLimits
    private var passes: [DifferencePass] = []
    private var heap = Heap<Part>()
    private var result: DeviationResult
    /// The largest bounds of boxes that were closed.
    private var closed: [Double] = []
    private var closedOutputs: [Double] = []
    private var numbers = 0

    private static let boxesPerRound = 64

    convenience init(
        _ pair: NetworkPair, region: InputRegion, known: [DeviationBracket], goal: DeviationGoal,
        limits: ComparisonLimits
    ) {
        self.init(
            model: PairModel(pair), evaluator: PointEvaluator(pair, region: region), known: known, goal: goal,
            limits: limits)
    }

    /// - Parameters:
    ///   - known: brackets of the measured values that are known already.
    ///   - bounds: of the neurons over the region, where they are known.
    init(
        model: PairModel, evaluator: PointEvaluator, known: [DeviationBracket], bounds: PairBounds? = nil,
        goal: DeviationGoal, limits: ComparisonLimits
    ) {
        self.model = model
        self.evaluator = evaluator
        self.goal = goal
        self.limits = limits
        let outputs = model.dense.plan.outputLayout.count
        result = DeviationResult(brackets: known, outputs: [Double](repeating: .infinity, count: outputs))
        passes = (0..<max(1, limits.threads)).map { _ in DifferencePass(model, limits, known: bounds) }
    }

    /// The bounds of the whole region only.
    func root() -> DeviationResult {
        start()
        return finished()
    }

    func run(_ progress: (DeviationProgress) -> Void = { _ in }) -> DeviationResult {
        start()
        while !limits.isOver, result.boxes < limits.maxBoxes, !heap.isEmpty {
            let parents = takeParents()
            if parents.isEmpty { break }
            step(parents)
            progress(status)
        }
        return finished()
    }

    private func start() {
        let (lower, upper) = (evaluator.region.outwardLower, evaluator.region.outwardUpper)
        closed = result.brackets.map { _ in 0 }
        closedOutputs = result.outputs.map { _ in 0 }
        if let bounds = passes[0].boxBounds(around: lower, upper) {
            merge(bounds, Part(lower: lower, upper: upper), within: nil)
        } else {
            let unknown = [Double](repeating: .infinity, count: closedOutputs.count)
            var part = Part(lower: lower, upper: upper)
            (part.values, part.magnitudes) = (closed.map { _ in .infinity }, unknown)
            insert(part)
        }
    }

    private var status: DeviationProgress {
        var brackets = result.brackets
        for (index, value) in certified().enumerated() {
            brackets[index].certified = min(brackets[index].certified, value)
        }
        return DeviationProgress(brackets: brackets, boxes: result.boxes, open: heap.count)
    }

    /// What a value may be without being looked at further.
    private func goalValue(_ index: Int) -> Double {
        let bracket = result.brackets[index]
        if let threshold = goal.threshold { return threshold }
        return bracket.attacked * (1 + goal.tolerance)
    }

    private func excess(_ values: [Double]) -> Double {
        var worst = -Double.infinity
        for (index, value) in values.enumerated() {
            let scale = max(result.brackets[index].attacked, goal.threshold ?? 0, 1e-300)
            let excess = (value - goalValue(index)) / scale
            worst = max(worst, excess.isNaN ? .infinity : excess)
        }
        return worst
    }

    /// The loosest boxes that are still too loose; the others are closed on the way.
    private func takeParents() -> [Part] {
        if let threshold = goal.threshold, result.brackets.contains(where: { $0.attacked > threshold }) { return [] }
        var parents: [Part] = []
        while parents.count < Self.boxesPerRound, let part = heap.popMax() {
            if excess(part.values) <= 0 { close(part) } else { parents.append(part) }
        }
        return parents
    }

    private func close(_ part: Part) {
        for index in closed.indices { closed[index] = max(closed[index], part.values[index]) }
        for index in closedOutputs.indices { closedOutputs[index] = max(closedOutputs[index], part.magnitudes[index]) }
    }

    private func step(_ parents: [Part]) {
        var children: [(part: Part, parent: Int)] = []
        for (index, parent) in parents.enumerated() {
            guard let halves = halve(parent) else {
                close(parent)
                continue
            }
            children += halves.map { ($0, index) }
        }
        let found = Results<BoxResult>(children.count)
        let tickets = Tickets(children.count)
        let parts = children.map(\.part)
        let workers = WorkerPasses(passes)
        runWorkers(min(passes.count, children.count)) { worker in
            while let ticket = tickets.take() {
                found[ticket] = workers.passes[worker].boxBounds(around: parts[ticket].lower, parts[ticket].upper)
            }
        }
        for (index, child) in children.enumerated() {
            if let bounds = found[index] {
                merge(bounds, child.part, within: parents[child.parent])
            } else {
                // The pass was stopped: what holds of the whole holds of each half.
                insert(child.part)
            }
        }
    }

    /// Takes up a box with its bounds.
    private func merge(_ found: BoxResult, _ part: Part, within parent: Part?) {
        result.boxes += 1
        var part = part
        part.magnitudes = found.bounds.differences.map { max($0.lower.magnitude, $0.upper.magnitude) }
        if let parent { part.magnitudes = zip(part.magnitudes, parent.magnitudes).map { min($0, $1) } }
        part.values = goal.measure.values(part.magnitudes)
        if let parent { part.values = zip(part.values, parent.values).map { min($0, $1) } }
        tryCorners(found, part)
        part.influence = found.influence(of: part.magnitudes, goal.measure)
        part.excess = excess(part.values)
        if part.excess <= 0 { close(part) } else { insert(part) }
    }

    private func insert(_ part: Part) {
        var part = part
        part.number = numbers
        numbers += 1
        heap.insert(part)
    }

    /// Looks at the corner that the largest bound proposes.
    private func tryCorners(_ found: BoxResult, _ part: Part) {
        switch goal.measure {
        case .outputs:
            for index in part.magnitudes.indices where part.magnitudes[index] > result.brackets[index].attacked {
                consider(found.bounds.corners[index])
            }
        case .maximum, .euclidean:
            let largest = part.magnitudes.indices.max { part.magnitudes[$0] < part.magnitudes[$1] }
            if let largest { consider(found.bounds.corners[largest]) }
        }
    }

    private func consider(_ point: [Double]) {
        let values = goal.measure.values(evaluator.magnitudes(at: point))
        let isBetter = values.indices.contains { values[$0] > result.brackets[$0].attacked * (1 + 1e-6) + 1e-300 }
        guard isBetter, let witness = evaluator.witness(near: point) else { return }
        let certain = goal.measure.valuesRoundedDown(witness.magnitudes)
        for index in certain.indices where certain[index] > result.brackets[index].attacked {
            result.brackets[index].attacked = certain[index]
            result.brackets[index].witness = witness
        }
    }

    private func halve(_ part: Part) -> [Part]? {
        func middle(_ input: Int) -> Double { part.lower[input] / 2 + part.upper[input] / 2 }
        let moving = part.lower.indices.filter { part.lower[$0] < part.upper[$0] }
        let candidates = moving.indices.filter {
            let middle = middle(moving[$0])
            return middle > part.lower[moving[$0]] && middle < part.upper[moving[$0]]
        }
        guard
            let place = candidates.max(by: {
                let (a, b) = (moving[$0], moving[$1])
                return (part.influence[$0], part.upper[a] - part.lower[a])
                    < (part.influence[$1], part.upper[b] - part.lower[b])
            })
        else { return nil }
        let input = moving[place]
        var (left, right) = (part, part)
        left.upper[input] = middle(input)
        right.lower[input] = middle(input)
        return [left, right]
    }

    /// Upper bounds of the measured values by all boxes.
    private func certified() -> [Double] {
        var values = closed
        for part in heap.unordered {
            for index in values.indices { values[index] = max(values[index], part.values[index]) }
        }
        return values
    }

    private func finished() -> DeviationResult {
        // Boxes that have become good enough count as closed.
        let values = certified()
        for index in values.indices {
            result.brackets[index].certified = min(result.brackets[index].certified, values[index])
        }
        var outputs = closedOutputs
        for part in heap.unordered {
            for index in outputs.indices { outputs[index] = max(outputs[index], part.magnitudes[index]) }
        }
        result.outputs = outputs
        result.open = heap.count
        result.isDecided = result.brackets.indices.allSatisfy { index in
            let bracket = result.brackets[index]
            if let threshold = goal.threshold { return bracket.certified <= threshold || bracket.attacked > threshold }
            return bracket.certified <= bracket.attacked * (1 + goal.tolerance)
        }
        return result
    }
}

extension Part {
    fileprivate init(lower: [Double], upper: [Double]) {
        self.init(
            lower: lower, upper: upper, values: [], excess: .infinity, magnitudes: [], influence: [], number: 0)
    }
}

struct BoxResult: Sendable {
    var bounds: BoxBounds

    /// Per moving input, of the output that matters most.
    func influence(of magnitudes: [Double], _ measure: DeviationMeasure) -> [Double] {
        guard measure == .maximum, let largest = magnitudes.indices.max(by: { magnitudes[$0] < magnitudes[$1] }) else {
            let count = bounds.influences.first?.count ?? 0
            return (0..<count).map { input in bounds.influences.reduce(0) { $0 + $1[input] } }
        }
        return bounds.influences[largest]
    }
}

extension DifferencePass {
    /// - Returns: nil when the pass was stopped.
    fileprivate func boxBounds(around lower: [Double], _ upper: [Double]) -> BoxResult? {
        guard run(lower: lower, upper: upper) else { return nil }
        return BoxResult(bounds: boxBounds(lower: lower, upper: upper, decides: false))
    }
}
