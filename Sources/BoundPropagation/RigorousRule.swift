// The float64 pass that a claim rests on: the backward pass of `BackwardPass`, with every rounding paid for.
//
// Three things are added up per lane: `constants` (the bound itself), `magnitudes` (of the terms of that sum, which
// bounds the sum's own rounding) and `losses` (residuals of the affine steps, see `Residual`). The relaxations cost
// nothing but their constants: any computed slope is sound with the constant the kernel derives from it, see
// `lane_relax_rigorous`.

import CLaneKernels
import Evaluation
import Intervals
import Lanes
import Networks

/// How a rigorous pass is to relax an activation's unstable neurons.
enum RelaxationSource {
    /// One pair of lines per neuron for all lanes: lower slope 1 if u > -l, else 0.
    case standard
    /// Each lane's own slopes and splits, in the tables' slots.
    case lanes(parameters: UnsafePointer<Float>, phases: UnsafePointer<Float>)
}

struct RigorousRule: BackwardRule {
    let plan: LanePlan
    let bounds: NodeBounds
    let relaxations: Relaxations
    let source: RelaxationSource
    let lanes: Int
    /// One number per lane each: four rows of `lanes`.
    let constants: UnsafeMutablePointer<Double>
    let magnitudes: UnsafeMutablePointer<Double>
    let losses: UnsafeMutablePointer<Double>
    private let squares: UnsafeMutablePointer<Double>
    private let absolutes: UnsafeMutablePointer<Double>
    private(set) var terms = 16

    /// - Parameter scratch: `5 * lanes` doubles, which are zeroed.
    init(
        plan: LanePlan, bounds: NodeBounds, relaxations: Relaxations, source: RelaxationSource, lanes: Int,
        scratch: UnsafeMutablePointer<Double>
    ) {
        self.plan = plan
        self.bounds = bounds
        self.relaxations = relaxations
        self.source = source
        self.lanes = lanes
        scratch.update(repeating: 0, count: 5 * lanes)
        constants = scratch
        magnitudes = scratch + lanes
        losses = scratch + 2 * lanes
        squares = scratch + 3 * lanes
        absolutes = scratch + 4 * lanes
    }

    func live(_ node: Int) -> UnsafePointer<UInt8>? { relaxations.live[node].map { UnsafePointer($0.base) } }

    mutating func relax(
        _ node: Int, spans: [Span], from g: UnsafePointer<Double>, to lambda: UnsafeMutablePointer<Double>,
        accumulating: Bool
    ) {
        if let table = relaxations.smoothTables[node] {
            relax(table, spans: spans, from: g, to: lambda, accumulating: accumulating)
            return
        }
        guard case .activation(let slope) = plan.operations[node] else { return }
        let operand = plan.operands[node][0]
        let table = relaxations.tables[node]!
        bounds.lower[operand].withUnsafeBufferPointer { lower in
            bounds.upper[operand].withUnsafeBufferPointer { upper in
                for span in spans {
                    let at = span.feature
                    let slots = table.slots.base + at
                    switch source {
                    case .standard:
                        lane_relax_rigorous(
                            span.count, lanes, slope, slots, g + span.buffer * lanes, lambda + span.buffer * lanes,
                            lower.baseAddress! + at, upper.baseAddress! + at, table.lowerSlope.base + at,
                            table.upperSlope.base + at, nil, nil, constants, magnitudes, accumulating ? 1 : 0)
                    case .lanes(let parameters, let phases):
                        lane_relax_rigorous(
                            span.count, lanes, slope, slots, g + span.buffer * lanes, lambda + span.buffer * lanes,
                            lower.baseAddress! + at, upper.baseAddress! + at, table.lowerSlope.base + at,
                            table.upperSlope.base + at, parameters, phases, constants, magnitudes,
                            accumulating ? 1 : 0)
                    }
                    terms += span.count
                }
            }
        }
    }

    private mutating func relax(
        _ table: SmoothTable, spans: [Span], from g: UnsafePointer<Double>, to lambda: UnsafeMutablePointer<Double>,
        accumulating: Bool
    ) {
        let parameters: UnsafePointer<Float>?
        let phases: UnsafePointer<Float>?
        switch source {
        case .standard: (parameters, phases) = (nil, nil)
        case .lanes(let given, let splits): (parameters, phases) = (given, splits)
        }
        for span in spans {
            let at = span.feature
            lane_relax_smooth_rigorous(
                span.count, lanes, table.slots.base + at, table.lines.base + at * SmoothTable.lineNumbers,
                table.splits.base + at * Int(LANE_SMOOTH_SPLITS), table.reach.base + at, g + span.buffer * lanes,
                lambda + span.buffer * lanes, parameters, phases, constants, magnitudes, accumulating ? 1 : 0)
            terms += span.count * smoothSlots
        }
    }

