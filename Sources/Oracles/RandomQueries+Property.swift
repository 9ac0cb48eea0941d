import BigInt
import Intervals
import Networks
import Properties

extension RandomQueryMaker {
    /// One to three disjuncts over one or two boxes. Each one's first threshold is set by the least margin
    /// there really is.
    mutating func property(for network: Network) -> Property? {
        var property = Property(
            inputCount: network.inputCount, outputCount: network.outputCount, regions: [], disjuncts: [])
        for _ in 0..<(random.chance(20) ? 2 : 1) {
            property.regions.append(region(inputs: network.inputCount))
        }
        let oracle = ExactOracle(network: network, property: property, pieceLimit: 2000)
        for _ in 0..<(random.chance(60) ? 1 : random.integer(2...3)) {
            let region = random.integer(0...property.regions.count - 1)
            var constraints = [constraint(for: network)]
            if random.chance(25) { constraints.append(constraint(for: network)) }
            guard let least = try? oracle.leastMargin(of: constraints[0], over: region) else { return nil }
            constraints[0].constant = Interval(Self.difference(threshold(), least))
            property.disjuncts.append(Disjunct(region: region, constraints: constraints))
        }
        return property
    }

    /// How far above zero the least margin shall lie: negative for a violated constraint.
    private mutating func threshold() -> Double {
        let size = [0, 0x1p-50, 0x1p-40, 0x1p-20, 0x1p-10, 0x1p-4, 0.25, 1][random.integer(0...7)]
        return random.chance(50) ? size : -size
    }

    /// `threshold - least` to about the nearest float64, exact when it is one.
    private static func difference(_ threshold: Double, _ least: (numerator: BigInt, denominator: BigInt))
        -> Double
    {
        let power = 60
        let numerator = BigInt(threshold * 0x1p60) * least.denominator - least.numerator << power
        let denominator = least.denominator << power
        // Enough bits that a float64 is never cut.
        let shift = max(0, 120 - numerator.magnitude.bitWidth + denominator.magnitude.bitWidth)
        return Double((numerator << shift) / denominator)
            * Double(sign: .plus, exponent: -shift, significand: 1)
    }

    private mutating func constraint(for network: Network) -> LinearConstraint {
        var terms = [
            LinearConstraint.Term(
                index: random.integer(0...network.outputCount - 1), coefficient: Interval(1))
        ]
        if random.chance(30) { terms[0].coefficient = Interval(-1.5) }
        let other = random.integer(0...network.outputCount - 1)
        if other != terms[0].index {
            terms.append(LinearConstraint.Term(index: other, coefficient: Interval(-1)))
        }
        var inputs: [LinearConstraint.Term] = []
        if random.chance(10) {
            inputs = [
                LinearConstraint.Term(
                    index: random.integer(0...network.inputCount - 1), coefficient: Interval(0.5))
            ]
        }
        return LinearConstraint(
            outputTerms: terms, inputTerms: inputs, constant: Interval(dyadic(1)), isStrict: random.chance(25)
        )
    }

    /// A box; now and then an end is a decimal no float64 is equal to, or an input has no width.
    private mutating func region(inputs: Int) -> InputRegion {
        var region = InputRegion(lower: [], upper: [])
        for _ in 0..<inputs {
            let center = Double(random.integer(-16...16)) / 8
            let radius = random.chance(10) ? 0 : [0.125, 0.5, 1, 0x1p-12][random.integer(0...3)]
            var ends = (ExactDecimal(center - radius), ExactDecimal(center + radius))
            if random.chance(20) {
                let tenth = ExactDecimal("0.1") ?? .zero
                ends.0 = ends.0.adding(-tenth) ?? ends.0
                ends.1 = (random.chance(50) ? ends.1.adding(tenth) : nil) ?? ends.1
            }
            region.lower.append(ends.0.enclosure)
            region.upper.append(ends.1.enclosure)
            region.lowerText.append(ends.0.description)
            region.upperText.append(ends.1.description)
        }
        return region
    }
}
