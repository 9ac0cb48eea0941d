// The true answer for tiny networks, by brute force in exact arithmetic: every activation pattern that some
// input has is visited once, as a polytope of inputs on which the network is affine. It shares no code with
// any bound or search, and is what they are tested against.

public import BigInt
import Intervals
public import Networks
public import Properties

/// Decides a property of a tiny network exactly.
public struct ExactOracle {
    public enum Answer: Sendable {
        case holds
        /// - Parameters:
        ///   - input: a point of the region whose output satisfies a disjunct.
        ///   - isRobust: whether all constraints hold there with room to spare, so that nearby points of the
        ///     region
        ///     violate the property as well.
        case violated(input: RationalPoint, isRobust: Bool)
    }

    /// Why the question is not one for this oracle.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    let network: Network
    let property: Property
    /// More linear pieces than this are given up on.
    let pieceLimit: Int

    /// - Parameters:
    ///   - network: exact weights; a few inputs, a few dozen neurons.
    ///   - property: ends, coefficients and constants known exactly.
    public init(network: Network, property: Property, pieceLimit: Int = 100_000) {
        self.network = network
        self.property = property
        self.pieceLimit = pieceLimit
    }

    /// - Throws: when a number is not known exactly or there are too many pieces.
    /// - Complexity: the number of linear pieces over the regions, times neurons and vertices.
    public func answer() throws(Failure) -> Answer {
        var boundary: RationalPoint?
        for (index, region) in property.regions.enumerated() {
            let disjuncts = property.disjuncts.filter { $0.region == index }
            guard !disjuncts.isEmpty else { continue }
            var robust: RationalPoint?
            try forEachPiece(over: region) { cell, inputs, outputs throws(Failure) in
                for disjunct in disjuncts {
                    let margins = try disjunct.constraints.map { constraint throws(Failure) in
                        try margin(of: constraint, inputs: inputs, outputs: outputs)
                    }
                    guard let found = violation(in: cell, margins: margins, disjunct.constraints) else {
                        continue
                    }
                    if found.isRobust {
                        robust = found.point
                        return false
                    }
                    boundary = boundary ?? found.point
                }
                return true
            }
            if let robust { return .violated(input: robust, isRobust: true) }
        }
        return boundary.map { .violated(input: $0, isRobust: false) } ?? .holds
    }

    /// The least value of a constraint's margin over a region; nil when the region is empty.
    ///
    /// - Returns: the value as `numerator / denominator`.
    public func leastMargin(
        of constraint: LinearConstraint, over region: Int
    ) throws(Failure) -> (numerator: BigInt, denominator: BigInt)? {
        var least: (numerator: BigInt, denominator: BigInt)?
        try forEachPiece(over: property.regions[region]) { cell, inputs, outputs throws(Failure) in
            let margin = try margin(of: constraint, inputs: inputs, outputs: outputs)
            for vertex in cell.vertices {
                var value = vertex.value(of: margin)
                var denominator = vertex.homogeneous[vertex.homogeneous.count - 1]
                if margin.exponent >= 0 {
                    value <<= margin.exponent
                } else {
                    denominator <<= -margin.exponent
                }
                if let known = least, known.numerator * denominator <= value * known.denominator { continue }
                least = (value, denominator)
            }
            return true
        }
        return least
    }

    private func margin(
        of constraint: LinearConstraint, inputs: [AffineForm], outputs: [AffineForm]
    ) throws(Failure) -> AffineForm {
        guard constraint.isExact else { throw Failure(description: "a constraint's numbers are not float64") }
        var margin = AffineForm.constant(constraint.constant.lower, inputs: inputs.count)
        for term in constraint.outputTerms { margin.add(outputs[term.index], times: term.coefficient.lower) }
        for term in constraint.inputTerms { margin.add(inputs[term.index], times: term.coefficient.lower) }
        return margin
    }

    /// A point of the cell at which every margin is at most zero, below zero where strict.
    private func violation(
        in cell: Polytope, margins: [AffineForm], _ constraints: [LinearConstraint]
    ) -> (point: RationalPoint, isRobust: Bool)? {
        var part = cell
        for margin in margins {
            part = part.cut(margin, negated: true)
            if part.isEmpty { return nil }
        }
        // A margin that is negative at one vertex is negative at the vertices' mean.
        var isRobust = true
        for (margin, constraint) in zip(margins, constraints) where !part.signs(of: margin).negative {
            if constraint.isStrict { return nil }
            isRobust = false
        }
        return part.center.map { ($0, isRobust) }
    }
}
