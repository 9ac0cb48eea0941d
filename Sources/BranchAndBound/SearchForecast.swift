// Whether a search that is under way can end in time.
//
// A search takes its worst subproblem first, so that its worst bound rises with every round; about as much with every
// doubling of the subproblems, for that is one more split on each path. Where it stands and how fast it rises says how
// many doublings are missing, and the clock how many there is time for. Searches that end rise faster towards the end,
// up to twice as fast; so only those are given up that are far from ending at all.

struct SearchForecast {
    private var began = ContinuousClock.now
    /// Where the worst bound stood after so many subproblems, at each doubling.
    private var marks: [(nodes: Int, bound: Double)] = []

    private static let firstMark = 15
    /// Over how many doublings the rise is measured.
    private static let doublings = 3

    /// Why the search will not end in time; nil where it may.
    ///
    /// - Parameter deadline: the search's; nil: no end of time, in which nothing is hopeless.
    mutating func verdict(_ status: SearchStatus, deadline: ContinuousClock.Instant?) -> String? {
        guard let deadline, status.worstBound.isFinite,
            status.nodes >= marks.last.map({ 2 * $0.nodes }) ?? Self.firstMark
        else { return nil }
        marks.append((status.nodes, status.worstBound))
        guard marks.count > Self.doublings else { return nil }
        let now = ContinuousClock.now
        let elapsed = max(1e-3, (now - began) / .seconds(1))
        let left = max(0, (deadline - now) / .seconds(1))
        let available = Self.log2(1 + left / elapsed)
        let missing = Self.missingDoublings(marks)
        guard missing > 3 * available + 3 else { return nil }
        let factor = missing < 60 ? "2^\(Int(missing)) times as many" : "far more"
        return "given up: after \(status.nodes) subproblems the worst bound rises so slowly that a proof would take "
            + "about \(factor)"
    }

    /// How many more doublings take the bound to 0 when it goes on as it did over the last ones.
    static func missingDoublings(_ marks: [(nodes: Int, bound: Double)]) -> Double {
        let (first, last) = (marks[marks.count - 1 - doublings], marks[marks.count - 1])
        let rise = (last.bound - first.bound) / log2(Double(last.nodes) / Double(first.nodes))
        return rise > 0 ? max(0, -last.bound) / rise : .infinity
    }

    /// Roughly: within a tenth.
    private static func log2(_ x: Double) -> Double { Double(x.exponent) + (x.significand - 1) }
}
