// From nested conditions to disjuncts.
//
// What is asserted without choice forms the base: one dense box and some constraints. Every disjunction is
// then multiplied in, one after the other, over a list of cases that differ from the base only where they
// must. A case whose box becomes empty is dropped at once, and equal cases are merged, so that the usual
// products - boxes against boxes, the same condition in several places - never grow large.

import Intervals

struct Normalizer {
    /// More cases than this are refused.
    static let caseLimit = 200_000
    /// As are more numbers than this over all cases or all boxes.
    static let sizeLimit = 1 << 23

    let formula: Formula
    let inputCount: Int
    var table: BoundTable
    /// Per input the index of the tightest bound asserted without choice, or -1.
    var baseLower: [Int]
    var baseUpper: [Int]
    /// Whether the box asserted without choice is empty.
    private var isBaseEmpty = false
    var cases = [Case()]
    private var choices: [Int] = []

    /// One way to satisfy all that was multiplied in so far.
    struct Case: Hashable {
        /// Ascending by input.
        var bounds: [Bounds] = []
        /// Ascending indices of the formula's constraints.
        var constraints: [Int] = []

        /// Tighter than the base; -1 where it is not.
        struct Bounds: Hashable {
            var input: Int
            var lower: Int
            var upper: Int
        }

        var size: Int { bounds.count + constraints.count }
    }

    init(formula: Formula, bytes: [UInt8], inputCount: Int) {
        self.formula = formula
        self.inputCount = inputCount
        table = BoundTable(bytes: bytes)
        baseLower = Array(repeating: -1, count: inputCount)
        baseUpper = baseLower
    }

    /// Multiplies all asserted conditions out.
    mutating func normalize(asserted: [Int]) throws(Fault) {
        for node in asserted { assertWithoutChoice(node) }
        // One case is kept for an empty box, so that it can be spoken of; nothing is left of what is plainly
        // false.
        guard !isBaseEmpty, !cases.isEmpty else { return }
        // Choices among boxes first: they are the ones that contradict each other.
        let mentionsInput = choices.map(mentionsInputBound)
        let ordered =
            zip(choices, mentionsInput).filter(\.1).map(\.0)
            + zip(choices, mentionsInput).filter { !$0.1 }.map(\.0)
        for choice in ordered {
            cases = try expand(choice, over: cases)
            dropImplied()
        }
    }

    private mutating func assertWithoutChoice(_ node: Int) {
        switch formula.nodes[node] {
        case .constant(let value): if !value { cases = [] }
        case .bound(let index): tightenBase(formula.bounds[index])
        case .constraint(let index): if !cases.isEmpty { cases[0].insert(constraint: index) }
        case .and(let range): for child in formula.children[range] { assertWithoutChoice(child) }
        case .or: choices.append(node)
        }
    }

    private mutating func tightenBase(_ bound: InputBound) {
        let index = table.index(of: bound.end, isStrict: bound.isStrict)
        let input = bound.input
        if bound.isUpper {
            baseUpper[input] =
                baseUpper[input] < 0 ? index : table.tighter(baseUpper[input], index, isUpper: true)
        } else {
            baseLower[input] =
                baseLower[input] < 0 ? index : table.tighter(baseLower[input], index, isUpper: false)
        }
        if baseLower[input] >= 0, baseUpper[input] >= 0,
            table.isEmpty(lower: baseLower[input], upper: baseUpper[input])
        {
            isBaseEmpty = true
        }
    }

    private func mentionsInputBound(_ node: Int) -> Bool {
        switch formula.nodes[node] {
        case .constant, .constraint: false
        case .bound: true
        case .and(let range), .or(let range): formula.children[range].contains(where: mentionsInputBound)
        }
    }
}

// MARK: - Multiplying out

extension Normalizer {
    private mutating func expand(_ node: Int, over cases: [Case]) throws(Fault) -> [Case] {
        switch formula.nodes[node] {
        case .constant(let value): return value ? cases : []
        case .constraint(let index):
            return cases.map { $0.inserting(constraint: index) }
        case .bound(let index):
            let bound = formula.bounds[index]
            let end = table.index(of: bound.end, isStrict: bound.isStrict)
            var kept: [Case] = []
            kept.reserveCapacity(cases.count)
            for var one in cases where tighten(&one, input: bound.input, isUpper: bound.isUpper, to: end) {
                kept.append(one)
            }
            return kept
        case .and(let range):
            var product = cases
            for child in formula.children[range] where !isChoice(child) {
                product = try expand(child, over: product)
            }
            for child in formula.children[range] where isChoice(child) {
                product = try expand(child, over: product)
            }
            return product
        case .or(let range):
            var union: [Case] = []
            var seen: Set<Case> = []
            var size = 0
            for child in formula.children[range] {
                for one in try expand(child, over: cases) where seen.insert(one).inserted {
                    union.append(one)
                    size += one.size
                }
                guard union.count <= Self.caseLimit, size <= Self.sizeLimit * 4 else {
                    throw tooManyCases(at: formula.offsets[node])
                }
            }
            return union
        }
    }

    private func isChoice(_ node: Int) -> Bool {
        if case .or = formula.nodes[node] { return true }
        return false
    }

    /// - Returns: false when the box is now empty.
    private mutating func tighten(_ one: inout Case, input: Int, isUpper: Bool, to end: Int) -> Bool {
        let place = one.place(of: input)
        let known = place < one.bounds.count && one.bounds[place].input == input
        var bounds = known ? one.bounds[place] : Case.Bounds(input: input, lower: -1, upper: -1)
        let base = isUpper ? baseUpper[input] : baseLower[input]
        let own = isUpper ? bounds.upper : bounds.lower
        let current = own >= 0 ? own : base
        let tighter = current >= 0 ? table.tighter(current, end, isUpper: isUpper) : end
        guard tighter != current else { return true }
        if isUpper { bounds.upper = tighter } else { bounds.lower = tighter }
        if known { one.bounds[place] = bounds } else { one.bounds.insert(bounds, at: place) }
        let lower = bounds.lower >= 0 ? bounds.lower : baseLower[input]
        let upper = bounds.upper >= 0 ? bounds.upper : baseUpper[input]
        return lower < 0 || upper < 0 || !table.isEmpty(lower: lower, upper: upper)
    }

    func tooManyCases(at offset: Int) -> Fault {
        Fault(
            at: offset,
            "the and/or conditions multiply out to too many cases (more than \(Self.caseLimit), or too large ones)",
            remedy: "split the property into several files")
    }
}
