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
            var split = content.splits
            while let step = split {
                phases[Int(step.slot) * lanes + lane] = step.phase
                split = step.parent
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
