// Checking what a proof says of one region.

internal import Networks
internal import Properties

final class RegionCheck<Sums: LaneSums> {
    private let network: CheckedNetwork
    private let property: Property
    private let region: Int
    private let workers: [Backsubstitution<Sums>]
    private var bounds: RegionBounds
    /// The disjuncts that are not refuted.
    private var open: Set<Int>
    private var hasWalked = false
    /// Leaves are replayed eight at a time, and many eights at once.
    private static var leavesAtOnce: Int { 512 }

    init(_ network: CheckedNetwork, _ property: Property, _ region: Int, _ threads: Int) {
        self.network = network
        self.property = property
        self.region = region
        workers = (0..<max(1, threads)).map { _ in Backsubstitution(network) }
        let box = property.regions[region]
        bounds = RegionBounds(network, lower: box.outwardLower, upper: box.outwardUpper, Sums.kind)
        open = Set(property.disjuncts.indices.filter { property.disjuncts[$0].region == region })
    }

    /// Reads records until the region's end.
    func run(_ records: ByteReader, _ report: inout CheckReport) throws(CertificateError) {
        while true {
            switch try ProofRecord.read(from: records) {
            case .beginSweep: try sweep(records, &report)
            case .beginPhases: try phases(records, &report)
            case .beginBoxes(let disjuncts): try boxes(records, disjuncts, &report)
            case .endRegion:
                if let disjunct = open.min() { throw CertificateError("disjunct \(disjunct) is not refuted") }
                return
            case let other: throw misplaced(other)
            }
        }
    }

    private func misplaced(_ record: ProofRecord) -> CertificateError {
        CertificateError("a record stands where none of its kind may: \(record.text)")
    }

    private var ranges: Ranges { Ranges(lower: bounds.lower, upper: bounds.upper) }

    // MARK: bounds of neurons

    /// A tree that bounds one feature from one side.
    private struct Tree {
        var feature: Int
        var isLower: Bool
        var least = Double.infinity
    }

    private func sweep(_ records: ByteReader, _ report: inout CheckReport) throws(CertificateError) {
        bounds.rewind()
        var node = 0
        // Trees of the node, whose leaves are replayed together.
        var trees: [Tree] = []
        var leaves: [(tree: Int, leaf: ProofLeaf)] = []
        while true {
            let record = try ProofRecord.read(from: records)
            switch record {
            case .beginTree(let next, let feature, let isLower):
                if next != node {
                    try takeOver(&leaves, &trees, of: node)
                    node = try walk(through: next)
                }
                guard feature < network.layers[node].features.count else {
                    throw CertificateError("node \(node) has no feature \(feature)")
                }
                let found = try tree(records, node, feature)
                leaves += found.map { (trees.count, $0) }
                report.leaves += found.count
                trees.append(Tree(feature: network.layers[node].features.lowerBound + feature, isLower: isLower))
                report.trees += 1
                if leaves.count >= Self.leavesAtOnce { try replay(&leaves, &trees, of: node) }
            case .plainBounds(let next):
                try takeOver(&leaves, &trees, of: node)
                node = try walk(through: next)
                try boundPlainly(node)
            case .endSweep:
                try takeOver(&leaves, &trees, of: node)
                bounds.walk(through: network.layers.count - 1, in: Sums.self)
                hasWalked = true
                return
            default: throw misplaced(record)
            }
        }
    }

    /// The leaves of a tree, which cover the region.
    private func tree(_ records: ByteReader, _ node: Int, _ feature: Int) throws(CertificateError) -> [ProofLeaf] {
        var cover = SplitTree()
        var leaves: [ProofLeaf] = []
        while true {
            let record = try ProofRecord.read(from: records)
            switch record {
            case .leaf(let leaf):
                try cover.close(leaf.path)
                leaves.append(leaf)
            case .endTree:
                if cover.isComplete { return leaves }
                throw CertificateError("the tree for node \(node), feature \(feature), does not cover the region")
            default: throw misplaced(record)
            }
        }
    }

    private func walk(through node: Int) throws(CertificateError) -> Int {
        guard node > 0, node < network.layers.count else {
            throw CertificateError("there is no node \(node) to bound, only 1 to \(network.layers.count - 1)")
        }
        bounds.walk(through: node, in: Sums.self)
        return node
    }

    /// Every unstable feature from both sides, by one back-substitution each.
    private func boundPlainly(_ node: Int) throws(CertificateError) {
        let features = network.layers[node].features.filter { bounds.isUnstable($0) }
        let found = try inParallel((features.count + 3) / 4, threads: workers.count) {
            [bounds, workers, ranges] (worker, index) throws(CertificateError) in
            let group = features[4 * index..<min(4 * index + 4, features.count)]
            workers[worker].begin(group.flatMap { [($0, true), ($0, false)] }, of: node)
            return workers[worker].run(ranges, bounds)
        }
        for (place, feature) in features.enumerated() {
            let values = found[place / 4]
            bounds.tighten(feature, lower: values[place % 4 * 2], upper: -values[place % 4 * 2 + 1])
        }
    }

