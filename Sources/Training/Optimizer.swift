// How gradients move parameters, and how fast.

internal import CLaneKernels
internal import Evaluation
internal import Lanes

public enum Optimizer: Sendable, Equatable {
    /// Stochastic gradient descent; weight decay is part of the gradient.
    case momentum(Double)
    /// Kingma and Ba, 2014; weight decay is part of the gradient.
    case adam
    /// Loshchilov and Hutter, 2017: weight decay apart from the gradient.
    case adamW
}

/// A learning rate that falls by a factor every few epochs.
public struct RateSchedule: Sendable, Equatable {
    public var initial: Double
    public var factor: Double
    /// Epochs between two falls.
    public var period: Int

    public init(initial: Double = 1e-3, factor: Double = 0.1, period: Int = 30) {
        self.initial = initial
        self.factor = factor
        self.period = period
    }

    /// The rate in an epoch, counted from 0.
    public func rate(epoch: Int) -> Double {
        (0..<epoch / max(1, period)).reduce(initial) { rate, _ in rate * factor }
    }
}

extension Optimizer {
    func step(number: Int, rate: Double, decay: Double) -> lane_step {
        func power(_ base: Double) -> Double {
            var (result, square, left) = (1.0, base, number)
            while left > 0 {
                if left % 2 == 1 { result *= square }
                square *= square
                left /= 2
            }
            return result
        }
        var step = lane_step(
            rate: rate, decay: decay, decoupled: self == .adamW, beta1: 0.9, beta2: 0.999, epsilon: 1e-8,
            unbias1: 1, unbias2: 1)
        switch self {
        case .momentum(let momentum): step.beta1 = momentum
        case .adam, .adamW:
            step.unbias1 = 1 / (1 - power(step.beta1))
            step.unbias2 = 1 / (1 - power(step.beta2))
        }
        return step
    }
}

extension LaneTrainer {
    /// Adds up the workers' gradients.
    func collectGradient() {
        let count = graph.parameterCount
        forEachWorker { worker in
            let part = self.share(of: count, worker.index)
            self.gradient.base.advanced(by: part.lowerBound).update(
                from: self.workers[0].parameterGradient.base + part.lowerBound, count: part.count)
            for other in self.workers.dropFirst() {
                Scalar.add(
                    part.count, lanes: 1, other.parameterGradient.base + part.lowerBound,
                    to: self.gradient.base + part.lowerBound)
            }
        }
    }

    /// Moves the parameters along the collected gradient.
    func update(_ optimizer: Optimizer, rate: Double, decay: Double) {
        stepCount += 1
        let step = optimizer.step(number: stepCount, rate: rate, decay: decay)
        forEachWorker { worker in
            let part = self.share(of: self.graph.parameterCount, worker.index)
            let start = part.lowerBound
            let count = Int64(part.count)
            let mask = self.mask.map { UnsafePointer($0.base + start) }
            withUnsafePointer(to: step) { step in
                switch optimizer {
                case .momentum:
                    self.kernels.momentum(
                        count, step, self.gradient.base + start, mask, self.parameters.base + start,
                        self.moments[0].base + start)
                case .adam, .adamW:
                    self.kernels.adam(
                        count, step, self.gradient.base + start, mask, self.parameters.base + start,
                        self.moments[0].base + start, self.moments[1].base + start)
                }
            }
        }
        loadWeights()
    }

    /// A worker's part of so many numbers, in whole cache lines.
    private func share(of count: Int, _ worker: Int) -> Range<Int> {
        let lines = (count + 15) / 16
        return min(
            count, worker * lines / workers.count * 16)..<min(
                count, (worker + 1) * lines / workers.count * 16)
    }
}
