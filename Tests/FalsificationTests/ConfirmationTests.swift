import Evaluation
import Falsification
import Intervals
import Networks
import Properties
import Testing

@Suite struct ConfirmationTests {
    @Test func takesAFloat32PointInsideTheBox() throws {
        let region = box("0.1", "0.3")
        for candidate in [0.1, 0.3, -5, 7, 0.2, .nan, .infinity] {
            let found = try counterexample(
                confirm([candidate], disjunct: anything, region: region, network: scaled(by: 1, offset: 0)))
            let text = try #require(ExactDecimal(found.inputText[0]))
            #expect(text == ExactDecimal(found.input[0]))
            #expect(Double(Float(found.input[0])) == found.input[0])
            #expect(ExactDecimal("0.1")! <= text && text <= ExactDecimal("0.3")!)
        }
    }

    @Test func takesAFloat64PointWhereNoFloat32Fits() throws {
        let region = box("0.1", "0.10000000001")
        let found = try counterexample(
            confirm([0.1], disjunct: anything, region: region, network: scaled(by: 1, offset: 0)))
        let text = try #require(ExactDecimal(found.inputText[0]))
        #expect(text == ExactDecimal(found.input[0]))
        #expect(ExactDecimal("0.1")! <= text && text <= ExactDecimal("0.10000000001")!)
    }

    @Test func decidesEqualityAtADecimalThatNoFloatEquals() throws {
        // 10 x - 1 is zero at x = 0.1, and nowhere else.
        let network = scaled(by: 10, offset: -1)
        let region = box("0.1", "0.1")
        let found = try counterexample(
            confirm([0.1], disjunct: atMost("0"), region: region, network: network))
        #expect(found.inputText == ["0.1"])
        guard
            case .notViolated(let margin) = confirm(
                [0.1], disjunct: atMost("0", isStrict: true), region: region, network: network)
        else { return #expect(Bool(false)) }
        #expect(margin < 1e-9)
        guard
            case .undecided = confirm(
                [0.1], disjunct: atMost("0"), region: region, network: network, multiplyAddLimit: 0)
        else { return #expect(Bool(false)) }
    }

    @Test func refusesABoxThatHoldsNothingToWrite() {
        var region = box("0.1", "0.1")
        region.lowerText = []
        guard
            case .undecided = confirm(
                [0.1], disjunct: anything, region: region, network: scaled(by: 1, offset: 0))
        else { return #expect(Bool(false)) }
    }

    @Test func zerosAfterAReluAreExact() throws {
        var network = scaled(by: 0.1, offset: -1)
        network.nodes.append(Node(name: "r", operation: .activation(.relu), inputs: [1], shape: [1]))
        network.output = 2
        let region = box("0", "1")
        let found = try counterexample(
            confirm([0.5], disjunct: atMost("0"), region: region, network: network, multiplyAddLimit: 0))
        #expect(found.output == [0])
        guard
            case .notViolated = confirm(
                [0.5], disjunct: atMost("0", isStrict: true), region: region, network: network)
        else { return #expect(Bool(false)) }
    }

    @Test func everyConstraintMustHold() throws {
        var both = atMost("0.5")
        both.constraints += [
            LinearConstraint(
                outputTerms: [.init(index: 0, coefficient: Interval(-1))],
                inputTerms: [.init(index: 0, coefficient: Interval(1))], constant: Interval(0.25))
        ]
        // y = 2 x: y <= 0.5 and x + 0.25 <= y hold for x = 0.25 only.
        let network = scaled(by: 2, offset: 0)
        _ = try counterexample(confirm([0.25], disjunct: both, region: box("0", "1"), network: network))
        for x in [0.2, 0.3] {
            guard
                case .notViolated(let margin) = confirm(
                    [x], disjunct: both, region: box("0", "1"), network: network)
            else { return #expect(Bool(false)) }
            #expect(margin > 0)
        }
    }

    @Test func weightsThatAreNotExactLeaveEqualityOpen() {
        var network = scaled(by: 2, offset: 0)
        network.nodes[1].operation = .elementwise(
            Elementwise(scale: [2], offset: [0], error: AffineError(relative: 1e-12)))
        guard
            case .undecided = confirm(
                [0.25], disjunct: atMost("0.5"), region: box("0", "1"), network: network)
        else { return #expect(Bool(false)) }
        guard
            case .violated = confirm(
                [0.2], disjunct: atMost("0.5"), region: box("0", "1"), network: network)
        else { return #expect(Bool(false)) }
    }

    private let anything = Disjunct(region: 0, constraints: [])

    private func atMost(_ bound: String, isStrict: Bool = false) -> Disjunct {
        let constraint = LinearConstraint(
            outputTerms: [.init(index: 0, coefficient: Interval(1))],
            constant: -Interval(enclosingDecimal: bound)!, isStrict: isStrict)
        return Disjunct(region: 0, constraints: [constraint])
    }

    private func box(_ lower: String, _ upper: String) -> InputRegion {
        InputRegion(
            lower: [Interval(enclosingDecimal: lower)!], upper: [Interval(enclosingDecimal: upper)!],
            lowerText: [lower], upperText: [upper])
    }

    private func scaled(by scale: Double, offset: Double) -> Network {
        Network(
            nodes: [
                Node(name: "x", operation: .input, inputs: [], shape: [1]),
                Node(
                    name: "e", operation: .elementwise(Elementwise(scale: [scale], offset: [offset])),
                    inputs: [0], shape: [1]),
            ], output: 1)
    }

    private func counterexample(_ confirmation: Falsification.Confirmation) throws -> Counterexample {
        guard case .violated(let counterexample) = confirmation else {
            Issue.record("\(confirmation)")
            throw NotViolated()
        }
        return counterexample
    }

    private struct NotViolated: Error {}
}
