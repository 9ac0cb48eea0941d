public import Intervals
import Networks
public import Properties

extension ExactOracle {
    /// What is wrong with a verdict on the oracle's query; nil when nothing is.
    ///
    /// No verdict at all is never wrong. A counterexample must lie in a region and violate the property
    /// there, both decided exactly.
    ///
    /// - Parameter answer: the oracle's own.
    public func objection(to verdict: Verdict, answer: Answer) throws(Failure) -> String? {
        switch (verdict, answer) {
        case (.unknown, _), (.timeout, _), (.holds, .holds): return nil
        case (.holds, .violated(let point, _)): return "proved, but violated at \(point.approximate)"
        case (.violated(let counterexample), _):
            let point = counterexample.inputText.compactMap { ExactDecimal($0) }
            guard point.count == network.inputCount else { return "the witness is no list of decimals" }
            return try isViolated(at: point) ? nil : "no violation at the witness \(counterexample.inputText)"
        }
    }

    /// Whether the input violates the property.
    public func isViolated(at input: [ExactDecimal]) throws(Failure) -> Bool {
        let ends = input.map(\.enclosure)
        let text = input.map(\.description)
        let point = InputRegion(lower: ends, upper: ends, lowerText: text, upperText: text)
        var there = Property(
            inputCount: property.inputCount, outputCount: property.outputCount, regions: [point],
            disjuncts: [])
        for disjunct in property.disjuncts where property.regions[disjunct.region].contains(input) {
            there.disjuncts.append(Disjunct(region: 0, constraints: disjunct.constraints))
        }
        if case .violated = try ExactOracle(network: network, property: there).answer() { return true }
        return false
    }
}
