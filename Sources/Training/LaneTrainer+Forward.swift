// Forward through the layers, with batch statistics in training and running ones in evaluation.

internal import CLaneKernels
internal import Evaluation
internal import Intervals
internal import Lanes

extension LaneTrainer {
    /// Computes every node's value from the inputs that workers hold.
    func forward(batchStatistics: Bool) {
        if !batchStatistics {
            for layer in graph.layers {
                if case .normalization(let normalization) = layer { useRunningStatistics(normalization) }
            }
            forEachWorker { self.forwardAll($0) }
            return
        }
        var segment: [Int] = []
        for node in graph.layers.indices.dropFirst() {
            if case .normalization(let normalization) = graph.layers[node] {
                let nodes = segment
                let mean = statistics[normalization.index].runningMean
                statistics[normalization.index].shift = mean.map { Scalar($0) }
                forEachWorker { worker in
                    for node in nodes { self.forward(node, worker) }
                    self.addMoments(normalization, node, worker)
                }
                useBatchStatistics(normalization)
                segment = []
            }
            segment.append(node)
        }
        let nodes = segment
        forEachWorker { worker in for node in nodes { self.forward(node, worker) } }
    }

    /// One worker's values, without meeting the others: statistics are as they were set.
    func forwardAll(_ worker: TrainingWorker<Scalar>) {
        for node in graph.layers.indices.dropFirst() { forward(node, worker) }
    }

    private func addMoments(_ normalization: NormalizationLayer, _ node: Int, _ worker: TrainingWorker<Scalar>) {
        let (channels, pixels) = (normalization.channels, normalization.pixels)
        let x = worker.value(graph.operands[node][0])
        worker.sums[normalization.index].withUnsafeMutableBufferPointer { sums in
            sums.update(repeating: 0)
            kernels.moments(
                Int64(pixels), Int64(channels), Int64(lanes), statistics[normalization.index].shift, x,
                sums.baseAddress!)
        }
    }

    private func useBatchStatistics(_ normalization: NormalizationLayer) {
        let count = Double(normalization.pixels * lanes * workers.count)
        var state = statistics[normalization.index]
        for channel in 0..<normalization.channels {
            var (sum, square) = (0.0, 0.0)
            for worker in workers {
                sum += worker.sums[normalization.index][channel]
                square += worker.sums[normalization.index][normalization.channels + channel]
            }
            let shifted = sum / count
            let mean = Double(state.shift[channel]) + shifted
            let variance = max(0, square / count - shifted * shifted)
            state.mean[channel] = mean
            state.inverseDeviation[channel] = 1 / (variance + normalization.epsilon).squareRoot()
            state.runningMean[channel] += momentum * (mean - state.runningMean[channel])
            let unbiased = variance * count / max(1, count - 1)
            state.runningVariance[channel] += momentum * (unbiased - state.runningVariance[channel])
        }
        statistics[normalization.index] = state
        fold(normalization)
    }

    func useRunningStatistics(_ normalization: NormalizationLayer) {
        var state = statistics[normalization.index]
        state.mean = state.runningMean
        state.inverseDeviation = state.runningVariance.map { 1 / ($0 + normalization.epsilon).squareRoot() }
        statistics[normalization.index] = state
        fold(normalization)
    }

    /// Scale and offset as the kernels apply them.
    private func fold(_ normalization: NormalizationLayer) {
        var state = statistics[normalization.index]
        for channel in 0..<normalization.channels {
            let scale = Double(parameters.base[normalization.scale.lowerBound + channel])
            let factor = scale * state.inverseDeviation[channel]
            let offset = Double(parameters.base[normalization.offset.lowerBound + channel])
            state.scale[channel] = Scalar(factor)
            state.offset[channel] = Scalar(offset - state.mean[channel] * factor)
            state.shift[channel] = Scalar(state.mean[channel])
            state.slant[channel] = 0
            state.level[channel] = 0
        }
        statistics[normalization.index] = state
    }

    func forward(_ node: Int, _ worker: TrainingWorker<Scalar>) {
        let operands = graph.operands[node]
        let count = graph.layouts[node].count
        switch graph.layers[node] {
        case .input, .alias: break
        case .affine(let affine):
            let bias = affine.bias.map { UnsafePointer(parameters.base + $0.lowerBound) }
            affine.operation.apply(worker.value(operands[0]), to: worker.value(node), bias: bias, lanes: lanes)
        case .normalization(let normalization):
            let state = statistics[normalization.index]
            kernels.normalize(
                Int64(normalization.pixels), Int64(normalization.channels), Int64(lanes), state.scale,
                state.offset, Scalar(normalization.slope), worker.value(operands[0]), worker.value(node))
        case .elementwise(let scale, let offset):
            offset.withUnsafeBufferPointer {
                Scalar.scale(
                    count, lanes: lanes, by: scale, adding: $0.baseAddress, worker.value(operands[0]),
                    to: worker.value(node), accumulating: false)
            }
        case .select(let sources, let constants):
            let (x, y) = (worker.value(operands[0]), worker.value(node))
            for (feature, source) in sources.enumerated() {
                if source < 0 {
                    (y + feature * lanes).update(repeating: constants[feature], count: lanes)
                } else {
                    (y + feature * lanes).update(from: x + Int(source) * lanes, count: lanes)
                }
            }
        case .sum:
            let y = worker.value(node)
            y.update(from: worker.value(operands[0]), count: count * lanes)
            for operand in operands.dropFirst() {
                Scalar.add(count, lanes: lanes, worker.value(operand), to: y)
            }
        case .activation(let slope):
            Scalar.activate(
                count, lanes: lanes, negativeSlope: slope, worker.value(operands[0]), to: worker.value(node))
        case .smooth(let function):
            let (x, y) = (worker.value(operands[0]), worker.value(node))
            for place in 0..<count * lanes { y[place] = Scalar(function.jet(Double(x[place])).value) }
        case .maxPool(var shape):
            shape.lanes = Int32(lanes)
            kernels.maxPool(&shape, worker.value(operands[0]), worker.value(node))
        }
    }
}
