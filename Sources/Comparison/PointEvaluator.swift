// What both networks make of one input: fast to look, rigorous to claim.

import Evaluation
import Intervals
import Networks
import Properties

/// Evaluates candidates for a large deviation.
struct PointEvaluator: Sendable {
    let pair: NetworkPair
    let region: InputRegion

    init(_ pair: NetworkPair, region: InputRegion) {
        self.pair = pair
        self.region = region
    }

    /// In float64, to rank candidates by; proves nothing.
    func outputs(at point: [Double]) -> (dense: [Double], pruned: [Double]) {
        if let alignment = pair.alignment { return (alignment.dense.evaluate(point), alignment.pruned.evaluate(point)) }
        return (pair.dense.evaluate(point), pair.pruned.evaluate(point))
    }

    /// The same, as magnitudes of differences.
    func magnitudes(at point: [Double]) -> [Double] {
        let (dense, pruned) = outputs(at: point)
        return zip(dense, pruned).map { ($0 - $1).magnitude }
    }

    /// A point of the region near the candidate, with what is certain there.
    ///
    /// - Soundness: the point lies in the region, and each magnitude is at most the real `|f_i - g_i|` at it.
    func witness(near candidate: [Double]) -> DeviationWitness? {
        guard let coordinates = region.witness(near: candidate) else { return nil }
        let point = coordinates.map(\.enclosure)
        let dense = pair.dense.evaluate(at: point)
        let pruned = pair.pruned.evaluate(at: point)
        return DeviationWitness(
            input: coordinates.map(\.value), inputText: coordinates.map(\.text), dense: dense.map(\.midpoint),
            pruned: pruned.map(\.midpoint),
            magnitudes: zip(dense, pruned).map { a, b in
                max(0, differenceRoundedDown(a.lower, b.upper), differenceRoundedDown(b.lower, a.upper))
            })
    }
}
