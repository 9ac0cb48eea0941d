import BoundPropagation

extension SearchProblem {
    /// The certified bound of every disjunct's margin before anything is split, with optimised slopes.
    ///
    /// - Soundness: each is a lower bound of the largest margin of its disjunct's constraints over the region.
    public func rootBounds() -> [Double] {
        let bounder = LaneBounder(region, lanes: BatchBounder.lanes)
        var bounds: [Double] = []
        for start in stride(from: 0, to: disjuncts.count, by: BatchBounder.lanes) {
            let part = start..<min(disjuncts.count, start + BatchBounder.lanes)
            bounder.use(lanes: part.count)
            bounder.setObjectives(
                LaneObjectives(part.map { index in disjuncts[index].map { (1 / Double(disjuncts[index].count), $0) } }))
            bounder.load(
                part.map {
                    Subproblem(disjunct: $0, bound: -.infinity, splits: nil, parameters: nil, weights: [], number: $0)
                })
            var ascent = AscentOptions(iterations: 20)
            ascent.slopeRate = 0.1
            ascent.stopsWhenPositive = false
            _ = bounder.ascend(ascent)
            bounds += bounder.certify()[..<part.count]
        }
        return bounds
    }
}
