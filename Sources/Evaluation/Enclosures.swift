internal import Intervals

/// A vector of real numbers, each known as `high + low` up to `radius`: a centre of about 106 bits and a
/// bound of how far off it may be. `low` is at most half a unit in the last place of `high`.
///
/// A number about which nothing is known has an infinite radius (and centre zero).
struct Enclosures {
    var high: [Double]
    var low: [Double]
    var radius: [Double]

    init(capacity: Int) {
        high = []
        low = []
        radius = []
        high.reserveCapacity(capacity)
        low.reserveCapacity(capacity)
        radius.reserveCapacity(capacity)
    }

    init(repeatingZero count: Int) {
        high = [Double](repeating: 0, count: count)
        low = high
        radius = high
    }

    init(_ intervals: [Interval]) {
        self.init(capacity: intervals.count)
        for interval in intervals { append(.init(interval.lower, interval.upper)) }
    }

    /// One of the numbers.
    struct Element {
        var high: Double
        var low: Double = 0
        var radius: Double = 0

        /// The number is `high + low` exactly or within the radius; anything not finite becomes "nothing
        /// known".
        init(high: Double, low: Double, radius: Double) {
            let isKnown = high.isFinite && low.isFinite && radius.isFinite
            self.high = isKnown ? high : 0
            self.low = isKnown ? low : 0
            self.radius = isKnown ? radius : .infinity
        }

        init(exactly number: Double) {
            self.init(high: number, low: 0, radius: 0)
        }

        /// The number lies between the two.
        init(_ lower: Double, _ upper: Double) {
            guard lower < upper else {
                self.init(exactly: lower == upper ? lower : .nan)
                return
            }
            let middle = lower / 2 + upper / 2
            let reach = max(sumRoundedUp(middle, -lower), sumRoundedUp(upper, -middle))
            self.init(high: middle, low: 0, radius: reach)
        }

        /// The largest float64 number that the number is certainly not below.
        var lower: Double {
            radius == .infinity ? -.infinity : sumRoundedDown(high, sumRoundedDown(low, -radius))
        }

        /// The smallest float64 number that the number is certainly not above.
        var upper: Double {
            radius == .infinity ? .infinity : sumRoundedUp(high, sumRoundedUp(low, radius))
        }
    }

    var count: Int { high.count }

    subscript(index: Int) -> Element {
        get { Element(high: high[index], low: low[index], radius: radius[index]) }
        set {
            high[index] = newValue.high
            low[index] = newValue.low
            radius[index] = newValue.radius
        }
    }

    mutating func append(_ element: Element) {
        high.append(element.high)
        low.append(element.low)
        radius.append(element.radius)
    }

    /// The smallest intervals with float64 ends, up to one unit in the last place.
    var intervals: [Interval] {
        (0..<count).map { index in
            let element = self[index]
            return Interval(lower: element.lower, upper: element.upper)
        }
    }
}
