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
        var terms: [Objective.Term] = []
        for (input, slope) in slopes.enumerated() where slope != 0 {
            let corner = slope < 0 ? ranges.upper[input] : ranges.lower[input]
            constant = differenceRoundedDown(constant, productRoundedUp(slope, corner))
            terms.append(Objective.Term(feature: input, coefficient: slope, radius: 0))
        }
        // The preactivations of one layer at a time.
        var waiting: [(layer: Int, phase: PhaseSplit, objective: Objective)] = []
        for phase in phases {
            guard let (layer, feature) = network.preactivation(of: phase.neuron) else {
                throw CertificateError("a phase of neuron \(phase.neuron), there are \(network.neuronCount)")
            }
            guard phase.multiplier >= 0, phase.multiplier.isFinite else {
                throw CertificateError("a phase follows with the multiplier \(phase.multiplier)")
            }
            if waiting.count == 8 || waiting.first.map({ $0.layer != layer }) ?? false {
                try check(&waiting, ranges, bounds)
            }
            let multiplier = Double(phase.multiplier) * (phase.isActive ? 1 : -1)
            let term = Objective.Term(feature: feature, coefficient: multiplier, radius: 0)
            waiting.append((layer, phase, Objective(terms: terms + [term], constant: constant)))
        }
        try check(&waiting, ranges, bounds)
    }

    private func check(
        _ waiting: inout [(layer: Int, phase: PhaseSplit, objective: Objective)], _ ranges: Ranges,
        _ bounds: RegionBounds
    ) throws(CertificateError) {
        guard let layer = waiting.first?.layer else { return }
        begin(waiting.map { $0.objective }, at: layer, bounds)
        let found = run(ranges, bounds)
        for (lane, step) in waiting.enumerated() where !(found[lane] > 0) {
            throw CertificateError(
                "the phase of neuron \(step.phase.neuron) does not follow: the bound is \(found[lane])")
        }
        waiting.removeAll()
    }
}
