import Evaluation
import Intervals
import NetworkQueries
import Networks
import ONNXFormat
import Properties
import RandomNumbers
import Testing
import VNNLIBFormat

/// The product computes what each network computes, wherever an element's place is.
@Suite struct ReductionTests {
    private static let box = """
        (assert (and (>= X[0] -1.0) (<= X[0] 1.0) (>= X[1] -1.0) (<= X[1] 1.0)))
        (assert (and (>= A[0] -1.0) (<= A[0] 1.0) (>= A[1] -1.0) (<= A[1] 1.0)))

        """

    @Test(arguments: ["", "(assert (== X[0] A[0]))", "(assert (and (== X[0] A[1]) (== A[0] X[1])))"])
    func theProductComputesAllNetworks(ties: String) throws {
        var generator = SplitMix64(seed: 5)
        for round in 0..<6 {
            let directory = try NetworkDirectory()
            let networks = [tinyNetwork(&generator), tinyNetwork(&generator)]
            let files = try directory.write(networks)
            let asked = try query(
                declarations("(isomorphic-to f)") + Self.box + ties
                    + "(assert (or (> H[2] K[0]) (< (+ Y[0] B[1]) 0.5) (!= Y[1] 0.0)))")
            let reduced = try ReducedQuery(asked, files: files)
            #expect(throws: Never.self) { try reduced.network.validate() }
            #expect(reduced.network.inputCount == (ties.isEmpty ? 4 : ties.contains("and") ? 2 : 3))
            for _ in 0..<10 {
                let point = (0..<reduced.network.inputCount).map { _ in
                    Double(Int.random(in: -8...8, using: &generator)) / 8
                }
                let outputs = reduced.network.evaluate(point)
                for (element, place) in reduced.places.enumerated() {
                    guard case .output(let output)? = place else { continue }
                    let variable = asked.variable(ofElement: element)
                    let inputs = asked.variables[variable.network == 0 ? 0 : 3].elements.map { input in
                        guard case .input(let place)? = reduced.places[input] else { return Double.nan }
                        return point[place]
                    }
                    let values = networks[variable.network].evaluateAllNodes(inputs)
                    let node = variable.kind == .hidden ? 2 : 3
                    #expect(outputs[output] == values[node][element - variable.firstElement], "round \(round)")
                }
            }
        }
    }

    @Test func equalNetworksOfTiedInputsAreOne() throws {
        var generator = SplitMix64(seed: 6)
        let directory = try NetworkDirectory()
        let network = tinyNetwork(&generator)
        let path = try directory.write(network, as: "f")
        let ties = "(assert (and (== X[0] A[0]) (== X[1] A[1])))"
        let asked = try query(
            declarations("(equal-to f)") + Self.box + ties + "(assert (or (!= Y[0] B[0]) (!= Y[1] B[1])))")
        let reduced = try ReducedQuery(asked, files: ["f": path])
        // What differs of the same is nothing: no case is left.
        #expect(reduced.property.disjuncts.isEmpty)
        #expect(reduced.network.nodes.count(where: { if case .activation = $0.operation { true } else { false } }) == 1)
        // Under rounding two executions need not agree.
        let rounded = try ReducedQuery(
            try query(
                declarations("(equal-to f)", type: "float32") + Self.box + ties
                    + "(assert (or (!= Y[0] B[0]) (!= Y[1] B[1])))"), files: ["f": path])
        #expect(rounded.property.disjuncts.count == 4)
    }

    @Test func sharedLayersAreThereOnce() throws {
        var generator = SplitMix64(seed: 7)
        let directory = try NetworkDirectory()
        let network = tinyNetwork(&generator)
        var pruned = network
        guard case .linear(var last) = network.nodes[3].operation else { return }
        last.bias[0] += 0.5
        pruned.nodes[3].operation = .linear(last)
        let files = try directory.write([network, pruned])
        let asked = try query(
            declarations("(isomorphic-to f)") + Self.box
                + "(assert (and (== X[0] A[0]) (== X[1] A[1]))) (assert (> Y[0] B[0]))")
        let reduced = try ReducedQuery(asked, files: files)
        #expect(reduced.network.nodes.count(where: { if case .activation = $0.operation { true } else { false } }) == 1)
    }

