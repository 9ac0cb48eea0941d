import CLaneKernels
import Evaluation
import Intervals
import Networks
import Oracles
import RandomNumbers
import Testing

@testable import BoundPropagation

@Suite struct ObjectiveCutTests {
    /// An objective's certified bound over a region, and the cut of the inputs where it is at most `allowance`.
    private func cut(_ objective: Objective, _ region: RegionBounder, allowance: Double) throws -> ObjectiveCut {
        let bounder = LaneBounder(region)
        bounder.use(lanes: 1)
        bounder.setObjectives(LaneObjectives(single: [objective]))
        bounder.resetParameters()
        _ = bounder.ascend(AscentOptions(iterations: 10))
        let bound = bounder.certify()[0]
        return try #require(bounder.objectiveCut(0, bound: bound, allowance: allowance))
    }

    /// Where an objective is as low as the cut allows, the cut holds, and so do all bounds that were found under it.
    @Test(arguments: 0..<12, [false, true])
    func lowPointsKeepTheirBounds(seed: Int, isSmooth: Bool) throws {
        let planted = Planted(
            seed: seed, radius: [0.002, 0.02, 0.2][seed % 3],
            error: seed % 4 == 3 ? BoundPropagationTests.inexact : .exact,
            isSmooth: isSmooth, count: 40)
        let region = planted.region()
        for objective in planted.objectives {
            for rank in [0, 5] {
                let allowance = planted.points.map { planted.value(objective, $0) }.sorted()[rank]
                let cut = try cut(objective, region, allowance: allowance)
                #expect(cut.slack >= 0)
                let low = planted.points.filter { planted.value(objective, $0) <= allowance }
                #expect(low.count > rank)
                for point in low {
                    let input = planted.plan.inputLayout.permuted(point.input)
                    let value = zip(cut.coefficients, input).reduce(Interval(cut.constant)) {
                        $0 + Interval($1.0) * Interval($1.1)
                    }
                    #expect(value.lower <= 0)
                }
                for iterations in [0, 4] {
                    var options = BoundingOptions()
                    options.known = region.bounds
                    options.cut = cut
                    options.ascentIterations = iterations
                    #expect(planted.isContained(in: planted.region(options).bounds, low))
                }
            }
        }
    }

    /// Under a cut that leaves little room neurons move less.
    @Test func smallRoomTightensBounds() {
        var tighter = 0
        for seed in 0..<12 {
            let planted = Planted(seed: seed, radius: 0.05)
            let region = planted.region()
            let objective = planted.objectives[0]
            let bounder = LaneBounder(region)
            bounder.use(lanes: 1)
            bounder.setObjectives(LaneObjectives(single: [objective]))
            bounder.resetParameters()
            let bound = bounder.certify()[0]
            var options = BoundingOptions()
            options.known = region.bounds
            options.cut = bounder.objectiveCut(0, bound: bound, allowance: bound + 1e-3)
            let cut = planted.region(options).bounds
            for node in region.bounds.lower.indices {
                for feature in region.bounds.lower[node].indices {
                    #expect(cut.lower[node][feature] >= region.bounds.lower[node][feature])
                    #expect(cut.upper[node][feature] <= region.bounds.upper[node][feature])
                    let width = region.bounds.upper[node][feature] - region.bounds.lower[node][feature]
                    if cut.upper[node][feature] - cut.lower[node][feature] < 0.5 * width { tighter += 1 }
                }
            }
        }
        #expect(tighter > 20)
    }

    /// Where a cut leaves nothing any bounds hold; they stay in order all the same.
    @Test(arguments: 0..<8, [false, true]) func emptyCutsKeepBoundsInOrder(seed: Int, isSmooth: Bool) throws {
        let planted = Planted(seed: seed, radius: 0.05, isSmooth: isSmooth, count: 1)
        let region = planted.region()
        var options = BoundingOptions()
        options.known = region.bounds
        options.cut = try cut(planted.objectives[0], region, allowance: -1e3)
        for iterations in [0, 3] {
            options.ascentIterations = iterations
            let bounds = planted.region(options).bounds
            for node in bounds.lower.indices {
                #expect(zip(bounds.lower[node], bounds.upper[node]).allSatisfy { $0 <= $1 })
            }
        }
    }

    /// What holds in one of two places lies between the lesser and the larger bounds.
    @Test func unionsHoldInBothPlaces() {
        let (left, right) = (Planted(seed: 3, radius: 0.01), Planted(seed: 3, radius: 0.2))
        let union = left.region().bounds.union(right.region().bounds)
        #expect(left.isContained(in: union) && right.isContained(in: union))
        #expect(!right.isContained(in: left.region().bounds))
    }

    /// The kernel finds nearly what the best multiplier gains, which lies where some coefficient becomes 0.
    @Test(arguments: 0..<20) func tiltFindsAGoodMultiplier(seed: Int) {
        var random = SplitMix64(seed: seed)
        let (count, lanes) = (30, 16)
        func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in Double.random(in: -1...1, using: &random) } }
        let h = numbers(count)
        let lower = numbers(count)
        let upper = lower.map { $0 + Double.random(in: 0...1, using: &random) }
        let given = numbers(count * lanes)
        let least = zip(h, zip(lower, upper)).reduce(0) { $0 + min($1.0 * $1.1.0, $1.0 * $1.1.1) }
        // h . x + e is between -0.3 and what the box allows.
        let e = -least - 0.3
        func value(_ m: Double, _ lane: Int) -> Double {
            (0..<count).reduce(m * e) {
                let v = given[$1 * lanes + lane] + m * h[$1]
                return $0 + min(v * lower[$1], v * upper[$1])
            }
        }
        var g = given
        var multipliers = [Double](repeating: -1, count: lanes)
        var sizes = multipliers
        lane_tilt_f64(count, lanes, h, e, lower, upper, &g, &multipliers, &sizes)
        for lane in 0..<lanes {
            let found = multipliers[lane]
            let breaks = (0..<count).map { -given[$0 * lanes + lane] / h[$0] }.filter { $0 > 0 }
            let best = breaks.map { value($0, lane) }.max() ?? -.infinity
            let gain = max(0, best - value(0, lane))
            #expect(found >= 0 && value(found, lane) >= value(0, lane) + 0.7 * gain - 1e-9)
            var size = 0.0
            for index in 0..<count {
                let old = given[index * lanes + lane]
                #expect(g[index * lanes + lane] == old + found * h[index])
                size +=
                    (old.magnitude + 2 * (found * h[index]).magnitude)
                    * max(lower[index].magnitude, upper[index].magnitude)
            }
            #expect(abs(size - sizes[lane]) <= 1e-12 * size)
        }
    }
}
