import BigInt
import Intervals
import Networks
import Properties
import RandomNumbers
import Testing

@testable import Oracles

@Suite struct ExactOracleTests {
    @Test func answersAgreeWithExactEvaluation() throws {
        var violated = 0
        var onBoundary = 0
        for query in RandomQueries(seed: 1000, operators: [.convolution, .maxPooling]).prefix(80).map(
            \.small)
        {
            query.property.checkInvariants()
            switch try ExactOracle(network: query.network, property: query.property).answer() {
            case .violated(let point, let isRobust):
                let input = point.numerators.map { Fraction($0, point.denominator) }
                #expect(isViolated(query, at: input, strictly: isRobust), "seed \(query.seed)")
                violated += 1
                onBoundary += isRobust ? 0 : 1
            case .holds:
                for input in samples(query) {
                    #expect(!isViolated(query, at: input, strictly: false), "seed \(query.seed)")
                }
            }
        }
        #expect(violated > 20 && violated < 70 && onBoundary > 1, "\(violated), \(onBoundary)")
    }

    @Test func leastMarginsDecideSingleConstraints() throws {
        var count = 0
        for query in RandomQueries(seed: 5000, operators: [.convolution, .maxPooling]).prefix(80).map(
            \.small)
        {
            guard query.property.disjuncts.count == 1, query.property.disjuncts[0].constraints.count == 1
            else {
                continue
            }
            count += 1
            let (disjunct, constraint) = (
                query.property.disjuncts[0], query.property.disjuncts[0].constraints[0]
            )
            let oracle = ExactOracle(network: query.network, property: query.property)
            let least = try #require(try oracle.leastMargin(of: constraint, over: disjunct.region))
            let value = Fraction(least.numerator, least.denominator)
            for input in samples(query, region: disjunct.region) {
                #expect(value <= margin(constraint, query, at: input))
            }
            switch try oracle.answer() {
            case .holds: #expect(constraint.isStrict ? value >= .zero : value > .zero, "seed \(query.seed)")
            case .violated(_, isRobust: true): #expect(value < .zero, "seed \(query.seed)")
            case .violated: #expect(value == .zero && !constraint.isStrict, "seed \(query.seed)")
            }
        }
        #expect(count > 25)
    }

    @Test func piecesOfAKnownFunction() throws {
        // |x_0| + |x_1| - 1 over [-2, 2]^2 by four ReLUs.
        let hidden = Linear(
            weights: .dense(rows: 4, columns: 2, values: [1, 0, -1, 0, 0, 1, 0, -1]), bias: [0, 0, 0, 0])
        let last = Linear(weights: .dense(rows: 1, columns: 4, values: [1, 1, 1, 1]), bias: [-1])
        let network = Network(
            nodes: [
                Node(name: "x", operation: .input, inputs: [], shape: [2]),
                Node(name: "h", operation: .linear(hidden), inputs: [0], shape: [4]),
                Node(name: "r", operation: .activation(.relu), inputs: [1], shape: [4]),
                Node(name: "y", operation: .linear(last), inputs: [2], shape: [1]),
            ], output: 3)
        let two = Array(repeating: Interval(2), count: 2)
        let region = InputRegion(lower: two.map { -$0 }, upper: two)
        let atMost = LinearConstraint(
            outputTerms: [LinearConstraint.Term(index: 0, coefficient: Interval(1))], constant: Interval(1))
        var property = Property(
            inputCount: 2, outputCount: 1, regions: [region],
            disjuncts: [Disjunct(region: 0, constraints: [atMost])])
        let oracle = ExactOracle(network: network, property: property)
        var pieces = 0
        try oracle.forEachPiece(over: region) { _, _, _ throws(ExactOracle.Failure) in
            pieces += 1
            return true
        }
        #expect(pieces == 4)
        let least = try #require(try oracle.leastMargin(of: atMost, over: 0))
        #expect(least.numerator == 0)
        guard case .violated(let point, isRobust: false) = try oracle.answer() else {
            Issue.record("the origin reaches -1")
            return
        }
        #expect(point.approximate == [0, 0])
        property.disjuncts[0].constraints[0].isStrict = true
        guard case .holds = try ExactOracle(network: network, property: property).answer() else {
            Issue.record("nothing lies below -1")
            return
        }
        property.regions[0].lower[0] = Interval(3)
        guard case .holds = try ExactOracle(network: network, property: property).answer() else {
            Issue.record("an empty region holds no violation")
            return
        }
    }

