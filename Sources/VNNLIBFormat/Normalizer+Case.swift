// Cases among each other.

extension Normalizer {
    /// Only this many cases are compared with each other.
    private static let comparisonLimit = 500

    /// Drops every case that lies within another: with `A`, `A and B` says nothing new.
    mutating func dropImplied() {
        guard cases.count > 1, cases.count <= Self.comparisonLimit else { return }
        var kept: [Case] = []
        for one in cases where !kept.contains(where: { lies(one, within: $0) }) {
            kept.removeAll { lies($0, within: one) }
            kept.append(one)
        }
        cases = kept
    }

    /// Whether it is certain that what satisfies `inner` satisfies `outer`.
    private func lies(_ inner: Case, within outer: Case) -> Bool {
        guard inner.constraints.count >= outer.constraints.count else { return false }
        var place = 0
        for constraint in outer.constraints {
            while place < inner.constraints.count, inner.constraints[place] < constraint { place += 1 }
            guard place < inner.constraints.count, inner.constraints[place] == constraint else {
                return false
            }
        }
        return outer.bounds.allSatisfy { bounds in
            let own = inner.bounds(of: bounds.input)
            let lower = own.lower >= 0 ? own.lower : baseLower[bounds.input]
            let upper = own.upper >= 0 ? own.upper : baseUpper[bounds.input]
            return (bounds.lower < 0 || (lower >= 0 && table.implies(lower, bounds.lower, isUpper: false)))
                && (bounds.upper < 0 || (upper >= 0 && table.implies(upper, bounds.upper, isUpper: true)))
        }
    }
}

extension Normalizer.Case {
    mutating func insert(constraint: Int) {
        var place = constraints.count
        while place > 0, constraints[place - 1] > constraint { place -= 1 }
        if place == 0 || constraints[place - 1] != constraint { constraints.insert(constraint, at: place) }
    }

    func inserting(constraint: Int) -> Self {
        var copy = self
        copy.insert(constraint: constraint)
        return copy
    }

    /// Where the input's bounds are, or belong.
    func place(of input: Int) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle].input < input { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The input's own bounds; -1 for what the base says.
    func bounds(of input: Int) -> Bounds {
        let place = place(of: input)
        return place < bounds.count && bounds[place].input == input
            ? bounds[place] : Bounds(input: input, lower: -1, upper: -1)
    }
}
