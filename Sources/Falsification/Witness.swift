internal import Intervals
internal import Properties

/// A point that certainly lies in an input box and can be written down exactly, ready to be evaluated.
struct Witness {
    /// To the nearest float64.
    private(set) var input: [Double] = []
    /// Each real coordinate; a point wherever a float64 is equal to it.
    private(set) var enclosures: [Interval] = []
    /// The coordinates as decimals, as they are printed.
    private(set) var text: [String] = []

    /// The point near the candidate that `InputRegion.witness` chooses: float32 where one lies in the box.
    ///
    /// - Returns: nil when some coordinate of the box holds nothing that can be written down.
    init?(near candidate: [Double], in region: InputRegion) {
        for index in 0..<region.count {
            guard let coordinate = region.witness(near: Self.finite(candidate[index]), input: index) else {
                return nil
            }
            append(coordinate.value, coordinate.enclosure, coordinate.text)
        }
    }

    /// A point that is given exactly.
    init(exactly point: [ExactDecimal]) {
        for decimal in point {
            append(decimal.enclosure.midpoint, decimal.enclosure, decimal.description)
        }
    }

    /// The same point with the candidate's own float64 coordinates wherever they lie in the box.
    func movedTo(_ candidate: [Double], in region: InputRegion) -> Witness {
        var result = self
        for index in input.indices {
            let number = candidate[index] + 0
            guard number.isFinite, region.lower[index].upper <= number,
                number <= region.upper[index].lower
            else { continue }
            result.input[index] = number
            result.enclosures[index] = Interval(number)
            result.text[index] = ExactDecimal(number).description
        }
        return result
    }

    /// The coordinates exactly.
    var decimals: [ExactDecimal]? {
        let decimals = text.compactMap { ExactDecimal($0) }
        return decimals.count == text.count ? decimals : nil
    }

    private mutating func append(_ number: Double, _ enclosure: Interval, _ decimal: String) {
        input.append(number)
        enclosures.append(enclosure)
        text.append(decimal)
    }

    private static func finite(_ number: Double) -> Double {
        let largest = Double.greatestFiniteMagnitude
        return number.isNaN ? 0 : min(max(number, -largest), largest)
    }
}
