import Intervals
import Properties

/// What messages call the inputs, and where they are declared.
struct DeclaredInputs {
    var offsets: [Int]
    var name: (Int) -> String
    /// The code of a missing bound.
    var code: VNNLIBErrorCode?
}

extension Normalizer {
    /// The property the cases make up.
    ///
    /// Contradictory conditions leave no case. When that is so without any choice, one disjunct over the
    /// empty region is made all the same, for a caller who wants to say so.
    func property(outputCount: Int, inputs: DeclaredInputs) throws(Fault) -> Property {
        var property = Property(inputCount: inputCount, outputCount: outputCount, regions: [], disjuncts: [])
        let constraints = formula.constraints.map(linearConstraint)
        var regionIndices: [[Case.Bounds]: Int] = [:]
        for one in cases {
            let closed = one.bounds.compactMap(closedBounds)
            let region: Int
            if let known = regionIndices[closed] {
                region = known
            } else {
                region = property.regions.count
                guard region == 0 || (region + 1) * inputCount <= Self.sizeLimit else {
                    throw tooManyCases(at: 0)
                }
                property.regions.append(try inputRegion(closed, inputs: inputs))
                regionIndices[closed] = region
            }
            property.disjuncts.append(
                Disjunct(
                    region: region, constraints: one.constraints.map { constraints[$0] } + strictBounds(one)))
        }
        return property
    }

    /// Without strictness, and only where it then differs from the base.
    private func closedBounds(_ bounds: Case.Bounds) -> Case.Bounds? {
        func closed(_ own: Int, base: Int) -> Int {
            guard own >= 0 else { return -1 }
            let closed = table.entries[own].closed
            return base >= 0 && table.entries[base].closed == closed ? -1 : closed
        }
        let lower = closed(bounds.lower, base: baseLower[bounds.input])
        let upper = closed(bounds.upper, base: baseUpper[bounds.input])
        return lower < 0 && upper < 0 ? nil : Case.Bounds(input: bounds.input, lower: lower, upper: upper)
    }

    private func inputRegion(_ bounds: [Case.Bounds], inputs: DeclaredInputs) throws(Fault) -> InputRegion {
        var lower = baseLower
        var upper = baseUpper
        for bound in bounds {
            if bound.lower >= 0 { lower[bound.input] = bound.lower }
            if bound.upper >= 0 { upper[bound.input] = bound.upper }
        }
        for input in 0..<inputCount {
            try checkBounded(lower[input], "lower", ">=", input: input, inputs: inputs)
            try checkBounded(upper[input], "upper", "<=", input: input, inputs: inputs)
        }
        return InputRegion(
            lower: lower.map { table.entries[$0].end.interval },
            upper: upper.map { table.entries[$0].end.interval },
            lowerText: lower.map(table.text(of:)), upperText: upper.map(table.text(of:)))
    }

    private func checkBounded(
        _ index: Int, _ side: String, _ comparison: String, input: Int, inputs: DeclaredInputs
    ) throws(Fault) {
        guard index >= 0 else {
            throw Fault(
                at: inputs.offsets[input], inputs.code,
                "\(inputs.name(input)) has no \(side) bound in \(cases.count > 1 ? "some case" : "the asserts")",
                remedy: "add (assert (\(comparison) \(inputs.name(input)) number))")
        }
        guard table.entries[index].end.interval.isBounded else {
            throw Fault(
                at: inputs.offsets[input], inputs.code,
                "the \(side) bound of \(inputs.name(input)) lies outside the range of float64",
                remedy: "use a bound nearer to zero")
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
        guard table.hasStrict else { return [] }
        for input in 0..<inputCount {
            let own = one.bounds(of: input)
            exclude(own.lower >= 0 ? own.lower : baseLower[input], input: input, isUpper: false)
            exclude(own.upper >= 0 ? own.upper : baseUpper[input], input: input, isUpper: true)
        }
        return constraints
    }
}
