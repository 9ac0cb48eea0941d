// The lines of one smooth activation node where every lane has a box, and so bounds, of its own.

import Evaluation
import Intervals
import Lanes

final class SmoothBoxes {
    private let curve: SmoothCurve
    private let count: Int
    private let lanes: Int
    /// Slopes below, offsets below, slopes above, offsets above, `[feature][lane]` each.
    let lines: LaneStorage<Double>

    init(_ curve: SmoothCurve, count: Int, lanes: Int) {
        self.curve = curve
        self.count = count
        self.lanes = lanes
        lines = LaneStorage(features: 4 * count, lanes: lanes)
    }

    /// Makes the lines for bounds of the operand, `[feature][lane]`.
    func update(lower: UnsafePointer<Double>, upper: UnsafePointer<Double>) {
        let each = count * lanes
        for place in 0..<each {
            let (l, u) = (lower[place], upper[place])
            // Lanes often repeat a box.
            if place % lanes > 0, l == lower[place - 1], u == upper[place - 1] {
                for part in 0..<4 { lines.base[part * each + place] = lines.base[part * each + place - 1] }
                continue
            }
            let interval = Interval(lower: min(l, u), upper: max(l, u))
            let below = curve.linesBelow(interval, count: 1)[0]
            let above = curve.linesAbove(interval, count: 1)[0]
            lines.base[place] = below.slope
            lines.base[each + place] = below.offset
            lines.base[2 * each + place] = above.slope
            lines.base[3 * each + place] = above.offset
        }
    }
}
