import Testing

@testable import VNNLIBFormat

func readQuery(_ text: String) throws(VNNLIBError) -> VNNLIBQuery {
    try VNNLIBReader.readQuery(bytes: Array(text.utf8), name: "q.vnnlib")
}

/// A network `f` with input `X [2,3]`, hidden scalar `H` and output `Y [2]`, all of one type.
func network(_ type: String = "real") -> String {
    """
    (vnnlib-version <2.0>)
    (declare-network f
    (declare-input X \(type) [2,3])
    (declare-hidden H \(type) [] "hidden")
    (declare-output Y \(type) [2])
    )

    """
}

/// Every mistake is found where it is made and has the standard's name for it.
@Suite struct QueryErrorTests {
    @Test(arguments: [
        // Behind the network, from line 7 on.
        ("(assert (<= X[0,3] 1.0))", "7:13: IndexOutOfBounds: the index 3 of X is not one of 0 to 2"),
        ("(assert (<= X[-1,0] 1.0))", "7:13: IndexOutOfBounds: the index -1"),
        ("(assert (<= X[0,1,2] 1.0))", "7:13: TooManyIndices: X has 2 dimensions and 3 indices"),
        ("(assert (<= X[0] 1.0))", "7:13: NotEnoughIndices: X has 2 dimensions and 1 indices"),
        ("(assert (<= Y 1.0))", "7:13: NotEnoughIndices"),
        ("(assert (<= H[0] 1.0))", "7:13: InvalidScalarAccess: H is a scalar"),
        ("(assert (<= Z[0] 1.0))", "7:13: UndeclaredVariable: 'Z' is not declared"),
        ("(assert (<= Y[0] 1))", "7:18: TypeMismatch: '1' is a whole number, Y is real"),
        ("(assert (<= (+ 1 2.0) Y[0]))", "7:18: TypeMismatch"),
        ("(assert (<= (* Y[0] X[0,0]) 1.0))", "7:21: NonlinearArithmetic: a product of variables"),
        ("(assert (<= Y[0] 1e-5))", "7:18: Syntax: expected a number or a variable, found '1e-5'"),
        ("(assert (<= Y[0] .5))", "7:18: Syntax"),
        ("(assert (<= Y[0] 5.))", "7:18: Syntax"),
        ("(assert (= Y[0] 1.0))", "7:10: Syntax: expected an operator, found '='"),
        ("(assert (not (<= Y[0] 1.0)))", "7:10: Syntax: expected an operator, found 'not'"),
        ("(assert (<= Y[0] 1.0 2.0))", "7:25: Syntax: expected two sides of a comparison"),
        ("(assert (<= Y[0]))", "7:17: Syntax"),
        ("(assert (and))", "7:13: Syntax: expected an operand, found ')'"),
        ("(assert (and Y[0]))", "7:14: Syntax: expected a condition, found a number"),
        ("(assert (<= (and (<= Y[0] 1.0)) 1.0))", "7:13: Syntax: expected a number or a variable"),
        ("(assert Y[0])", "7:9: Syntax: expected a condition"),
        ("(assert (<= Y[0] 1.0)", "7:22: Syntax: expected ')', found the end of the file"),
        ("(assert (<= Y[0] \"a\"))", "7:18: Syntax: expected a term"),
        ("(assert (<= Y[0 1.0))", "7:17: Syntax: expected ',' or ']'"),
        ("(assert (<= Y[x] 1.0))", "7:15: Syntax: expected an index"),
        ("(check-sat)", "7:2: Syntax: expected assert, found 'check-sat'"),
        ("", "7:1: Syntax: expected '(' and an assert, found the end of the file"),
        (
            "(assert (<= Y[0] 1.0)) (declare-network g (declare-input A real []) (declare-output B real []))",
            "7:25: Syntax: expected assert, found 'declare-network'"
        ),
        // Second networks.
        (
            "(declare-network f (declare-input A real []) (declare-output B real []))",
            "7:18: MultipleDeclaration: the network f is declared twice"
        ),
        ("(declare-network g (declare-input X real []))", "7:35: MultipleDeclaration: X is declared twice"),
        ("(declare-network g (declare-input A reel []))", "7:37: UnknownType: 'reel' is no element type"),
        ("(declare-network g (declare-input A Real []))", "7:37: UnknownType"),
        ("(declare-network g (declare-input A real [0]))", "7:43: InvalidDimensions"),
        ("(declare-network g (declare-input A real [2,-1]))", "7:45: InvalidDimensions"),
        ("(declare-network g (declare-input A real [99999999,99999999,99999999]))", "7:43: InvalidDimensions"),
        ("(declare-network g (declare-input A real))", "7:41: Syntax: expected '['"),
        ("(declare-network g (declare-output B real []))", "7:21: Syntax: expected another order"),
        ("(declare-network g (declare-input A real []))", "7:18: Syntax: the network g has no output"),
        (
            "(declare-network g (declare-input A real []) (declare-hidden K real []) (declare-output B real []))",
            "7:71: Syntax: expected the tensor's name in quotes"
        ),
        (
            "(declare-network g (declare-input A real [] \"a\") (declare-output B real []))",
            "7:66: Syntax: B has no tensor's name"
        ),
        ("(declare-network g (declare-input A real [] \"a\\q\")", "7:47: Syntax: a backslash"),
        ("(declare-network g (declare-input A real [] \"a", "7:45: Syntax: a name in quotes does not end"),
        ("(declare-network 1g", "7:18: Syntax: expected the network's name"),
        ("(declare-network g (isomorphic-to h)", "7:35: MissingNetwork: the network 'h' is not declared before"),
        (
            "(declare-network g (equal-to f) (declare-input A real [2,3]) (declare-output B real [2])"
                + "(declare-output C real [2]))", "7:30: VariableCountMismatch"
        ),
        (
            "(declare-network g (equal-to f) (declare-input A real [2,3]) (declare-input C real [2])"
                + "(declare-output B real [2])) ", "7:30: VariableCountMismatch"
        ),
        (
            "(declare-network g (isomorphic-to f) (declare-input A real [3,2]) (declare-output B real [2]))",
            "7:35: VariableShapeMismatch: A has shape [3, 2] and X [2, 3]"
        ),
        (
            "(declare-network g (isomorphic-to f) (declare-input A float32 [2,3]) (declare-output B real [2]))",
            "7:35: TypeMismatch: A is float32 and X real"
        ),
        (
            """
            (declare-network g (equal-to f) (declare-input A real [2,3]) (declare-output B real [2]))
            (declare-network h (equal-to g) (declare-input C real [2,3]) (declare-output D real [2]))
            """, "8:30: ChainedEquivalence: g is itself isomorphic or equal"
        ),
        (
            "(declare-network g (equal-to f) (isomorphic-to f) (declare-input A real [2,3]))",
            "7:34: Syntax: expected one isomorphic-to or equal-to"
        ),
        ("(declare-network g (declare-input A real [] initialized)", "7:45: UnsupportedType: inputs with a default"),
    ])
    func faultsAreLocated(text: String, expected: String) {
        let error = #expect(throws: VNNLIBError.self) { try readQuery(network() + text) }
        let shown = error.map(\.description) ?? ""
        #expect(shown.hasPrefix("q.vnnlib:" + expected), "\(shown)")
        #expect(shown.contains("; "), "no remedy: \(shown)")
        #expect(error?.code != nil)
    }

