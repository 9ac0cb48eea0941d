// The worst case over a box around every example, by interval arithmetic in lanes, and its gradient.
//
// Each value is a centre and a radius: `W c + b` and `|W| r` through affine layers (Gowal et al., "On the effectiveness
// of interval bound propagation for training verifiably robust models", 2018). Batch normalisations act with the
// statistics of the clean pass, taken as constants. The same bounds give the ReLU-stability penalty
// `-tanh(1 + lower upper)` of every preactivation (Xiao et al., "Training for faster adversarial robustness
// verification via inducing ReLU stability", 2019).
//
// These bounds guide training; nothing is claimed from them, so they are not rounded outward.

internal import CLaneKernels
internal import Evaluation
internal import Intervals
internal import Lanes

/// One worker's centres and radii, and their gradients.
final class IntervalBuffers<Scalar: TrainingLaneScalar> {
    private let centres: [LaneStorage<Scalar>]
    private let radii: [LaneStorage<Scalar>]
    private let centreGradients: [LaneStorage<Scalar>]
    private let radiusGradients: [LaneStorage<Scalar>]
    let magnitudeGradient: LaneStorage<Scalar>
    private let places: [Int]

    init(_ graph: TrainingGraph<Scalar>, places: [Int], lanes: Int) {
        self.places = places
        func buffers() -> [LaneStorage<Scalar>] {
            graph.layouts.indices.map {
                LaneStorage(features: places[$0] == $0 ? graph.layouts[$0].count : 0, lanes: lanes)
            }
        }
        (centres, radii, centreGradients, radiusGradients) = (buffers(), buffers(), buffers(), buffers())
        magnitudeGradient = LaneStorage(features: graph.parameterCount, lanes: 1)
    }

    func centre(_ node: Int) -> UnsafeMutablePointer<Scalar> { centres[places[node]].base }
    func radius(_ node: Int) -> UnsafeMutablePointer<Scalar> { radii[places[node]].base }
    func centreGradient(_ node: Int) -> UnsafeMutablePointer<Scalar> { centreGradients[places[node]].base }
    func radiusGradient(_ node: Int) -> UnsafeMutablePointer<Scalar> { radiusGradients[places[node]].base }
}

/// How examples are blurred into boxes, and how much the boxes count.
struct IntervalTerms: Sendable {
    var radius: Double
    var range: ClosedRange<Double>
    /// Share of the worst case's loss.
    var weight: Double
    /// Of each unstable neuron, averaged over the batch.
    var stability: Double
}

/// What an interval pass shares between workers.
final class IntervalPass<Scalar: TrainingLaneScalar>: @unchecked Sendable {
    // Panels are written between segments only.
    private let trainer: LaneTrainer<Scalar>
    private var graph: TrainingGraph<Scalar> { trainer.graph }
    /// By node: the affine operation with absolute weights.
    private var magnitudes: [Int: TrainableConvolution<Scalar>] = [:]
    /// Per node, where its buffers are; unlike values, an activation after a normalisation has its own.
    private var places: [Int]
    private let kernels = Scalar.trainingKernels
    private var lanes: Int { trainer.lanes }

    init(_ trainer: LaneTrainer<Scalar>) {
        self.trainer = trainer
        places = trainer.graph.storage
        for node in trainer.graph.layers.indices where fusedSlope(node) != nil { places[node] = node }
        for (node, layer) in trainer.graph.layers.enumerated() {
            guard case .affine(let affine) = layer, affine.weights != nil else { continue }
            magnitudes[node] = TrainableConvolution(affine.operation.geometry)
        }
    }

    /// The slope of an activation that is otherwise computed with the normalisation before it.
    private func fusedSlope(_ node: Int) -> Scalar? {
        guard case .alias = graph.layers[node], let operand = graph.operands[node].first,
            case .normalization(let normalization) = graph.layers[operand], normalization.slope != 1
        else { return nil }
        return Scalar(normalization.slope)
    }

    func loadWeights() {
        for (node, operation) in magnitudes {
            guard case .affine(let affine) = graph.layers[node], let weights = affine.weights else { continue }
            operation.load(trainer.parameters.base + weights.lowerBound, magnitudes: true)
        }
    }

    /// Adds the worst case's part of the gradient to the worker's, and its losses to `losses`.
    func differentiate(_ worker: TrainingWorker<Scalar>, _ terms: IntervalTerms) {
        if worker.intervals == nil {
            worker.intervals = IntervalBuffers(graph, places: places, lanes: lanes)
        }
        guard let buffers = worker.intervals else { return }
        kernels.box(
            Int64(graph.layouts[0].count * lanes), worker.value(0), Scalar(terms.radius),
            Scalar(terms.range.lowerBound), Scalar(terms.range.upperBound), buffers.centre(0), buffers.radius(0))
        for node in graph.layers.indices.dropFirst() { forward(node, buffers) }
        addLoss(worker, buffers, terms)
        buffers.magnitudeGradient.base.update(repeating: 0, count: graph.parameterCount)
        backward(worker, buffers, stability: terms.stability / Double(trainer.batchSize))
        for case .affine(let affine) in graph.layers {
            guard let weights = affine.weights else { continue }
            let start = weights.lowerBound
            kernels.addSigned(
                Int64(weights.count), trainer.parameters.base + start, buffers.magnitudeGradient.base + start,
                worker.parameterGradient.base + start)
        }
    }

