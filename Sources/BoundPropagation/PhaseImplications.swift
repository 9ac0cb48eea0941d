// Phases that follow from a bound that is not enough (objective cuts on neurons; Clip-and-Verify, 2025, cuts inputs).
//
// A lane's certified pass leaves more than a bound: with the coefficients g that reached the input and the corner c
// of the box where they are least,
//
//     objective(x) >= bound + sum_i |g_i| |x_i - c_i|            on the lane's part of the region.
//
// A counterexample has an objective of 0 at most, so it moves away from the corner by no more than -bound, counted with
// these weights. A neuron whose preactivation is linear in the input may be positive nowhere there, or negative
// nowhere: then its phase is known in the lane and everything below it, without a split. The largest preactivation under
// one such constraint is a fractional knapsack, whose dual has a single multiplier; any multiplier gives a sound bound.
// A few steps in float32 look for a good one, and float64 claims.
//
// In networks with few inputs and one wide hidden layer this fixes most neurons long before the search would.

import CLaneKernels
import Evaluation
import Intervals
import Networks

/// A phase that follows, and the dual's multiplier: where the other phase holds, a counterexample's objective and
/// `multiplier` times the neuron's preactivation, both not positive, would have a positive sum.
public struct ImpliedPhase: Sendable {
    public var slot: Int32
    public var phase: Float
    /// As a proof states it, if it was to; of the preactivation, where the objective's is 1.
    public var multiplier: Float
}

/// Finds implied phases for one thread's batches.
public final class PhaseImplications {
    /// A neuron that is linear in the input.
    private struct Neuron {
        var slot: Int
        var columns: [Int32]?
        var weights: [Float]
        var exactWeights: [Double]
        var bias: Double
        /// How far the preactivation may be from what weights and bias give.
        var radius: Double
    }

    /// Lanes asked about and phases found, lately; and batches to let pass before asking again.
    private var asked = 0
    private var gained = 0
    private var rest = 0
    private let neurons: [Neuron]
    private let region: RegionBounder
    private let isForProof: Bool
    private let widths: [Double]
    /// `[input][lane]`: what the bounds last certified depend on, and the same as `lane_reach_f32` takes it.
    private let coefficients: LaneStorage<Double>
    private let corner: LaneStorage<Float>
    private let span: LaneStorage<Float>
    private let cost: LaneStorage<Float>
    private let found: LaneStorage<Float>

    /// Nil when no unstable neuron is linear in the input.
    ///
    /// - Parameter isForProof: whether phases are found that a proof can state only: with a float32 multiplier.
    public init?(_ region: RegionBounder, lanes: Int, isForProof: Bool = false) {
        self.region = region
        self.isForProof = isForProof
        neurons = region.unstableNeurons.enumerated().compactMap { Self.neuron($1, slot: $0, region) }
        if neurons.isEmpty { return nil }
        widths = zip(region.inputLower, region.inputUpper).map { ($1 - $0).nextUp }
        coefficients = LaneStorage(features: widths.count, lanes: lanes)
        corner = LaneStorage(features: widths.count, lanes: lanes)
        span = LaneStorage(features: widths.count, lanes: lanes)
        cost = LaneStorage(features: widths.count, lanes: lanes)
        found = LaneStorage(features: 3, lanes: lanes)
    }

    private static func neuron(_ place: NeuronPlace, slot: Int, _ region: RegionBounder) -> Neuron? {
        let plan = region.plan
        let operand = plan.operands[place.node][0]
        guard case .activation = plan.operations[place.node], case .linear(let linear) = plan.operations[operand],
            plan.operands[operand] == [0]
        else { return nil }
        let columns: [Int32]?
        let weights: [Double]
        switch linear.weights {
        case .dense(_, let count, let values):
            columns = nil
            weights = Array(values[place.feature * count..<(place.feature + 1) * count])
        case .sparse(let sparse):
            let entries = sparse.rowStarts[place.feature]..<sparse.rowStarts[place.feature + 1]
            columns = Array(sparse.columnIndices[entries])
            weights = Array(sparse.values[entries])
        }
        let error = linear.error
        var radius = error.offsets.isEmpty ? 0 : error.offsets[place.feature]
        for (index, weight) in weights.enumerated() {
            let magnitude = region.bounds.magnitude(0, columns.map { Int($0[index]) } ?? index)
            radius += (error.relative * weight.magnitude + error.absolute) * magnitude
        }
        if case .sparse = linear.weights, error.absolute > 0 {
            // Real weights that the matrix leaves out may not be zero either.
            for input in region.inputLower.indices { radius += error.absolute * region.bounds.magnitude(0, input) }
        }
        return Neuron(
            slot: slot, columns: columns, weights: weights.map { Float($0) }, exactWeights: weights,
            bias: linear.bias[place.feature], radius: radius * sumSlack)
    }

    /// Whether `fix` looks at the next batch.
    public var isAsking: Bool { rest == 0 }