    @Test(arguments: [
        ("(vnnlib-version <1.0>)", "1:17: MajorVersionMismatch: the version is <1.0>"),
        ("(vnnlib-version 2.0)", "1:17: Syntax: expected a version such as <2.0>"),
        ("(vnnlib-version <2.0>)", "1:23: Syntax: expected '(' and a network"),
        ("(declare-network f", "1:2: Syntax: expected vnnlib-version"),
        ("(vnnlib-version <2.0>) (assert (<= X 1.0))", "1:25: Syntax: expected declare-network"),
    ])
    func headsAreChecked(text: String, expected: String) {
        let error = #expect(throws: VNNLIBError.self) { try readQuery(text) }
        #expect(error?.description.hasPrefix("q.vnnlib:" + expected) == true, "\(String(describing: error))")
    }

    @Test func kindsOfVariablesHaveToAgree() {
        let text = """
            (vnnlib-version <2.0>)
            (declare-network f (declare-input A real []) (declare-input B real []) (declare-output C real []))
            (declare-network g (isomorphic-to f)
                (declare-input D real []) (declare-output E real []) (declare-output F real []))
            """
        let error = #expect(throws: VNNLIBError.self) { try readQuery(text) }
        #expect(error?.code == .variableKindMismatch)
    }

    @Test func literalsFitTheirType() throws {
        for (type, literal, fits) in [
            ("int32", "5", true), ("int32", "-5", true), ("int32", "5.0", false), ("uint8", "5", true),
            ("uint8", "-5", false), ("float16", "5.0", true), ("float16", "5", false), ("bool", "1", false),
            ("float32", "-0.5", true), ("bfloat16", "-1", false),
        ] {
            let text = network(type) + "(assert (<= Y[0] \(literal))) (assert (>= \(literal) Y[1]))"
            let error = Result { () throws(VNNLIBError) in try readQuery(text) }
            switch error {
            case .success: #expect(fits, "\(type) \(literal)")
            case .failure(let error): #expect(!fits && error.code == .typeMismatch, "\(type) \(literal): \(error)")
            }
        }
    }