    private func forward(_ node: Int, _ buffers: IntervalBuffers<Scalar>) {
        let operands = graph.operands[node]
        let count = graph.layouts[node].count
        let (c, r) = (buffers.centre(operands[0]), buffers.radius(operands[0]))
        let (yc, yr) = (buffers.centre(node), buffers.radius(node))
        if let slope = fusedSlope(node) {
            kernels.activateInterval(Int64(count), Int64(lanes), slope, c, r, yc, yr)
            return
        }
        switch graph.layers[node] {
        case .input, .alias: break
        case .affine(let affine):
            let bias = affine.bias.map { UnsafePointer(trainer.parameters.base + $0.lowerBound) }
            affine.operation.apply(c, to: yc, bias: bias, lanes: lanes)
            (magnitudes[node] ?? affine.operation).apply(r, to: yr, bias: nil, lanes: lanes)
        case .normalization(let normalization):
            let state = trainer.statistics[normalization.index]
            let (pixels, channels) = (Int64(normalization.pixels), Int64(normalization.channels))
            let zeros = [Scalar](repeating: 0, count: normalization.channels)
            kernels.normalize(pixels, channels, Int64(lanes), state.scale, state.offset, 1, c, yc)
            kernels.normalize(pixels, channels, Int64(lanes), state.scale.map(\.magnitude), zeros, 1, r, yr)
        case .elementwise(let scale, let offset):
            offset.withUnsafeBufferPointer {
                Scalar.scale(
                    count, lanes: lanes, by: scale, adding: $0.baseAddress, c, to: yc, accumulating: false)
            }
            Scalar.scale(
                count, lanes: lanes, by: scale.map(\.magnitude), adding: nil, r, to: yr, accumulating: false)
        case .select(let sources, let constants):
            for (feature, source) in sources.enumerated() {
                let place = feature * lanes
                if source < 0 {
                    (yc + place).update(repeating: constants[feature], count: lanes)
                    (yr + place).update(repeating: 0, count: lanes)
                } else {
                    (yc + place).update(from: c + Int(source) * lanes, count: lanes)
                    (yr + place).update(from: r + Int(source) * lanes, count: lanes)
                }
            }
        case .sum:
            yc.update(from: c, count: count * lanes)
            yr.update(from: r, count: count * lanes)
            for operand in operands.dropFirst() {
                Scalar.add(count, lanes: lanes, buffers.centre(operand), to: yc)
                Scalar.add(count, lanes: lanes, buffers.radius(operand), to: yr)
            }
        case .activation(let slope): kernels.activateInterval(Int64(count), Int64(lanes), slope, c, r, yc, yr)
        case .maxPool, .smooth:
            preconditionFailure("interval training is refused for networks with max pooling or smooth activations")
        }
    }

    /// Cross-entropy of the outputs that are worst for each label: its own lower bound, the others' upper bounds.
    private func addLoss(_ worker: TrainingWorker<Scalar>, _ buffers: IntervalBuffers<Scalar>, _ terms: IntervalTerms) {
        let outputs = graph.layouts[graph.output].count
        let (c, r) = (buffers.centre(graph.output), buffers.radius(graph.output))
        let (gc, gr) = (buffers.centreGradient(graph.output), buffers.radiusGradient(graph.output))
        // The radius' gradient serves as room for the worst outputs.
        for output in 0..<outputs {
            for lane in 0..<lanes {
                let place = output * lanes + lane
                gr[place] = Int(worker.labels[lane]) == output ? c[place] - r[place] : c[place] + r[place]
            }
        }
        var losses = [Double](repeating: 0, count: lanes)
        var largest = [Int32](repeating: 0, count: lanes)
        kernels.crossEntropy(
            Int64(outputs), Int64(lanes), Int64(lanes), worker.labels,
            terms.weight / Double(trainer.batchSize), gr, gc, &losses, &largest)
        for lane in 0..<lanes { worker.losses[lane] += terms.weight * losses[lane] }
        for output in 0..<outputs {
            for lane in 0..<lanes {
                let place = output * lanes + lane
                gr[place] = Int(worker.labels[lane]) == output ? -gc[place] : gc[place]
            }
        }
    }

    private func backward(_ worker: TrainingWorker<Scalar>, _ buffers: IntervalBuffers<Scalar>, stability: Double) {
        var reached = [Bool](repeating: false, count: graph.layers.count)
        reached[places[graph.output]] = true
        for node in graph.layers.indices.reversed() where node > 0 && reached[places[node]] {
            if case .alias = graph.layers[node], fusedSlope(node) == nil { continue }
            for operand in graph.operands[node] {
                pullBack(
                    Pull(node: node, operand: operand, accumulating: reached[places[operand]]), worker, buffers,
                    Scalar(stability))
                reached[places[operand]] = true
            }
        }
    }

