// A counterexample's coordinates must lie inside the box and be written down exactly. Networks run in
// float32, so a float32 number is best; a box may be too narrow to hold one, or any float64: then only its
// own decimal is left.

public import Intervals

/// One input of a counterexample: a real number, written exactly.
public struct WitnessCoordinate: Sendable, Hashable {
    /// A decimal equal to the number.
    public let text: String
    /// The number itself when it is a float64, otherwise its two neighbours.
    public let enclosure: Interval
    /// The number to the nearest float64, or one of the two neighbours.
    public let value: Double

    init(exactly value: Double) {
        // The plain zero, also for the negative one.
        self.value = value == 0 ? 0 : value
        enclosure = Interval(self.value)
        text = ExactDecimal(self.value).description
    }

    init(decimal: ExactDecimal, text: String) {
        enclosure = decimal.enclosure
        value = Double(text) ?? enclosure.midpoint
        self.text = text
    }
}

extension InputRegion {
    /// The float32 number inside the box nearest to the wanted value for one input; where there is none, a
    /// float64; where there is none either, the box's own decimal.
    ///
    /// - Returns: nil when no point of the box is known exactly, as when it is empty.
    /// - Soundness: the coordinate certainly lies between the ends.
    public func witness(near wanted: Double, input index: Int) -> WitnessCoordinate? {
        let (least, most) = (lower[index].upper, upper[index].lower)
        if least <= most {
            let inside = wanted.isNaN ? least : min(max(wanted, least), most)
            return WitnessCoordinate(exactly: nearestFloat32(to: inside, from: least, to: most) ?? inside)
        }
        guard let low = exactLower(index), let high = exactUpper(index), low <= high else { return nil }
        // Both lie between the same two float64 numbers: which one is chosen makes no difference to an
        // evaluation.
        return WitnessCoordinate(
            decimal: low,
            text: index < lowerText.count && !lowerText[index].isEmpty ? lowerText[index] : low.description)
    }

    /// As `witness(near:input:)`, for every input.
    public func witness(near point: [Double]) -> [WitnessCoordinate]? {
        guard point.count == count else { return nil }
        var coordinates: [WitnessCoordinate] = []
        coordinates.reserveCapacity(count)
        for index in 0..<count {
            guard let coordinate = witness(near: point[index], input: index) else { return nil }
            coordinates.append(coordinate)
        }
        return coordinates
    }

    private func nearestFloat32(to value: Double, from least: Double, to most: Double) -> Double? {
        let nearest = Float(value)
        for candidate in [nearest, Double(nearest) < value ? nearest.nextUp : nearest.nextDown]
        where candidate.isFinite && least <= Double(candidate) && Double(candidate) <= most {
            return Double(candidate)
        }
        return nil
    }
}
