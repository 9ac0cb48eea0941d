// Bounding every neuron of a network over a region: interval arithmetic everywhere; back-substitution for the neurons
// that it leaves unstable; optimised slopes for those that are unstable still.

import Certificates
import Evaluation
import Lanes

/// New bounds of one feature.
public struct FeatureBounds: Sendable {
    public var feature: Int
    public var lower: Double
    public var upper: Double

    public init(feature: Int, lower: Double, upper: Double) {
        self.feature = feature
        self.lower = lower
        self.upper = upper
    }
}

public struct BoundingOptions: Sendable {
    /// Tightens further the features of a node that is no image and still has open ones, given the bounds and relaxations of everything
    /// before it. What it returns must be as certain as any other bound.
    public var refine: (@Sendable (_ before: RegionBounder, _ node: Int, _ features: [Int]) -> [FeatureBounds])?
    /// Bounds of the same region that are known already.
    public var known: NodeBounds?
    /// Where bounds are wanted; nil: on the whole region.
    public var cut: ObjectiveCut?
    /// Otherwise only what `known` says is relaxed.
    public var tightens = true
    /// Ascent steps for the neurons that plain back-substitution leaves unstable; 0: none.
    public var ascentIterations = 0
    public var threads = 1
    /// Takes down how each bound is found.
    public var scribe: ProofScribe?
    /// Polled between batches; once true the bounds found so far are returned.
    public var isStopped: @Sendable () -> Bool = { false }

    public init() {}
}

extension RegionBounder {
    /// - Parameters: `lower` and `upper`: the box, in the order of the input's lanes, rounded outward.
    public convenience init(model: BoundModel, lower: [Double], upper: [Double], options: BoundingOptions) {
        var making = BoundsInTheMaking(model: model, lower: lower, upper: upper, options: options)
        making.run()
        self.init(model: model, bounds: making.bounds, relaxations: making.relaxations)
    }
}

/// Neurons of one node that are bounded in one batch of lanes.
private struct NeuronBatch: Sendable {
    var features: [Int] = []
    var window: Window?
}

private struct BoundsInTheMaking {
    let model: BoundModel
    let options: BoundingOptions
    var bounds: NodeBounds
    var relaxations: Relaxations
    /// Whether a smooth activation reads the node.
    private let feedsSmooth: [Bool]
    /// Roughly what the nodes are in the middle of the region; made when first needed.
    private lazy var middle = ValuesInTheMiddle(model, bounds)
    private var plan: LanePlan { model.plan }

    init(model: BoundModel, lower: [Double], upper: [Double], options: BoundingOptions) {
        self.model = model
        self.options = options
        bounds = options.known ?? NodeBounds(plan: model.plan, lower: lower, upper: upper)
        relaxations = Relaxations(plan: model.plan)
        var feeds = [Bool](repeating: false, count: model.plan.nodeCount)
        for node in model.plan.activations {
            if case .smooth = model.plan.operations[node] { feeds[model.plan.operands[node][0]] = true }
        }
        feedsSmooth = feeds
    }

    mutating func run() {
        let intervals = IntervalPropagation(plan: plan)
        options.scribe?.recorder.record(.beginSweep)
        defer { options.scribe?.recorder.record(.endSweep) }
        var bounded = Set<Int>()
        for node in 0..<plan.nodeCount {
            intervals.step(node, &bounds)
            if plan.isActivation(node) {
                let operand = plan.operands[node][0]
                if options.tightens, bounded.insert(operand).inserted { tighten(operand) }
                relaxations.add(node, plan: plan, bounds: bounds)
                intervals.step(node, &bounds)
            }
            bounds.residuals[node] = model.norms.residual(plan, node, bounds: bounds)
        }
    }

    private mutating func tighten(_ node: Int) {
        // Intervals are exact for an affine function of the box itself.
        if plan.operands[node] == [0], !plan.isActivation(node) { return }
        bounds.residuals[node] = model.norms.residual(plan, node, bounds: bounds)
        // With a refinement, images keep what is known of them: only what follows has changed.
        if options.refine == nil || plan.layouts[node].image == nil {
            boundPlainly(node)
        }
        if relaxations.neurons.isEmpty { return }
        if options.ascentIterations > 0 {
            let open = batches(node, most: 32)
            let found = ascendedBounds(node, open)
            for (index, batch) in open.enumerated() {
                guard let values = found[index] else { continue }
                for (place, feature) in batch.features.enumerated() {
                    bounds.tighten(node, feature, lower: values[2 * place], upper: -values[2 * place + 1])
                }
            }
        }
        if let refine = options.refine, plan.layouts[node].image == nil {
            let open = (0..<plan.layouts[node].count).filter { isOpen(node, $0) }
            let before = RegionBounder(model: model, bounds: bounds, relaxations: relaxations)
            for found in refine(before, node, open) {
                bounds.tighten(node, found.feature, lower: found.lower, upper: found.upper)
            }
        }
    }

