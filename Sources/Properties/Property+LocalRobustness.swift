public import Intervals

extension Property {
    /// Violated when some input within `epsilon` of the center in the maximum norm gives another class an
    /// output at least as large as the label's.
    ///
    /// - Parameters:
    ///   - center: one float64 per input, taken exactly.
    ///   - epsilon: the radius, taken exactly; not negative.
    ///   - clippedTo: what inputs can be at all, such as `0...1` for pixels.
    /// - Throws: when the label is no class, the center is not finite or the radius is negative or too long a
    ///   number.
    public static func localRobustness(
        center: [Double], epsilon: ExactDecimal, label: Int, classes: Int,
        clippedTo range: ClosedRange<Double>? = nil
    ) throws(PropertyError) -> Property {
        guard label >= 0, label < classes else {
            throw PropertyError(
                message: "the label \(label) is not one of the \(classes) classes 0 ..< \(classes)")
        }
        guard epsilon >= .zero else { throw PropertyError(message: "the radius \(epsilon) is negative") }
        var region = InputRegion(lower: [], upper: [])
        // Images have few different values, and exact decimals are slow.
        var known: [Double: (lower: Interval, upper: Interval, lowerText: String, upperText: String)] = [:]
        for (index, value) in center.enumerated() {
            guard value.isFinite else {
                throw PropertyError(message: "input \(index) of the center is \(value)")
            }
            if known[value] == nil {
                guard var low = ExactDecimal(value).adding(-epsilon),
                    var high = ExactDecimal(value).adding(epsilon)
                else { throw PropertyError(message: "the radius has too many digits") }
                if let range {
                    low = max(low, ExactDecimal(range.lowerBound))
                    high = min(high, ExactDecimal(range.upperBound))
                }
                known[value] = (low.enclosure, high.enclosure, low.description, high.description)
            }
            let ends = known[value]!
            region.lower.append(ends.lower)
            region.upper.append(ends.upper)
            region.lowerText.append(ends.lowerText)
            region.upperText.append(ends.upperText)
        }
        let disjuncts = (0..<classes).filter { $0 != label }.map { other in
            Disjunct(
                region: 0,
                constraints: [
                    LinearConstraint(
                        outputTerms: [
                            LinearConstraint.Term(index: label, coefficient: Interval(1)),
                            LinearConstraint.Term(index: other, coefficient: Interval(-1)),
                        ], constant: .zero)
                ])
        }
        return Property(
            inputCount: center.count, outputCount: classes, regions: [region], disjuncts: disjuncts)
    }

    /// As above with a float64 radius, taken exactly.
    public static func localRobustness(
        center: [Double], epsilon: Double, label: Int, classes: Int,
        clippedTo range: ClosedRange<Double>? = nil
    ) throws(PropertyError) -> Property {
        guard epsilon.isFinite else { throw PropertyError(message: "the radius is \(epsilon)") }
        return try localRobustness(
            center: center, epsilon: ExactDecimal(epsilon), label: label, classes: classes, clippedTo: range)
    }
}