    @Test func variablesMayBeNamed() throws {
        var generator = SplitMix64(seed: 8)
        let directory = try NetworkDirectory()
        let path = try directory.write(tinyNetwork(&generator), as: "f")
        let text = """
            (vnnlib-version <2.0>)
            (declare-network f (declare-input X real [1,2] "input") (declare-output Y real [1,2] "scores"))
            (assert (and (>= X[0,0] 0.0) (<= X[0,0] 1.0) (>= X[0,1] 0.0) (<= X[0,1] 1.0) (>= Y[0,1] 0.5)))
            """
        let reduced = try ReducedQuery(try query(text), files: ["f": path])
        #expect(reduced.paths == [path] && reduced.network.nodes.count == 4)
        let error = #expect(throws: NetworkQueryError.self) {
            try ReducedQuery(try query(text.replacing("\"scores\"", with: "\"relu\"")), files: ["f": path])
        }
        #expect(error?.code == .tensorMismatch)
        #expect(error?.description.hasPrefix("q.vnnlib:2:73: TensorMismatch: ") == true, "\(String(describing: error))")
    }

    @Test func filesAreChecked() throws {
        var generator = SplitMix64(seed: 9)
        let directory = try NetworkDirectory()
        let f = try directory.write(tinyNetwork(&generator), as: "f")
        let g = try directory.write(tinyNetwork(&generator), as: "g")
        let wide = try directory.write(tinyNetwork(&generator, hidden: 4), as: "wide")
        let tail = Self.box + "(assert (> Y[0] B[0]))"
        func code(_ declarations: String, _ files: [String: String]) throws -> VNNLIBErrorCode? {
            let asked = try query(declarations + tail)
            do {
                _ = try ReducedQuery(asked, files: files)
                return nil
            } catch {
                #expect(error.description.hasPrefix("q.vnnlib"))
                return error.code
            }
        }
        let plain = declarations()
        #expect(try code(plain, ["f": f, "g": g]) == nil)
        #expect(try code(plain, ["f": f]) == .missingNetworkFile)
        #expect(try code(plain, ["f": f, "g": g, "h": g]) == .unnecessaryNetworkFile)
        let isomorphic = declarations("(isomorphic-to f)")
        #expect(try code(isomorphic, ["f": f, "g": g]) == nil)
        let wider = isomorphic.replacing("K real [3]", with: "K real [4]")
        #expect(try code(wider, ["f": f, "g": wide]) == .notIsomorphic)
        let equal = declarations("(equal-to f)")
        #expect(try code(equal, ["f": f]) == nil)
        #expect(try code(equal, ["f": f, "g": f]) == nil)
        #expect(try code(equal, ["f": f, "g": g]) == .notEqual)
        #expect(try code(plain.replacing("Y real [2]", with: "Y real [3]"), ["f": f, "g": g]) == .tensorMismatch)
        let double = declarations(type: "float64")
        #expect(try code(double, ["f": f, "g": g]) == .elementTypeMismatch)
        let missing = plain.replacing("H real [3] \"relu\"", with: "H real [3] \"nowhere\"")
        let error = #expect(throws: NetworkQueryError.self) {
            try ReducedQuery(try query(missing + tail), files: ["f": f, "g": g])
        }
        #expect(error?.code == nil && error?.description.contains("has no tensor 'nowhere'") == true)
        #expect(throws: NetworkQueryError.self) { try NetworkFiles.parse(["f"]) }
        #expect(throws: NetworkQueryError.self) { try NetworkFiles.parse(["f=a", "f=b"]) }
        #expect(try NetworkFiles.parse(["f=a=b.onnx", "g=c"]) == ["f": "a=b.onnx", "g": "c"])
    }

    @Test func assignmentsHaveTheStandardsForm() throws {
        let directory = try NetworkDirectory()
        let weights = Linear(weights: .dense(rows: 1, columns: 2, values: [1, -0.5]), bias: [0.25])
        let network = Network(
            nodes: [
                Node(name: "x", operation: .input, inputs: [], shape: [2]),
                Node(name: "y", operation: .linear(weights), inputs: [0], shape: [1]),
            ], output: 1)
        let path = try directory.write(network, as: "f")
        let text = """
            (vnnlib-version <2.0>)
            (declare-network f (declare-input X real [1,2]) (declare-output Y real []))
            (declare-network g (equal-to f) (declare-input A real [2,1]) (declare-output B real []))
            (assert (and (>= X[0,0] 0.0) (<= X[0,0] 1.0) (== X[0,1] 0.25)))
            (assert (and (== A[1,0] X[0,0]) (>= A[0,0] -1.0) (<= A[0,0] 0.0) (> Y B)))
            """
        let error = #expect(throws: VNNLIBError.self) { try query(text) }
        #expect(error?.code == .variableShapeMismatch)
        let reduced = try ReducedQuery(
            try query(text.replacing("(equal-to f)", with: "")), files: ["f": path, "g": path])
        let found = Counterexample(input: [1, 0.25, -0.125], inputText: ["1.0", "0.25", "-1.25e-01"], output: [])
        #expect(
            reduced.assignment(of: found) == """
                X real [1,2]
                1.0
                0.25
                Y real []
                1.125
                A real [2,1]
                -0.125
                1.0
                B real []
                -0.375
                """)
    }
}
