// Any property of two networks over the same inputs: linear constraints over the outputs of both, and over the inputs.
//
// Where a constraint is about differences of outputs, bounds of each network by itself are hopeless, and even linear bounds
// of both do not see that the networks are alike. So each constraint is bounded as a sum of forms in common symbols, three
// ways: as it is written, with f = g + delta in place of f, and with g = f - delta in place of g.

import BoundPropagation
import Evaluation
import Falsification
import Intervals
import Networks
public import Properties

/// What was found out about a property of two networks.
public struct ConditionReport: Sendable {
    public var verdict: Verdict
    public var boxes = 0
    public var open = 0
}

extension Comparison {
    /// Decides a property of the pair's product network: the dense network's outputs first, then the pruned one's.
    ///
    /// Boxes are split where few inputs move; of more inputs each region is bounded as a whole, which decides little.
    ///
    /// - Precondition: the property has the pair's inputs and twice its outputs.
    /// - Soundness: of `.holds`, bounds that pay for their rounding; of `.violated`, an evaluation rounded outward, or
    ///   exact, at the witness.
    public func decide(
        _ property: Property, limits: ComparisonLimits, seed: UInt64 = 0,
        progress: (DeviationProgress) -> Void = { _ in }
    ) -> ConditionReport {
        precondition(property.inputCount == pair.inputCount && property.outputCount == 2 * pair.outputCount)
        var report = ConditionReport(verdict: .holds)
        for (number, region) in property.regions.enumerated() where !region.isCertainlyEmpty {
            let disjuncts = property.disjuncts.filter { $0.region == number }
            if disjuncts.isEmpty { continue }
            let points = PointEvaluator(pair, region: region)
            var search = MarginSearch(
                over: region, model: model, limits: limits,
                bound: { pass, box in
                    pass.run(lower: box.lower, upper: box.upper) ? pass.margin(of: disjuncts, box) : nil
                }, confirm: { points.counterexample(near: $0, of: disjuncts) })
            let isProved = search.root(open: Array(disjuncts.indices))
            let moving = zip(region.outwardLower, region.outwardUpper).count { $0 < $1 }
            if isProved {
                report.verdict = .holds
            } else if let counterexample = search.found
                ?? pair.attack(disjuncts, over: region, seed: seed, limits: limits)
            {
                report.verdict = .violated(counterexample)
            } else {
                report.verdict =
                    moving <= Self.mostInputsToSplit
                    ? search.run(progress) : .unknown(reason: "too many inputs move to split boxes")
            }
            report.boxes += search.boxes
            report.open += search.open
            guard case .holds = report.verdict else { return report }
        }
        return report
    }
}

extension PointEvaluator {
    /// A confirmed counterexample near a candidate where float64 sees one.
    func counterexample(near candidate: [Double], of disjuncts: [Disjunct]) -> Counterexample? {
        let (dense, pruned) = outputs(at: candidate)
        let values = (dense + pruned).map { Interval($0) }
        guard values.allSatisfy(\.isBounded) else { return nil }
        let inputs = candidate.map { Interval($0) }
        for disjunct in disjuncts
        where disjunct.constraints.allSatisfy({ $0.margin(outputs: values, inputs: inputs).lower <= 0 }) {
            if case .violated(let counterexample) = confirm(
                candidate, disjunct: disjunct, region: region, network: pair.product)
            {
                return counterexample
            }
        }
        return nil
    }
}

extension NetworkPair {
    /// A counterexample by gradient descent on both networks at once.
    ///
    /// - Parameter disjuncts: over the product's outputs.
    func attack(
        _ disjuncts: [Disjunct], over region: InputRegion, seed: UInt64, limits: ComparisonLimits
    ) -> Counterexample? {
        let plan = LanePlan(product.simplified().decomposingMaxPools())
        let lanes = plan.multiplyAdds > 3_000_000 ? 16 : 64
        let evaluator = LaneEvaluator(LaneNetwork<Float>(plan), lanes: lanes)
        var descent = ProjectedGradientDescent()
        descent.seed = seed
        descent.rounds = max(1, min(8, Int(2e9 / Double(75 * lanes * max(1, plan.multiplyAdds)))))
        descent.isStopped = { limits.isOver }
        var found: Counterexample?
        _ = descent.run(region: region, disjuncts: disjuncts, model: evaluator) { point, index in
            if case .violated(let counterexample) = confirm(
                point, disjunct: disjuncts[index], region: region, network: product)
            {
                found = counterexample
            }
            return found != nil
        }
        return found
    }
}

extension DifferencePass {
    /// How far a box is from any of the disjuncts that are open on it: each has a constraint that fails by so much all
    /// over it.
    func margin(of disjuncts: [Disjunct], _ box: MarginSearch.Box) -> BoxMargin {
        let (lower, upper) = (box.lower, box.upper)
        var result = BoxMargin(margin: .infinity, isDone: true, influence: [])
        for index in box.open {
            let disjunct = disjuncts[index]
            if disjunct.constraints.contains(where: { $0.certainlyFails(margin: quickBound($0, lower, upper)) }) {
                continue
            }
            // The constraint that fails most clearly stands for the disjunct.
            var best: (range: Interval, form: SymbolSum, fails: Bool)?
            for constraint in disjunct.constraints {
                let (range, form) = bound(constraint, lower, upper)
                if best.map({ range.lower > $0.range.lower }) ?? true {
                    best = (range, form, constraint.certainlyFails(margin: range))
                }
                if best?.fails == true { break }
            }
            if best?.fails == true { continue }
            let range = best?.range ?? .line
            result.isDone = false
            result.open.append(index)
            guard range.lower < result.margin else { continue }
            result.margin = range.lower
            result.influence = best?.form.influence(shares, inputs: moving.count) ?? []
            result.candidates = best.map { [corner(least: $0.form, lower, upper)] } ?? []
        }
        if !result.isDone {
            result.candidates.append(zip(lower, upper).map { $0 / 2 + $1 / 2 })
            if result.influence.isEmpty { result.influence = moving.map { upper[$0] - lower[$0] } }
        }
        return result
    }