    /// Bounds the leaves' objectives.
    private func replay(_ leaves: inout [(tree: Int, leaf: ProofLeaf)], _ trees: inout [Tree], of node: Int)
        throws(CertificateError)
    {
        let found = try inParallel((leaves.count + 7) / 8, threads: workers.count) {
            [bounds, workers, ranges, leaves, trees] (worker, index) throws(CertificateError) in
            let group = leaves[8 * index..<min(8 * index + 8, leaves.count)]
            let pass = workers[worker]
            try pass.choices.load(group.map { $0.leaf })
            pass.begin(group.map { (trees[$0.tree].feature, trees[$0.tree].isLower) }, of: node)
            return pass.run(ranges, bounds, splits: true)
        }
        for (place, leaf) in leaves.enumerated() {
            trees[leaf.tree].least = min(trees[leaf.tree].least, found[place / 8][place % 8])
        }
        leaves.removeAll(keepingCapacity: true)
    }

    /// Takes over what the node's trees show.
    private func takeOver(_ leaves: inout [(tree: Int, leaf: ProofLeaf)], _ trees: inout [Tree], of node: Int)
        throws(CertificateError)
    {
        try replay(&leaves, &trees, of: node)
        for tree in trees {
            bounds.tighten(
                tree.feature, lower: tree.isLower ? tree.least : -.infinity,
                upper: tree.isLower ? .infinity : -tree.least)
        }
        trees.removeAll(keepingCapacity: true)
    }

    // MARK: searches

    private func checkWalked() throws(CertificateError) {
        if !hasWalked { throw CertificateError("a search begins before any sweep has bounded the network") }
    }

    /// A leaf of a disjunct, and what it is to show: phases of every counterexample there or, without any, that there is
    /// none.
    private typealias PhaseStep = (disjunct: Int, leaf: ProofLeaf, implied: [PhaseSplit])

    private func phases(_ records: ByteReader, _ report: inout CheckReport) throws(CertificateError) {
        try checkWalked()
        var covers: [Int: SplitTree] = [:]
        var steps: [PhaseStep] = []
        while true {
            let record = try ProofRecord.read(from: records)
            let step: PhaseStep
            switch record {
            case .phaseLeaf(let disjunct, let leaf):
                step = (disjunct, leaf, [])
                try covers[disjunct, default: SplitTree()].close(leaf.path)
            case .implied(let disjunct, let leaf, let phases):
                guard !phases.isEmpty else { throw CertificateError("a leaf is to show nothing") }
                step = (disjunct, leaf, phases)
                // Each phase's other side is closed, where those before it hold.
                for (place, phase) in phases.enumerated() {
                    var path = leaf.path + phases[...place]
                    path[path.count - 1].isActive = !phase.isActive
                    try covers[disjunct, default: SplitTree()].close(path)
                }
            case .endSearch:
                try refute(&steps)
                for (disjunct, cover) in covers where cover.isComplete { open.remove(disjunct) }
                return
            default: throw misplaced(record)
            }
            guard property.disjuncts.indices.contains(step.disjunct), property.disjuncts[step.disjunct].region == region
            else { throw CertificateError("disjunct \(step.disjunct) is none of this region") }
            steps.append(step)
            report.leaves += 1
            if steps.count >= Self.leavesAtOnce { try refute(&steps) }
        }
    }

    /// Sees that every leaf's bound is positive, or that its phases follow.
    private func refute(_ steps: inout [PhaseStep]) throws(CertificateError) {
        _ = try inParallel((steps.count + 7) / 8, threads: workers.count) {
            [bounds, workers, ranges, property, network, steps] (worker, index) throws(CertificateError) in
            let group = Array(steps[8 * index..<min(8 * index + 8, steps.count)])
            let pass = workers[worker]
            try pass.choices.load(group.map { $0.leaf })
            var objectives: [Objective] = []
            for (disjunct, leaf, _) in group {
                let constraints = property.disjuncts[disjunct].constraints
                objectives.append(try Objective(constraints, weights: leaf.weights, of: network))
            }
            pass.begin(objectives, bounds)
            let found = pass.run(ranges, bounds, splits: true)
            let slopes = pass.slopes
            for (lane, step) in group.enumerated() where !(found[lane] > 0) {
                if step.implied.isEmpty {
                    throw CertificateError(
                        "a leaf of \(step.leaf.path.count) splits does not refute disjunct \(step.disjunct): its bound is "
                            + "\(found[lane])")
                }
                try pass.check(step.implied, bound: found[lane], slopes: slopes.map { $0[lane] }, ranges, bounds)
            }
        }
        steps.removeAll(keepingCapacity: true)
    }

    // MARK: boxes

    private func boxes(_ records: ByteReader, _ disjuncts: [Int], _ report: inout CheckReport)
        throws(CertificateError)
    {
        try checkWalked()
        guard Set(disjuncts).isSubset(of: property.disjuncts.indices.filter { property.disjuncts[$0].region == region })
        else { throw CertificateError("a search over boxes names disjuncts that are none of this region") }
        var search = try BoxCheck(network, property, bounds, disjuncts: disjuncts, workers)
        var steps: [(box: Int, step: BoxStep)] = []
        while true {
            let record = try ProofRecord.read(from: records)
            switch record {
            case .box(let number, let step):
                // Children of a box that is still to be checked have to wait for it.
                if !search.isReady(number) || steps.count >= Self.leavesAtOnce { try search.take(&steps) }
                guard search.claim(number) else {
                    throw CertificateError("box \(number) is not open: it was never made, or is decided already")
                }
                steps.append((number, step))
                report.boxes += 1
            case .endSearch:
                try search.take(&steps)
                guard search.isFinished else { throw CertificateError("some boxes are left undecided") }
                open.subtract(disjuncts)
                return
            default: throw misplaced(record)
            }
        }
    }
}