    /// Whether tighter bounds of a feature would make a relaxation tighter.
    private func isOpen(_ node: Int, _ feature: Int) -> Bool {
        if bounds.isUnstable(node, feature) { return true }
        return feedsSmooth[node] && bounds.lower[node][feature] < bounds.upper[node][feature]
    }

    /// Back-substitution with the standard slopes for every open neuron of a node, first from the side on which its
    /// value in the middle lies: where that shows the neuron stable, the other bound is not needed. A proof's checker
    /// finds both.
    private mutating func boundPlainly(_ node: Int) {
        var open = batches(node, most: 64)
        if open.isEmpty { return }
        options.scribe?.recorder.record(.plainBounds(node: node))
        let isPositive = middle.signs(node)
        for turn in [false, true] {
            if turn && options.scribe == nil { open = batches(node, most: 64) }
            let sides = open.map { batch in batch.features.map { isPositive[$0] != turn ? 1.0 : -1.0 } }
            let found = plainBounds(node, open, sides)
            for (index, batch) in open.enumerated() {
                guard let values = found[index] else { continue }
                for (place, feature) in batch.features.enumerated() {
                    if sides[index][place] > 0 {
                        bounds.tighten(node, feature, lower: values[place], upper: .infinity)
                    } else {
                        bounds.tighten(node, feature, lower: -.infinity, upper: -values[place])
                    }
                }
            }
        }
    }

    /// The open neurons of a node, neighbours of an image together.
    private func batches(_ node: Int, most: Int) -> [NeuronBatch] {
        let layout = plan.layouts[node]
        var result: [NeuronBatch] = []
        var batch = NeuronBatch()
        func close() {
            if !batch.features.isEmpty { result.append(batch) }
            batch = NeuronBatch()
        }
        for feature in 0..<layout.count where isOpen(node, feature) {
            var window: Window?
            if let image = layout.image {
                let pixel = feature / image.channels
                let row = pixel / image.width
                let column = pixel % image.width
                let own = Window(rows: row..<row + 1, columns: column..<column + 1)
                window = batch.window?.union(own) ?? own
                let isTooWide = window!.rows.count > 1 || window!.columns.count > 4
                // A pass costs lanes times pixels: another pixel is worth it for few neurons only.
                let isEnough = batch.features.count >= most / 4 && window != batch.window
                if batch.features.count == most || isTooWide || isEnough {
                    close()
                    window = own
                }
            } else if batch.features.count == most {
                close()
            }
            batch.features.append(feature)
            batch.window = window
        }
        close()
        return result
    }

    /// - Parameter sides: by batch and neuron, 1 for the lower bound and -1 for that of the negative.
    private func plainBounds(_ node: Int, _ batches: [NeuronBatch], _ sides: [[Double]]) -> Results<[Double]> {
        let found = Results<[Double]>(batches.count)
        let tickets = Tickets(batches.count)
        let (model, bounds, relaxations, options) = (model, bounds, relaxations, options)
        runWorkers(min(options.threads, batches.count)) { _ in
            let bounder = NeuronBounder(model)
            while !options.isStopped(), let index = tickets.take() {
                let batch = batches[index]
                found[index] = bounder.bound(
                    batch.features, sides[index], of: node, window: batch.window, bounds: bounds,
                    relaxations: relaxations, cut: options.cut)
            }
        }
        return found
    }

    private func ascendedBounds(_ node: Int, _ batches: [NeuronBatch]) -> Results<[Double]> {
        let found = Results<[Double]>(batches.count)
        let tickets = Tickets(batches.count)
        let (model, bounds, relaxations, options) = (model, bounds, relaxations, options)
        runWorkers(min(options.threads, batches.count)) { _ in
            let bounder = LaneBounder(model: model, bounds: bounds, relaxations: relaxations)
            bounder.cut = options.cut
            let writer = options.scribe.map {
                FeatureWriter($0, RegionBounder(model: model, bounds: bounds, relaxations: relaxations), node)
            }
            var ascent = AscentOptions(iterations: options.ascentIterations)
            // Few steps, and long ones: five of them leave the bounds where twenty short ones do.
            ascent.slopeRate = 0.5
            ascent.stopsWhenPositive = false
            ascent.isStopped = options.isStopped
            while !options.isStopped(), let index = tickets.take() {
                let batch = batches[index]
                bounder.use(lanes: 2 * batch.features.count)
                bounder.setFeatures(
                    batch.features.flatMap { [$0, $0] }, signs: batch.features.flatMap { _ in [1, -1] }, of: node,
                    window: batch.window)
                bounder.resetParameters()
                _ = bounder.ascend(ascent)
                if writer != nil { bounder.roundForProof() }
                var values = bounder.certify()
                writer?.write(batch.features, &values, bounder)
                found[index] = values
            }
        }
        return found
    }
}

