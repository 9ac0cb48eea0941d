// The lines of one smooth activation node over a region, as tables the kernels read; see smooth.c for their layout.

import CLaneKernels
import Evaluation
import Intervals

/// The per-lane rows of a smooth neuron: two positions among its lines, then its split multipliers.
let smoothSlots = Int(LANE_SMOOTH_SLOTS)

/// One smooth activation node's neurons, in the order of its operand's features.
struct SmoothTable: Sendable {
    /// The neuron's first row in the per-lane arrays, or `LANE_ACTIVE` when it has none.
    var slots: Table<Int32>
    var lines: Table<Double>
    var floatLines: Table<Float>
    /// `[neuron][split point]`
    var splits: Table<Double>
    var floatSplits: Table<Float>
    /// At least |z|, per neuron.
    var reach: Table<Double>
    /// `[neuron][range]`: how far apart the middle lines are in the middle of the range.
    var strips: Table<Float>

    static let lineNumbers = (splitCount + 1) * (splitCount + 1) * 4 * knots
    static let stripNumbers = (splitCount + 1) * (splitCount + 1)
    private static let splitCount = Int(LANE_SMOOTH_SPLITS)
    private static let knots = Int(LANE_SMOOTH_KNOTS)
    /// Narrower neurons keep one line on either side.
    private static let leastWidth = 1e-6

    /// - Parameter neurons: where the neurons that get rows are appended, `smoothSlots` times each.
    init(_ curve: SmoothCurve, node: Int, lower: [Double], upper: [Double], neurons: inout [NeuronPlace]) {
        var slots: [Int32] = []
        var lines: [Double] = []
        var splits: [Double] = []
        var strips: [Float] = []
        for feature in lower.indices {
            let interval = Interval(
                lower: min(lower[feature], upper[feature]), upper: max(lower[feature], upper[feature]))
            let width = interval.upper - interval.lower
            let ends = Self.ends(interval, curve)
            if width.isFinite && width > Self.leastWidth {
                slots.append(Int32(neurons.count))
                neurons += Array(repeating: NeuronPlace(node: node, feature: feature), count: smoothSlots)
            } else {
                slots.append(laneActive)
            }
            splits += ends[1...Self.splitCount]
            for from in 0...Self.splitCount {
                for to in 1...Self.splitCount + 1 {
                    let isWhole = from == 0 && to == Self.splitCount + 1
                    guard from < to, isWhole || slots.last! >= 0 else {
                        lines += Array(repeating: 0, count: 4 * Self.knots)
                        strips.append(0)
                        continue
                    }
                    let range = isWhole ? interval : Interval(lower: ends[from], upper: ends[to])
                    let below = curve.linesBelow(range, count: Self.knots)
                    let above = curve.linesAbove(range, count: Self.knots)
                    for line in below + above { lines += [line.slope, line.offset] }
                    let (low, high) = (below[Self.knots / 2], above[Self.knots / 2])
                    strips.append(
                        Float((high.slope - low.slope) * range.midpoint + high.offset - low.offset))
                }
            }
        }
        self.slots = Table(slots)
        self.lines = Table(lines)
        floatLines = Table(lines.map { Float($0) })
        self.splits = Table(splits)
        floatSplits = Table(splits.map { Float($0) })
        reach = Table(lower.indices.map { max(lower[$0].magnitude, upper[$0].magnitude) })
        self.strips = Table(strips)
    }

    /// The split point of one of a neuron's rows, if it is a split's.
    func splitPoint(row: Int, feature: Int) -> Double? {
        row < 2 ? nil : splits[feature * Self.splitCount + row - 2]
    }

    /// The ends and the split points in order: where the curvature changes as far as that lies inside, the rest in the
    /// middle of the widest part.
    private static func ends(_ interval: Interval, _ curve: SmoothCurve) -> [Double] {
        var ends = [interval.lower, interval.upper]
        let margin = (interval.upper - interval.lower) / 16
        for piece in curve.pieces.dropFirst() where ends.count < splitCount + 2 {
            if piece.from > interval.lower + margin && piece.from < interval.upper - margin {
                ends.insert(piece.from, at: ends.count - 1)
            }
        }
        while ends.count < splitCount + 2 {
            let widths = zip(ends, ends.dropFirst()).map { $1 - $0 }
            let widest = widths.indices.max { widths[$0] < widths[$1] } ?? 0
            let middle: Double = ends[widest] / 2 + ends[widest + 1] / 2
            ends.insert(middle, at: widest + 1)
        }
        return ends.sorted()
    }

    /// The starting values of a neuron's rows: the middle lines, no multipliers.
    static let starts: [Float] = (0..<smoothSlots).map { $0 < 2 ? Float(knots - 1) / 2 : 0 }
}
