/// The shape of a smooth function: where it is convex, where it is least, and what follows for lines below and above
/// it. Every place that is no float64 number is known between two, by signs that interval arithmetic proves.
public struct SmoothCurve: Sendable {
    public let function: SmoothFunction
    /// The convex and concave parts from left to right. Between two of them may lie a gap of a few units in the last
    /// place, where the curvature changes.
    public let pieces: [Piece]
    /// Where the function has its least value, when it is not monotone; it decreases before and increases after.
    public let minimum: Minimum?
    /// At least the magnitude of every slope.
    public let steepest: Double

    public struct Piece: Sendable {
        public var from: Double
        public var to: Double
        public var isConvex: Bool
    }

    public struct Minimum: Sendable {
        /// Holds the place.
        public var place: Interval
        /// At most the least value.
        public var value: Double
    }

    /// - Soundness: sigmoid and tanh are convex left of 0 and concave right of it, softplus is convex, ELU is convex on
    ///   either side of its kink at 0, and across it when `alpha <= 1`. The second derivatives of GELU and SiLU have the
    ///   sign of `2 - r(z)` with an even r that increases from 0 to infinity with |z| (see `bendRatio`), so that they are
    ///   concave, convex, concave; their slope falls from 0, rises through 0 to above 1, and falls to 1, so that it is 0
    ///   once.
    public init(_ function: SmoothFunction) {
        self.function = function
        switch function {
        case .sigmoid, .tanh:
            pieces = [
                Piece(from: -.infinity, to: 0, isConvex: true), Piece(from: 0, to: .infinity, isConvex: false),
            ]
            minimum = nil
            steepest = 1
        case .softplus:
            pieces = [Piece(from: -.infinity, to: .infinity, isConvex: true)]
            minimum = nil
            steepest = 1
        case .elu(let alpha):
            pieces =
                alpha <= 1
                ? [Piece(from: -.infinity, to: .infinity, isConvex: true)]
                : [Piece(from: -.infinity, to: 0, isConvex: true), Piece(from: 0, to: .infinity, isConvex: true)]
            minimum = nil
            steepest = max(1, alpha)
        case .silu, .gelu, .geluTanh:
            let bend = Self.bracket(0, 0x1p20) { Interval(2) - function.bendRatio($0) }
            pieces = [
                Piece(from: -.infinity, to: -bend.upper, isConvex: false),
                Piece(from: -bend.lower, to: bend.lower, isConvex: true),
                Piece(from: bend.upper, to: .infinity, isConvex: false),
            ]
            let place = Self.bracket(-bend.lower, 0) { -function.slope($0) }
            let slopes = max(function.slope(place.lower).magnitude, function.slope(place.upper).magnitude)
            let drop = productRoundedUp(slopes, place.width)
            minimum = Minimum(place: place, value: differenceRoundedDown(function.value(place.lower).lower, drop))
            steepest = 2
        }
    }

    /// The tightest two numbers found between which `decreasing` changes from certainly positive to certainly negative.
    private static func bracket(_ from: Double, _ to: Double, _ decreasing: (Double) -> Interval) -> Interval {
        var (positive, negative) = (from, to)
        // Bisection from both sides, past what interval arithmetic leaves undecided.
        var limit = to
        while true {
            let middle = positive / 2 + limit / 2
            if middle <= positive || middle >= limit { break }
            if decreasing(middle).lower > 0 { positive = middle } else { limit = middle }
        }
        limit = positive
        while true {
            let middle = negative / 2 + limit / 2
            if middle <= limit || middle >= negative { break }
            if decreasing(middle).upper < 0 { negative = middle } else { limit = middle }
        }
        return Interval(lower: positive, upper: negative)
    }

    // MARK: bounds

    /// The range over an interval.
    ///
    /// - Soundness: holds the real value at every number of the interval.
    public func range(over interval: Interval) -> Interval {
        let left = function.value(interval.lower)
        let right = interval.isPoint ? left : function.value(interval.upper)
        guard let minimum else {
            return Interval(lower: min(left.lower, right.upper), upper: max(right.upper, left.lower))
        }
        let top = max(left.upper, right.upper)
        if interval.lower >= minimum.place.upper { return Interval(lower: min(left.lower, top), upper: top) }
        if interval.upper <= minimum.place.lower { return Interval(lower: min(right.lower, top), upper: top) }
        return Interval(lower: min(minimum.value, top), upper: top)
    }

    /// The greatest offset found with which a line of the given slope lies below the function on an interval.
    ///
    /// On a concave piece `f(z) - slope z` is least at an end; on a convex one it lies above its tangent at any point.
    /// - Parameter point: where the tangent of a convex piece is taken, when it lies there; a point whose slope is near
    ///   the line's gives the greatest offset.
    /// - Soundness: `slope z + offset <= f(z)` for every real z of the interval; -infinity where none is known.
    public func offsetBelow(slope: Double, over interval: Interval, near point: Double? = nil) -> Double {
        offset(slope: slope, over: interval, near: point, sign: 1)
    }

