// Do both networks always decide alike? They do where the same classes have the largest output in both.

import BoundPropagation
import Evaluation
import Falsification
import HeapModule
import Intervals
import Lanes
import Networks
public import Properties

public struct DecisionReport: Sendable {
    /// Holds when at every input of the region the classes with the largest output are the same in both networks.
    /// The counterexample's output is the dense network's, then the pruned one's.
    public var verdict: Verdict
    public var boxes = 0
    public var queries = 0
}

extension Comparison {
    /// Whether both networks decide alike all over a region.
    ///
    /// - Soundness: of `.holds`, bounds that pay for their rounding; of `.violated`, an evaluation rounded outward, or
    ///   exact, at the witness.
    public func decision(
        over region: InputRegion, options: ComparisonOptions, progress: (DeviationProgress) -> Void = { _ in }
    ) -> DecisionReport {
        let problem = DecisionProblem(pair: pair, region: region)
        var search = DecisionSearch(problem, model: model, limits: options.limits)
        if pair.outputCount < 2 || search.root() { return DecisionReport(verdict: .holds, boxes: 1) }
        if let counterexample = search.found ?? (options.attack ? problem.attack(options) : nil) {
            return DecisionReport(verdict: .violated(counterexample), boxes: search.boxes)
        }
        let moving = zip(region.outwardLower, region.outwardUpper).count { $0 < $1 }
        if moving <= Self.mostInputsToSplit || options.decide == nil {
            let verdict = search.run(progress)
            return DecisionReport(verdict: verdict, boxes: search.boxes)
        }
        return problem.decideByPhases(options)
    }
}

/// One region's question.
struct DecisionProblem {
    let pair: NetworkPair
    let region: InputRegion
    private let points: PointEvaluator

    init(pair: NetworkPair, region: InputRegion) {
        self.pair = pair
        self.region = region
        points = PointEvaluator(pair, region: region)
    }

    /// Of the product network: violated where a class is among the largest in one network and not in the other.
    var property: Property {
        let count = pair.outputCount
        var disjuncts: [Disjunct] = []
        for (mine, theirs) in [(0, count), (count, 0)] {
            for leader in 0..<count {
                let leads = (0..<count).filter { $0 != leader }.map {
                    constraint($0 + mine, below: leader + mine, isStrict: false)
                }
                for other in 0..<count where other != leader {
                    disjuncts.append(
                        Disjunct(
                            region: 0,
                            constraints: leads + [constraint(leader + theirs, below: other + theirs, isStrict: true)]))
                }
            }
        }
        return Property(
            inputCount: pair.inputCount, outputCount: 2 * count, regions: [region], disjuncts: disjuncts)
    }

    /// Of one network: violated where another class reaches the leader's output.
    func isLeader(_ leader: Int) -> Property {
        let count = pair.outputCount
        let disjuncts = (0..<count).filter { $0 != leader }.map {
            Disjunct(region: 0, constraints: [constraint(leader, below: $0, isStrict: false)])
        }
        return Property(inputCount: pair.inputCount, outputCount: count, regions: [region], disjuncts: disjuncts)
    }

    /// `Y_a <= Y_b`, or `<`.
    private func constraint(_ a: Int, below b: Int, isStrict: Bool) -> LinearConstraint {
        LinearConstraint(
            outputTerms: [
                LinearConstraint.Term(index: a, coefficient: Interval(1)),
                LinearConstraint.Term(index: b, coefficient: Interval(-1)),
            ], constant: .zero, isStrict: isStrict)
    }

    /// A confirmed difference at a point where float64 sees one.
    func difference(at point: [Double]) -> Counterexample? {
        let (dense, pruned) = points.outputs(at: point)
        guard let first = dense.indices.max(by: { dense[$0] < dense[$1] }),
            let second = pruned.indices.max(by: { pruned[$0] < pruned[$1] }), first != second
        else { return nil }
        let count = pair.outputCount
        let leads = (0..<count).filter { $0 != first }.map { constraint($0, below: first, isStrict: false) }
        let disjunct = Disjunct(
            region: 0, constraints: leads + [constraint(first + count, below: second + count, isStrict: true)])
        guard
            case .violated(let counterexample) = confirm(
                point, disjunct: disjunct, region: region, network: pair.product)
        else { return nil }
        return counterexample
    }

    /// By gradient descent towards either network's change of mind.
    func attack(_ options: ComparisonOptions) -> Counterexample? {
        let plan = LanePlan(pair.product.simplified().decomposingMaxPools())
        let lanes = plan.multiplyAdds > 3_000_000 ? 16 : 64
        let evaluator = LaneEvaluator(LaneNetwork<Float>(plan), lanes: lanes)
        var descent = ProjectedGradientDescent()
        descent.seed = options.seed
        descent.rounds = max(1, min(8, Int(2e9 / Double(75 * lanes * max(1, plan.multiplyAdds)))))
        descent.isStopped = { options.limits.isOver }
        let property = property
        var found: Counterexample?
        _ = descent.run(region: region, disjuncts: property.disjuncts, model: evaluator) { point, index in
            if case .violated(let counterexample) = confirm(
                point, disjunct: property.disjuncts[index], region: region, network: pair.product)
            {
                found = counterexample
            }
            return found != nil
        }
        return found
    }

