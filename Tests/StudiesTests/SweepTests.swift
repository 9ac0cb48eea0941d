import Foundation
import Testing

@testable import Studies

/// Whole sweeps of small networks.
@Suite(.serialized) struct SweepTests {
    private static let yaml = """
        dataset: {path: 'digits:96'}
        architecture: 12x1
        seeds: [1, 2]
        training: {epochs: 12, rate: 0.01}
        pruning: {methods: [magnitude], ratios: [0, 0.8]}
        fine-tuning: {epochs: 1}
        verification: {images: '0:3', epsilons: [0.002, 0.02, 0.1], timeout: 600, seed: 3}
        """

    private let scratch: Scratch
    private let file: String

    init() throws {
        scratch = try Scratch()
        file = try scratch.write(Self.yaml, as: "small.yaml")
    }

    private func plan(_ folder: String, _ overrides: [(key: String, value: String)] = []) throws -> SweepPlan {
        try SweepPlan(file: file, folder: "\(scratch.path)/\(folder)", overrides: overrides)
    }

    private let options = SweepRunner.Options(version: "test", processors: 2)

    @discardableResult
    private func run(_ plan: SweepPlan, stopAfter calls: Int = .max) throws -> (SweepSummary, SweepResults?) {
        let runner = try SweepRunner(plan: plan, options: options)
        var count = 0
        runner.isCancelled = {
            count += 1
            return count > calls
        }
        let summary = try runner.run()
        return (summary, runner.results)
    }

    /// Outcomes by network, image and radius.
    private func outcomes(_ results: SweepResults?) throws -> [[String]: Outcome] {
        let results = try #require(results)
        return Dictionary(
            uniqueKeysWithValues: results.queries.map { (["\($0.model)", "\($0.image)", $0.epsilon], $0.outcome) })
    }

