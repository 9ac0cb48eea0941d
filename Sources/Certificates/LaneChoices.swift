// What eight leaves of a proof say of each neuron.

/// Lower slopes, signs and multipliers by neuron and lane.
final class LaneChoices {
    struct Choice {
        /// NaN: the standard slope.
        var slopes = Eight(repeating: .nan)
        /// 1: the preactivation is >= 0; -1: <= 0; 0: not split.
        var phases = Eight.zero
        var multipliers = Eight.zero
        var isSplit = false
    }

    /// By neuron.
    let choices: UnsafeMutableBufferPointer<Choice>
    private var touched: [Int] = []

    init(neurons: Int) {
        choices = .allocate(capacity: neurons)
        choices.initialize(repeating: Choice())
    }

    deinit { choices.deallocate() }

    /// Up to eight leaves; further lanes are left alone.
    ///
    /// - Throws: when a leaf speaks of a neuron that does not exist.
    func load(_ leaves: [ProofLeaf]) throws(CertificateError) {
        for neuron in touched { choices[neuron] = Choice() }
        touched.removeAll(keepingCapacity: true)
        for (lane, leaf) in leaves.enumerated() {
            for slope in leaf.slopes {
                try touch(slope.neuron)
                choices[slope.neuron].slopes[lane] = Double(slope.units) / NeuronSlope.unitsPerOne
            }
            for split in leaf.path {
                try touch(split.neuron)
                guard choices[split.neuron].phases[lane] == 0 else {
                    throw CertificateError("a leaf splits neuron \(split.neuron) twice")
                }
                choices[split.neuron].phases[lane] = split.isActive ? 1 : -1
                choices[split.neuron].multipliers[lane] = Double(split.multiplier)
                choices[split.neuron].isSplit = true
            }
        }
    }

    private func touch(_ neuron: Int) throws(CertificateError) {
        guard choices.indices.contains(neuron) else {
            throw CertificateError("a leaf speaks of neuron \(neuron), there are \(choices.count)")
        }
        touched.append(neuron)
    }
}
