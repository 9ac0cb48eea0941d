// The float32 pass of the search: the same steps as the rigorous one, with nothing written down about rounding. It
// proposes slopes and multipliers and says which lanes look proved; it claims nothing.

import CLaneKernels
import Evaluation
import Lanes

struct SearchRule: BackwardRule {
    let plan: LanePlan
    let relaxations: Relaxations
    let source: RelaxationSource
    let lanes: Int
    /// One number per lane.
    let constants: UnsafeMutablePointer<Float>

    func live(_ node: Int) -> UnsafePointer<UInt8>? { relaxations.live[node].map { UnsafePointer($0.base) } }

    mutating func relax(
        _ node: Int, spans: [Span], from g: UnsafePointer<Float>, to lambda: UnsafeMutablePointer<Float>,
        accumulating: Bool
    ) {
        if let table = relaxations.smoothTables[node] {
            relax(table, spans: spans, from: g, to: lambda, accumulating: accumulating)
            return
        }
        guard case .activation(let slope) = plan.operations[node] else { return }
        let table = relaxations.tables[node]!
        for span in spans {
            let at = span.feature
            let from = g + span.buffer * lanes
            let to = lambda + span.buffer * lanes
            switch source {
            case .standard:
                lane_relax_shared_f32(
                    span.count, lanes, from, to, table.floatLowerSlope.base + at, table.floatUpperSlope.base + at,
                    table.floatIntercept.base + at, constants, accumulating ? 1 : 0)
            case .lanes(let parameters, let phases):
                lane_relax_split_f32(
                    span.count, lanes, Float(slope), table.slots.base + at, from, to, table.floatUpperSlope.base + at,
                    table.floatIntercept.base + at, parameters, phases, constants, accumulating ? 1 : 0)
            }
        }
    }

    private func relax(
        _ table: SmoothTable, spans: [Span], from g: UnsafePointer<Float>, to lambda: UnsafeMutablePointer<Float>,
        accumulating: Bool
    ) {
        guard case .lanes(let parameters, let phases) = source else {
            preconditionFailure("the search has parameters in every lane")
        }
        for span in spans {
            let at = span.feature
            lane_relax_smooth_f32(
                span.count, lanes, table.slots.base + at, table.floatLines.base + at * SmoothTable.lineNumbers,
                table.floatSplits.base + at * Int(LANE_SMOOTH_SPLITS), g + span.buffer * lanes,
                lambda + span.buffer * lanes, parameters, phases, constants, accumulating ? 1 : 0)
        }
    }

    mutating func leaveAffine(_ node: Int, spans: [Span], lambda: UnsafePointer<Float>, live: UnsafePointer<UInt8>?) {
        guard let offsets = relaxations.offsets[node] else { return }
        for span in spans {
            lane_weighted_sum_f32(
                span.count, lanes, offsets.floats.base + span.feature, lambda + span.buffer * lanes, constants,
                live.map { $0 + span.feature })
        }
    }

    mutating func accumulated(_ node: Int, spans: [Span], g: UnsafePointer<Float>) {}
}