    /// The least offset found with which a line of the given slope lies above the function on an interval.
    ///
    /// - Soundness: `slope z + offset >= f(z)` for every real z of the interval; infinity where none is known.
    public func offsetAbove(slope: Double, over interval: Interval, near point: Double? = nil) -> Double {
        -offset(slope: slope, over: interval, near: point, sign: -1)
    }

    /// A lower bound of `sign (f(z) - slope z)`.
    private func offset(slope: Double, over interval: Interval, near point: Double?, sign: Double) -> Double {
        guard slope.isFinite else { return -.infinity }
        if slope == 0 {
            let range = range(over: interval)
            return sign > 0 ? range.lower : -range.upper
        }
        guard interval.isBounded else { return -.infinity }
        var least = Double.infinity
        var end = -Double.infinity
        for piece in pieces {
            // The gap before the piece, where only the steepest slope is known.
            let gapStart = max(interval.lower, end)
            let gapEnd = min(interval.upper, piece.from)
            if end > -.infinity, gapStart <= gapEnd, end < piece.from {
                let fall = productRoundedUp(
                    sumRoundedUp(steepest, slope.magnitude), differenceRoundedUp(gapEnd, gapStart))
                least = min(least, differenceRoundedDown(height(gapStart, slope, sign), fall))
            }
            end = piece.to
            let from = max(interval.lower, piece.from)
            let to = min(interval.upper, piece.to)
            guard from <= to else { continue }
            let isBowl = piece.isConvex == (sign > 0)
            least = min(
                least,
                isBowl
                    ? bottom(from, to, slope, near: point, sign: sign)
                    : min(height(from, slope, sign), height(to, slope, sign)))
        }
        return least < .infinity ? least : -.infinity
    }

    /// At most `sign (f(z) - slope z)`.
    private func height(_ z: Double, _ slope: Double, _ sign: Double) -> Double {
        let value = function.value(z)
        return sign > 0
            ? differenceRoundedDown(value.lower, productRoundedUp(slope, z))
            : differenceRoundedDown(productRoundedDown(slope, z), value.upper)
    }

    /// The enclosure of the slope of `sign (f(z) - slope z)`.
    private func tilt(_ z: Double, _ slope: Double, _ sign: Double) -> Interval {
        let tilt = function.slope(z) - Interval(slope)
        return sign > 0 ? tilt : -tilt
    }

    /// A lower bound of `sign (f(z) - slope z)` where that is convex.
    private func bottom(_ from: Double, _ to: Double, _ slope: Double, near point: Double?, sign: Double) -> Double {
        var touching = from
        if let point, point >= from, point <= to {
            touching = point
        } else {
            if tilt(from, slope, sign).lower >= 0 { return height(from, slope, sign) }
            if tilt(to, slope, sign).upper <= 0 { return height(to, slope, sign) }
            var (left, right) = (from, to)
            for _ in 0..<40 {
                touching = left / 2 + right / 2
                if sign * (function.jet(touching).slope - slope) < 0 { left = touching } else { right = touching }
            }
        }
        let tilt = tilt(touching, slope, sign)
        let rightwards = productRoundedDown(tilt.lower, differenceRoundedUp(to, touching))
        let leftwards = productRoundedDown(-tilt.upper, differenceRoundedUp(touching, from))
        return sumRoundedDown(height(touching, slope, sign), min(0, rightwards, leftwards))
    }
}

extension SmoothFunction {
    /// Even, and increasing in |z|; the second derivative has the sign of `2 - ratio`.
    ///
    /// GELU: phi(z) (2 - z^2). SiLU: s'(z) (2 - z tanh(z / 2)). GELU by tanh with w = 2 (l z + c z^3): its second
    /// derivative is s'(w) (2 w' + z w'' - z w'^2 tanh(w / 2)), and with a = c / l and k = 2 l it has the sign of
    /// 2 - k z tanh(w / 2) (1 + 3 a z^2)^2 / (1 + 6 a z^2), whose last quotient has the derivative
    /// 18 a^2 z^2 (1 + 3 a z^2) / (1 + 6 a z^2)^2 by z^2, which is not negative.
    fileprivate func bendRatio(_ z: Double) -> Interval {
        let z = Interval(z)
        switch self {
        case .gelu: return z * z
        case .silu: return z * SmoothFunction.tanh.value(z.lower / 2)
        case .geluTanh(let linear, let cubic):
            let l = Interval(linear) * Self.nearly
            let c = Interval(cubic) * Self.nearly
            let q = z * z
            let half = z * (l + c * q)
            let a = c / l
            let triple = Interval(1) + 3 * (a * q)
            let tangent = SmoothCurve(.tanh).range(over: half)
            return 2 * l * z * tangent * (triple * triple) / (Interval(1) + 6 * (a * q))
        case .sigmoid, .tanh, .softplus, .elu: preconditionFailure("only functions with two bends have a ratio")
        }
    }

    /// 1, give or take what a coefficient's real number may differ.
    private static var nearly: Interval { Interval(lower: 1 - 0x1p-52, upper: 1 + 0x1p-52) }
}
