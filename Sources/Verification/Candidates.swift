// Points from elsewhere, such as counterexamples of a neighbouring network: run all of them at once, and confirm the
// promising ones.

import BoundPropagation
import Evaluation
import Falsification
import Intervals
import Networks
public import Properties

extension PreparedNetwork {
    /// The network's outputs at many inputs, in float32, 64 inputs at a time.
    ///
    /// - Parameter inputs: each of as many numbers as the network has inputs, in the network's own order.
    /// - Returns: one list of outputs per input, in the network's own order.
    /// - Soundness: none; what float32 shows has to be confirmed.
    public func outputs(at inputs: [[Double]]) -> [[Float]] {
        guard !inputs.isEmpty else { return [] }
        // Batches come in steps of 16 lanes.
        let lanes = min(64, (inputs.count + 15) / 16 * 16)
        let evaluator = LaneEvaluator(model.search, lanes: lanes)
        var outputs: [[Float]] = []
        outputs.reserveCapacity(inputs.count)
        for start in stride(from: 0, to: inputs.count, by: lanes) {
            let count = min(lanes, inputs.count - start)
            for index in 0..<network.inputCount {
                let row = evaluator.inputs + evaluator.place(ofInput: index) * lanes
                for lane in 0..<lanes { row[lane] = Float(inputs[start + min(lane, count - 1)][index]) }
            }
            evaluator.evaluate()
            for lane in 0..<count {
                outputs.append(
                    (0..<network.outputCount).map {
                        evaluator.outputs[evaluator.place(ofOutput: $0) * lanes + lane]
                    })
            }
        }
        return outputs
    }
}

/// The point as a counterexample of the query, if it certainly is one, or a point beside it that can be written down.
///
/// - Parameters:
///   - point: in the network's own order; near or in the region of some disjunct.
///   - outputs: what the network gives there, as float32 has it: the disjunct it comes closest to is tried.
/// - Soundness: as any counterexample, confirmed by an evaluation rounded outward, or exactly.
public func counterexample(_ query: Query, at point: [Double], outputs: [Float]) -> Counterexample? {
    let property = query.property
    func margin(_ disjunct: Disjunct) -> Double {
        disjunct.constraints.map { constraint in
            constraint.outputTerms.reduce(constraint.constant.midpoint) {
                $0 + $1.coefficient.midpoint * Double(outputs[$1.index])
            } + constraint.inputTerms.reduce(0) { $0 + $1.coefficient.midpoint * point[$1.index] }
        }.max() ?? 0
    }
    guard let nearest = property.disjuncts.min(by: { margin($0) < margin($1) }), !nearest.constraints.isEmpty,
        case .violated(let found) = confirm(
            point, disjunct: nearest, region: property.regions[nearest.region], network: query.network)
    else { return nil }
    return found
}
