// How far each input can move an objective: back-substitution of magnitudes, through the chords of each lane's own
// bounds. A heuristic for choosing splits; it bounds nothing.

import CLaneKernels
import Evaluation
import Lanes

struct InfluenceRule: BackwardRule {
    let plan: LanePlan
    let lower: [UnsafeMutablePointer<Double>?]
    let upper: [UnsafeMutablePointer<Double>?]
    let lanes: Int

    mutating func relax(
        _ node: Int, spans: [Span], from g: UnsafePointer<Double>, to lambda: UnsafeMutablePointer<Double>,
        accumulating: Bool
    ) {
        guard case .activation(let slope) = plan.operations[node] else { return }
        let operand = plan.operands[node][0]
        for span in spans {
            lane_chords(
                span.count, lanes, slope, g + span.buffer * lanes, lambda + span.buffer * lanes,
                lower[operand]! + span.feature * lanes, upper[operand]! + span.feature * lanes, accumulating ? 1 : 0)
        }
    }

    mutating func leaveAffine(_ node: Int, spans: [Span], lambda: UnsafePointer<Double>) {}
    mutating func accumulated(_ node: Int, spans: [Span], g: UnsafePointer<Double>) {}
}
