// The same region of a smaller network: on a region where a ReLU is known to be inactive its output is 0, so nobody
// needs its row, nor what only its row reads. Matrices often shrink to a quarter; a convolution becomes a sparse matrix
// of what is left of it, and every pass costs that much less.

import Evaluation
import Networks

extension RegionBounder {
    /// The region without the features that cannot matter on it.
    ///
    /// - Parameters:
    ///   - target: a node that keeps all its features.
    ///   - convolutions: whether convolutions may become sparse matrices; where not, images stay as they are.
    ///   - worthwhileShare: of the multiplications, what must be left at most for that. A sparse matrix reads its operand
    ///     from further away than a convolution.
    /// - Precondition: not condensed already.
    /// - Soundness: on the region the condensed network is the same function, and its bounds are the same facts.
    public func condensed(
        keeping target: Int? = nil, convolutions: Bool = true, worthwhileShare: Double = 0.6
    ) -> RegionBounder {
        let hasImages = (1..<plan.nodeCount).contains { plan.layouts[$0].image != nil }
        var liveness = Liveness(self, target: target, keepsImages: hasImages && !convolutions)
        liveness.spread()
        let kept = (0..<plan.nodeCount).map { liveness.kept($0) }
        if (1..<plan.nodeCount).allSatisfy({ kept[$0].features.count == plan.layouts[$0].count }) { return self }
        let isFlattened = hasImages && convolutions
        let smaller = plan.keeping(kept, flattening: isFlattened)
        if isFlattened && Double(smaller.multiplyAdds) > worthwhileShare * Double(plan.multiplyAdds) {
            return condensed(keeping: target, convolutions: false)
        }
        var origins: [Int: [Int]] = [:]
        for node in 1..<plan.nodeCount where kept[node].features.count < plan.layouts[node].count {
            origins[node] = kept[node].features
        }
        let model = BoundModel(plan: smaller)
        var condensed = NodeBounds(plan: model.plan, lower: bounds.lower[0], upper: bounds.upper[0])
        for node in 1..<plan.nodeCount {
            condensed.lower[node] = kept[node].features.map { bounds.lower[node][$0] }
            condensed.upper[node] = kept[node].features.map { bounds.upper[node][$0] }
        }
        var relaxations = Relaxations(plan: model.plan)
        for node in 0..<plan.nodeCount {
            condensed.residuals[node] = model.norms.residual(model.plan, node, bounds: condensed)
            if self.relaxations.has(node) { relaxations.add(node, plan: model.plan, bounds: condensed) }
        }
        return RegionBounder(model: model, bounds: condensed, relaxations: relaxations, origins: origins)
    }
}

/// Which features somebody needs.
private struct Liveness {
    private let region: RegionBounder
    private let plan: LanePlan
    /// Nodes that number their features alike, by the first of them.
    private var leaders: [Int]
    private var isLive: [[Bool]]
    /// Per node the features known to be 0; empty where none is.
    private var isZero: [[Bool]]

    init(_ region: RegionBounder, target: Int?, keepsImages: Bool) {
        self.region = region
        plan = region.plan
        leaders = Array(0..<plan.nodeCount)
        isLive = plan.layouts.map { [Bool](repeating: false, count: $0.count) }
        isZero = Array(repeating: [], count: plan.nodeCount)
        for node in 1..<plan.nodeCount {
            switch plan.operations[node] {
            case .input, .linear, .convolution, .select: break
            case .elementwise, .sum, .activation, .smooth:
                for operand in plan.operands[node] { unite(node, operand) }
            }
            if case .activation(let slope) = plan.operations[node], slope == 0 {
                isZero[node] = region.bounds.upper[plan.operands[node][0]].map { $0 <= 0 }
            }
        }
        for node in [0, plan.output] + [target].compactMap({ $0 }) { keepAll(node) }
        for node in 0..<plan.nodeCount where keepsImages && plan.layouts[node].image != nil { keepAll(node) }
    }

    private func leader(_ node: Int) -> Int {
        var node = node
        while leaders[node] != node { node = leaders[node] }
        return node
    }

    private mutating func unite(_ a: Int, _ b: Int) {
        let (first, second) = (leader(a), leader(b))
        leaders[max(first, second)] = min(first, second)
    }

    private mutating func keepAll(_ node: Int) {
        let first = leader(node)
        for feature in isLive[first].indices { isLive[first][feature] = true }
    }

    /// Marks what is needed until nothing more is. A value that nobody needs keeps one feature, for kernels know none
    /// without, and that feature needs its operands.
    mutating func spread() {
        while true {
            let before = liveCounts
            for node in stride(from: plan.nodeCount - 1, to: 0, by: -1) { markOperands(node) }
            if liveCounts != before { continue }
            let unneeded = isLive.indices.filter { leaders[$0] == $0 && !isLive[$0].contains(true) }
            if unneeded.isEmpty { return }
            for node in unneeded { isLive[node][0] = true }
        }
    }

    private var liveCounts: [Int] { isLive.map { $0.count(where: { $0 }) } }

    private mutating func markOperands(_ node: Int) {
        let live = isLive[leader(node)]
        let operand = plan.operands[node][0]
        let first = leader(operand)
        let zero = isZero[operand]
        func isNeeded(_ feature: Int) -> Bool { zero.isEmpty || !zero[feature] }
        switch plan.operations[node] {
        case .input, .elementwise, .sum, .activation, .smooth: break
        case .linear:
            if live.contains(true) {
                for feature in isLive[first].indices where isNeeded(feature) { isLive[first][feature] = true }
            }
        case .convolution(let convolution):
            let (inputs, outputs) = (convolution.inputChannels, convolution.outputChannels)
            for pixel in 0..<live.count / outputs where live[pixel * outputs..<(pixel + 1) * outputs].contains(true) {
                convolution.forEachTap(ofPixel: pixel) { source, _ in
                    for feature in source * inputs..<(source + 1) * inputs where isNeeded(feature) {
                        isLive[first][feature] = true
                    }
                }
            }
        case .select(let selection):
            for (feature, source) in selection.sources.enumerated() where live[feature] && source >= 0 {
                if isNeeded(Int(source)) { isLive[first][Int(source)] = true }
            }
        }
    }

    func kept(_ node: Int) -> KeptFeatures {
        let live = isLive[leader(node)]
        return KeptFeatures(live.indices.filter { live[$0] }, of: live.count, isZero: isZero[node])
    }
}
