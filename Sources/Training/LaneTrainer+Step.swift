// One minibatch: fill the lanes, attack them when training is adversarial, and one step of the optimiser.

internal import CLaneKernels
internal import Evaluation
internal import Lanes

/// What an example is trained towards.
public enum Target: Sendable {
    case label(Int)
    /// One number per output; half the squared distance is the loss.
    case values([Float])
}

/// How the loss of a minibatch counts perturbed inputs.
struct StepTerms: Sendable {
    /// Gradient descent towards a wrong class before the step.
    var attack: Attack?
    var interval: IntervalTerms?

    struct Attack: Sendable {
        var radius: Double
        var steps: Int
        var range: ClosedRange<Double>
    }
}

public struct BatchResult: Sendable, Equatable {
    /// Sum over the examples.
    public var loss = 0.0
    /// Examples whose largest output is that of their label.
    public var hits = 0

    static func + (a: BatchResult, b: BatchResult) -> BatchResult {
        BatchResult(loss: a.loss + b.loss, hits: a.hits + b.hits)
    }
}

extension LaneTrainer {
    /// Fills lanes with examples; `fill` writes one example, in the network's own order, and tells its target.
    ///
    /// - Parameter count: how many of the slots `0 ..< batchSize` are used.
    func fill(_ count: Int, _ fill: @Sendable (_ slot: Int, _ values: inout [Float]) -> Target) {
        let outputs = graph.layouts[graph.output].count
        forEachWorker { worker in
            for lane in 0..<self.lanes {
                let slot = worker.index * self.lanes + lane
                guard slot < count else { break }
                switch fill(slot, &worker.example) {
                case .label(let label):
                    worker.labels[lane] = Int32(label)
                case .values(let values):
                    if worker.targets.isEmpty {
                        worker.targets = Array(repeating: 0, count: self.lanes * outputs)
                    }
                    worker.targets.replaceSubrange(lane * outputs..<(lane + 1) * outputs, with: values)
                }
                self.kernels.scatter(
                    Int64(worker.example.count), Int64(self.lanes), Int64(lane), worker.example, worker.places,
                    worker.value(0))
            }
        }
    }

    /// The loss of one worker's lanes and its gradient at the output.
    func findLoss(_ worker: TrainingWorker<Scalar>, used: Int, weight: Double) {
        let outputs = Int64(graph.layouts[graph.output].count)
        let (z, g) = (worker.value(graph.output), worker.gradient(graph.output))
        if worker.targets.isEmpty {
            kernels.crossEntropy(
                outputs, Int64(lanes), Int64(used), worker.labels, weight, z, g, &worker.losses, &worker.largest)
        } else {
            kernels.squaredError(
                outputs, Int64(lanes), Int64(used), worker.targets, weight, z, g, &worker.losses)
        }
    }

    /// The gradient of the mean loss over full lanes, in `gradient`.
    func differentiate(_ terms: StepTerms, intervals: IntervalPass<Scalar>?) -> BatchResult {
        if let attack = terms.attack { self.attack(attack) }
        let size = Double(batchSize)
        forEachWorker { $0.parameterGradient.base.update(repeating: 0, count: self.graph.parameterCount) }
        forward(batchStatistics: true)
        let cleanShare = 1 - (terms.interval?.weight ?? 0)
        forEachWorker { worker in
            self.findLoss(worker, used: self.lanes, weight: cleanShare / size)
            for lane in 0..<self.lanes { worker.losses[lane] *= cleanShare }
        }
        backward()
        if let interval = terms.interval, let intervals {
            intervals.loadWeights()
            forEachWorker { intervals.differentiate($0, interval) }
        }
        collectGradient()
        return results(batchSize)
    }

    /// Loss and hits of the first `count` slots, with running statistics.
    func evaluate(_ count: Int) -> BatchResult {
        forward(batchStatistics: false)
        forEachWorker { worker in
            self.findLoss(
                worker, used: min(self.lanes, max(0, count - worker.index * self.lanes)), weight: 1)
        }
        return results(count)
    }

    private func results(_ count: Int) -> BatchResult {
        var result = BatchResult()
        for slot in 0..<count {
            let worker = workers[slot / lanes]
            result.loss += worker.losses[slot % lanes]
            if worker.targets.isEmpty && worker.largest[slot % lanes] == worker.labels[slot % lanes] {
                result.hits += 1
            }
        }
        return result
    }

    /// Projected gradient ascent of the loss within the box around each input, with running statistics (Madry et al.,
    /// "Towards deep learning models resistant to adversarial attacks", 2017). Steps are of 2.5 radii in all.
    private func attack(_ attack: StepTerms.Attack) {
        for layer in graph.layers {
            if case .normalization(let normalization) = layer { useRunningStatistics(normalization) }
        }
        let count = graph.layouts[0].count * lanes
        let (least, most) = (Scalar(attack.range.lowerBound), Scalar(attack.range.upperBound))
        let step = Scalar(2.5 * attack.radius / Double(max(1, attack.steps)))
        forEachWorker { worker in
            let x = worker.value(0)
            worker.start.base.update(from: x, count: count)
            for _ in 0..<attack.steps {
                self.forwardAll(worker)
                self.findLoss(worker, used: self.lanes, weight: 1)
                self.backwardToInputs(worker)
                self.kernels.signStep(
                    Int64(count), worker.start.base, worker.gradient(0), step, Scalar(attack.radius), least, most, x)
            }
        }
    }

    /// Outputs of a slot, in the network's own order.
    func outputs(of slot: Int) -> [Double] {
        let layout = graph.layouts[graph.output]
        let values = workers[slot / lanes].value(graph.output)
        return (0..<layout.count).map { Double(values[layout.laneFeature($0) * lanes + slot % lanes]) }
    }
}
