// The rigorous backward pass with bounds of each lane's own.

import CLaneKernels
import Evaluation
import Lanes

struct BoxRule: BackwardRule {
    private var base: RigorousRule
    let plan: LanePlan
    /// Per node `[feature][lane]`; nil where no activation reads the node.
    let lower: [UnsafeMutablePointer<Double>?]
    let upper: [UnsafeMutablePointer<Double>?]
    /// Per smooth node each lane's own lines; see `SmoothBoxes`.
    let smooth: [UnsafeMutablePointer<Double>?]
    let lanes: Int

    var constants: UnsafeMutablePointer<Double> { base.constants }
    var magnitudes: UnsafeMutablePointer<Double> { base.magnitudes }
    var losses: UnsafeMutablePointer<Double> { base.losses }

    init(
        plan: LanePlan, bounds: NodeBounds, relaxations: Relaxations, lower: [UnsafeMutablePointer<Double>?],
        upper: [UnsafeMutablePointer<Double>?], smooth: [UnsafeMutablePointer<Double>?], lanes: Int,
        scratch: UnsafeMutablePointer<Double>
    ) {
        base = RigorousRule(
            plan: plan, bounds: bounds, relaxations: relaxations, source: .standard, lanes: lanes, scratch: scratch)
        self.plan = plan
        self.lower = lower
        self.upper = upper
        self.smooth = smooth
        self.lanes = lanes
    }

    mutating func relax(
        _ node: Int, spans: [Span], from g: UnsafePointer<Double>, to lambda: UnsafeMutablePointer<Double>,
        accumulating: Bool
    ) {
        let operand = plan.operands[node][0]
        if let lines = smooth[node] {
            for span in spans {
                lane_relax_boxes_by_lines(
                    span.count, lanes, plan.layouts[node].count * lanes, lines + span.feature * lanes,
                    g + span.buffer * lanes, lambda + span.buffer * lanes, lower[operand]! + span.feature * lanes,
                    upper[operand]! + span.feature * lanes, base.constants, base.magnitudes, accumulating ? 1 : 0)
                base.countTerms(span.count)
            }
            return
        }
        guard case .activation(let slope) = plan.operations[node] else { return }
        for span in spans {
            lane_relax_boxes(
                span.count, lanes, slope, g + span.buffer * lanes, lambda + span.buffer * lanes,
                lower[operand]! + span.feature * lanes, upper[operand]! + span.feature * lanes, base.constants,
                base.magnitudes, accumulating ? 1 : 0)
            base.countTerms(span.count)
        }
    }

    mutating func leaveAffine(_ node: Int, spans: [Span], lambda: UnsafePointer<Double>, live: UnsafePointer<UInt8>?) {
        base.leaveAffine(node, spans: spans, lambda: lambda, live: live)
    }

    mutating func accumulated(_ node: Int, spans: [Span], g: UnsafePointer<Double>) {
        base.accumulated(node, spans: spans, g: g)
    }

    /// Each lane's bound over its own box.
    mutating func concretize(
        _ g: UnsafePointer<Double>, spans: [Span], lower: UnsafePointer<Double>, upper: UnsafePointer<Double>,
        into result: UnsafeMutablePointer<Double>
    ) {
        for span in spans {
            lane_concretize_boxes(
                span.count, lanes, g + span.buffer * lanes, lower + span.feature * lanes,
                upper + span.feature * lanes, base.constants, base.magnitudes)
            base.countTerms(span.count)
        }
        base.pay(into: result)
    }
}