    private func pullBack(
        _ pull: Pull, _ worker: TrainingWorker<Scalar>, _ buffers: IntervalBuffers<Scalar>, _ stability: Scalar
    ) {
        let (node, operand) = (pull.node, pull.operand)
        let count = graph.layouts[node].count
        let (c, r) = (buffers.centre(operand), buffers.radius(operand))
        let (gc, gr) = (buffers.centreGradient(node), buffers.radiusGradient(node))
        let (lc, lr) = (buffers.centreGradient(operand), buffers.radiusGradient(operand))
        func activate(_ slope: Scalar) {
            kernels.activateIntervalGradient(
                Int64(count), Int64(lanes), slope, stability, c, r, gc, gr, lc, lr, pull.accumulating)
        }
        if let slope = fusedSlope(node) {
            activate(slope)
            return
        }
        switch graph.layers[node] {
        case .input, .alias, .maxPool, .smooth: break
        case .affine(let affine):
            trainer.addParameterGradients(affine, c, gc, worker)
            if let weights = affine.weights {
                affine.operation.addWeightGradient(
                    r, gr, to: buffers.magnitudeGradient.base + weights.lowerBound, scratch: worker.scratch.base,
                    lanes: lanes)
            }
            affine.operation.applyTransposed(gc, to: lc, lanes: lanes, accumulating: pull.accumulating)
            (magnitudes[node] ?? affine.operation).applyTransposed(
                gr, to: lr, lanes: lanes, accumulating: pull.accumulating)
        case .normalization(let normalization):
            pullBack(normalization, pull, worker, buffers)
        case .elementwise(let scale, _):
            Scalar.scale(count, lanes: lanes, by: scale, adding: nil, gc, to: lc, accumulating: pull.accumulating)
            Scalar.scale(
                count, lanes: lanes, by: scale.map(\.magnitude), adding: nil, gr, to: lr,
                accumulating: pull.accumulating)
        case .select(let sources, _):
            for (g, target) in [(gc, lc), (gr, lr)] {
                if !pull.accumulating {
                    target.update(repeating: 0, count: graph.layouts[operand].count * lanes)
                }
                for (feature, source) in sources.enumerated() where source >= 0 {
                    Scalar.add(1, lanes: lanes, g + feature * lanes, to: target + Int(source) * lanes)
                }
            }
        case .sum:
            for (g, target) in [(gc, lc), (gr, lr)] {
                if pull.accumulating {
                    Scalar.add(count, lanes: lanes, g, to: target)
                } else {
                    target.update(from: g, count: count * lanes)
                }
            }
        case .activation(let slope): activate(slope)
        }
    }

    private func pullBack(
        _ normalization: NormalizationLayer, _ pull: Pull, _ worker: TrainingWorker<Scalar>,
        _ buffers: IntervalBuffers<Scalar>
    ) {
        let state = trainer.statistics[normalization.index]
        let (pixels, channels) = (Int64(normalization.pixels), Int64(normalization.channels))
        let zeros = [Scalar](repeating: 0, count: normalization.channels)
        let magnitudes = state.scale.map(\.magnitude)
        let (gc, gr) = (buffers.centreGradient(pull.node), buffers.radiusGradient(pull.node))
        var centreSums = [Double](repeating: 0, count: 2 * normalization.channels)
        var radiusSums = centreSums
        kernels.normalizeSums(
            pixels, channels, Int64(lanes), state.scale, state.offset, state.shift, 1,
            buffers.centre(pull.operand), gc, &centreSums)
        kernels.normalizeSums(
            pixels, channels, Int64(lanes), magnitudes, zeros, zeros, 1, buffers.radius(pull.operand), gr,
            &radiusSums)
        let gradient = worker.parameterGradient.base
        for channel in 0..<normalization.channels {
            let scale = trainer.parameters.base[normalization.scale.lowerBound + channel]
            let radiusPart = radiusSums[normalization.channels + channel] * (scale < 0 ? -1 : 1)
            let part = centreSums[normalization.channels + channel] + radiusPart
            gradient[normalization.scale.lowerBound + channel] += Scalar(part * state.inverseDeviation[channel])
            gradient[normalization.offset.lowerBound + channel] += Scalar(centreSums[channel])
        }
        kernels.normalizeGradient(
            pixels, channels, Int64(lanes), state.scale, state.offset, zeros, zeros, 1,
            buffers.centre(pull.operand), gc, buffers.centreGradient(pull.operand), pull.accumulating)
        kernels.normalizeGradient(
            pixels, channels, Int64(lanes), magnitudes, zeros, zeros, zeros, 1, buffers.radius(pull.operand), gr,
            buffers.radiusGradient(pull.operand), pull.accumulating)
    }
}