    /// An enclosure of a constraint's margin, and its tightest form.
    ///
    /// - Soundness: holds the margin at every real input of the box.
    func bound(_ constraint: LinearConstraint, _ lower: [Double], _ upper: [Double]) -> (Interval, SymbolSum) {
        let outputs = model.dense.plan.outputLayout.count
        var combination = Combination(constraint, outputs: outputs)
        var inputs = SymbolSum(symbols: shares.count)
        for term in constraint.inputTerms {
            inputs.add(term.coefficient, dense[0], model.dense.plan.inputLayout.laneFeature(term.index), map: nil)
        }
        guard constraint.outputTerms.count + constraint.inputTerms.count <= SymbolSum.mostForms / 2 else {
            return (.line, inputs)
        }
        let written = sum(combination, inputs)
        guard differenceOutput != nil else { return (written.range + constraint.constant, written) }
        combination.replaceDense()
        let byPruned = sum(combination, inputs)
        var best = written.range.width <= byPruned.range.width ? written : byPruned
        var range = intersection(written.range, byPruned.range)
        range = intersection(range, ranges(combination, constraint, lower, upper))
        if combination.hasPruned {
            var other = Combination(constraint, outputs: outputs)
            other.replacePruned()
            let byDense = sum(other, inputs)
            if byDense.range.width < best.range.width { best = byDense }
            range = intersection(range, byDense.range)
        }
        return (range + constraint.constant, best)
    }

    /// As `bound`, by the outputs' own bounds only.
    private func quickBound(_ constraint: LinearConstraint, _ lower: [Double], _ upper: [Double]) -> Interval {
        var combination = Combination(constraint, outputs: model.dense.plan.outputLayout.count)
        if differenceOutput != nil { combination.replaceDense() }
        return ranges(combination, constraint, lower, upper) + constraint.constant
    }

    private func intersection(_ a: Interval, _ b: Interval) -> Interval { a.intersection(b) ?? a }

    private func sum(_ combination: Combination, _ inputs: SymbolSum) -> SymbolSum {
        var result = inputs
        for (output, factor) in combination.dense { result.add(factor, denseOutput, places(output).0, map: denseMap) }
        for (output, factor) in combination.pruned {
            result.add(factor, prunedOutput, places(output).1, map: prunedMap)
        }
        if let form = differenceOutput {
            for (output, factor) in combination.difference { result.add(factor, form, places(output).0, map: nil) }
        }
        return result
    }

    /// By the bounds of each form, which may be better than the forms.
    private func ranges(
        _ combination: Combination, _ constraint: LinearConstraint, _ lower: [Double], _ upper: [Double]
    ) -> Interval {
        func range(_ form: Zonotope, _ feature: Int) -> Interval {
            let (low, high) = (form.lower[feature], form.upper[feature])
            return low <= high ? Interval(lower: low, upper: high) : .line
        }
        var parts: [(factor: Interval, range: Interval)] = []
        for (output, factor) in combination.dense { parts.append((factor, range(denseOutput, places(output).0))) }
        for (output, factor) in combination.pruned { parts.append((factor, range(prunedOutput, places(output).1))) }
        if let form = differenceOutput {
            for (output, factor) in combination.difference { parts.append((factor, range(form, places(output).0))) }
        }
        for term in constraint.inputTerms {
            parts.append((term.coefficient, Interval(lower: lower[term.index], upper: upper[term.index])))
        }
        guard parts.allSatisfy({ $0.factor.isBounded && $0.range.isBounded }) else { return .line }
        return parts.reduce(Interval.zero) { $0 + $1.factor * $1.range }
    }

    /// The box's corner where the input's part of a form is least.
    private func corner(least form: SymbolSum, _ lower: [Double], _ upper: [Double]) -> [Double] {
        var point = lower
        for (place, input) in moving.enumerated() {
            point[input] = form.coefficients[place + 1] > 0 ? lower[input] : upper[input]
        }
        return point
    }
}

/// A linear combination of outputs of both networks and of their differences.
private struct Combination {
    var dense: [(output: Int, factor: Interval)] = []
    var pruned: [(output: Int, factor: Interval)] = []
    var difference: [(output: Int, factor: Interval)] = []

    init(_ constraint: LinearConstraint, outputs: Int) {
        for term in constraint.outputTerms {
            if term.index < outputs {
                dense.append((term.index, term.coefficient))
            } else {
                pruned.append((term.index - outputs, term.coefficient))
            }
        }
    }

    /// Whether anything but differences is left.
    var hasPruned: Bool { !pruned.isEmpty }

    /// `a f + b g` is `a delta + (a + b) g`.
    mutating func replaceDense() {
        difference += dense
        pruned = Self.sum(pruned, dense)
        dense = []
    }

    /// `a f + b g` is `(a + b) f - b delta`.
    mutating func replacePruned() {
        difference += pruned.map { ($0.output, -$0.factor) }
        dense = Self.sum(dense, pruned)
        pruned = []
    }

    private static func sum(
        _ a: [(output: Int, factor: Interval)], _ b: [(output: Int, factor: Interval)]
    ) -> [(output: Int, factor: Interval)] {
        var result = a
        for (output, factor) in b {
            if let place = result.firstIndex(where: { $0.output == output }) {
                result[place].factor += factor
            } else {
                result.append((output, factor))
            }
        }
        return result.filter { $0.factor != .zero }
    }
}
