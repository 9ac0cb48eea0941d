// What a pass over a box says about the outputs.

import BoundPropagation
import Evaluation
import Intervals

/// Bounds over one box, and where to look next.
struct BoxBounds {
    /// Per output, an enclosure of `f_i - g_i`, in the networks' own order.
    var differences: [Interval]
    /// A lower bound of the margin by which both networks rank one class first, the best class's; below 0 where none is
    /// known.
    var decisionMargin: Double
    /// Per output an input, in the networks' own order, where the forms have the difference largest in magnitude.
    var corners: [[Double]]
    /// Per output and per moving input: how much of the bound's looseness halving that input may remove.
    var influences: [[Double]]
}

extension DifferencePass {
    /// - Parameter decides: whether the decision margin is wanted.
    func boxBounds(lower: [Double], upper: [Double], decides: Bool) -> BoxBounds {
        let outputs = model.dense.plan.outputLayout.count
        var result = BoxBounds(differences: [], decisionMargin: -.infinity, corners: [], influences: [])
        for output in 0..<outputs {
            let (a, b) = places(output)
            let joint = jointDifference(a, b)
            var range = joint
            if let form = differenceOutput {
                range = Interval(
                    lower: max(joint.lower, form.lower[a]), upper: max(min(joint.upper, form.upper[a]), joint.lower))
                if range.lower > range.upper { range = joint }
            }
            result.differences.append(range)
            result.corners.append(corner(a, b, lower, upper))
            result.influences.append(influence(a, b))
        }
        if decides { result.decisionMargin = decisionMargin(outputs) }
        return result
    }

    /// Where an output is among each network's features in lanes.
    func places(_ output: Int) -> (Int, Int) {
        (model.dense.plan.outputLayout.laneFeature(output), model.pruned.plan.outputLayout.laneFeature(output))
    }

    /// `f_i - g_i` from both networks' own forms, with the input's symbols in common.
    private func jointDifference(_ a: Int, _ b: Int) -> Interval {
        let (f, g) = (denseOutput, prunedOutput)
        var reach = f.deviation(a) + g.deviation(b)
        var common = 0.0
        for column in 1..<moving.count + 1 {
            let (x, y) = (f[a, column], g[b, column])
            reach -= x.magnitude + y.magnitude
            common += (x - y).magnitude
        }
        let sizes = f.magnitudes[a] + g.magnitudes[b]
        return enclosure(centre: f[a, 0] - g[b, 0], reach: reach + common + f.radii[a] + g.radii[b], sizes: sizes)
    }

    /// The box's corner where the input's part of the difference is largest in magnitude.
    private func corner(_ a: Int, _ b: Int, _ lower: [Double], _ upper: [Double]) -> [Double] {
        func coefficient(_ column: Int) -> Double {
            differenceOutput?[a, column] ?? denseOutput[a, column] - prunedOutput[b, column]
        }
        let sign: Double = coefficient(0) < 0 ? -1 : 1
        var point = lower
        for (place, input) in moving.enumerated() {
            point[input] = sign * coefficient(place + 1) >= 0 ? upper[input] : lower[input]
        }
        return point
    }

    /// Each symbol's size in the difference, shared out to the inputs.
    private func influence(_ a: Int, _ b: Int) -> [Double] {
        guard moving.count <= 8 else {
            return moving.indices.map { denseOutput[a, $0 + 1].magnitude + prunedOutput[b, $0 + 1].magnitude }
        }
        var sum = SIMD8<Double>.zero
        func add(_ form: Zonotope, _ feature: Int, _ map: [Int32]?) {
            for column in moving.count + 1..<max(moving.count + 1, form.columns) {
                sum += form[feature, column].magnitude * shares[map.map { Int($0[column]) } ?? column]
            }
        }
        if let form = differenceOutput {
            add(form, a, nil)
        } else {
            add(denseOutput, a, denseMap)
            add(prunedOutput, b, prunedMap)
        }
        return moving.indices.map { sum[$0] }
    }

    // MARK: decisions

    /// The largest lower bound of a class's lead in both networks.
    private func decisionMargin(_ outputs: Int) -> Double {
        var best = -Double.infinity
        for leader in 0..<outputs {
            var least = Double.infinity
            for other in 0..<outputs where other != leader && least > best {
                let (a, b) = (places(leader), places(other))
                let dense = lead(denseOutput, a.0, b.0)
                var pruned = lead(prunedOutput, a.1, b.1)
                if let form = differenceOutput {
                    // g_c - g_j = (f_c - f_j) - (delta_c - delta_j)
                    let shift = -lead(form, b.0, a.0)
                    pruned = max(pruned, differenceRoundedDown(dense, shift))
                }
                least = min(least, dense, pruned)
            }
            best = max(best, least)
        }
        return best
    }

    /// At most the difference of two features of one form.
    private func lead(_ form: Zonotope, _ a: Int, _ b: Int) -> Double {
        var reach = form.radii[a] + form.radii[b]
        for block in form.blocks {
            let (first, second) = (block.base + a * block.lanes, block.base + b * block.lanes)
            for place in 0..<block.lanes where block.start + place > 0 {
                reach += (first[place] - second[place]).magnitude
            }
        }
        return enclosure(
            centre: form[a, 0] - form[b, 0], reach: reach, sizes: form.magnitudes[a] + form.magnitudes[b]
        ).lower
    }
}
