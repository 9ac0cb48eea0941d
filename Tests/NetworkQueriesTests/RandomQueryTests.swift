import Evaluation
import Intervals
import NetworkQueries
import Networks
import Oracles
import Properties
import RandomNumbers
import Testing
import VNNLIBFormat
import Verification

/// Verdicts on random queries over two tiny networks, strict and not, against exact enumeration.
@Suite struct RandomQueryTests {
    private static let names = ["Y[0]", "Y[1]", "B[0]", "B[1]", "H[0]", "X[0]", "A[1]"]

    private static func comparison(_ generator: inout SplitMix64) -> String {
        let sign = ["<=", "<", ">=", ">", "==", "!="].randomElement(using: &generator)!
        let left = names.randomElement(using: &generator)!
        let right = names.randomElement(using: &generator)!
        let number = Double(Int.random(in: -4...4, using: &generator)) / 4
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: return "(\(sign) \(left) \(number))"
        case 1: return "(\(sign) (- \(left) \(right)) \(number))"
        default: return "(\(sign) (+ \(left) (* 0.5 \(right))) \(number))"
        }
    }

    private static func text(_ generator: inout SplitMix64) -> String {
        var text = declarations(["", "(isomorphic-to f)"].randomElement(using: &generator)!)
        text += "(assert (and (>= X[0] -1.0) (<= X[0] 1.0) (>= X[1] -1.0) (<= X[1] 0.5)))\n"
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: text += "(assert (and (== A[0] X[0]) (== A[1] X[1])))\n"
        case 1:
            text += "(assert (and (== A[0] X[0]) (<= (- A[1] X[1]) 0.25) (<= (- X[1] A[1]) 0.25)))\n"
        default: text += "(assert (and (>= A[0] 0.0) (<= A[0] 1.0) (== A[1] X[0])))\n"
        }
        for _ in 0..<Int.random(in: 1...2, using: &generator) {
            let parts = (0..<Int.random(in: 1...2, using: &generator)).map { _ in comparison(&generator) }
            text += parts.count == 1 ? "(assert \(parts[0]))\n" : "(assert (or \(parts.joined(separator: " "))))\n"
        }
        return text
    }

    @Test(arguments: [1, 2, 3, 4])
    func verdictsAgreeWithExactAnswers(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var decided = (holds: 0, violated: 0)
        for round in 0..<14 {
            let directory = try NetworkDirectory()
            let files = try directory.write([tinyNetwork(&generator), tinyNetwork(&generator)])
            let text = Self.text(&generator)
            let reduced = try ReducedQuery(try query(text), files: files)
            let oracle = ExactOracle(network: reduced.network, property: reduced.property)
            let answer = try oracle.answer()
            var options = VerificationOptions()
            options.maxNodes = 300
            let verdict = verify(
                try Query(network: reduced.network, property: reduced.property), options: options
            ).verdict
            let objection = try oracle.objection(to: verdict, answer: answer)
            #expect(objection == nil, "seed \(seed), round \(round): \(text)")
            switch verdict {
            case .holds: decided.holds += 1
            case .violated: decided.violated += 1
            case .unknown, .timeout: break
            }
        }
        #expect(decided.holds + decided.violated >= 8, "\(decided)")
    }

    /// float32 queries: what is said holds for executions in plain order, at least.
    @Test func float32AnswersHoldForExecutions() throws {
        var generator = SplitMix64(seed: 11)
        var decided = (holds: 0, violated: 0)
        for round in 0..<24 {
            let directory = try NetworkDirectory()
            let networks = [tinyNetwork(&generator), tinyNetwork(&generator)]
            let files = try directory.write(networks)
            let threshold = Double(Int.random(in: 0...24, using: &generator)) / 8
            let text =
                declarations("(isomorphic-to f)", type: "float32") + """
                    (assert (and (>= X[0] -0.3) (<= X[0] 0.7) (>= X[1] -0.1) (<= X[1] 0.9)))
                    (assert (and (== A[0] X[0]) (== A[1] X[1]))) (assert (> (- Y[0] B[0]) \(threshold)))
                    """
            let reduced = try ReducedQuery(try query(text), files: files)
            #expect(reduced.format == .float32)
            var options = VerificationOptions()
            options.maxNodes = 300
            options.executionFormat = reduced.format
            let verdict = verify(
                try Query(network: reduced.network, property: reduced.property), options: options
            ).verdict
            func difference(_ input: [Float]) -> Float {
                networks[0].evaluateFloat32(input)[0] - networks[1].evaluateFloat32(input)[0]
            }
            switch verdict {
            case .holds:
                decided.holds += 1
                for _ in 0..<200 {
                    let first = Float.random(in: -0.3...0.7, using: &generator)
                    let input = [first, Float.random(in: -0.1...0.9, using: &generator)]
                    #expect(difference(input) <= Float(threshold), "round \(round)")
                }
            case .violated(let found):
                decided.violated += 1
                let input = found.input.map { Float($0) }
                #expect(zip(input, found.input).allSatisfy { Double($0) == $1 })
                #expect(difference(input) > Float(threshold), "round \(round)")
            case .unknown, .timeout: break
            }
        }
        #expect(decided.holds > 3 && decided.violated > 3, "\(decided)")
    }

    /// A difference that only real numbers have is answered as `real`, not as float32.
    @Test func whatRoundingMayUndoIsUnknown() throws {
        let directory = try NetworkDirectory()
        func network(_ weight: Double) -> Network {
            let linear = Linear(weights: .dense(rows: 1, columns: 1, values: [weight]), bias: [1])
            return Network(
                nodes: [
                    Node(name: "x", operation: .input, inputs: [], shape: [1]),
                    Node(name: "y", operation: .linear(linear), inputs: [0], shape: [1]),
                ], output: 1)
        }
        let files = try directory.write([network(0x1p-30), network(0)])
        for (type, expected) in [("real", "violated"), ("float32", "unknown")] {
            let text = """
                (vnnlib-version <2.0>)
                (declare-network f (declare-input X \(type) []) (declare-output Y \(type) []))
                (declare-network g (isomorphic-to f) (declare-input A \(type) []) (declare-output B \(type) []))
                (assert (and (>= X 0.0) (<= X 1.0) (== X A) (> Y B)))
                """
            let reduced = try ReducedQuery(try query(text), files: files)
            var options = VerificationOptions()
            options.executionFormat = reduced.format
            options.maxNodes = 300
            let asked = try Query(network: reduced.network, property: reduced.property)
            let verdict = verify(asked, options: options).verdict
            switch verdict {
            case .violated: #expect(expected == "violated")
            case .unknown(let reason): #expect(expected == "unknown" && reason.contains("float32"), "\(reason)")
            case .holds, .timeout: Issue.record("\(verdict)")
            }
        }
    }

    /// A ReLU's output is at least zero, exactly: being below is impossible, being at most zero is not.
    @Test func strictAndNotAreToldApart() throws {
        var generator = SplitMix64(seed: 12)
        let directory = try NetworkDirectory()
        let path = try directory.write(tinyNetwork(&generator), as: "f")
        for (sign, holds) in [("<", true), ("<=", false)] {
            let text = """
                (vnnlib-version <2.0>)
                (declare-network f
                    (declare-input X real [2]) (declare-hidden H real [3] "relu") (declare-output Y real [2]))
                (assert (and (>= X[0] -9.0) (<= X[0] 9.0) (>= X[1] -9.0) (<= X[1] 9.0)))
                (assert (or (\(sign) H[0] 0.0) (\(sign) H[1] 0.0) (\(sign) H[2] 0.0)))
                """
            let reduced = try ReducedQuery(try query(text), files: ["f": path])
            var options = VerificationOptions()
            options.maxNodes = 300
            let asked = try Query(network: reduced.network, property: reduced.property)
            let verdict = verify(asked, options: options).verdict
            switch verdict {
            case .holds: #expect(holds)
            case .violated: #expect(!holds)
            case .unknown, .timeout: Issue.record("\(verdict)")
            }
        }
    }
}
