import Oracles
import RandomNumbers
import Testing

@testable import BranchAndBound

@Suite struct ClauseStoreTests {
    private func subproblem(_ phases: [(slot: Int32, phase: Float)], disjunct: Int = 0) -> Subproblem {
        var splits: NeuronSplit?
        for (slot, phase) in phases { splits = NeuronSplit(slot: slot, phase: phase, parent: splits) }
        return Subproblem(disjunct: disjunct, bound: 0, splits: splits, parameters: nil, weights: [], number: 0)
    }

    private func path(_ subproblem: Subproblem?) -> Set<PhaseLiteral>? {
        guard let subproblem else { return nil }
        var result: Set<PhaseLiteral> = []
        var split = subproblem.splits
        while let step = split {
            result.insert(literal(step.slot, step.phase))
            split = step.parent
        }
        return result
    }

    @Test func refutesAndImplies() {
        var store = ClauseStore(slotCount: 4)
        store.learn([Clause(disjunct: 0, literals: [literal(0, 1), literal(2, -1)])])
        #expect(store.propagate(subproblem([(0, 1), (1, 1), (2, -1)])) == nil)
        let implied = store.propagate(subproblem([(1, 1), (0, 1)]))
        #expect(path(implied) == [literal(0, 1), literal(1, 1), literal(2, 1)])
        #expect(implied?.freshSplits == 2)
        // Another disjunct has other counterexamples.
        #expect(path(store.propagate(subproblem([(0, 1), (2, -1)], disjunct: 1)))?.count == 2)
    }

    /// Against the clauses taken one by one until nothing follows any more.
    @Test func agreesWithPlainPropagation() {
        var random = SplitMix64(seed: 5)
        for _ in 0..<300 {
            let clauses = (0..<12).map { _ in
                let slots = Array(0..<8).shuffled(using: &random).prefix(Int.random(in: 1...4, using: &random))
                return Clause(
                    disjunct: 0, literals: slots.map { literal(Int32($0), Bool.random(using: &random) ? 1 : -1) })
            }
            var store = ClauseStore(slotCount: 8)
            store.learn(clauses)
            let start = Array(0..<8).shuffled(using: &random).prefix(3)
                .map { (slot: Int32($0), phase: Float(Bool.random(using: &random) ? 1 : -1)) }
            var fixed = Set(start.map { literal($0.slot, $0.phase) })
            var isRefuted = false
            var grew = true
            while grew && !isRefuted {
                grew = false
                for clause in clauses {
                    let missing = clause.literals.filter { !fixed.contains($0) }
                    // Clauses of a single literal imply from nothing; a store is asked about paths only.
                    if missing.isEmpty { isRefuted = true }
                    let isAsked = clause.literals.contains { fixed.contains($0) }
                    if missing.count == 1, isAsked, !fixed.contains(missing[0] ^ 1) {
                        fixed.insert(missing[0] ^ 1)
                        grew = true
                    }
                }
            }
            let found = path(store.propagate(subproblem(start)))
            #expect(isRefuted ? found == nil : found == fixed)
        }
    }
}
