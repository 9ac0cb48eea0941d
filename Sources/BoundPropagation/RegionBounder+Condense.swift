// The same region of a smaller network: on a region where a ReLU is known to be inactive its output is 0, so its row
// and column can go. Matrices between fully connected layers often shrink to a quarter, and every pass with them.

import Evaluation

extension RegionBounder {
    /// The region without the neurons that are inactive all over it, between linear layers.
    ///
    /// - Parameter target: a node that keeps all its features.
    /// - Precondition: not condensed already.
    /// - Soundness: on the region the condensed network is the same function, and its bounds are the same facts.
    public func condensed(keeping target: Int? = nil) -> RegionBounder {
        let kept = keptFeatures(target)
        if kept.isEmpty { return self }
        let model = BoundModel(plan: plan.keeping(kept))
        var condensed = NodeBounds(plan: model.plan, lower: bounds.lower[0], upper: bounds.upper[0])
        for node in 1..<plan.nodeCount {
            condensed.lower[node] = kept[node].map { $0.map { bounds.lower[node][$0] } } ?? bounds.lower[node]
            condensed.upper[node] = kept[node].map { $0.map { bounds.upper[node][$0] } } ?? bounds.upper[node]
        }
        var relaxations = Relaxations(plan: model.plan)
        for node in 0..<plan.nodeCount {
            condensed.residuals[node] = model.norms.residual(model.plan, node, bounds: condensed)
            if self.relaxations.tables[node] != nil { relaxations.add(node, plan: model.plan, bounds: condensed) }
        }
        return RegionBounder(model: model, bounds: condensed, relaxations: relaxations, origins: kept)
    }

    /// For the nodes that lose features, those that stay.
    private func keptFeatures(_ target: Int?) -> [Int: [Int]] {
        var readers = [[Int]](repeating: [], count: plan.nodeCount)
        for node in 0..<plan.nodeCount {
            for operand in plan.operands[node] { readers[operand].append(node) }
        }
        var kept: [Int: [Int]] = [:]
        for node in 1..<plan.nodeCount where node != target && node != plan.output {
            guard case .linear = plan.operations[node], plan.layouts[node].image == nil,
                !readers[node].isEmpty, readers[node].allSatisfy({ isRelu($0) && $0 != plan.output }),
                readers[node].allSatisfy({ readers[$0].allSatisfy { isLinear($0) } })
            else { continue }
            let stays = (0..<plan.layouts[node].count).filter { bounds.upper[node][$0] > 0 }
            if stays.count == plan.layouts[node].count || stays.isEmpty { continue }
            kept[node] = stays
            for reader in readers[node] { kept[reader] = stays }
        }
        return kept
    }

    private func isRelu(_ node: Int) -> Bool {
        if case .activation(let slope) = plan.operations[node] { slope == 0 } else { false }
    }

    private func isLinear(_ node: Int) -> Bool {
        if case .linear = plan.operations[node] { true } else { false }
    }
}