    @Test func manyInputsAskTheSameQuestion() throws {
        var widened = 0
        for query in RandomQueries(seed: 300).prefix(30) where query.core != nil {
            query.property.checkInvariants()
            try query.network.validate()
            widened += 1
            let small = query.small
            guard case .linear(let sums) = query.network.nodes[1].operation else { continue }
            let (rows, columns, weights) = (sums.weights.rows, sums.weights.columns, sums.weights.dense)
            for input in samples(query, count: 4) {
                let image = (0..<rows).map { row in
                    (0..<columns).reduce(Fraction.zero) {
                        $0 + Fraction(weights[row * columns + $1]) * input[$1]
                    }
                }
                #expect(
                    isViolated(query, at: input, strictly: false)
                        == isViolated(small, at: image, strictly: false))
            }
            // The sums reach the small box's ends.
            for (wide, old) in zip(query.property.regions, small.property.regions) {
                for row in 0..<rows {
                    let least = (0..<columns).reduce(Fraction.zero) {
                        let weight = Fraction(weights[row * columns + $1])
                        let end = weight < .zero ? wide.exactUpper($1)! : wide.exactLower($1)!
                        return $0 + weight * Fraction(end)
                    }
                    #expect(least == Fraction(old.exactLower(row)!))
                }
            }
        }
        #expect(widened > 5)
    }

    @Test func sameSeedSameQuery() throws {
        let first = try #require(RandomQueries.query(seed: 7))
        let second = try #require(RandomQueries.query(seed: 7))
        #expect(first.property.disjuncts.map(\.constraints) == second.property.disjuncts.map(\.constraints))
        #expect(first.property.regions[0].lower == second.property.regions[0].lower)
    }
}

extension ExactOracleTests {
    /// Corners and random points of the regions.
    private func samples(_ query: RandomQuery, region only: Int? = nil, count: Int = 12) -> [[Fraction]] {
        var random = SplitMix64(seed: query.seed)
        return query.property.regions.indices.filter { only == nil || $0 == only }.flatMap { index in
            let region = query.property.regions[index]
            return (0..<count).map { round in
                (0..<region.count).map { index in
                    let (lower, upper) = (
                        Fraction(region.exactLower(index)!), Fraction(region.exactUpper(index)!)
                    )
                    let share = Fraction(
                        BigInt(round < 8 ? random.integer(0...1) * 64 : random.integer(0...64)), 64)
                    return lower + share * (upper + Fraction(-1) * lower)
                }
            }
        }
    }

    private func margin(_ constraint: LinearConstraint, _ query: RandomQuery, at input: [Fraction])
        -> Fraction
    {
        let output = evaluate(query.network, at: input)
        var margin = Fraction(constraint.constant.lower)
        for term in constraint.outputTerms {
            margin = margin + Fraction(term.coefficient.lower) * output[term.index]
        }
        for term in constraint.inputTerms {
            margin = margin + Fraction(term.coefficient.lower) * input[term.index]
        }
        return margin
    }

    private func isViolated(_ query: RandomQuery, at input: [Fraction], strictly: Bool) -> Bool {
        query.property.disjuncts.contains { disjunct in
            let region = query.property.regions[disjunct.region]
            return (0..<region.count).allSatisfy {
                Fraction(region.exactLower($0)!) <= input[$0] && input[$0] <= Fraction(region.exactUpper($0)!)
            }
                && disjunct.constraints.allSatisfy {
                    let margin = margin($0, query, at: input)
                    return $0.isStrict || strictly ? margin < .zero : margin <= .zero
                }
        }
    }
}
