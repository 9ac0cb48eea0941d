// Which radius of a grid to ask next, for one image and one network.
//
// What is proved at a radius is proved at every smaller one, and a counterexample at a radius is one at every larger
// one. So the grid is searched like a sorted list. The search begins where a neighbouring network's proofs ended, if
// one is known: there two questions at most decide a grid of any length.

/// The state of a search over radii in ascending order.
struct EpsilonSearch: Sendable, Equatable {
    /// What is known about a radius.
    enum State: Sendable, Equatable {
        case open
        case holds
        case violated
        /// Asked, and not decided.
        case undecided
    }

    private(set) var states: [State]
    /// Whether an answer says something about other radii.
    let isMonotone: Bool
    /// How many of the radii, from the smallest on, a neighbouring network was proved for.
    let expected: Int?

    init(count: Int, isMonotone: Bool, expected: Int? = nil) {
        states = Array(repeating: .open, count: count)
        self.isMonotone = isMonotone
        self.expected = expected
    }

    /// The place of the radius to ask; nil when all are answered.
    var next: Int? {
        let open = states.indices.filter { states[$0] == .open }
        guard isMonotone, !open.isEmpty else { return open.first }
        // Where one has no answer the image is a hard one, and a smaller radius without answer ends it.
        if let hard = states.firstIndex(of: .undecided), open[0] < hard { return open[0] }
        if let expected {
            // First the two radii between which the neighbour's answers changed.
            for place in [expected - 1, expected] where open.contains(place) { return place }
        }
        return open[open.count / 2]
    }

    /// The smallest radius to ask, where all of them had a trial: the first that is left open leaves all larger ones
    /// open.
    var smallest: Int? { states.firstIndex(of: .open) }

    /// Takes an answer down.
    ///
    /// - Returns: the places of other radii that it answers too.
    mutating func record(_ state: State, at place: Int) -> [Int] {
        states[place] = state
        guard isMonotone else { return [] }
        let implied: [Int]
        switch state {
        case .holds: implied = states[..<place].indices.filter { states[$0] == .open || states[$0] == .undecided }
        case .violated:
            implied = states[(place + 1)...].indices.filter { states[$0] == .open || states[$0] == .undecided }
        case .open, .undecided: implied = []
        }
        for other in implied { states[other] = state }
        return implied
    }

    /// After a radius was left open with all the time there is: the larger ones, where a proof would take as long at
    /// least and is not looked for. They are undecided from now on.
    mutating func giveUp(above place: Int) -> [Int] {
        guard isMonotone else { return [] }
        let larger = states.indices.filter { $0 > place && states[$0] == .open }
        for other in larger { states[other] = .undecided }
        return larger
    }

    /// Takes down what an earlier run knows, for this radius alone.
    mutating func restore(_ state: State, at place: Int) { states[place] = state }

    /// Takes an implied answer back, so that the radius is asked after all.
    mutating func reopen(_ place: Int) { states[place] = .open }
}
