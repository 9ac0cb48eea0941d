// Do both networks always decide alike? They do where the same classes have the largest output in both.

import BoundPropagation
import Evaluation
import Falsification
import Intervals
import Networks
public import Properties

public struct DecisionReport: Sendable {
    /// Holds when at every input of the region the classes with the largest output are the same in both networks.
    /// The counterexample's output is the dense network's, then the pruned one's.
    public var verdict: Verdict
    public var boxes = 0
    public var queries = 0

    public init(verdict: Verdict, boxes: Int = 0, queries: Int = 0) {
        self.verdict = verdict
        self.boxes = boxes
        self.queries = queries
    }
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
        var search = MarginSearch(
            over: region, model: model, limits: options.limits,
            bound: { pass, box in
                guard pass.run(lower: box.lower, upper: box.upper) else { return nil }
                return BoxMargin(pass.boxBounds(lower: box.lower, upper: box.upper, decides: true), box)
            }, confirm: problem.difference)
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
        pair.attack(property.disjuncts, over: region, seed: options.seed, limits: options.limits)
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

extension BoxMargin {
    /// The margin by which both networks decide alike, of which every output's looseness is a part.
    fileprivate init(_ bounds: BoxBounds, _ box: MarginSearch.Box) {
        let count = bounds.influences.first?.count ?? 0
        let influence = (0..<count).map { input in bounds.influences.reduce(0) { $0 + $1[input] } }
        self.init(
            margin: bounds.decisionMargin, isDone: bounds.decisionMargin > 0, influence: influence,
            candidates: [zip(box.lower, box.upper).map { $0 / 2 + $1 / 2 }])
    }
}