    /// One network at a time while one class leads all over the region, the product network when both change their minds.
    func decideByPhases(_ options: ComparisonOptions) -> DecisionReport {
        guard let decide = options.decide else {
            return DecisionReport(verdict: .unknown(reason: "no search over phases"))
        }
        var report = DecisionReport(verdict: .unknown(reason: ""))
        let middle = zip(region.outwardLower, region.outwardUpper).map { $0 / 2 + $1 / 2 }
        let output = points.outputs(at: middle).dense
        let leader = output.indices.max { output[$0] < output[$1] } ?? 0
        var areProved = 0
        for network in [ComparedNetwork.dense, .pruned] {
            report.queries += 1
            let single = network == .dense ? pair.dense : pair.pruned
            let share = options.limits.remainingSeconds.map { $0 / 2 }
            switch decide(network, single, isLeader(leader), share) {
            case .holds: areProved += 1
            case .violated(let counterexample):
                if let difference = difference(at: counterexample.input) {
                    report.verdict = .violated(difference)
                    return report
                }
            case .unknown, .timeout: break
            }
        }
        if areProved == 2 {
            report.verdict = .holds
            return report
        }
        report.queries += 1
        report.verdict = decide(.product, pair.product, property, options.limits.remainingSeconds)
        return report
    }
}

/// Branch and bound over boxes: one is done when the same class leads in both networks.
struct DecisionSearch {
    private struct Part: Comparable, Sendable {
        var lower: [Double]
        var upper: [Double]
        var margin: Double
        var influence: [Double]
        var number: Int

        static func < (a: Part, b: Part) -> Bool { (a.margin, a.number) < (b.margin, b.number) }
        static func == (a: Part, b: Part) -> Bool { a.number == b.number }
    }

    private let problem: DecisionProblem
    private let limits: ComparisonLimits
    private let passes: [DifferencePass]
    private var heap = Heap<Part>()
    private(set) var boxes = 0
    private(set) var found: Counterexample?

    init(_ problem: DecisionProblem, model: PairModel, limits: ComparisonLimits) {
        self.problem = problem
        self.limits = limits
        passes = (0..<max(1, limits.threads)).map { _ in DifferencePass(model) }
    }

    /// Whether the whole region needs no splits.
    mutating func root() -> Bool {
        let (lower, upper) = (problem.region.outwardLower, problem.region.outwardUpper)
        take(lower, upper, Self.bounds(passes[0], lower, upper))
        return heap.isEmpty
    }

    private static func bounds(_ pass: DifferencePass, _ lower: [Double], _ upper: [Double]) -> BoxBounds {
        pass.run(lower: lower, upper: upper)
        return pass.boxBounds(lower: lower, upper: upper, decides: true)
    }

    private mutating func take(_ lower: [Double], _ upper: [Double], _ bounds: BoxBounds) {
        boxes += 1
        if bounds.decisionMargin > 0 { return }
        if found == nil {
            let middle = zip(lower, upper).map { $0 / 2 + $1 / 2 }
            found = problem.difference(at: middle)
        }
        let count = bounds.influences.first?.count ?? 0
        let influence = (0..<count).map { input in bounds.influences.reduce(0) { $0 + $1[input] } }
        heap.insert(
            Part(lower: lower, upper: upper, margin: bounds.decisionMargin, influence: influence, number: boxes))
    }

    mutating func run(_ progress: (DeviationProgress) -> Void) -> Verdict {
        while found == nil, !heap.isEmpty {
            if limits.isCancelled() { return .unknown(reason: "cancelled") }
            if limits.isOver { return .timeout }
            if boxes >= limits.maxBoxes { return .unknown(reason: "the limit of \(limits.maxBoxes) boxes was reached") }
            var halves: [(lower: [Double], upper: [Double])] = []
            while halves.count < 128, let part = heap.popMin() {
                guard let pair = halve(part) else {
                    return .unknown(reason: "a box of the inputs cannot be halved any further")
                }
                halves += pair
            }
            let found = Results<BoxBounds>(halves.count)
            let tickets = Tickets(halves.count)
            let parts = halves
            let workers = DecisionPasses(passes)
            runWorkers(min(passes.count, parts.count)) { worker in
                while let ticket = tickets.take() {
                    found[ticket] = Self.bounds(workers.passes[worker], parts[ticket].lower, parts[ticket].upper)
                }
            }
            for (index, part) in parts.enumerated() {
                if let bounds = found[index] { take(part.lower, part.upper, bounds) }
            }
            let worst = -(heap.min?.margin ?? 0)
            progress(DeviationProgress(boxes: boxes, open: heap.count, attacked: 0, certified: worst))
        }
        return found.map(Verdict.violated) ?? .holds
    }

    /// Along the input that most of the looseness comes from, for its width.
    private func halve(_ part: Part) -> [(lower: [Double], upper: [Double])]? {
        let moving = part.lower.indices.filter { part.lower[$0] < part.upper[$0] }
        var best: (weight: Double, input: Int)?
        for (place, input) in moving.enumerated() {
            let middle = part.lower[input] / 2 + part.upper[input] / 2
            guard middle > part.lower[input], middle < part.upper[input] else { continue }
            let width = part.upper[input] - part.lower[input]
            let weight = part.influence[place] > 0 ? part.influence[place] : width * 1e-300
            if weight > best?.weight ?? -1 { best = (weight, input) }
        }
        guard let input = best?.input else { return nil }
        let middle = part.lower[input] / 2 + part.upper[input] / 2
        var (left, right) = (part.upper, part.lower)
        left[input] = middle
        right[input] = middle
        return [(part.lower, left), (right, part.upper)]
    }
}

/// Each worker uses the pass of its own number only.
private final class DecisionPasses: @unchecked Sendable {
    let passes: [DifferencePass]

    init(_ passes: [DifferencePass]) { self.passes = passes }
}
