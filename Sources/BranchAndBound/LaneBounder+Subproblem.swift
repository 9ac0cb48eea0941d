import BoundPropagation

/// What a subproblem puts into a lane.
protocol LaneContent {
    var splits: NeuronSplit? { get }
    var parameters: ParameterBlock? { get }
}

extension LaneBounder {
    /// Puts every subproblem's splits, slopes and multipliers into its lane; lanes beyond them repeat the first.
    func load(_ contents: [some LaneContent]) {
        resetParameters()
        for lane in 0..<lanes {
            let content = contents[lane < contents.count ? lane : 0]
            content.parameters?.values.withUnsafeBufferPointer { values in
                for slot in values.indices { parameters[slot * lanes + lane] = values[slot] }
            }
            // The subproblem keeps its path alive; counting references on the way would cost more than the steps.
            var split = content.splits.map(Unmanaged.passUnretained)
            while let step = split {
                split = step._withUnsafeGuaranteedRef {
                    phases[Int($0.slot) * lanes + lane] = $0.phase
                    return $0.parent.map(Unmanaged.passUnretained)
                }
            }
            // The newest split has no multiplier yet.
            if let newest = content.splits { parameters[Int(newest.slot) * lanes + lane] = 0 }
        }
    }

    /// A lane's slopes and multipliers.
    func parameterBlock(_ lane: Int) -> ParameterBlock {
        ParameterBlock((0..<slotCount).map { parameters[$0 * lanes + lane] })
    }
}
