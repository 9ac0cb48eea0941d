// Checking what a proof says of one region.

internal import Networks
internal import Properties

/// What each thread works with.
private final class Worker<Numbers: LaneNumbers>: @unchecked Sendable {
    // Used by one thread at a time.
    let pass: Backsubstitution<Numbers>
    let choices: LaneChoices

    init(_ network: CheckedNetwork) {
        pass = Backsubstitution(network)
        choices = LaneChoices(neurons: network.neuronCount)
    }
}

final class RegionCheck<Numbers: LaneNumbers> {
    private let network: CheckedNetwork
    private let property: Property
    private let region: Int
    private let threads: Int
    private let workers: [Worker<Numbers>]
    private var bounds: RegionBounds
    /// The disjuncts that are not refuted.
    private var open: Set<Int>
    private var isInSweep = false
    private var hasWalked = false
    /// Leaves are replayed eight at a time, and many eights at once.
    private static var leavesAtOnce: Int { 512 }

    init(_ network: CheckedNetwork, _ property: Property, _ region: Int, _ threads: Int) {
        self.network = network
        self.property = property
        self.region = region
        self.threads = threads
        workers = (0..<max(1, threads)).map { _ in Worker(network) }
        let box = property.regions[region]
        bounds = RegionBounds(network, lower: box.outwardLower, upper: box.outwardUpper, Numbers.kind)
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

    // MARK: bounds of neurons

    /// A tree that bounds one feature from one side.
    private struct Tree {
        var feature: Int
        var isLower: Bool
        var cover = SplitTree()
        var least = Double.infinity
        var isWhole = false
    }

    private func sweep(_ records: ByteReader, _ report: inout CheckReport) throws(CertificateError) {
        bounds.rewind()
        var node = 0
        var trees: [Tree] = []
        var leaves: [(tree: Int, leaf: ProofLeaf)] = []
        while true {
            let record = try ProofRecord.read(from: records)
            switch record {
            case .leaf(let leaf):
                guard let tree = trees.indices.last, !trees[tree].isWhole else { throw misplaced(record) }
                try trees[tree].cover.close(leaf.path)
                leaves.append((tree, leaf))
                report.leaves += 1
            case .endTree:
                guard let tree = trees.indices.last, !trees[tree].isWhole else { throw misplaced(record) }
                guard trees[tree].cover.isComplete else {
                    throw CertificateError(
                        "the tree for node \(node), feature \(trees[tree].feature), does not cover the region")
                }
                trees[tree].isWhole = true
                report.trees += 1
            case .beginTree(let next, let feature, let isLower):
                try checkEnded(trees.last, record)
                if next != node {
                    try replay(&leaves, &trees, of: node, isLast: true)
                    node = try walk(through: next)
                }
                guard feature < network.nodes[node].count else {
                    throw CertificateError("node \(node) has no feature \(feature)")
                }
                trees.append(Tree(feature: feature, isLower: isLower))
            case .plainBounds(let next):
                try checkEnded(trees.last, record)
                try replay(&leaves, &trees, of: node, isLast: true)
                node = try walk(through: next)
                try boundPlainly(node)
            case .endSweep:
                try checkEnded(trees.last, record)
                try replay(&leaves, &trees, of: node, isLast: true)
                bounds.walk(through: network.nodes.count - 1)
                hasWalked = true
                return
            default: throw misplaced(record)
            }
            if leaves.count >= Self.leavesAtOnce { try replay(&leaves, &trees, of: node, isLast: false) }
        }
    }

    private func checkEnded(_ tree: Tree?, _ record: ProofRecord) throws(CertificateError) {
        if let tree, !tree.isWhole { throw misplaced(record) }
    }

    private func walk(through node: Int) throws(CertificateError) -> Int {
        guard node > 0, node < network.nodes.count else {
            throw CertificateError("there is no node \(node) to bound, only 1 to \(network.nodes.count - 1)")
        }
        bounds.walk(through: node)
        return node
    }

    /// Every unstable feature from both sides, by one back-substitution each.
    private func boundPlainly(_ node: Int) throws(CertificateError) {
        let features = (0..<network.nodes[node].count).filter { bounds.isUnstable(node, $0) }
        let groups = stride(from: 0, to: features.count, by: 4).map {
            Array(features[$0..<min($0 + 4, features.count)])
        }
        let ranges = Ranges(lower: bounds.lower, upper: bounds.upper)
        let found = try inParallel(groups.count, threads: threads) {
            [bounds, workers] (worker, index) throws(CertificateError) in
            let pass = workers[worker].pass
            pass.begin(groups[index].flatMap { [($0, true), ($0, false)] }, of: node)
            return pass.run(from: node, ranges, payments: bounds.payments, underflow: bounds.underflow)
        }
        for (group, values) in zip(groups, found) {
            for (place, feature) in group.enumerated() {
                bounds.tighten(node, feature, lower: values[2 * place], upper: -values[2 * place + 1])
            }
        }
    }

    /// Bounds the leaves' objectives; with the last of them, takes over what whole trees show.
    private func replay(
        _ leaves: inout [(tree: Int, leaf: ProofLeaf)], _ trees: inout [Tree], of node: Int, isLast: Bool
    ) throws(CertificateError) {
        let ranges = Ranges(lower: bounds.lower, upper: bounds.upper)
        let all = leaves
        let targets = trees.map { ($0.feature, $0.isLower) }
        let found = try inParallel((all.count + 7) / 8, threads: threads) {
            [bounds, workers] (worker, index) throws(CertificateError) in
            let group = all[8 * index..<min(8 * index + 8, all.count)]
            let (pass, choices) = (workers[worker].pass, workers[worker].choices)
            try choices.load(group.map(\.leaf))
            pass.begin(group.map { targets[$0.tree] }, of: node)
            return pass.run(
                from: node, ranges, payments: bounds.payments, underflow: bounds.underflow, choices: choices)
        }
        for (index, leaf) in all.enumerated() {
            trees[leaf.tree].least = min(trees[leaf.tree].least, found[index / 8][index % 8])
        }
        leaves.removeAll(keepingCapacity: true)
        guard isLast else { return }
        for tree in trees {
            if tree.isLower {
                bounds.tighten(node, tree.feature, lower: tree.least, upper: .infinity)
            } else {
                bounds.tighten(node, tree.feature, lower: -.infinity, upper: -tree.least)
            }
        }
        trees.removeAll(keepingCapacity: true)
    }

    // MARK: searches

    private func checkWalked() throws(CertificateError) {
        if !hasWalked { throw CertificateError("a search begins before any sweep has bounded the network") }
    }

    private func phases(_ records: ByteReader, _ report: inout CheckReport) throws(CertificateError) {
        try checkWalked()
        var covers: [Int: SplitTree] = [:]
        var leaves: [(disjunct: Int, leaf: ProofLeaf)] = []
        while true {
            let record = try ProofRecord.read(from: records)
            switch record {
            case .phaseLeaf(let disjunct, let leaf):
                guard property.disjuncts.indices.contains(disjunct), property.disjuncts[disjunct].region == region
                else { throw CertificateError("disjunct \(disjunct) is none of this region") }
                try covers[disjunct, default: SplitTree()].close(leaf.path)
                leaves.append((disjunct, leaf))
                report.leaves += 1
                if leaves.count >= Self.leavesAtOnce { try refute(&leaves) }
            case .endSearch:
                try refute(&leaves)
                for (disjunct, cover) in covers where cover.isComplete { open.remove(disjunct) }
                return
            default: throw misplaced(record)
            }
        }
    }

    /// Sees that every leaf's bound is positive.
    private func refute(_ leaves: inout [(disjunct: Int, leaf: ProofLeaf)]) throws(CertificateError) {
        let all = leaves
        let ranges = Ranges(lower: bounds.lower, upper: bounds.upper)
        _ = try inParallel((all.count + 7) / 8, threads: threads) {
            [bounds, workers, property, network] (worker, index) throws(CertificateError) in
            let group = all[8 * index..<min(8 * index + 8, all.count)]
            let (pass, choices) = (workers[worker].pass, workers[worker].choices)
            try choices.load(group.map(\.leaf))
            var objectives: [Objective] = []
            for (disjunct, leaf) in group {
                objectives.append(
                    try Objective.combination(property.disjuncts[disjunct].constraints, weights: leaf.weights))
            }
            pass.begin(objectives, bounds)
            let found = pass.run(
                from: network.output, ranges, payments: bounds.payments, underflow: bounds.underflow,
                choices: choices)
            for (lane, (disjunct, leaf)) in group.enumerated() where !(found[lane] > 0) {
                throw CertificateError(
                    "a leaf of \(leaf.path.count) splits does not refute disjunct \(disjunct): its bound is "
                        + "\(found[lane])")
            }
        }
        leaves.removeAll(keepingCapacity: true)
    }

    // MARK: boxes

    private func boxes(_ records: ByteReader, _ disjuncts: [Int], _ report: inout CheckReport)
        throws(CertificateError)
    {
        try checkWalked()
        guard Set(disjuncts).isSubset(of: property.disjuncts.indices.filter { property.disjuncts[$0].region == region })
        else { throw CertificateError("a search over boxes names disjuncts that are none of this region") }
        var search = try BoxCheck<Numbers>(network, property, bounds, disjuncts: disjuncts)
        let passes = workers.map(\.pass)
        var steps: [(box: Int, step: BoxStep)] = []
        while true {
            let record = try ProofRecord.read(from: records)
            switch record {
            case .box(let number, let step):
                // Children of a box that is still to be checked have to wait for it.
                if !search.isReady(number) || steps.count >= Self.leavesAtOnce {
                    try search.take(&steps, passes, threads)
                }
                guard search.claim(number) else {
                    throw CertificateError("box \(number) is not open: it was never made, or is decided already")
                }
                steps.append((number, step))
                report.boxes += 1
            case .endSearch:
                try search.take(&steps, passes, threads)
                guard search.isFinished else { throw CertificateError("some boxes are left undecided") }
                open.subtract(disjuncts)
                return
            default: throw misplaced(record)
            }
        }
    }
}