    mutating func leaveAffine(_ node: Int, spans: [Span], lambda: UnsafePointer<Double>, live: UnsafePointer<UInt8>?) {
        if let offsets = relaxations.offsets[node] { add(offsets, spans, lambda, live: live) }
        let residual = bounds.residuals[node]
        guard residual.euclidean > 0 || residual.absolute > 0 else { return }
        measure(spans, lambda, live: live)
        for lane in 0..<lanes {
            losses[lane] +=
                (squares[lane].squareRoot() * residual.euclidean + absolutes[lane] * residual.absolute) * sumSlack
        }
    }

    mutating func accumulated(_ node: Int, spans: [Span], g: UnsafePointer<Double>) {
        // What is 0 on the whole region loses nothing.
        measure(spans, g, live: live(node))
        // Generous: an accumulating kernel runs over at most this many terms per coefficient.
        let factor = relaxations.accumulationFactor * bounds.residuals[node].range
        for lane in 0..<lanes { losses[lane] += squares[lane].squareRoot() * factor * sumSlack }
    }

    /// Adds `offsets . lambda`, whose offsets may be off by their radii.
    mutating func add(
        _ offsets: Offsets, _ spans: [Span], _ lambda: UnsafePointer<Double>, live: UnsafePointer<UInt8>? = nil
    ) {
        for span in spans {
            lane_weighted_sum_rigorous(
                span.count, lanes, offsets.values.base + span.feature, offsets.radii.map { $0.base + span.feature },
                lambda + span.buffer * lanes, constants, magnitudes, losses, live.map { $0 + span.feature })
            terms += span.count
        }
    }

    /// `count` more numbers were added to the constants by the caller.
    mutating func countTerms(_ count: Int) { terms += count }

    private func measure(_ spans: [Span], _ values: UnsafePointer<Double>, live: UnsafePointer<UInt8>?) {
        squares.update(repeating: 0, count: 2 * lanes)
        for span in spans {
            lane_norms(
                span.count, lanes, values + span.buffer * lanes, squares, absolutes, live.map { $0 + span.feature })
        }
    }

    /// Takes the minimum over the input box of the coefficients that reached the input, and gives the bounds.
    ///
    /// - Soundness: for every lane the objective is at least `result[lane]` on the whole region, for the real-valued
    ///   network; -infinity where anything overflowed or was not a number.
    mutating func finish(_ g: UnsafePointer<Double>, spans: [Span], into result: UnsafeMutablePointer<Double>) {
        bounds.lower[0].withUnsafeBufferPointer { lower in
            bounds.upper[0].withUnsafeBufferPointer { upper in
                for span in spans {
                    lane_concretize_rigorous(
                        span.count, lanes, g + span.buffer * lanes, lower.baseAddress! + span.feature,
                        upper.baseAddress! + span.feature, constants, magnitudes)
                    terms += span.count
                }
            }
        }
        pay(into: result)
    }

    /// Adds to the coefficients that reached the input, and to the constants, the multiple of the cut that bounds most.
    ///
    /// - Soundness: the bounds then hold where the cut does.
    mutating func tilt(_ g: UnsafeMutablePointer<Double>, spans: [Span], by cut: ObjectiveCut) {
        let part: ObjectiveCut.Projection<Double> = cut.projected(to: spans, bounds.lower[0], bounds.upper[0])
        // Both rows of scratch are measured anew for every use.
        let (multipliers, sizes) = (squares, absolutes)
        lane_tilt_f64(
            part.coefficients.count, lanes, part.coefficients, part.constant, part.lower, part.upper, g, multipliers,
            sizes)
        for lane in 0..<lanes {
            // A product and a sum for each coefficient.
            losses[lane] += sizes[lane] * roundingFactor(4) * sumSlack + underflowAllowance
            let term = multipliers[lane] * part.constant
            constants[lane] += term
            magnitudes[lane] += term.magnitude
        }
        countTerms(2)
    }

    /// The constants less everything that rounding may have added to them.
    func pay(into result: UnsafeMutablePointer<Double>) {
        let factor = roundingFactor(2 * terms + 64) * sumSlack
        for lane in 0..<lanes {
            let paid = constants[lane] - (magnitudes[lane] * factor + losses[lane] * sumSlack + underflowAllowance)
            let bound = paid.nextDown.nextDown
            result[lane] = bound.isFinite ? bound : -.infinity
        }
    }
}