    @Test func interruptedSweepsEndLikeOthers() throws {
        let (whole, results) = try run(plan("whole"))
        #expect(whole.end == .complete)
        #expect(whole.left == 0)
        let expected = try outcomes(results)
        #expect(expected.count == 4 * 3 * 3)
        #expect(Set(expected.values).isSuperset(of: [.holds, .violated]))
        // Stopped a little later each time.
        var stops = 0
        var calls = 1
        var last: SweepResults?
        while true {
            let (summary, results) = try run(plan("pieces"), stopAfter: calls)
            last = results
            if summary.end == .complete { break }
            #expect(summary.end == .interrupted)
            stops += 1
            calls = 2 * calls + 1
            try #require(stops < 30)
        }
        #expect(stops > 2)
        #expect(try outcomes(last) == expected)
        let models = { (folder: String) in
            try FileManager.default.contentsOfDirectory(atPath: "\(self.scratch.path)/\(folder)/models").sorted()
        }
        #expect(try models("whole") == models("pieces"))
        for name in try models("whole") {
            #expect(
                FileManager.default.contentsEqual(
                    atPath: "\(scratch.path)/whole/models/\(name)", andPath: "\(scratch.path)/pieces/models/\(name)"),
                "\(name)")
        }
        // Nothing is left to do.
        let (again, same) = try run(plan("pieces"))
        #expect(again.end == .complete)
        #expect(try outcomes(same) == expected)
    }

    @Test func reuseChangesNoVerdict() throws {
        let (summary, results) = try run(plan("on"))
        let (plain, others) = try run(
            plan(
                "off",
                [
                    (
                        "reuse",
                        "{epsilons: false, counterexamples: false, proofs: false, bounds: false, failures: false}"
                    )
                ]))
        let (first, second) = (try outcomes(results), try outcomes(others))
        #expect(first.count == second.count)
        for (key, outcome) in first {
            let other = try #require(second[key])
            #expect(Set([outcome, other]) != [.holds, .violated], "\(key)")
            // Ten minutes are plenty: both decide everything.
            #expect(outcome == other, "\(key)")
        }
        #expect(try #require(others).queries.allSatisfy { $0.origin == .computed || $0.outcome == .misclassified })
        let inherited = try #require(results).queries.count {
            $0.origin == .largerRadius || $0.origin == .smallerRadius
        }
        #expect(inherited > 3)
        #expect(summary.savings.first { $0.kind == .epsilons }?.queries == inherited)
        #expect(plain.savings.allSatisfy { !$0.isOn && $0.queries == 0 })
        for query in try #require(results).queries where query.outcome == .violated {
            let image = try #require(results?.images.first { $0.index == query.image })
            let example = try #require(query.adversarialExample)
            let radius = try #require(Float(query.epsilon))
            for (value, center) in zip(example, image.values) { #expect(abs(value - center) <= radius * (1 + 1e-5)) }
            #expect((query.attackedMargin ?? 1) <= 0)
        }
    }

    /// Hardly pruned and not trained again: many proofs carry over, and none that the network itself would not have.
    @Test func proofsCarryOverByMargins() throws {
        let few: [(key: String, value: String)] = [
            ("seeds", "[1]"), ("pruning.ratios", "[0, 0.02]"), ("fine-tuning", "{epochs: 1, rate: 0.000000001}"),
            ("verification.epsilons", "[0.0002, 0.002]"), ("verification.images", "0:4"),
        ]
        let (summary, results) = try run(
            plan(
                "on",
                few + [
                    ("reuse", "{epsilons: false, counterexamples: false, proofs: false, bounds: false, margins: true}")
                ]))
        let carried = try #require(results).queries.filter { $0.origin == .transferredMargin }
        #expect(!carried.isEmpty && carried.allSatisfy { $0.outcome == .holds && $0.source == "seed1" })
        #expect(summary.savings.first { $0.kind == .margins }?.queries == carried.count)
    }

    /// Searches in vain spare other queries theirs.
    @Test func failuresTeach() throws {
        let (summary, results) = try run(
            plan(
                "taught",
                [
                    ("architecture", "32x3"), ("seeds", "[1]"), ("training.epochs", "4"), ("pruning.ratios", "[0]"),
                    ("verification.epsilons", "[0.03, 0.034]"), ("verification.images", "0:60"),
                    ("verification.max-nodes", "1"), ("verification.give-up", "true"),
                    ("reuse", "{epsilons: false, counterexamples: false, bounds: false}"),
                ]))
        let queries = try #require(results).queries
        let givenUp = queries.filter { $0.origin == .hopelessGap }
        #expect(!givenUp.isEmpty)
        #expect(givenUp.allSatisfy { $0.outcome == .unknown && $0.reason?.contains("given up") == true })
        #expect(queries.count { $0.origin == .computed && $0.outcome == .unknown } >= 4)
        #expect(summary.savings.first { $0.kind == .failures }?.queries == givenUp.count)
    }

    @Test func counterexamplesCarryOverToACopy() throws {
        try run(plan("first", [("seeds", "[1]"), ("pruning.ratios", "[0]")]))
        let models = "\(scratch.path)/first/models"
        let name = try #require(FileManager.default.contentsOfDirectory(atPath: models).first)
        try FileManager.default.copyItem(atPath: "\(models)/\(name)", toPath: "\(models)/copy.onnx")
        let given = try scratch.write(
            """
            dataset: {path: 'digits:96'}
            networks: [{file: first/models/\(name), seed: 1}, {file: first/models/copy.onnx, seed: 2}]
            verification: {images: '0:8', epsilons: [0.1], timeout: 30}
            """, as: "given.yaml")
        let plan = try SweepPlan(file: given, folder: "\(scratch.path)/given")
        let (_, results) = try run(plan)
        let queries = try #require(results).queries
        let violated = queries.filter { $0.outcome == .violated }
        #expect(violated.count > 2)
        let carried = violated.filter { $0.origin == .transferredCounterexample }
        #expect(carried.count * 2 == violated.count)
        #expect(Set(carried.compactMap(\.source)).count == 1)
    }

    @Test func budgetsAndEstimatesAreKept() throws {
        var short = try plan("short")
        short.budget = 0.001
        let (summary, _) = try run(short)
        #expect(summary.end == .budgetExhausted)
        let estimate = try plan("short").estimate(options: options)
        #expect(estimate.questions == 36)
        #expect(estimate.recipes.map(\.name) == ["seed1", "seed1-magnitude-0.8", "seed2", "seed2-magnitude-0.8"])
        #expect((estimate.training ?? 0) > 0)
        #expect((estimate.longest ?? 0) > 100)
    }

    @Test func radiiAgreeWithTheGrid() throws {
        let (_, results) = try run(plan("grid", [("seeds", "[1]"), ("pruning.ratios", "[0]")]))
        let (summary, radii) = try run(
            plan(
                "grid",
                [
                    ("seeds", "[1]"), ("pruning.ratios", "[0]"),
                    ("verification", "{images: '0:2', radii: true, tolerance: 0.1, timeout: 30}"),
                ]))
        #expect(summary.end == .complete)
        let table = try String(contentsOfFile: "\(scratch.path)/grid/radii.csv", encoding: .utf8)
        #expect(table.split(separator: "\n").count == 3)
        #expect(!(try #require(radii).epsilons.isEmpty))
        for line in table.split(separator: "\n").dropFirst() {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            for query in try #require(results).queries where "\(query.image)" == cells[4] {
                let epsilon = try #require(Double(query.epsilon))
                if let proved = Double(cells[7]), epsilon <= proved { #expect(query.outcome == .holds) }
                if let refuted = Double(cells[8]), epsilon >= refuted { #expect(query.outcome == .violated) }
            }
        }
    }

    @Test(arguments: ["golden", "halving"])
    func aChoiceIsTheBestOfWhatItLookedAt(method: String) throws {
        let plan = try plan(
            "choice",
            [("seeds", "[1]"), ("choice", "{method: \(method), tolerance: 0.3, candidates: 4, epsilon: 0.02}")])
        let result = try ChoiceRun(plan: plan, options: options).run()
        let best = try #require(result.best)
        #expect(result.candidates.count >= 3)
        for candidate in result.candidates where candidate.isComplete { #expect(candidate.certified <= best.certified) }
        let strict = try self.plan("choice", [("seeds", "[1]"), ("choice", "{accuracy: 1, tolerance: 0.9}")])
        let none = try ChoiceRun(plan: strict, options: options).run()
        #expect(none.best.map { $0.accuracy >= 1 } ?? true)
    }
}
