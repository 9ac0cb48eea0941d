public import Intervals

extension LinearConstraint {
    /// The range of the margin, `outputTerms . Y + inputTerms . X + constant`.
    ///
    /// - Soundness: holds the margin at every outputs and inputs out of the given ranges; at points that are
    ///   exact
    ///   in float64, and small integer coefficients, it is a point.
    public func margin(outputs: [Interval], inputs: [Interval]) -> Interval {
        var sum = constant
        for term in outputTerms { sum += term.coefficient * outputs[term.index] }
        for term in inputTerms { sum += term.coefficient * inputs[term.index] }
        return sum
    }

    /// Whether a margin in this range certainly satisfies the constraint.
    public func certainlyHolds(margin: Interval) -> Bool {
        isStrict ? margin.upper < 0 : margin.upper <= 0
    }

    /// Whether a margin in this range certainly does not satisfy the constraint.
    public func certainlyFails(margin: Interval) -> Bool {
        isStrict ? margin.lower >= 0 : margin.lower > 0
    }

    /// Whether all coefficients and the constant are float64 numbers.
    public var isExact: Bool {
        constant.isPoint && outputTerms.allSatisfy(\.coefficient.isPoint)
            && inputTerms.allSatisfy(\.coefficient.isPoint)
    }
}

extension Property {
    /// Whether an input and its output violate the property: some disjunct's region holds the input and all
    /// its constraints hold. Nil when that cannot be told from the ranges.
    ///
    /// - Parameters:
    ///   - inputs: exactly.
    ///   - outputs: the ranges in which the network's outputs there lie.
    public func isViolated(inputs: [ExactDecimal], outputs: [Interval]) -> Bool? {
        let enclosures = inputs.map(\.enclosure)
        var isUncertain = false
        for disjunct in disjuncts {
            guard let isInside = regions[disjunct.region].contains(inputs, enclosures: enclosures) else {
                isUncertain = true
                continue
            }
            guard isInside else { continue }
            var holds = true
            var fails = false
            for constraint in disjunct.constraints {
                let margin = constraint.margin(outputs: outputs, inputs: enclosures)
                holds = holds && constraint.certainlyHolds(margin: margin)
                fails = fails || constraint.certainlyFails(margin: margin)
            }
            if holds { return true }
            if !fails { isUncertain = true }
        }
        return isUncertain ? nil : false
    }
}

extension InputRegion {
    /// Nil when an end next to the point is not known exactly.
    fileprivate func contains(_ point: [ExactDecimal], enclosures: [Interval]) -> Bool? {
        var isUncertain = false
        for index in 0..<count where !contains(point[index], input: index) {
            let isBelow =
                enclosures[index].upper < lower[index].lower
                || exactLower(index).map { point[index] < $0 } ?? false
            let isAbove =
                enclosures[index].lower > upper[index].upper
                || exactUpper(index).map { point[index] > $0 } ?? false
            if isBelow || isAbove { return false }
            isUncertain = true
        }
        return isUncertain ? nil : true
    }
}
