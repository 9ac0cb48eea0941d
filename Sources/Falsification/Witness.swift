internal import Intervals
internal import Properties

/// A point of an input box that can be written down exactly as decimals.
///
/// A box's ends are decimals of which only enclosing float64 intervals are at hand, so the point is kept
/// between the *inner* ends: at or above the upper end of the lower bound's interval, and at or below the
/// lower end of the upper bound's. Only where they leave no room is it the decimal of the box's own lower
/// end.
struct Witness {
    /// To the nearest float64.
    private(set) var input: [Double] = []
    /// Each real coordinate; points wherever a float64 is equal to it.
    private(set) var enclosures: [Interval] = []
    private(set) var decimals: [ExactDecimal] = []
    /// The decimals as they are printed.
    private(set) var text: [String] = []

    /// - Parameter preferringFloat32: whether a float32 number is taken where the box holds one.
    /// - Returns: nil when some coordinate of the box holds no float64 and the text of its end is not known.
    init?(near candidate: [Double], in region: InputRegion, preferringFloat32: Bool) {
        for index in 0..<region.count {
            let inner = (lower: region.lower[index].upper, upper: region.upper[index].lower)
            if inner.lower <= inner.upper {
                let number = Self.number(
                    near: candidate[index], in: inner, preferringFloat32: preferringFloat32)
                append(number)
            } else if !appendLowerEnd(of: region, index) {
                return nil
            }
        }
    }

    private mutating func append(_ number: Double) {
        // Minus zero is zero.
        let decimal = ExactDecimal(number + 0)
        input.append(number + 0)
        enclosures.append(Interval(number + 0))
        decimals.append(decimal)
        text.append(decimal.description)
    }

    private mutating func appendLowerEnd(of region: InputRegion, _ index: Int) -> Bool {
        guard index < region.lowerText.count, index < region.upperText.count,
            let lower = ExactDecimal(region.lowerText[index]),
            let upper = ExactDecimal(region.upperText[index]), lower <= upper
        else { return false }
        input.append(region.lower[index].midpoint)
        enclosures.append(region.lower[index])
        decimals.append(lower)
        text.append(region.lowerText[index])
        return true
    }

    /// The float32 number nearest to the candidate among those in the range, or the nearest float64.
    private static func number(
        near candidate: Double, in range: (lower: Double, upper: Double), preferringFloat32: Bool
    ) -> Double {
        let wanted = candidate.isNaN ? range.lower : min(max(candidate, range.lower), range.upper)
        guard preferringFloat32, wanted.isFinite else { return finite(wanted, in: range) }
        let nearest = Float(wanted)
        for number in [nearest, nearest.nextUp, nearest.nextDown] where number.isFinite {
            if Double(number) >= range.lower && Double(number) <= range.upper { return Double(number) }
        }
        return finite(wanted, in: range)
    }

    private static func finite(_ number: Double, in range: (lower: Double, upper: Double)) -> Double {
        let largest = Double.greatestFiniteMagnitude
        return min(max(number, max(range.lower, -largest)), min(range.upper, largest))
    }
}
