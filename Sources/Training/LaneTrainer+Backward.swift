// Backward through the layers: from the gradient at the output to those of all parameters, or of the inputs alone.

internal import CLaneKernels
internal import Evaluation
internal import Intervals
internal import Lanes

/// One node's gradient going to one operand.
struct Pull: Sendable {
    let node: Int
    let operand: Int
    /// Whether the operand has had a part of its gradient already.
    let accumulating: Bool
}

/// What a backward pass is for.
enum GradientUse: Sendable {
    case parameters, inputs
}

extension LaneTrainer {
    /// The order of a backward pass, and whether it reaches the input at all.
    private func pulls() -> (list: [Pull], reachesInput: Bool) {
        var reached = [Bool](repeating: false, count: graph.layers.count)
        reached[graph.storage[graph.output]] = true
        var list: [Pull] = []
        for node in graph.layers.indices.reversed() where node > 0 && reached[graph.storage[node]] {
            if case .alias = graph.layers[node] { continue }
            for operand in graph.operands[node] {
                let target = graph.storage[operand]
                list.append(Pull(node: node, operand: operand, accumulating: reached[target]))
                reached[target] = true
            }
        }
        return (list, reached[0])
    }

    /// Adds to every worker's `parameterGradient`, from the gradients at the output, after a forward pass with batch
    /// statistics.
    func backward() {
        var segment: [Pull] = []
        for pull in pulls().list {
            if case .normalization(let normalization) = graph.layers[pull.node] {
                let before = segment
                forEachWorker { worker in
                    for pull in before { self.pullBack(pull, worker, for: .parameters) }
                    self.addGradientSums(normalization, pull, worker)
                }
                useGradientSums(normalization)
                segment = []
            }
            segment.append(pull)
        }
        let rest = segment
        forEachWorker { worker in for pull in rest { self.pullBack(pull, worker, for: .parameters) } }
    }

    /// One worker's gradients at the inputs, statistics held fixed.
    func backwardToInputs(_ worker: TrainingWorker<Scalar>) {
        let (list, reachesInput) = pulls()
        for pull in list { pullBack(pull, worker, for: .inputs) }
        if !reachesInput { worker.gradient(0).update(repeating: 0, count: graph.layouts[0].count * lanes) }
    }

    /// One worker's part of the gradient of all weights, statistics held fixed.
    func backwardFixed(_ worker: TrainingWorker<Scalar>) {
        for pull in pulls().list { pullBack(pull, worker, for: .parameters) }
    }

    private func addGradientSums(_ normalization: NormalizationLayer, _ pull: Pull, _ worker: TrainingWorker<Scalar>) {
        let state = statistics[normalization.index]
        worker.sums[normalization.index].withUnsafeMutableBufferPointer { sums in
            sums.update(repeating: 0)
            kernels.normalizeSums(
                Int64(normalization.pixels), Int64(normalization.channels), Int64(lanes), state.scale,
                state.offset, state.shift, Scalar(normalization.slope), worker.value(pull.operand),
                worker.gradient(pull.node), sums.baseAddress!)
        }
    }

    /// The parameters' gradient, and how the sums enter the gradient of the operand: the batch's mean and deviation
    /// depend on every example.
    private func useGradientSums(_ normalization: NormalizationLayer) {
        let count = Double(normalization.pixels * lanes * workers.count)
        let gradient = workers[0].parameterGradient.base
        var state = statistics[normalization.index]
        for channel in 0..<normalization.channels {
            var (plain, product) = (0.0, 0.0)
            for worker in workers {
                plain += worker.sums[normalization.index][channel]
                product += worker.sums[normalization.index][normalization.channels + channel]
            }
            let inverse = state.inverseDeviation[channel]
            let scaleGradient = product * inverse
            gradient[normalization.scale.lowerBound + channel] += Scalar(scaleGradient)
            gradient[normalization.offset.lowerBound + channel] += Scalar(plain)
            let factor = Double(state.scale[channel])
            let slant = -factor * inverse * scaleGradient / count
            state.slant[channel] = Scalar(slant)
            state.level[channel] = Scalar(-factor * plain / count - slant * state.mean[channel])
        }
        statistics[normalization.index] = state
    }

    private func pullBack(_ pull: Pull, _ worker: TrainingWorker<Scalar>, for use: GradientUse) {
        let (node, operand) = (pull.node, pull.operand)
        let g = worker.gradient(node)
        let x = worker.value(operand)
        let target = worker.gradient(operand)
        let count = graph.layouts[node].count
        switch graph.layers[node] {
        case .input, .alias: break
        case .affine(let affine):
            if use == .parameters { addParameterGradients(affine, x, g, worker) }
            // What comes before the first trained layer needs no gradient.
            if use == .inputs || needsGradient(operand) {
                affine.operation.applyTransposed(g, to: target, lanes: lanes, accumulating: pull.accumulating)
            }
        case .normalization(let normalization):
            let state = statistics[normalization.index]
            kernels.normalizeGradient(
                Int64(normalization.pixels), Int64(normalization.channels), Int64(lanes), state.scale,
                state.offset, state.slant, state.level, Scalar(normalization.slope), x, g, target,
                pull.accumulating)
        case .elementwise(let scale, _):
            if use == .inputs || needsGradient(operand) {
                Scalar.scale(
                    count, lanes: lanes, by: scale, adding: nil, g, to: target, accumulating: pull.accumulating)
            }
        case .select(let sources, _):
            if !pull.accumulating { target.update(repeating: 0, count: graph.layouts[operand].count * lanes) }
            for (feature, source) in sources.enumerated() where source >= 0 {
                Scalar.add(1, lanes: lanes, g + feature * lanes, to: target + Int(source) * lanes)
            }
        case .sum:
            if pull.accumulating {
                Scalar.add(count, lanes: lanes, g, to: target)
            } else {
                target.update(from: g, count: count * lanes)
            }
        case .activation(let slope):
            Scalar.differentiate(
                count, lanes: lanes, negativeSlope: slope, at: x, g, to: target, accumulating: pull.accumulating)
        case .smooth(let function):
            for place in 0..<count * lanes {
                let part = Scalar(function.jet(Double(x[place])).slope) * g[place]
                target[place] = (pull.accumulating ? target[place] : 0) + part
            }
        case .maxPool(var shape):
            shape.lanes = Int32(lanes)
            if !pull.accumulating { target.update(repeating: 0, count: graph.layouts[operand].count * lanes) }
            kernels.maxPoolGradient(&shape, x, worker.value(node), g, target)
        }
    }

    func addParameterGradients(
        _ affine: AffineLayer<Scalar>, _ x: UnsafePointer<Scalar>, _ g: UnsafePointer<Scalar>,
        _ worker: TrainingWorker<Scalar>
    ) {
        guard let weights = affine.weights else { return }
        affine.operation.addWeightGradient(
            x, g, to: worker.parameterGradient.base + weights.lowerBound, scratch: worker.scratch.base,
            lanes: lanes)
        guard let bias = affine.bias else { return }
        let geometry = affine.operation.geometry
        var sums = [Double](repeating: 0, count: geometry.outputChannels)
        kernels.channelSums(
            Int64(geometry.outputHeight * geometry.outputWidth), Int64(geometry.outputChannels), Int64(lanes), g,
            &sums)
        let target = worker.parameterGradient.base + bias.lowerBound
        for (channel, sum) in sums.enumerated() { target[channel] += Scalar(sum) }
    }

    /// Whether parameters lie before a value.
    private func needsGradient(_ node: Int) -> Bool { trainedBefore[node] }
}
