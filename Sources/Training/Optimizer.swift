// How gradients move parameters, and how fast.

internal import CLaneKernels
internal import Evaluation
internal import Lanes

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

public enum Optimizer: Sendable, Equatable {
    /// Stochastic gradient descent; weight decay is part of the gradient.
    case momentum(Double)
    /// Kingma and Ba, 2014; weight decay is part of the gradient.
    case adam
    /// Loshchilov and Hutter, 2017: weight decay apart from the gradient.
    case adamW
}

/// How the learning rate changes over a run.
public struct RateSchedule: Sendable, Equatable {
    /// The highest rate.
    public var peak: Double
    public var course: Course

    public enum Course: Sendable, Equatable {
        /// From the peak down by a factor every so many epochs.
        case steps(factor: Double, period: Int)
        /// Up to the peak over the first 0.3 of so many epochs and down to nearly nothing over the rest, both along a
        /// cosine; later epochs stay there (Smith and Topin, "Super-convergence", 2018).
        case cycle(epochs: Int)
    }

    public init(peak: Double = 1e-3, course: Course = .steps(factor: 0.1, period: 30)) {
        self.peak = peak
        self.course = course
    }

    /// The rate so many epochs, and parts of one, into the run.
    public func rate(epoch: Double) -> Double {
        switch course {
        case .steps(let factor, let period):
            return (0..<Int(epoch) / max(1, period)).reduce(peak) { rate, _ in rate * factor }
        case .cycle(let epochs):
            let done = min(1, epoch / Double(max(1, epochs)))
            return done < Self.rise
                ? between(peak / 25, peak, done / Self.rise)
                : between(peak, peak / 10_000, (done - Self.rise) / (1 - Self.rise))
        }
    }

    /// This schedule, with what is given instead; a factor or period means falling by steps.
    public func changed(rate: Double?, factor: Double?, period: Int?, cycle: Int?) -> RateSchedule {
        var schedule = self
        schedule.peak = rate ?? peak
        if factor != nil || period != nil {
            schedule.course = .steps(factor: factor ?? 0.1, period: period ?? 30)
        } else if let cycle {
            schedule.course = .cycle(epochs: cycle)
        }
        return schedule
    }

    /// The share of a cycle in which the rate rises.
    private static let rise = 0.3

    /// From one value to the other along half a cosine.
    private func between(_ first: Double, _ last: Double, _ share: Double) -> Double {
        last + (first - last) * (1 + cos(.pi * share)) / 2
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
