// Phases that follow from a bound that is not positive: where a neuron has the other phase, the bound's affine function
// and a multiple of the neuron's preactivation are both <= 0 at a counterexample, and their sum is shown to be positive.

internal import Intervals

extension Backsubstitution {
    /// Sees that every point of the region where the affine function is not positive has these phases.
    ///
    /// - Parameters:
    ///   - bound: the least value of the function over the input's box.
    ///   - slopes: the function's, by input.
    /// - Throws: which phase does not follow.
    func check(_ phases: [PhaseSplit], bound: Double, slopes: [Double], _ ranges: Ranges, _ bounds: RegionBounds)
        throws(CertificateError)
    {
        var constant = bound
        // What adding to a coefficient on the way back rounds away.
        var loss = 0.0
        for (input, slope) in slopes.enumerated() {
            let corner = slope < 0 ? ranges.upper[input] : ranges.lower[input]
            constant = differenceRoundedDown(constant, productRoundedUp(slope, corner))
            if Sums.kind == .rounded {
                loss += gamma(network.terms[input] + 2) * slope.magnitude * ranges.magnitude(input) + 0x1p-1000
            }
        }
        // Eight neurons of one layer at a time.
        var start = 0
        while start < phases.count {
            let (layer, first) = try preactivation(phases[start])
            begin(at: layer)
            for (input, slope) in slopes.enumerated() { add(Eight(repeating: slope), of: input) }
            add(constants: Eight(repeating: Sums.kind.down(constant)), losses: Eight(repeating: loss * sumSlack))
            var (lane, next) = (0, (layer: layer, feature: first))
            while lane < 8 && next.layer == layer {
                let phase = phases[start + lane]
                var multipliers = Eight.zero
                multipliers[lane] = Sums.kind.down(Double(phase.multiplier) * (phase.isActive ? 1 : -1))
                add(multipliers, of: next.feature)
                lane += 1
                if start + lane == phases.count { break }
                next = try preactivation(phases[start + lane])
            }
            let found = run(ranges, bounds)
            for place in 0..<lane where !(found[place] > 0) {
                throw CertificateError(
                    "the phase of neuron \(phases[start + place].neuron) does not follow: the bound is \(found[place])")
            }
            start += lane
        }
    }

    /// Where the neuron's preactivation is.
    ///
    /// - Throws: when there is no such neuron, or the multiplier may not be used.
    private func preactivation(_ phase: PhaseSplit) throws(CertificateError) -> (layer: Int, feature: Int) {
        guard let place = network.preactivation(of: phase.neuron) else {
            throw CertificateError("a phase of neuron \(phase.neuron), there are \(network.neuronCount)")
        }
        guard phase.multiplier >= 0, phase.multiplier.isFinite else {
            throw CertificateError("a phase follows with the multiplier \(phase.multiplier)")
        }
        return place
    }
}