    /// Fixes in the bounder's lanes the phases that follow from what it certified last.
    ///
    /// - Parameters:
    ///   - budgets: per lane how far the certified bound lies below what refutes the lane; negative: leave the lane.
    /// - Returns: per lane the phases.
    /// - Soundness: every input of a lane's part of the region whose objective is at most bound plus budget has these
    ///   phases.
    public func fix(in bounder: LaneBounder, budgets: [Double]) -> [[ImpliedPhase]] {
        let lanes = bounder.lanes
        var result = [[ImpliedPhase]](repeating: [], count: lanes)
        if rest > 0 {
            rest -= 1
            return result
        }
        bounder.copyInputCoefficients(to: coefficients.base, count: widths.count)
        writeMoves(lanes)
        let limits = found.base + 2 * lanes
        for lane in 0..<lanes { limits[lane] = lane < budgets.count ? Float(max(0, budgets[lane])) : 0 }
        for neuron in neurons {
            neuron.columns.withUnsafePointer { columns in
                lane_reach_f32(
                    neuron.weights.count, lanes, columns, neuron.weights, Float(neuron.bias), corner.base, span.base,
                    cost.base, limits, found.base, found.base + lanes)
            }
            for lane in budgets.indices where budgets[lane] >= 0 && found.base[lane] < 0 {
                let place = neuron.slot * lanes + lane
                guard bounder.phases[place] == 0 else { continue }
                // The objective's multiplier, where the preactivation's is 1.
                let inverse = 1 / found.base[lanes + lane]
                if isForProof && !(inverse < 1e9) { continue }
                let multiplier = isForProof ? 1 / Double(inverse) : Double(found.base[lanes + lane])
                guard let phase = claim(neuron, lane, lanes: lanes, budget: budgets[lane], multiplier) else { continue }
                bounder.phases[place] = phase
                bounder.parameters[place] = 0
                result[lane].append(ImpliedPhase(slot: Int32(neuron.slot), phase: phase, multiplier: inverse))
            }
        }
        takeStock(asked: budgets.count { $0 >= 0 }, gained: result.reduce(0) { $0 + $1.count })
        return result
    }

    /// Asks seldom where little follows.
    private func takeStock(asked count: Int, gained phases: Int) {
        asked += count
        gained += phases
        guard asked >= 256 else { return }
        if 2 * gained < asked { rest = 15 }
        (asked, gained) = (0, 0)
    }

    /// The corner where each lane's bound was reached, the move to the opposite end, and what that costs.
    private func writeMoves(_ lanes: Int) {
        for input in widths.indices {
            let (low, high) = (Float(region.inputLower[input]), Float(region.inputUpper[input]))
            let width = Float(widths[input])
            for place in input * lanes..<(input + 1) * lanes {
                let coefficient = Float(coefficients.base[place])
                corner.base[place] = coefficient < 0 ? high : low
                span.base[place] = coefficient < 0 ? -width : width
                cost.base[place] = coefficient.magnitude * width
            }
        }
    }

    /// The neuron's phase, if float64 with all its roundings paid for agrees.
    private func claim(_ neuron: Neuron, _ lane: Int, lanes: Int, budget: Double, _ multiplier: Double) -> Float? {
        let coefficients = coefficients.base + lane
        var value = neuron.bias
        var size = neuron.bias.magnitude
        for (index, weight) in neuron.exactWeights.enumerated() {
            let input = neuron.columns.map { Int($0[index]) } ?? index
            let term = weight * (coefficients[input * lanes] < 0 ? region.inputUpper[input] : region.inputLower[input])
            value += term
            size += term.magnitude
        }
        let side: Double = value > 0 ? -1 : 1
        var reach = side * value + multiplier * budget
        size += multiplier * budget
        for (index, weight) in neuron.exactWeights.enumerated() {
            let input = neuron.columns.map { Int($0[index]) } ?? index
            let coefficient = coefficients[input * lanes]
            let change = side * weight * (coefficient < 0 ? -widths[input] : widths[input])
            let price = multiplier * coefficient.magnitude * widths[input]
            reach += max(0, change - price)
            size += change.magnitude + price
        }
        let roundings = roundingFactor(4 * neuron.exactWeights.count + 16) * size
        let loss = (roundings + neuron.radius) * sumSlack * sumSlack + underflowAllowance
        return reach + loss < 0 ? Float(-side) : nil
    }
}

extension [Int32]? {
    fileprivate func withUnsafePointer(_ body: (UnsafePointer<Int32>?) -> Void) {
        if let self { self.withUnsafeBufferPointer { body($0.baseAddress) } } else { body(nil) }
    }
}

extension LaneBounder {
    /// The coefficients of the inputs that the last certified bounds stand on, `[input][lane]`.
    func copyInputCoefficients(to target: UnsafeMutablePointer<Double>, count: Int) {
        target.update(repeating: 0, count: count * lanes)
        let coefficients = exact.coefficients(0)
        for span in exact.spans[0] {
            (target + span.feature * lanes).update(from: coefficients + span.buffer * lanes, count: span.count * lanes)
        }
    }
}
