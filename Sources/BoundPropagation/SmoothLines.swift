// Lines below and above a smooth activation over an interval of preactivations.
//
// Slopes are proposed in plain float64 arithmetic: tangents at points from one end of the convex hull's curved part to
// the other, or the secant where the hull is straight (Singh et al. 2019; Zhang et al. 2018 for sigmoids). Every
// slope is sound with the offset that `SmoothCurve` then proves, so that nothing here needs to be exact.

import Intervals

/// `slope z + offset`.
struct Line: Sendable {
    var slope: Double
    var offset: Double
}

extension SmoothCurve {
    /// Lines below the function on an interval, by increasing place of the point where they touch it.
    ///
    /// - Soundness: each lies below the function at every number of the interval; an offset is -infinity where no line
    ///   with a slope is known, as on most unbounded intervals.
    func linesBelow(_ interval: Interval, count: Int) -> [Line] {
        proposals(interval, count: count, sign: 1).map { proposal in
            Line(
                slope: proposal.slope,
                offset: offsetBelow(slope: proposal.slope, over: interval, near: proposal.point))
        }
    }

    /// Lines above the function on an interval; as `linesBelow`.
    func linesAbove(_ interval: Interval, count: Int) -> [Line] {
        proposals(interval, count: count, sign: -1).map { proposal in
            Line(
                slope: proposal.slope,
                offset: offsetAbove(slope: proposal.slope, over: interval, near: proposal.point))
        }
    }

    private struct Proposal {
        var slope: Double
        var point: Double?
    }

    private func proposals(_ interval: Interval, count: Int, sign: Double) -> [Proposal] {
        let (l, u) = (interval.lower, interval.upper)
        let width = u - l
        guard width.isFinite, width > 0 else { return Array(repeating: Proposal(slope: 0, point: nil), count: count) }
        if width < 1e-6 {
            let slope = function.jet(interval.midpoint).slope
            return Array(repeating: Proposal(slope: slope, point: interval.midpoint), count: count)
        }
        guard let (from, to) = touchingPoints(l, u, sign) else {
            let secant = (function.jet(u).value - function.jet(l).value) / width
            return Array(repeating: Proposal(slope: secant, point: nil), count: count)
        }
        return (0..<count).map { index in
            let share = count == 1 ? 0.5 : Double(index) / Double(count - 1)
            let point = min(u, max(l, from + share * (to - from)))
            return Proposal(slope: function.jet(point).slope, point: point)
        }
    }

    /// Where tangents stay on one side of the function all over `l...u`, about; nil where the secant is all there is.
    private func touchingPoints(_ l: Double, _ u: Double, _ sign: Double) -> (from: Double, to: Double)? {
        var widest: (from: Double, to: Double)?
        for piece in pieces where piece.isConvex == (sign > 0) {
            let (from, to) = (max(l, piece.from), min(u, piece.to))
            if from < to, to - from > widest.map({ $0.to - $0.from }) ?? 0 { widest = (from, to) }
        }
        guard let (a, b) = widest else { return nil }
        /// How far the tangent at `p` is beyond the function at an end.
        func excess(_ p: Double, at end: Double, _ value: Double) -> Double {
            let jet = function.jet(p)
            return sign * (jet.value + jet.slope * (end - p) - value)
        }
        var (from, to) = (a, b)
        if l < a {
            let value = function.jet(l).value
            if excess(b, at: l, value) > 0 { return nil }
            from = bisect(outside: a, inside: b) { excess($0, at: l, value) <= 0 }
        }
        if u > b {
            let value = function.jet(u).value
            if excess(a, at: u, value) > 0 { return nil }
            to = bisect(outside: b, inside: a) { excess($0, at: u, value) <= 0 }
        }
        return from <= to ? (from, to) : nil
    }

    /// The last point found, coming from `inside`, where the condition holds.
    private func bisect(outside: Double, inside: Double, _ holds: (Double) -> Bool) -> Double {
        if holds(outside) { return outside }
        var (outside, inside) = (outside, inside)
        for _ in 0..<12 {
            let middle = outside / 2 + inside / 2
            if holds(middle) { inside = middle } else { outside = middle }
        }
        return inside
    }
}