/// Takes down bounds of single features that stand on one set of slopes each.
private struct FeatureWriter {
    private let scribe: ProofScribe
    private let region: RegionBounder
    private let node: Int
    private let neurons: [Int]

    init(_ scribe: ProofScribe, _ region: RegionBounder, _ node: Int) {
        self.scribe = scribe
        self.region = region
        self.node = node
        neurons = scribe.neurons(of: region)
    }

    /// - Parameter values: per feature the lower bounds of it and of its negative; those that gain too little to be
    ///   written down are given up.
    func write(_ features: [Int], _ values: inout [Double], _ bounder: LaneBounder) {
        var records = ByteWriter()
        for (place, feature) in features.enumerated() {
            let width = region.bounds.upper[node][feature] - region.bounds.lower[node][feature]
            for (lane, known) in [
                (2 * place, region.bounds.lower[node][feature]), (2 * place + 1, -region.bounds.upper[node][feature]),
            ] {
                guard values[lane] > known + ProofScribe.leastGain * width else {
                    values[lane] = -.infinity
                    continue
                }
                ProofRecord.beginTree(
                    node: node, feature: scribe.feature(feature, of: node, in: region), isLower: lane % 2 == 0
                ).write(to: &records)
                ProofRecord.leaf(bounder.leaf(lane, path: [], neurons: neurons)).write(to: &records)
                ProofRecord.endTree.write(to: &records)
            }
        }
        scribe.recorder.record(records)
    }
}

/// One thread's rigorous pass for single neurons under the standard relaxations.
private final class NeuronBounder {
    private let model: BoundModel
    private let pass: BackwardPass<Double>
    private let scratch: LaneStorage<Double>

    init(_ model: BoundModel) {
        self.model = model
        pass = BackwardPass(model.rigorous, lanes: 64)
        scratch = LaneStorage(features: 6, lanes: 64)
    }

    func bound(
        _ features: [Int], _ signs: [Double], of node: Int, window: Window?, bounds: NodeBounds,
        relaxations: Relaxations, cut: ObjectiveCut?
    ) -> [Double] {
        let lanes = laneCount(atLeast: features.count)
        pass.lanes = lanes
        pass.prepare(target: node, window: window)
        var rule = RigorousRule(
            plan: model.plan, bounds: bounds, relaxations: relaxations, source: .standard, lanes: lanes,
            scratch: scratch.base)
        pass.clear(node)
        let coefficients = pass.coefficients(node)
        for (place, feature) in features.enumerated() {
            coefficients[pass.bufferPlace(of: feature, node: node) * lanes + place] = signs[place]
        }
        pass.run(from: node, rule: &rule)
        if let cut { rule.tilt(pass.coefficients(0), spans: pass.spans[0], by: cut) }
        rule.finish(pass.coefficients(0), spans: pass.spans[0], into: scratch.base + 5 * lanes)
        return Array(UnsafeBufferPointer(start: scratch.base + 5 * lanes, count: lanes))
    }
}

/// One evaluation of the middle of a box in float32.
private struct ValuesInTheMiddle {
    private let evaluator: LaneEvaluator<Float>

    init(_ model: BoundModel, _ bounds: NodeBounds) {
        evaluator = LaneEvaluator(model.search, lanes: laneCount(atLeast: 1))
        let inputs = evaluator.values(of: 0)
        for (feature, (lower, upper)) in zip(bounds.lower[0], bounds.upper[0]).enumerated() {
            (inputs + feature * evaluator.lanes).update(
                repeating: Float(lower / 2 + upper / 2), count: evaluator.lanes)
        }
        evaluator.evaluate()
    }

    func signs(_ node: Int) -> [Bool] {
        let values = evaluator.values(of: node)
        return (0..<evaluator.network.plan.layouts[node].count).map { values[$0 * evaluator.lanes] > 0 }
    }
}
