import Intervals
import Properties
import Testing

@testable import VNNLIBFormat

@Suite struct VNNLIBWriterTests {
    @Test func localRobustnessReadsBack() throws {
        let property = try Property.localRobustness(
            center: [0.5, 0.0], epsilon: ExactDecimal("0.1")!, label: 0, classes: 3, clippedTo: 0...1)
        let text = try VNNLIBWriter.text(of: property, comment: "robust\nwithin 0.1")
        #expect(
            text == """
                ; robust
                ; within 0.1
                (declare-const X_0 Real)
                (declare-const X_1 Real)
                (declare-const Y_0 Real)
                (declare-const Y_1 Real)
                (declare-const Y_2 Real)

                (assert (>= X_0 0.4))
                (assert (<= X_0 0.6))
                (assert (>= X_1 0.0))
                (assert (<= X_1 0.1))
                (assert (or
                    (and (<= Y_0 Y_1))
                    (and (<= Y_0 Y_2))
                ))

                """)
        let again = try readProperty(text)
        #expect(again.regions[0].isKnownEqual(to: property.regions[0]))
        #expect(again.disjuncts.map(\.constraints) == property.disjuncts.map(\.constraints))
    }

    @Test func nothingViolatesAnEmptyDisjunction() throws {
        let property = Property(inputCount: 1, outputCount: 1, regions: [], disjuncts: [])
        #expect(try readProperty(try VNNLIBWriter.text(of: property)).disjuncts.isEmpty)
    }

    @Test func inexactNumbersAreRefused() throws {
        let property = try readProperty(
            declarations(inputs: 1, outputs: 1) + unitBox(inputs: 1) + "(assert (<= Y_0 0.1))")
        #expect(throws: VNNLIBError.self) { try VNNLIBWriter.text(of: property) }
    }

    @Test func witnessInCompetitionForm() {
        let witness = Counterexample(input: [0.1, 2], inputText: ["0.1", "2.0"], output: [-1.5, 1e-7])
        #expect(VNNLIBWriter.text(of: witness) == "((X_0 0.1)\n(X_1 2.0)\n(Y_0 -1.5)\n(Y_1 1e-07))")
    }
}