    @Test func variablesOfTwoTypesAreNotCompared() {
        let text = """
            (vnnlib-version <2.0>)
            (declare-network f (declare-input A real []) (declare-output B float32 []))
            (assert (<= A B))
            """
        let error = #expect(throws: VNNLIBError.self) { try readQuery(text) }
        #expect(error?.description.hasPrefix("q.vnnlib:3:15: TypeMismatch: B is float32, A is real") == true)
    }

    @Test func typesWithoutSoundAnalysisAreRefused() throws {
        for type in ["float16", "bfloat16", "int8", "complex64", "string", "float8e5m2"] {
            let text = """
                (vnnlib-version <2.0>)
                (declare-network f (declare-input A \(type) []) (declare-output B \(type) []))
                (assert (<= A B))
                """
            let query = try readQuery(text)
            let error = #expect(throws: VNNLIBError.self) { try query.elementType() }
            #expect(error?.code == .unsupportedType && error?.line == 2)
        }
        let mixed = try readQuery(
            """
            (vnnlib-version <2.0>)
            (declare-network f (declare-input A float32 []) (declare-output B float64 []))
            (assert (<= A 1.0))
            """)
        #expect(throws: VNNLIBError.self) { try mixed.elementType() }
        #expect(try readQuery(network() + "(assert (<= Y[0] 1.0))").elementType() == .real)
    }

    @Test func roundedArithmeticThatIsNotAnalysedIsRefused() throws {
        for (condition, isRefused) in [
            ("(<= (+ Y[0] Y[0]) 1.0)", true), ("(<= (+ Y[0] 1.0) 1.0)", true), ("(<= (- Y[0] Y[1]) 0.1)", false),
            ("(<= (* 0.5 (+ Y[0] Y[1])) 0.1)", false), ("(<= (* (+ 1.0 -0.999) Y[0]) 0.1)", true),
            ("(<= (* 0.1 0.1 Y[0]) (* 3.0 X[0,0]))", false), ("(== Y[0] (- Y[1]))", false),
        ] {
            let text = network("float32") + "(assert \(condition))"
            let result = Result { () throws(VNNLIBError) in try readQuery(text) }
            switch result {
            case .success: #expect(!isRefused, "\(condition)")
            case .failure(let error): #expect(isRefused && error.code == .unsupportedArithmetic, "\(error)")
            }
            #expect(throws: Never.self) { try readQuery(network() + "(assert \(condition))") }
        }
        let error = #expect(throws: VNNLIBError.self) {
            try readQuery(network("float32") + "(assert (<= Y[0] 1000000000000000000000000000000000000000.0))")
        }
        #expect(error?.code == .limitExceeded)
    }

    @Test func deepNestingIsRefused() {
        for text in ["(assert " + String(repeating: "(and ", count: 100_000), String(repeating: "(", count: 100_000)] {
            #expect(throws: VNNLIBError.self) { try readQuery(network() + text) }
        }
    }

    @Test func everyCodeOfTheLanguageIsThrown() throws {
        // Those about files are thrown, and tested, where files are read.
        let atFiles: Set<VNNLIBErrorCode> = [
            .missingNetworkFile, .unnecessaryNetworkFile, .elementTypeMismatch, .tensorMismatch, .notIsomorphic,
            .notEqual,
        ]
        let unbounded = try readQuery(network() + "(assert (<= Y[0] 1.0))")
        let places: [ElementPlace?] = (0..<6).map { .input($0) } + [nil, .output(0), nil]
        let error = #expect(throws: VNNLIBError.self) { try unbounded.property(places: places, outputCount: 2) }
        #expect(error?.code == .unboundedInput)
        #expect(error?.message.hasPrefix("X[0,0] has no lower bound") == true)
        #expect(VNNLIBErrorCode.allCases.count - atFiles.count == 21)
    }
}
