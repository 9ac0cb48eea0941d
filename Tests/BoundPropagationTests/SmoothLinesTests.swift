import Intervals
import Oracles
import RandomNumbers
import Testing

@testable import BoundPropagation

/// Lines of smooth activations against values at sampled points.
@Suite struct SmoothLinesTests {
    /// Wide, narrow, saturated, one-sided and degenerate intervals.
    private func intervals(_ seed: Int) -> [Interval] {
        var generator = SplitMix64(seed: seed)
        let random = (0..<60).map { index -> Interval in
            let centre = Double.random(in: -1...1, using: &generator) * [0.1, 2, 6, 40][index % 4]
            let width = pow(10, Double.random(in: -10...2, using: &generator))
            return Interval(lower: centre - width, upper: centre + width)
        }
        let special = [(0, 0), (0, 3), (-3, 0), (-1e-8, 1e-8), (-1e6, 1e6), (200, 300), (-300, -200), (-8.6, 8.6)]
        return random + special.map { Interval(lower: $0.0, upper: $0.1) }
    }

    private func pow(_ base: Double, _ exponent: Double) -> Double {
        var result = 1.0
        for _ in 0..<Int(abs(exponent)) { result *= base }
        return exponent < 0 ? 1 / result : result
    }

    @Test(arguments: SmoothFunction.samples)
    func linesStayOnTheirSide(function: SmoothFunction) {
        let curve = SmoothCurve(function)
        for interval in intervals(5) {
            let below = curve.linesBelow(interval, count: 3)
            let above = curve.linesAbove(interval, count: 3)
            for index in 0...200 {
                let share = Double(index) / 200
                let z = min(interval.upper, interval.lower + share * (interval.upper - interval.lower))
                let value = function.value(z)
                for (low, high) in zip(below, above) {
                    let lower = Interval(low.slope) * Interval(z) + Interval(low.offset)
                    let upper = Interval(high.slope) * Interval(z) + Interval(high.offset)
                    #expect(lower.lower <= value.upper, "\(function) below \(interval) at \(z)")
                    #expect(upper.upper >= value.lower, "\(function) above \(interval) at \(z)")
                }
            }
        }
    }

    @Test(arguments: SmoothFunction.samples)
    func offsetsHoldForAnySlope(function: SmoothFunction) {
        let curve = SmoothCurve(function)
        var generator = SplitMix64(seed: 8)
        for interval in intervals(6) {
            for _ in 0..<4 {
                let slope = Double.random(in: -1.5...1.5, using: &generator)
                let near = Bool.random(using: &generator) ? Double.random(in: -3...3, using: &generator) : nil
                let below = curve.offsetBelow(slope: slope, over: interval, near: near)
                let above = curve.offsetAbove(slope: slope, over: interval, near: near)
                for index in 0...100 {
                    let share = Double(index) / 100
                    let z = min(interval.upper, interval.lower + share * (interval.upper - interval.lower))
                    let rest = function.value(z) - Interval(slope) * Interval(z)
                    #expect(below <= rest.upper && rest.lower <= above, "\(function), slope \(slope) on \(interval)")
                }
            }
        }
    }

    @Test(arguments: SmoothFunction.samples)
    func linesAreTightOnNarrowIntervals(function: SmoothFunction) {
        let curve = SmoothCurve(function)
        for centre in [-4, -1.3, -0.2, 0.7, 2.5] {
            let interval = Interval(lower: centre - 0.01, upper: centre + 0.01)
            let below = curve.linesBelow(interval, count: 1)[0]
            let above = curve.linesAbove(interval, count: 1)[0]
            let gap = (above.slope - below.slope) * centre + above.offset - below.offset
            // Half the second derivative times the square of the radius, both lines together.
            #expect(gap >= 0 && gap < 3e-4, "\(function) at \(centre): \(gap)")
        }
    }

    @Test(arguments: SmoothFunction.samples)
    func unboundedIntervalsHaveSoundLines(function: SmoothFunction) {
        let curve = SmoothCurve(function)
        for interval in [Interval.line, Interval(lower: -1, upper: .infinity), Interval(lower: -.infinity, upper: 2)] {
            for line in curve.linesBelow(interval, count: 3) {
                for z in [-1e9, -1, 0, 1.5, 1e9] where interval.contains(z) {
                    #expect(line.slope == 0 && line.offset <= function.value(z).upper)
                }
            }
            for line in curve.linesAbove(interval, count: 3) {
                for z in [-1e9, -1, 0, 1.5, 1e9] where interval.contains(z) {
                    #expect(line.slope == 0 && line.offset >= function.value(z).lower)
                }
            }
        }
    }
}
