import Intervals
import Properties
import Testing

@testable import VNNLIBFormat

@Suite struct QueryReaderTests {
    private static let pair = """
        ; two networks
        (vnnlib-version <2.0>)
        (declare-network f
            (declare-input X real [1,2] "in") ; named
            (declare-hidden H real [] "a \\"hidden\\" one")
            (declare-output Y real [2] "out"))
        (declare-network g_2 (isomorphic-to f)
            (declare-input A real [1,2]) (declare-output B real [2]))
        (assert (and (<= -1.0 X[0,0]) (<= X[ 0 , 0 ] 1.0) (== X[0,1] 0.5)))
        (assert (== A[0,0] X[0,0])) (assert (and (<= A[0,1] X[0,1]) (>= A[0,1] X[0,1])))
        (assert (or (> (- Y[0] B[0]) 0.125) (< (- Y[0] B[0] 0.0) (- 0.125)) (!= H (* 2.0 3.0 Y[1]))))
        """

    /// Inputs 0, 1 (tied across the networks), outputs: H, Y, B.
    private static let places: [ElementPlace?] = [
        .input(0), .input(1), .output(0), .output(1), .output(2), .input(0), .input(1), .output(3), .output(4),
    ]

    @Test func declarationsAreRead() throws {
        let query = try readQuery(Self.pair)
        #expect(query.networks.map(\.name) == ["f", "g_2"])
        #expect(query.networks[1].equivalence == .isomorphic(to: 0))
        #expect(query.variables.map(\.name) == ["X", "H", "Y", "A", "B"])
        #expect(query.variables.map(\.kind) == [.input, .hidden, .output, .input, .output])
        #expect(query.variables.map(\.shape) == [[1, 2], [], [2], [1, 2], [2]])
        #expect(query.variables.map(\.firstElement) == [0, 2, 3, 5, 7])
        #expect(query.variables.map(\.tensorName) == ["in", "a \"hidden\" one", "out", nil, nil])
        #expect(query.elementCount == 9 && query.text(ofElement: 6) == "A[0,1]" && query.text(ofElement: 2) == "H")
        #expect(query.mentionedElements == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(query.tiedInputs() == [0, 1, 2, 3, 4, 0, 1, 7, 8])
    }

    @Test func assertsBecomeAProperty() throws {
        let query = try readQuery(Self.pair)
        let property = try query.property(places: Self.places, outputCount: 5)
        try property.validate()
        #expect(property.inputCount == 2 && property.regions.count == 1)
        #expect(property.regions[0].lower.map(\.lower) == [-1, 0.5])
        #expect(property.regions[0].upper.map(\.upper) == [1, 0.5])
        // Larger, smaller, and two ways to be unequal; all strict, none about inputs, as those are tied.
        #expect(property.disjuncts.count == 4)
        #expect(property.disjuncts.allSatisfy { $0.constraints.count == 1 && $0.constraints[0].isStrict })
        #expect(property.disjuncts.allSatisfy { $0.constraints[0].inputTerms.isEmpty })
    }

    @Test func equalOutputsCancel() throws {
        let query = try readQuery(Self.pair)
        var places = Self.places
        places[7] = places[3]
        let property = try query.property(places: places, outputCount: 5)
        // 0 > 1/8 and 0 < -1/8 are decided.
        #expect(property.disjuncts.count == 2)
    }

    @Test func inputsThatAreNotAlwaysEqualAreNotTied() throws {
        for condition in [
            "(or (== A[0,0] X[0,0]) (== A[0,1] X[0,1]))", "(<= A[0,0] X[0,0])", "(== A[0,0] (* 2.0 X[0,0]))",
            "(== A[0,0] (+ X[0,0] 0.5))", "(== A[0,0] Y[0])", "(and (< A[0,0] X[0,0]) (> A[0,0] X[0,0]))",
        ] {
            let head = Self.pair.split(separator: "\n").prefix(8).joined(separator: "\n")
            let query = try readQuery(head + "(assert \(condition))")
            #expect(query.tiedInputs() == Array(0..<9), "\(condition)")
        }
    }

    @Test func boundsFollowFromOtherInputs() throws {
        let text = """
            (vnnlib-version <2.0>)
            (declare-network f (declare-input X real [2]) (declare-output Y real []))
            (declare-network g (equal-to f) (declare-input A real [2]) (declare-output B real []))
            (assert (and (>= X[0] 0.0) (<= X[0] 1.0) (>= X[1] -2.0) (<= X[1] 2.0)))
            (assert (and (<= (- A[0] X[0]) 0.1) (<= (- X[0] A[0]) 0.1)))
            (assert (and (<= (* 4.0 A[1]) (+ A[0] X[1] 0.5)) (>= A[1] (- A[0] 1.0))))
            (assert (> Y B))
            """
        let query = try readQuery(text)
        let places: [ElementPlace?] = [.input(0), .input(1), .output(0), .input(2), .input(3), .output(1)]
        let property = try query.property(places: places, outputCount: 2)
        let region = property.regions[0]
        #expect(region.exactLower(2) == ExactDecimal("-0.1") && region.exactUpper(2) == ExactDecimal("1.1"))
        #expect(region.exactLower(3) == ExactDecimal("-1.1") && region.exactUpper(3) == ExactDecimal("0.9"))
        // What tells the inputs' relation stays.
        #expect(property.disjuncts[0].constraints.count == 5)
    }

    @Test func literalsNextToFloatsAreFloats() throws {
        for (type, upper) in [("float32", Double(Float(0.1))), ("float64", 0.1)] {
            let text = """
                (vnnlib-version <2.0>)
                (declare-network f (declare-input X \(type) []) (declare-output Y \(type) []))
                (assert (and (>= X -0.5) (<= X 0.1))) (assert (<= Y 0.1))
                """
            let property = try readQuery(text).property(places: [.input(0), .output(0)], outputCount: 1)
            #expect(property.regions[0].upper == [Interval(upper)])
            #expect(property.disjuncts[0].constraints[0].constant == Interval(-upper))
        }
    }

    @Test func otherMinorVersionsAreReadWithAWarning() throws {
        let query = try readQuery(network().replacing("2.0>", with: "2.7>") + "(assert (<= Y[0] 1.0))")
        #expect(query.warnings.count == 1)
        #expect(try readQuery(network() + "(assert (<= Y[0] 1.0))").warnings.isEmpty)
    }

    @Test func bothVersionsAreTold() throws {
        let first = declarations(inputs: 1, outputs: 1) + unitBox(inputs: 1) + "(assert (<= Y_0 0))"
        guard case .property = try VNNLIBReader.readAnyVersion(bytes: Array(first.utf8), name: "p") else {
            Issue.record("read as 2.0")
            return
        }
        guard case .query = try VNNLIBReader.readAnyVersion(bytes: Array(Self.pair.utf8), name: "p") else {
            Issue.record("read as 1.0")
            return
        }
        let error = #expect(throws: VNNLIBError.self) { try readProperty(Self.pair) }
        #expect(error?.message.contains("VNN-LIB 2.0") == true)
    }

    @Test func deviationsReadBack() throws {
        let query = try readQuery(Self.pair)
        let again = try readQuery(VNNLIBWriter.text(of: query, comment: "again"))
        #expect(VNNLIBWriter.text(of: again) == VNNLIBWriter.text(of: query))
        #expect(again.variables.map(\.tensorName) == query.variables.map(\.tensorName))
        #expect(again.networks.map(\.equivalence) == query.networks.map(\.equivalence))
    }
}
