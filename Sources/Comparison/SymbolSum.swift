// Linear combinations of forms of both networks and of their difference, all in the difference's symbols: what is common
// to several of them cancels before anything is bounded.

import BoundPropagation
import Evaluation
import Intervals

/// `constant + sum_s coefficient_s symbol_s + rest`, in the making.
struct SymbolSum {
    /// The constant, then one for each symbol.
    private(set) var coefficients: [Double]
    /// At least the rest's magnitude, but for rounding.
    private var radius = 0.0
    /// At least the sum of all magnitudes that went into the coefficients, but for rounding.
    private var sizes = 0.0

    /// Forms that a sum may have, so that its rounding is paid for.
    static let mostForms = 4096

    init(symbols: Int) { coefficients = [Double](repeating: 0, count: symbols) }

    /// Adds a multiple of a form.
    ///
    /// - Parameter map: for each of the form's columns the one here; nil where they are the same.
    mutating func add(_ factor: Interval, _ form: Zonotope, _ feature: Int, map: [Int32]?) {
        let middle = factor.midpoint
        let error = max(differenceRoundedUp(factor.upper, middle), differenceRoundedUp(middle, factor.lower))
        let size = form.magnitudes[feature]
        radius += middle.magnitude * form.radii[feature] + error * (size + form.radii[feature])
        sizes += middle.magnitude * size
        for block in form.blocks {
            let row = block.base + feature * block.lanes
            for place in 0..<max(0, min(block.lanes, form.columns - block.start)) where row[place] != 0 {
                let column = block.start + place
                coefficients[map.map { Int($0[column]) } ?? column] += middle * row[place]
            }
        }
    }

    /// An enclosure of the sum.
    ///
    /// - Soundness: with up to `mostForms` forms and 8192 symbols every coefficient is off by less than 2^-40 of `sizes`,
    ///   and so are the sums of magnitudes, by less than that of themselves.
    var range: Interval {
        let reach = coefficients.dropFirst().reduce(0) { $0 + $1.magnitude }
        return enclosure(centre: coefficients[0], reach: reach + radius * sumSlack, sizes: sizes * sumSlack)
    }

    /// What halving each moving input may remove of the reach.
    func influence(_ shares: [SIMD8<Double>], inputs: Int) -> [Double] {
        guard inputs <= 8 else { return (0..<inputs).map { coefficients[$0 + 1].magnitude } }
        var sum = SIMD8<Double>.zero
        for symbol in inputs + 1..<max(inputs + 1, coefficients.count) {
            sum += coefficients[symbol].magnitude * shares[symbol]
        }
        return (0..<inputs).map { sum[$0] }
    }
}

/// Around a centre, with what rounding may have lost.
///
/// - Parameters:
///   - sizes: at least the sum of all magnitudes that went into both numbers.
/// - Returns: the whole line where something is no number.
func enclosure(centre: Double, reach: Double, sizes: Double) -> Interval {
    // A reach that is no number has to stay none.
    let whole = (reach < 0 ? 0 : reach) * (1 + 0x1p-39) + sizes * 0x1p-39 + 1e-300
    let (low, high) = ((centre - whole).nextDown, (centre + whole).nextUp)
    guard low <= high else { return Interval(lower: -.infinity, upper: .infinity) }
    return Interval(lower: low, upper: high)
}
