// Dense against pruned, over one region: everything that is known cheaply, then branch and bound until the bracket is
// narrow enough or a threshold is decided.
//
// Any bound that holds is a bound, so the least of them counts: the closed form, the difference's zonotope, linear bounds
// of both networks, and branch and bound over boxes where few inputs move. Where many do, a threshold is decided by the
// search over phases of the product network, which is somebody else's business: `decide`.

import BoundPropagation
import Evaluation
import Intervals
public import Networks
public import Properties

public struct ComparisonOptions: Sendable {
    public var goal = DeviationGoal()
    public var limits = ComparisonLimits()
    /// Whether interval arithmetic helps the closed form.
    public var usesBoxes = true
    public var seed: UInt64 = 0
    /// Look for large deviations by gradient ascent.
    public var attack = true
    /// Decides whether one of the networks has a property within so many seconds, nil for no limit. Without it a deviation
    /// over many inputs is bounded, but not narrowed down.
    public var decide: Decide?

    public typealias Decide =
        @Sendable (
            _ which: ComparedNetwork, _ network: Network, _ property: Property, _ seconds: Double?
        ) -> Verdict

    public init() {}
}

/// The networks that a comparison asks about.
public enum ComparedNetwork: Sendable, Hashable {
    case dense, pruned
    /// Both, side by side.
    case product
}

/// What one comparison found out.
public struct ComparisonReport: Sendable {
    /// Of `DeviationMeasure`: one bracket, or one per output.
    public var brackets: [DeviationBracket] = []
    /// Per output at least `|f_i - g_i|` all over the region.
    public var outputs: [Double] = []
    /// The closed form; nil when the networks have no common structure.
    public var closedForm: ClosedForm?
    /// The measured values by the difference's zonotope over the whole region, and by linear bounds of both networks.
    public var zonotope: [Double] = []
    public var joint: [Double] = []
    public var boxes = 0
    public var open = 0
    /// Thresholds decided by a search over phases.
    public var queries = 0
    public var isDecided = false
    /// Whether the threshold, if there is one, is kept.
    public var verdict: Verdict?

    public init() {}
}

/// Compares two networks over any number of regions.
public final class Comparison {
    public let pair: NetworkPair
    let model: PairModel
    private let closedForm: ClosedFormBounder?
    private let joint: JointBounder
    private let attack: DeviationAttack
    private lazy var neurons = PairBounder(model)

    /// The most moving inputs whose box is split.
    static let mostInputsToSplit = 12
    private static let ascentSteps = 20

    public init(_ pair: NetworkPair) {
        self.pair = pair
        model = PairModel(pair)
        closedForm = pair.alignment.map(ClosedFormBounder.init)
        joint = JointBounder(pair)
        attack = DeviationAttack(pair)
    }

    /// Only the closed form: milliseconds.
    public func closedForm(over region: InputRegion, usesBoxes: Bool = true) -> ClosedForm? {
        closedForm?.bound(over: region, usesBoxes: usesBoxes)
    }

    /// How much each layer may change; nil when the networks have no common structure.
    public func budgets(within deviation: Double, over region: InputRegion) -> [PruningBudget]? {
        closedForm?.budgets(within: deviation, over: region)
    }

    /// Brackets of the deviation over a region.
    ///
    /// - Precondition: the region has as many inputs as the networks, and is not certainly empty.
    /// - Soundness: `certified` holds for every real input of the region, `attacked` is attained at its witness.
    public func deviation(
        over region: InputRegion, options: ComparisonOptions, progress: (DeviationProgress) -> Void = { _ in }
    ) -> ComparisonReport {
        let goal = options.goal
        var report = ComparisonReport()
        let points = PointEvaluator(pair, region: region)
        report.outputs = [Double](repeating: .infinity, count: pair.outputCount)
        report.closedForm = closedForm?.bound(over: region, usesBoxes: options.usesBoxes)
        report.brackets = [DeviationBracket](
            repeating: DeviationBracket(), count: goal.measure == .outputs ? pair.outputCount : 1)
        if let closed = report.closedForm {
            report.take(closed.outputs, goal.measure)
            if goal.measure == .euclidean {
                report.brackets[0].certified = min(report.brackets[0].certified, closed.deviation)
            }
        }
        progress(DeviationProgress(brackets: report.brackets))
        if options.attack {
            let attained = attack.run(
                over: region, measure: goal.measure, seed: options.seed, limits: options.limits)
            for (index, bracket) in attained.enumerated() { report.brackets[index].tighten(bracket) }
            progress(DeviationProgress(brackets: report.brackets))
        }
        let moving = zip(region.outwardLower, region.outwardUpper).count { $0 < $1 }
        let splits = moving <= Self.mostInputsToSplit
        var search = DeviationSearch(
            model: model, evaluator: points, known: report.brackets, goal: goal, limits: options.limits)
        let root = search.root()
        report.zonotope = goal.measure.values(root.outputs)
        report.take(root.outputs, goal.measure)
        for (index, bracket) in root.brackets.enumerated() { report.brackets[index].tighten(bracket) }
        progress(DeviationProgress(brackets: report.brackets, boxes: 1, open: 1))
        if !isDone(report, goal), !options.limits.isOver {
            let steps = splits ? 0 : Self.ascentSteps
            let differences = joint.differences(over: region, iterations: steps, limits: options.limits)
            let magnitudes = differences.map { max($0.lower.magnitude, $0.upper.magnitude) }
            report.joint = goal.measure.values(magnitudes)
            report.take(magnitudes, goal.measure)
            progress(DeviationProgress(brackets: report.brackets, boxes: 1, open: 1))
        }
        if !isDone(report, goal), !splits, pair.alignment != nil, !options.limits.isOver {
            // Linear bounds of the neurons, in which the difference's zonotopes are tighter.
            let bounds = neurons.bounds(over: region, iterations: Self.ascentSteps, limits: options.limits)
            search = DeviationSearch(
                model: model, evaluator: points, known: report.brackets, bounds: bounds, goal: goal,
                limits: options.limits)
            let again = search.root()
            report.zonotope = zip(report.zonotope, goal.measure.values(again.outputs)).map { min($0, $1) }
            report.take(again.outputs, goal.measure)
            for (index, bracket) in again.brackets.enumerated() { report.brackets[index].tighten(bracket) }
            progress(DeviationProgress(brackets: report.brackets, boxes: 2, open: 1))
        }
        if !isDone(report, goal), splits {
            search = DeviationSearch(
                model: model, evaluator: points, known: report.brackets, goal: goal, limits: options.limits)
            let found = search.run(progress)
            report.boxes = found.boxes
            report.open = found.open
            report.brackets = found.brackets
            report.outputs = zip(report.outputs, found.outputs).map { min($0, $1) }
        } else if !isDone(report, goal), let decide = options.decide {
            narrow(&report, region, options, decide, progress)
        }
        report.isDecided = isDone(report, goal)
        report.verdict = goal.threshold.map { verdict(report, threshold: $0, options.limits) }
        return report
    }

