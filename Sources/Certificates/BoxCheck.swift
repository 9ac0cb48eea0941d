// Replaying a search over input boxes.

internal import Networks
internal import Properties

struct BoxCheck<Sums: LaneSums> {
    private struct Open {
        var box: Box
        var disjuncts: [Int]
        var isTaken = false
    }

    private let network: CheckedNetwork
    private let bounds: RegionBounds
    /// Inputs wider than the rounding of their ends.
    private let moving: [Int]
    /// By disjunct; empty for those of other searches.
    private let objectives: [[Objective]]
    private let workers: [Backsubstitution<Sums>]
    /// By worker.
    private let memories: [FormsMemory<Sums>]
    /// By number: boxes that are made and not decided.
    private var open: [Int: Open]
    private var made = 1

    /// Forward bounds take memory in proportion to the inputs that move.
    private static var mostMoving: Int { 63 }

    /// - Throws: when too many inputs move.
    init(
        _ network: CheckedNetwork, _ property: Property, _ bounds: RegionBounds, disjuncts: [Int],
        _ workers: [Backsubstitution<Sums>]
    ) throws(CertificateError) {
        self.network = network
        self.bounds = bounds
        self.workers = workers
        let (lower, upper) = (bounds.lower, bounds.upper)
        moving = network.inputs.filter { upper[$0] - lower[$0] > 4 * max(lower[$0].ulp, upper[$0].ulp) }
        guard moving.count <= Self.mostMoving else {
            throw CertificateError(
                "a search over boxes of \(moving.count) moving inputs; at most \(Self.mostMoving) may move")
        }
        let count = moving.count
        memories = workers.map { _ in FormsMemory(features: network.featureCount, moving: count) }
        var objectives: [[Objective]] = []
        for disjunct in property.disjuncts {
            objectives.append([])
            for constraint in disjunct.constraints {
                objectives[objectives.count - 1].append(try Objective([constraint], of: network))
            }
        }
        self.objectives = objectives
        open = [
            0: Open(box: Box(lower: moving.map { lower[$0] }, upper: moving.map { upper[$0] }), disjuncts: disjuncts)
        ]
    }

    var isFinished: Bool { open.isEmpty }

    /// Whether the box is known.
    func isReady(_ number: Int) -> Bool { open[number] != nil }

    /// Marks a box as being worked on; false when it is not open.
    mutating func claim(_ number: Int) -> Bool {
        guard open[number]?.isTaken == false else { return false }
        open[number]!.isTaken = true
        return true
    }

    /// Carries out the steps, all of open boxes, and makes the boxes that halving gives, in the order of the steps.
    mutating func take(_ steps: inout [(box: Int, step: BoxStep)]) throws(CertificateError) {
        let work = steps.map { (open[$0.box]!, $0.step) }
        let found = try inParallel(work.count, threads: workers.count) {
            [self] (worker, index) throws(CertificateError) in
            refine(work[index].0, work[index].1.effort, workers[worker], memories[worker])
        }
        for (place, (number, step)) in steps.enumerated() {
            open[number] = nil
            let left = found[place]
            switch step.action {
            case .close:
                guard left.disjuncts.isEmpty else {
                    throw CertificateError("box \(number) is closed, but disjunct \(left.disjuncts[0]) is not refuted")
                }
            case .halve(let axis):
                try divide(left, number, axis) { $0 / 2 + $1 / 2 }
            case .cut(let axis, let value):
                guard value.isFinite else { throw CertificateError("box \(number) is cut at \(value)") }
                try divide(left, number, axis) { min(max(value, $0), $1) }
            }
        }
        steps.removeAll(keepingCapacity: true)
    }

    private mutating func divide(_ part: Open, _ number: Int, _ axis: Int, at cut: (Double, Double) -> Double)
        throws(CertificateError)
    {
        guard moving.indices.contains(axis) else {
            throw CertificateError("box \(number) is halved along input \(axis) of \(moving.count) that move")
        }
        let value = cut(part.box.lower[axis], part.box.upper[axis])
        var (left, right) = (part, part)
        (left.isTaken, right.isTaken) = (false, false)
        left.box.upper[axis] = value
        right.box.lower[axis] = value
        open[made] = left
        open[made + 1] = right
        made += 2
    }

    /// What the effort leaves of a box and its disjuncts.
    private func refine(
        _ start: Open, _ effort: BoxStep.Effort, _ pass: Backsubstitution<Sums>, _ memory: FormsMemory<Sums>
    ) -> Open {
        var result = start
        if effort == .none { return result }
        var forms = BoxForms(network, start.box, moving: moving, bounds, memory)
        result.disjuncts = []
        for disjunct in start.disjuncts where !Self.refutes(&forms, objectives[disjunct]) {
            result.disjuncts.append(disjunct)
        }
        if effort == .forward || result.disjuncts.isEmpty { return result }
        clip(&result, within: start.box, forms.ranges, pass)
        if effort == .backward || result.disjuncts.isEmpty { return result }
        refineNeurons(&forms, pass)
        clip(&result, within: start.box, forms.ranges, pass)
        return result
    }

    private static func refutes(_ forms: inout BoxForms<Sums>, _ objectives: [Objective]) -> Bool {
        for objective in objectives where forms.bound(objective) > 0 { return true }
        return false
    }

    /// Bounds the open disjuncts' constraints by back-substitution, and clips the box by them.
    private func clip(_ part: inout Open, within box: Box, _ ranges: Ranges, _ pass: Backsubstitution<Sums>) {
        let rows = part.disjuncts.flatMap { objectives[$0] }
        var planes: [MarginPlane] = []
        for start in stride(from: 0, to: rows.count, by: 8) {
            let group = Array(rows[start..<min(start + 8, rows.count)])
            pass.begin(group, bounds)
            let found = pass.run(ranges, bounds)
            let slopes = moving.map { pass.slopes[$0] }
            for lane in group.indices {
                planes.append(MarginPlane(bound: found[lane], slopes: slopes.map { $0[lane] }))
            }
        }
        var hull: Box?
        var left: [Int] = []
        var first = 0
        for disjunct in part.disjuncts {
            let own = Array(planes[first..<first + objectives[disjunct].count])
            first += own.count
            guard let piece = box.clipped(by: own) else { continue }
            hull = hull?.hull(piece) ?? piece
            left.append(disjunct)
        }
        part.disjuncts = left
        if let hull { part.box = hull }
    }

    /// Tightens the neurons that are unstable on the box, layer by layer.
    private func refineNeurons(_ forms: inout BoxForms<Sums>, _ pass: Backsubstitution<Sums>) {
        var done = Set<Int>()
        for layer in network.layers {
            guard case .activation = layer.kind else { continue }
            let operand = layer.operands[0]
            if network.layers[operand].operands == [0] || !done.insert(operand).inserted { continue }
            let features = network.layers[operand].features.filter {
                forms.ranges.lower[$0] < 0 && forms.ranges.upper[$0] > 0
            }
            for start in stride(from: 0, to: features.count, by: 4) {
                let group = features[start..<min(start + 4, features.count)]
                pass.begin(group.flatMap { [($0, true), ($0, false)] }, of: operand)
                let found = pass.run(forms.ranges, bounds)
                for (place, feature) in group.enumerated() {
                    forms.tighten(feature, lower: found[2 * place], upper: -found[2 * place + 1])
                }
            }
        }
    }
}
