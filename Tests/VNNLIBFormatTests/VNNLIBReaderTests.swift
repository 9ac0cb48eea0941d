import Intervals
import Properties
import Testing

@testable import VNNLIBFormat

func readProperty(_ text: String) throws(VNNLIBError) -> Property {
    try VNNLIBReader.read(bytes: Array(text.utf8), name: "prop.vnnlib")
}

func declarations(inputs: Int, outputs: Int) -> String {
    (0..<inputs).map { "(declare-const X_\($0) Real)\n" }.joined()
        + (0..<outputs).map { "(declare-const Y_\($0) Real)\n" }.joined()
}

/// `-1 <= X_i <= 1` for all inputs.
func unitBox(inputs: Int) -> String {
    (0..<inputs).map { "(assert (>= X_\($0) -1.0))\n(assert (<= X_\($0) 1))\n" }.joined()
}

@Suite struct VNNLIBReaderTests {
    @Test func boxAndOneConstraint() throws {
        let property = try readProperty(
            """
            ; a comment
            (set-logic QF_LRA)
            (declare-fun Y_0 () Real)
            (declare-const X_0 Real)
            (declare-const Y_1 Real)
            (assert (<= X_0 0.1)) ; trailing
            (assert (>= X_0 -1.05e-05))
            (assert (<= Y_0 Y_1))
            (check-sat)
            (exit)
            anything
            """.replacing("\n", with: "\r\n"))
        #expect(property.inputCount == 1 && property.outputCount == 2)
        #expect(property.regions.count == 1 && property.disjuncts.count == 1)
        let region = property.regions[0]
        #expect(region.upper == [Interval(lower: 0.1.nextDown, upper: 0.1)])
        #expect(region.lower == [Interval(enclosingDecimal: "-1.05e-05")!])
        #expect(region.upperText == ["0.1"] && region.lowerText == ["-1.05e-05"])
        let constraint = property.disjuncts[0].constraints[0]
        #expect(constraint.outputTerms.map(\.index) == [0, 1])
        #expect(constraint.outputTerms.map(\.coefficient) == [Interval(1), Interval(-1)])
        #expect(constraint.constant == .zero && !constraint.isStrict && constraint.inputTerms.isEmpty)
    }

    @Test func disjunctsShareEqualRegions() throws {
        let property = try readProperty(
            declarations(inputs: 2, outputs: 2) + unitBox(inputs: 2) + """
                (assert (or
                    (and (<= X_0 0.5) (<= Y_0 1))
                    (and (<= X_0 0.50) (<= Y_1 1))
                    (and (<= X_0 5e-1) (<= Y_1 1))
                    (and (>= X_0 0.5) (<= X_1 7) (< Y_0 Y_1))
                    (and (>= X_0 2) (<= Y_0 0))))
                """)
        #expect(property.regions.count == 2)
        #expect(property.disjuncts.map(\.region) == [0, 0, 1])
        #expect(property.regions[1].upper == [Interval(1), Interval(1)])
        #expect(property.disjuncts[2].constraints[0].isStrict)
    }

    @Test func linearTermsAreExact() throws {
        let property = try readProperty(
            declarations(inputs: 2, outputs: 2) + unitBox(inputs: 2) + """
                (assert (<= (+ (* 0.1 Y_0) (* Y_0 0.2) (- Y_1) X_1 3) (- (* 0.3 Y_0) (* 2 (+ Y_1 1.5)) 0.5 X_0)))
                (assert (<= (* -4 X_0) 1))
                (assert (<= (- X_1 0.1) 0.2))
                """)
        let constraint = property.disjuncts[0].constraints[0]
        #expect(constraint.outputTerms.map(\.index) == [1])
        #expect(constraint.outputTerms[0].coefficient == Interval(1))
        #expect(constraint.inputTerms.map(\.index) == [0, 1])
        #expect(constraint.constant == Interval(6.5))
        #expect(property.regions[0].lower[0] == Interval(-0.25))
        #expect(property.regions[0].upper[1] == Interval(enclosingDecimal: "0.3"))
        #expect(property.regions[0].upperText[1] == "0.3")
    }

