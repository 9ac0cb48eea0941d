import BoundPropagation

/// What a subproblem puts into a lane.
protocol LaneContent {
    var splits: NeuronSplit? { get }
    var parameters: ParameterBlock? { get }
    /// How many splits on the path, newest first, the parameters know nothing of.
    var freshSplits: Int { get }
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
            // The newest splits have no multiplier yet.
            var newest = content.splits
            for _ in 0..<content.freshSplits {
                guard let step = newest else { break }
                parameters[Int(step.slot) * lanes + lane] = 0
                newest = step.parent
            }
        }
    }

    /// A lane's slopes and multipliers.
    func parameterBlock(_ lane: Int) -> ParameterBlock {
        ParameterBlock((0..<slotCount).map { parameters[$0 * lanes + lane] })
    }
}
