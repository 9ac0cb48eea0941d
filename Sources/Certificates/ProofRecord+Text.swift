// Records as lines for people.

extension ProofRecord {
    /// One line.
    public var text: String {
        switch self {
        case .region(let region): "region \(region)"
        case .endRegion: "end of region"
        case .beginSweep: "sweep"
        case .endSweep: "end of sweep"
        case .plainBounds(let node): "back-substitute every unstable feature of node \(node)"
        case .beginTree(let node, let feature, let isLower):
            "\(isLower ? "lower" : "upper") bound of node \(node) feature \(feature)"
        case .leaf(let leaf): "leaf \(leaf.text)"
        case .endTree: "end of tree"
        case .beginPhases: "search over phases"
        case .phaseLeaf(let disjunct, let leaf): "leaf of disjunct \(disjunct) \(leaf.text)"
        case .implied(let disjunct, let leaf, let phases):
            "follows for disjunct \(disjunct): \(phases.text) from \(leaf.text)"
        case .beginBoxes(let disjuncts):
            "search over boxes, disjuncts \(disjuncts.map(String.init).joined(separator: " "))"
        case .box(let number, let step): "box \(number) \(step.text)"
        case .endSearch: "end of search"
        case .end: "end"
        }
    }

    /// How deep the record stands in the proof.
    public var depth: Int {
        switch self {
        case .region, .endRegion, .end: 0
        case .beginSweep, .endSweep, .beginPhases, .beginBoxes, .endSearch: 1
        case .plainBounds, .beginTree, .endTree, .phaseLeaf, .implied, .box: 2
        case .leaf: 3
        }
    }
}

extension [PhaseSplit] {
    fileprivate var text: String {
        isEmpty
            ? "whole region"
            : map { "\($0.neuron)\($0.isActive ? ">=0" : "<=0")(\($0.multiplier))" }.joined(separator: " ")
    }
}

extension ProofLeaf {
    fileprivate var text: String {
        var parts = [path.text]
        if !weights.isEmpty { parts.append("weights " + weights.map(\.description).joined(separator: " ")) }
        if !slopes.isEmpty {
            parts.append("slopes " + slopes.map { "\($0.neuron):\($0.units)/128" }.joined(separator: " "))
        }
        return parts.joined(separator: " ")
    }
}

extension BoxStep {
    fileprivate var text: String {
        let work =
            switch effort {
            case .none: ""
            case .forward: "bounded forward, "
            case .backward: "bounded backward, "
            case .refined: "refined, "
            }
        return switch action {
        case .close: work + "closed"
        case .halve(let axis): work + "halved along moving input \(axis)"
        case .cut(let axis, let value): work + "cut along moving input \(axis) at \(value)"
        }
    }
}