    @Test func strictAndEqualBounds() throws {
        let property = try readProperty(
            declarations(inputs: 2, outputs: 1) + """
                (assert (< X_0 1)) (assert (> X_0 0)) (assert (= X_1 0.25)) (assert (= Y_0 3))
                """)
        #expect(property.regions[0].lower == [Interval(0), Interval(0.25)])
        #expect(property.regions[0].upper == [Interval(1), Interval(0.25)])
        let constraints = property.disjuncts[0].constraints
        #expect(constraints.filter(\.isStrict).count == 2)
        #expect(
            constraints.filter { $0.outputTerms.count == 1 }.map(\.constant) == [Interval(-3), Interval(3)])
    }

    @Test func contradictionsAndTautologies() throws {
        let head = declarations(inputs: 1, outputs: 1) + unitBox(inputs: 1)
        let empty = try readProperty(head + "(assert (>= X_0 1.5))")
        #expect(empty.disjuncts.count == 1 && empty.regions[0].isCertainlyEmpty)
        #expect(try readProperty(head + "(assert (<= 1 0.5))").disjuncts.isEmpty)
        #expect(try readProperty(head + "(assert (or (>= X_0 2) (>= X_0 3)))").disjuncts.isEmpty)
        #expect(try readProperty(head + "(assert (<= 0.1 0.10))").disjuncts.count == 1)
        #expect(
            try readProperty(head + "(assert (or (<= Y_0 1) (<= (- Y_0 Y_0) 0)))").disjuncts[0].constraints
                .isEmpty)
        #expect(try readProperty(head).disjuncts[0].constraints.isEmpty)
        // Decimals between the same two floats are told apart.
        let close = "(assert (>= X_0 0.1000000000000000000001)) (assert (<= X_0 0.1))"
        #expect(try readProperty(head + close).regions[0].isCertainlyEmpty)
    }

    @Test func productsOfChoicesStaySmall() throws {
        let head = declarations(inputs: 1, outputs: 2) + unitBox(inputs: 1)
        let same = String(repeating: "(assert (or (<= Y_0 0) (<= Y_1 0)))\n", count: 30)
        #expect(try readProperty(head + same).disjuncts.count == 2)
        let boxes = (0..<40).map { "(and (>= X_0 \(Double($0) / 40)) (<= X_0 \((Double($0) + 0.5) / 40)))" }
        let choice = "(assert (or " + boxes.joined(separator: " ") + "))\n"
        #expect(try readProperty(head + String(repeating: choice, count: 20)).disjuncts.count == 40)
        let many = (0..<20).map { "(assert (or (<= Y_0 \($0)) (<= Y_1 \($0))))\n" }.joined()
        #expect { try readProperty(head + many) } throws: { "\($0)".contains("too many cases") }
    }

    @Test func extremeLiteralsAreKeptExactlyOrRefused() throws {
        let head = declarations(inputs: 1, outputs: 1)
        let long = "0." + String(repeating: "9", count: 19_990)
        let longer = "0." + String(repeating: "9", count: 19_991)
        let property = try readProperty(head + "(assert (>= X_0 \(long))) (assert (<= X_0 \(longer)))")
        #expect(!property.regions[0].isCertainlyEmpty)
        let reversed = try readProperty(head + "(assert (<= X_0 \(long))) (assert (>= X_0 \(longer)))")
        #expect(reversed.regions[0].isCertainlyEmpty)
        let tiny = try readProperty(head + "(assert (<= X_0 1e-400)) (assert (>= X_0 -1e-400))")
        #expect(tiny.regions[0].lower[0].upper == 0 && tiny.regions[0].upper[0].lower == 0)
        for text in ["1e-2000000", "-1e2000000", "0." + String(repeating: "1", count: 30_000)] {
            #expect { try readProperty(head + "(assert (<= X_0 \(text)))") } throws: {
                "\($0)".contains("too many digits")
            }
        }
        // A third is no decimal: the box is rounded outward and the constraint kept.
        let third = try readProperty(head + "(assert (<= (* 3 X_0) 1)) (assert (>= X_0 0))")
        #expect(third.regions[0].upper[0] == Interval((1.0 / 3).nextUp))
        #expect(third.disjuncts[0].constraints[0].inputTerms[0].coefficient == Interval(3))
    }
}
