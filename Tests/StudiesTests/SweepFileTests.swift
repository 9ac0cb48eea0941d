import Pruning
import Testing
import Training

@testable import Studies

/// What a sweep's file says, and what is said of a wrong one.
struct SweepFileTests {
    private static let good = """
        dataset: {path: 'digits:200'}
        architecture: 8x2
        seeds: [1, 2]
        training:
          epochs: 3
          target-accuracy: 0.9
        pruning: {methods: [magnitude, channels], ratios: [0.5, 0], scope: matrices}
        fine-tuning: {epochs: 1}
        verification: {images: '0:5', epsilons: [0.02, 0.010, 0.01], timeout: 20}
        reuse: {proofs: false}
        budget: 60
        """

    private func plan(_ text: String, _ overrides: [(key: String, value: String)] = []) throws -> SweepPlan {
        let scratch = try Scratch()
        return try SweepPlan(file: scratch.write(text, as: "a.yaml"), overrides: overrides)
    }

    @Test func readsWhatIsWritten() throws {
        let plan = try plan(Self.good)
        #expect(plan.name == "a")
        #expect(plan.architecture == "8x2")
        #expect(plan.seeds == [1, 2])
        #expect(plan.training.epochs == 3)
        #expect(plan.training.targetAccuracy == 0.9)
        #expect(plan.fineTuning?.epochs == 1)
        #expect(plan.fineTuning?.targetAccuracy == 0.9)
        #expect(plan.fineTuning?.keepsZeros == true)
        #expect(plan.pruning?.ratios == [0, 0.5])
        #expect(plan.pruning?.scope == .matrices)
        #expect(plan.epsilons == ["0.010", "0.02"])
        #expect(plan.query.timeout == 20)
        #expect(plan.budget == 60)
        #expect(plan.reuse == [.epsilons, .counterexamples, .bounds, .failures])
    }

    @Test func valuesAreReplaced() throws {
        let plan = try plan(
            Self.good, [("training.epochs", "7"), ("verification.epsilons", "[0.5]"), ("choice.accuracy", "0.9")])
        #expect(plan.training.epochs == 7)
        #expect(plan.fineTuning?.epochs == 1)
        #expect(plan.epsilons == ["0.5"])
        #expect(plan.choice.accuracy == 0.9)
    }

    @Test func theStudysOwnSettingsAreKnownByArchitecture() throws {
        let plan = try plan(Self.good, [("architecture", "resnet4"), ("training", "{epochs: 2}")])
        #expect(plan.training.augmentation.rotation == 10)
        #expect(plan.training.weightDecay == 1e-4)
    }

    /// What is replaced, and what the complaint must contain.
    private static let faults: [(old: String, new: String, parts: [String])] = [
        ("epochs: 3", "epochs: many", ["a.yaml:5", "training.epochs", "'many' is no whole number"]),
        ("epochs: 3", "epoch: 3", ["a.yaml:5", "training.epoch", "unknown key", "epochs"]),
        ("ratios: [0.5, 0]", "ratios: [1.5]", ["a.yaml:7", "pruning.ratios", "'1.5' is no ratio"]),
        ("magnitude, channels", "magnitud", ["a.yaml:7", "pruning.methods", "'magnitud' is unknown", "magnitude"]),
        ("architecture: 8x2", "architecture: huge", ["a.yaml:2", "'huge' is unknown", "resnet4"]),
        ("architecture: 8x2\n", "", ["lacks `architecture` and `networks`"]),
        ("seeds: [1, 2]", "seeds: [one]", ["a.yaml:3", "seeds", "'one' is no whole number"]),
        ("seeds: [1, 2]\n", "", ["lacks `seeds`"]),
        ("'0:5'", "few", ["a.yaml:9", "verification.images", "'few' is no range"]),
        ("0.010", "-1", ["a.yaml:9", "verification.epsilons", "'-1' is no radius"]),
        ("epsilons: [0.02, 0.010, 0.01], ", "", ["a.yaml:9", "lacks `epsilons`"]),
        ("timeout: 20", "timeout: 20, radii: true", ["a.yaml:9", "verification.radii"]),
        ("timeout: 20", "give-up: true", ["a.yaml:9", "verification.give-up", "add `timeout`"]),
        ("reuse: {proofs: false}", "reuse: {proofs: maybe}", ["a.yaml:10", "reuse.proofs", "neither true nor false"]),
        ("dataset: {path: 'digits:200'}", "dataset: digits", ["a.yaml:1", "dataset", "no mapping"]),
        ("budget: 60", "budget: [", ["a.yaml"]),
        ("budget: 60", "bugdet: 60", ["a.yaml:11", "bugdet", "unknown key"]),
    ]

    @Test(arguments: faults.indices)
    func complaintsSayWhere(index: Int) throws {
        let fault = Self.faults[index]
        #expect(Self.good.contains(fault.old))
        do {
            _ = try plan(Self.good.replacing(fault.old, with: fault.new, maxReplacements: 1))
            Issue.record("nothing was wrong with \(fault.new)")
        } catch {
            let text = "\(error)"
            for part in fault.parts { #expect(text.contains(part), "\(text)") }
            #expect(!text.contains("\n"))
        }
    }

    @Test func networksAreLookedAt() throws {
        #expect(throws: StudyError.self) {
            try plan(
                Self.good.replacing("architecture: 8x2\nseeds: [1, 2]", with: "networks: [missing.onnx]")
                    .replacing("training:\n  epochs: 3\n  target-accuracy: 0.9\n", with: ""))
        }
    }
}
