// What float32 execution may lose of a property's margins.
//
// Executed is the network as its file has it; verified is a simplified one, whose bounds are the best there are. Where
// both have the same neurons, as they do but for reshapes in most files, those bounds serve; otherwise the executed
// network is bounded for itself.

import BoundPropagation
import Evaluation
import Networks
import Properties

final class Float32Analysis: Sendable {
    private let executed: Float32Model
    private let counterparts: [Int?]
    /// Whether the verified network's bounds say what is needed.
    private let isCounted: Bool

    /// Multiply-adds of a network above which nothing is bounded unless that is required.
    static let mostMultiplyAdds = 50_000_000
    /// The same for bounding a network for itself by more than interval arithmetic.
    private static let mostToBound = 5_000_000

    /// - Returns: nil where float32 execution is not bounded: for smooth activations.
    init?(_ network: Network, verified: LanePlan) {
        guard let executed = Float32Model(network) else { return nil }
        self.executed = executed
        counterparts = executed.counterparts(in: verified)
        isCounted = executed.plan.activations.allSatisfy { [counterparts] in
            counterparts[executed.plan.operands[$0][0]] != nil
        }
    }

    /// Ranges of the executed network's values over one region, as far as they are known without the verified one.
    struct Ranges: Sendable {
        fileprivate var lower: [[Double]]
        fileprivate var upper: [[Double]]
    }

    func ranges(over region: InputRegion, of network: Network, threads: Int) -> Ranges {
        let plan = executed.plan
        if isCounted || plan.multiplyAdds > Self.mostToBound {
            let intervals = network.decomposingMaxPools().intervalBounds(
                over: region.outwardLower, upper: region.outwardUpper)
            return Ranges(
                lower: zip(plan.layouts, intervals).map { $0.permuted($1.lower) },
                upper: zip(plan.layouts, intervals).map { $0.permuted($1.upper) })
        }
        var options = BoundingOptions()
        options.threads = threads
        let layout = plan.inputLayout
        let bounds = RegionBounder(
            model: BoundModel(plan: plan), lower: layout.permuted(region.outwardLower),
            upper: layout.permuted(region.outwardUpper), options: options
        ).bounds
        return Ranges(lower: bounds.lower, upper: bounds.upper)
    }

    /// Per disjunct the most that float32 execution may take from one of its constraints' margins.
    func losses(of disjuncts: [Disjunct], _ ranges: Ranges, known: NodeBounds, thoroughly: Bool) -> [Double] {
        var ranges = ranges
        for (node, counterpart) in counterparts.enumerated() {
            guard let counterpart else { continue }
            for feature in ranges.lower[node].indices {
                ranges.lower[node][feature] = max(ranges.lower[node][feature], known.lower[counterpart][feature])
                ranges.upper[node][feature] = min(ranges.upper[node][feature], known.upper[counterpart][feature])
            }
        }
        let errors = Float32Errors(executed, thoroughly: thoroughly, lower: ranges.lower, upper: ranges.upper)
        let constraints = disjuncts.flatMap(\.constraints)
        let rows = constraints.map { constraint in
            constraint.outputTerms.map { (output: $0.index, coefficient: $0.coefficient) }
        }
        let losses = errors.losses(of: rows)
        var first = 0
        return disjuncts.map { disjunct in
            let own = losses[first..<first + disjunct.constraints.count]
            first += disjunct.constraints.count
            return (own.max() ?? 0) * (1 + 0x1p-20)
        }
    }
}
