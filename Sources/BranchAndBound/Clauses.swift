// Conflict clauses over phases, learned from refuted subproblems (as in BICCOS, Zhou et al. 2024).
//
// A refuted subproblem seldom needs all splits on its path. Its certified bound says what each is worth: keeping the
// line that the pass used, but asking of it to hold for both phases, costs a known amount. Splits whose costs together
// stay below the bound can go, and what is left is a set of phases that no counterexample has. It refutes every other
// subproblem with these phases, and where all but one are fixed it fixes the last one the other way.

import BoundPropagation

/// A neuron's phase: twice its slot, and one more when it is active.
typealias PhaseLiteral = Int32

func literal(_ slot: Int32, _ phase: Float) -> PhaseLiteral { slot * 2 + (phase > 0 ? 1 : 0) }

/// Phases that no counterexample of a disjunct has together.
struct Clause: Sendable {
    var disjunct: Int
    var literals: [PhaseLiteral]
}

/// The clauses of one search.
struct ClauseStore {
    /// Longer clauses seldom meet another subproblem.
    private static let longest = 10
    private static let most = 50_000
    /// All clauses' literals one after the other, where each clause begins, and its disjunct.
    private var literals: [PhaseLiteral] = []
    private var starts: [Int] = [0]
    private var disjuncts: [Int] = []
    /// Clauses by two of their literals: whoever has all but one has one of these.
    private var watched: [[Int32]]
    private var isFixed: [Bool]

    init(slotCount: Int) {
        watched = Array(repeating: [], count: 2 * slotCount)
        isFixed = Array(repeating: false, count: 2 * slotCount)
    }

    mutating func learn(_ clauses: [Clause]) {
        for clause in clauses where clause.literals.count <= Self.longest && disjuncts.count < Self.most {
            for literal in clause.literals.prefix(2) { watched[Int(literal)].append(Int32(disjuncts.count)) }
            literals += clause.literals
            starts.append(literals.count)
            disjuncts.append(clause.disjunct)
        }
    }

    /// The subproblem with the phases that clauses imply on it; nil when one refutes it.
    mutating func propagate(_ subproblem: Subproblem) -> Subproblem? {
        if disjuncts.isEmpty { return subproblem }
        var result = subproblem
        var path: [PhaseLiteral] = []
        var split = subproblem.splits
        while let step = split {
            path.append(literal(step.slot, step.phase))
            split = step.parent
        }
        for literal in path { isFixed[Int(literal)] = true }
        defer { for literal in path { isFixed[Int(literal)] = false } }
        var next = 0
        var examined = path.count
        while next < path.count {
            for index in watched[Int(path[next])] where disjuncts[Int(index)] == subproblem.disjunct {
                switch missing(in: Int(index)) {
                case .none: return nil
                case .several: continue
                case .one(let last):
                    // The other phase follows.
                    let implied = last ^ 1
                    if isFixed[Int(implied)] { continue }
                    isFixed[Int(implied)] = true
                    path.append(implied)
                    result.splits = NeuronSplit(
                        slot: implied / 2, phase: implied % 2 == 1 ? 1 : -1, parent: result.splits)
                    result.freshSplits += 1
                }
            }
            next += 1
            // What was implied may be the last that a clause already looked at was waiting for.
            if next == path.count && examined < path.count {
                examined = path.count
                next = 0
            }
        }
        return result
    }

    private enum Missing {
        case none, several
        case one(PhaseLiteral)
    }

    /// Which literals of a clause are not fixed.
    private func missing(in clause: Int) -> Missing {
        var last: PhaseLiteral = -1
        for place in starts[clause]..<starts[clause + 1] where !isFixed[Int(literals[place])] {
            if last >= 0 { return .several }
            last = literals[place]
        }
        return last < 0 ? .none : .one(last)
    }
}

extension BatchBounder {
    /// What the refutation of a lane needs of its path, where that is less than all of it.
    ///
    /// - Soundness: the certified bound less everything that the dropped splits may have been worth is still positive,
    ///   and more than float32 execution may lose, as long as that matters.
    func clause(_ lane: Int, _ node: Subproblem, bound: Double) -> Clause? {
        var steps: [(literal: PhaseLiteral, worth: Double)] = []
        var split = node.splits
        while let step = split {
            steps.append((literal(step.slot, step.phase), bounder.worth(ofSplit: step.slot, lane: lane)))
            split = step.parent
        }
        steps.sort { $0.worth < $1.worth }
        var left = bound
        var dropped = 0
        let loss = float32Loss(node.disjunct) * max(1, weight(lane))
        for step in steps {
            // Generous: a handful of roundings in the worth, and one here.
            let rest = left - step.worth * (1 + 1e-10)
            guard rest > max(bound * 1e-6, loss) else { break }
            left = rest
            dropped += 1
        }
        if dropped == 0 { return nil }
        return Clause(disjunct: node.disjunct, literals: steps[dropped...].map(\.literal).reversed())
    }
}