    private func isDone(_ report: ComparisonReport, _ goal: DeviationGoal) -> Bool {
        if let threshold = goal.threshold {
            return report.brackets.allSatisfy { $0.certified <= threshold }
                || report.brackets.contains { $0.attacked > threshold }
        }
        return report.brackets.allSatisfy { $0.certified <= $0.attacked * (1 + goal.tolerance) }
    }

    private func verdict(_ report: ComparisonReport, threshold: Double, _ limits: ComparisonLimits) -> Verdict {
        if let bracket = report.brackets.first(where: { $0.attacked > threshold }), let witness = bracket.witness {
            return .violated(
                Counterexample(
                    input: witness.input, inputText: witness.inputText, output: witness.dense + witness.pruned))
        }
        if report.brackets.allSatisfy({ $0.certified <= threshold }) { return .holds }
        if limits.isCancelled() { return .unknown(reason: "cancelled") }
        if limits.isOver { return .timeout }
        return .unknown(reason: "the bracket still holds the threshold")
    }

    // MARK: many inputs

    /// Narrows brackets by deciding thresholds on the product network.
    private func narrow(
        _ report: inout ComparisonReport, _ region: InputRegion, _ options: ComparisonOptions,
        _ decide: ComparisonOptions.Decide, _ progress: (DeviationProgress) -> Void
    ) {
        // The Euclidean norm is no disjunction of linear constraints.
        guard options.goal.measure != .euclidean else { return }
        let points = PointEvaluator(pair, region: region)
        for index in report.brackets.indices {
            let outputs = options.goal.measure == .outputs ? [index] : Array(0..<pair.outputCount)
            while !options.limits.isOver {
                let bracket = report.brackets[index]
                let level: Double
                if let threshold = options.goal.threshold {
                    if bracket.certified <= threshold || bracket.attacked > threshold { break }
                    level = threshold
                } else {
                    let goal = bracket.attacked * (1 + options.goal.tolerance)
                    if bracket.certified <= goal { break }
                    // Halfway in proportion, but no lower than what would do.
                    level = max(goal, (bracket.attacked * bracket.certified).squareRoot())
                }
                let property = property(exceeding: level, of: outputs, over: region)
                let verdict = decide(.product, pair.product, property, options.limits.remainingSeconds)
                report.queries += 1
                switch verdict {
                case .holds: report.brackets[index].certified = min(bracket.certified, level)
                case .violated(let counterexample):
                    guard let witness = points.witness(near: counterexample.input) else { return }
                    let value = outputs.map { witness.magnitudes[$0] }.max() ?? 0
                    let found = DeviationBracket(attacked: value, witness: witness)
                    // A violation that the float32 point does not show counts at the level itself.
                    guard value > bracket.attacked else { return }
                    report.brackets[index].tighten(found)
                case .unknown, .timeout: return
                }
                progress(DeviationProgress(brackets: report.brackets, boxes: report.queries))
            }
        }
    }

    /// Violated where some of the outputs differ by more than the level.
    ///
    /// Of the product network: the dense network's outputs come first.
    public func property(exceeding level: Double, of outputs: [Int], over region: InputRegion) -> Property {
        let count = pair.outputCount
        let disjuncts = outputs.flatMap { output in
            [1.0, -1.0].map { sign in
                // level - s (f - g) < 0
                Disjunct(
                    region: 0,
                    constraints: [
                        LinearConstraint(
                            outputTerms: [
                                LinearConstraint.Term(index: output, coefficient: Interval(-sign)),
                                LinearConstraint.Term(index: output + count, coefficient: Interval(sign)),
                            ], constant: Interval(level), isStrict: true)
                    ])
            }
        }
        return Property(
            inputCount: pair.inputCount, outputCount: 2 * count, regions: [region], disjuncts: disjuncts)
    }
}

extension ComparisonLimits {
    /// Seconds until the deadline.
    var remainingSeconds: Double? {
        deadline.map { max(0, ($0 - ContinuousClock.now) / .seconds(1)) }
    }
}

extension ComparisonReport {
    /// Upper bounds of every output's magnitude.
    fileprivate mutating func take(_ magnitudes: [Double], _ measure: DeviationMeasure) {
        outputs = zip(outputs, magnitudes).map { min($0, $1) }
        for (index, value) in measure.values(outputs).enumerated() where value < brackets[index].certified {
            brackets[index].certified = value
        }
    }
}
