import RandomNumbers
import Testing

@testable import Intervals

@Suite struct IntervalLawTests {
    private func randomInterval(_ generator: inout SplitMix64) -> Interval {
        let ends = [generator.anyDouble(), generator.anyDouble()].sorted()
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: return Interval(ends[0])
        case 1: return Interval(lower: ends[0], upper: .infinity)
        case 2: return Interval(lower: -.infinity, upper: ends[1])
        default: return Interval(lower: ends[0], upper: ends[1])
        }
    }

    private func member(of x: Interval, _ generator: inout SplitMix64) -> Double {
        let lower = max(x.lower, -.greatestFiniteMagnitude)
        let upper = min(x.upper, .greatestFiniteMagnitude)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: return lower
        case 1: return upper
        default: return min(max(generator.anyDouble(), lower), upper)
        }
    }

    /// Whether the interval holds the exact number.
    private func holds(_ x: Interval, _ exact: ExactDecimal) -> Bool {
        (x.lower == -.infinity || (x.lower < .infinity && ExactDecimal(x.lower) <= exact))
            && (x.upper == .infinity || (x.upper > -.infinity && ExactDecimal(x.upper) >= exact))
    }

    @Test func operationsHoldTheExactResults() throws {
        var generator = SplitMix64(seed: 10)
        for _ in 0..<1000 {
            let (x, y) = (randomInterval(&generator), randomInterval(&generator))
            let (a, b) = (member(of: x, &generator), member(of: y, &generator))
            let (exactA, exactB) = (ExactDecimal(a), ExactDecimal(b))
            let sum = try #require(exactA.adding(exactB))
            let difference = try #require(exactA.adding(-exactB))
            let product = try #require(exactA.multiplied(by: exactB))
            #expect(holds(x + y, sum), "\(x) + \(y) at \(a), \(b)")
            #expect(holds(x - y, difference), "\(x) - \(y) at \(a), \(b)")
            #expect(holds(x * y, product), "\(x) * \(y) at \(a), \(b)")
            #expect(holds(a * y, product), "\(a) * \(y) at \(b)")
            #expect(x * y == y * x)
            #expect(x - y == -(y - x))
            #expect(Interval.minimum(x, y).contains(min(a, b)))
            #expect(Interval.maximum(x, y).contains(max(a, b)))
            #expect(x.relu().contains(max(0, a)))
            let slope = Double.random(in: 0...1, using: &generator)
            let leaked = try #require(a >= 0 ? exactA : exactA.multiplied(by: ExactDecimal(slope)))
            #expect(holds(x.leakyRelu(slope: slope), leaked))
            #expect(x.union(y).contains(a) && x.union(y).contains(y))
            #expect((x.intersection(y)?.contains(a) ?? false) == y.contains(a))
            #expect(x.contains(x.midpoint) && x.midpoint.isFinite)
            #expect(x.magnitude >= a.magnitude)
            guard b != 0, !y.contains(0) else {
                #expect(!y.contains(0) || x / y == .line)
                continue
            }
            // q.lower <= a / b <= q.upper, multiplied by b.
            let q = x / y
            let scaled = b > 0 ? q : Interval(lower: -q.upper, upper: -q.lower)
            for (end, isLower) in [(scaled.lower, true), (scaled.upper, false)] where end.isFinite {
                let back = try #require(ExactDecimal(end).multiplied(by: ExactDecimal(b.magnitude)))
                #expect(isLower ? back <= exactA : back >= exactA, "\(x) / \(y) at \(a), \(b)")
            }
        }
    }

    @Test func exactOperationsStayPoints() {
        let half = Interval(0.5)
        #expect((half + half).isPoint && (half - half) == .zero && (half * Interval(-3)) == Interval(-1.5))
        #expect(Interval(1) / Interval(8) == Interval(0.125))
        #expect(Interval(-2).relu() == .zero && Interval(-2).leakyRelu(slope: 0.25) == Interval(-0.5))
        #expect(!(Interval(0.1) + Interval(0.2)).isPoint)
        #expect(Interval(1) / Interval(3) == Interval(lower: (1.0 / 3), upper: (1.0 / 3).nextUp))
        #expect(Interval.zero * .line == .zero)
        #expect(
            Interval.line * .line == .line && Interval.line + .line == .line && Interval.line - .line == .line
        )
        #expect(Interval(1) / Interval(lower: -1, upper: 1) == .line)
        #expect(Interval.line.midpoint == 0 && Interval.line.width == .infinity && Interval(3).width == 0)
        #expect(Interval(lower: 1, upper: 2).intersection(Interval(lower: 3, upper: 4)) == nil)
    }
}
