import Intervals
import Properties

extension Normalizer {
    /// The property the cases make up.
    ///
    /// Contradictory conditions leave no case. When that is so without any choice, one disjunct over the
    /// empty region is made all the same, for a caller who wants to say so.
    func property(outputCount: Int, declarations: Declarations) throws(Fault) -> Property {
        var property = Property(inputCount: inputCount, outputCount: outputCount, regions: [], disjuncts: [])
        var regionIndices: [[Case.Bounds]: Int] = [:]
        for one in cases {
            let closed = one.bounds.map { bounds in
                Case.Bounds(
                    input: bounds.input, lower: closedIndex(bounds.lower), upper: closedIndex(bounds.upper))
            }
            let region: Int
            if let known = regionIndices[closed] {
                region = known
            } else {
                region = property.regions.count
                guard region == 0 || (region + 1) * inputCount <= Self.sizeLimit else {
                    throw tooManyCases(at: 0)
                }
                property.regions.append(try inputRegion(closed, declarations: declarations))
                regionIndices[closed] = region
            }
            let constraints = one.constraints.map { linearConstraint(formula.constraints[$0]) }
            property.disjuncts.append(
                Disjunct(region: region, constraints: constraints + strictBounds(one)))
        }
        return property
    }

    private func closedIndex(_ index: Int) -> Int {
        index < 0 ? -1 : table.entries[index].closed
    }

    private func inputRegion(_ bounds: [Case.Bounds], declarations: Declarations) throws(Fault) -> InputRegion
    {
        var lower = baseLower
        var upper = baseUpper
        for bound in bounds {
            if bound.lower >= 0 { lower[bound.input] = bound.lower }
            if bound.upper >= 0 { upper[bound.input] = bound.upper }
        }
        for input in 0..<inputCount {
            try checkBounded(lower[input], "lower", ">=", input: input, declarations: declarations)
            try checkBounded(upper[input], "upper", "<=", input: input, declarations: declarations)
        }
        return InputRegion(
            lower: lower.map { table.entries[$0].end.interval },
            upper: upper.map { table.entries[$0].end.interval },
            lowerText: lower.map(table.text(of:)), upperText: upper.map(table.text(of:)))
    }

    private func checkBounded(
        _ index: Int, _ side: String, _ comparison: String, input: Int, declarations: Declarations
    ) throws(Fault) {
        guard index >= 0 else {
            throw Fault(
                offset: declarations.inputs[input],
                message:
                    "X_\(input) has no \(side) bound in \(cases.count > 1 ? "some case" : "the asserts"); add (assert (\(comparison) X_\(input) number))"
            )
        }
        guard table.entries[index].end.interval.isBounded else {
            throw Fault(
                offset: declarations.inputs[input],
                message:
                    "the \(side) bound of X_\(input) lies outside the range of float64; use a bound nearer to zero"
            )
        }
    }

    private func linearConstraint(_ constraint: Formula.Constraint) -> LinearConstraint {
        func terms(ofInputs: Bool) -> [LinearConstraint.Term] {
            constraint.expression.terms.filter { $0.variable.isInput == ofInputs }.map {
                LinearConstraint.Term(index: $0.variable.index, coefficient: $0.coefficient.enclosure)
            }
        }
        return LinearConstraint(
            outputTerms: terms(ofInputs: false), inputTerms: terms(ofInputs: true),
            constant: constraint.expression.constant.enclosure, isStrict: constraint.isStrict)
    }

    /// The region is closed; where the file excludes an end, a strict constraint does.
    private func strictBounds(_ one: Case) -> [LinearConstraint] {
        var constraints: [LinearConstraint] = []
        func exclude(_ index: Int, input: Int, isUpper: Bool) {
            guard index >= 0, table.entries[index].isStrict else { return }
            let end = table.entries[index].end.interval
            let term = LinearConstraint.Term(index: input, coefficient: Interval(isUpper ? 1 : -1))
            constraints.append(
                LinearConstraint(
                    outputTerms: [], inputTerms: [term], constant: isUpper ? -end : end, isStrict: true))
        }
        guard table.entries.contains(where: \.isStrict) else { return [] }
        for input in 0..<inputCount {
            let place = one.place(of: input)
            let own = place < one.bounds.count && one.bounds[place].input == input ? one.bounds[place] : nil
            let lower = own.map(\.lower) ?? -1
            let upper = own.map(\.upper) ?? -1
            exclude(lower >= 0 ? lower : baseLower[input], input: input, isUpper: false)
            exclude(upper >= 0 ? upper : baseUpper[input], input: input, isUpper: true)
        }
        return constraints
    }
}
