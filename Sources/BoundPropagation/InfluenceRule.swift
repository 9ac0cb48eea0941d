// How far each input can move an objective: back-substitution of magnitudes, through the chords of each lane's own
// bounds. A heuristic for choosing splits; it bounds nothing.

import CLaneKernels
import Evaluation
import Lanes

struct InfluenceRule: BackwardRule {
    let plan: LanePlan
    let lower: [UnsafeMutablePointer<Double>?]
    let upper: [UnsafeMutablePointer<Double>?]
    /// Per smooth node each lane's own lines; see `SmoothBoxes`.
    let smooth: [UnsafeMutablePointer<Double>?]
    let lanes: Int

    mutating func relax(
        _ node: Int, spans: [Span], from g: UnsafePointer<Double>, to lambda: UnsafeMutablePointer<Double>,
        accumulating: Bool
    ) {
        if let lines = smooth[node] {
            let each = plan.layouts[node].count * lanes
            for span in spans {
                for place in 0..<span.count * lanes {
                    let line = span.feature * lanes + place
                    let slope = (lines[line] + lines[2 * each + line]) / 2
                    let row = span.buffer * lanes + place
                    lambda[row] = (accumulating ? lambda[row] : 0) + slope.magnitude * g[row]
                }
            }
            return
        }
        guard case .activation(let slope) = plan.operations[node] else { return }
        let operand = plan.operands[node][0]
        for span in spans {
            lane_chords(
                span.count, lanes, slope, g + span.buffer * lanes, lambda + span.buffer * lanes,
                lower[operand]! + span.feature * lanes, upper[operand]! + span.feature * lanes, accumulating ? 1 : 0)
        }
    }

    mutating func leaveAffine(_ node: Int, spans: [Span], lambda: UnsafePointer<Double>, live: UnsafePointer<UInt8>?) {}
    mutating func accumulated(_ node: Int, spans: [Span], g: UnsafePointer<Double>) {}
}
