// A proof for the dense network is one for the pruned network as well, when pruning moved no margin by as much as was
// proven. That costs one pass over the region instead of a proof.

import BoundPropagation
public import Intervals
import Networks
public import Properties

/// Certified bounds of `f_i - g_i` over a region.
public struct CertifiedDeviation: Sendable {
    /// Per output.
    public var differences: [Interval]
    /// At least the Euclidean norm of the difference.
    public var euclidean: Double

    /// How much lower the pruned network's margin of a constraint can be than the dense network's, at one input.
    ///
    /// - Soundness: at least the real loss at every input of the region; rounded up.
    public func loss(of constraint: LinearConstraint) -> Double {
        var sum = 0.0
        var square = 0.0
        for term in constraint.outputTerms {
            // The pruned margin is the dense one minus coefficient * (f - g).
            sum = sumRoundedUp(sum, (term.coefficient * differences[term.index]).upper)
            square = sumRoundedUp(square, productRoundedUp(term.coefficient.magnitude, term.coefficient.magnitude))
        }
        return min(sum, productRoundedUp(square.squareRoot().nextUp, euclidean))
    }
}

/// Carries proofs from a network to what pruning made of it.
///
///     let transfer = RobustnessTransfer(pair)
///     if transfer.carries(margins, of: property) { /* the pruned network has the property: no new proof needed */ }
public final class RobustnessTransfer {
    private let pair: NetworkPair
    private let closedForm: ClosedFormBounder?
    private let pass: DifferencePass

    /// Prepares kernels and norms; to be used by one thread at a time, for any number of properties.
    public init(_ pair: NetworkPair) {
        self.pair = pair
        closedForm = pair.alignment.map(ClosedFormBounder.init)
        pass = DifferencePass(PairModel(pair))
    }

    /// What is certain about the deviation over a region, by the closed form and by difference bounds.
    public func deviation(over region: InputRegion) -> CertifiedDeviation {
        let (lower, upper) = (region.outwardLower, region.outwardUpper)
        let isBounded = pass.run(lower: lower, upper: upper)
        precondition(isBounded, "nobody stops this pass")
        var differences = pass.boxBounds(lower: lower, upper: upper, decides: false).differences
        var euclidean = euclideanLength(differences.map { max($0.lower.magnitude, $0.upper.magnitude) })
        if let closed = closedForm?.bound(over: region) {
            euclidean = min(euclidean, closed.deviation)
            differences = zip(differences, closed.outputs).map { range, limit in
                range.intersection(Interval(lower: -limit, upper: limit)) ?? range
            }
        }
        return CertifiedDeviation(differences: differences, euclidean: euclidean)
    }

    /// Whether the dense network's proof of a property carries over.
    ///
    /// - Parameters:
    ///   - margins: for each disjunct a proven lower bound, over its region, of the largest margin of its constraints for
    ///     the dense network.
    /// - Soundness: true only if the pruned network, as a function of real numbers, has the property. False says nothing.
    public func carries(_ margins: [Double], of property: Property) -> Bool {
        precondition(margins.count == property.disjuncts.count, "one margin for each disjunct")
        guard property.inputCount == pair.inputCount, property.outputCount == pair.outputCount,
            margins.allSatisfy({ $0 > 0 })
        else { return false }
        for (number, region) in property.regions.enumerated() where !region.isCertainlyEmpty {
            let disjuncts = property.disjuncts.indices.filter { property.disjuncts[$0].region == number }
            if disjuncts.isEmpty { continue }
            let deviation = deviation(over: region)
            for index in disjuncts {
                let losses = property.disjuncts[index].constraints.map { deviation.loss(of: $0) }
                guard let worst = losses.max(), worst < margins[index] else { return false }
            }
        }
        return true
    }
}
