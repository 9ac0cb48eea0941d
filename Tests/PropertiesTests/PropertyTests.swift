import Intervals
import Testing

@testable import Properties

@Suite struct PropertyTests {
    private typealias Term = LinearConstraint.Term

    @Test func marginsHoldTheRealValue() {
        let constraint = LinearConstraint(
            outputTerms: [
                Term(index: 0, coefficient: Interval(1)), Term(index: 1, coefficient: Interval(-2)),
            ],
            inputTerms: [Term(index: 0, coefficient: Interval(0.5))], constant: Interval(3))
        let point = constraint.margin(outputs: [Interval(1), Interval(2)], inputs: [Interval(4)])
        #expect(point == Interval(2))
        let range = constraint.margin(
            outputs: [Interval(lower: 0, upper: 1), Interval(lower: -1, upper: 1)],
            inputs: [Interval(lower: 0, upper: 2)])
        #expect(range == Interval(lower: 1, upper: 7))
        #expect(
            constraint.certainlyFails(margin: range) && !constraint.certainlyHolds(margin: .zero) == false)
        var strict = constraint
        strict.isStrict = true
        #expect(strict.certainlyFails(margin: .zero) && !strict.certainlyHolds(margin: .zero))
        #expect(constraint.isExact)
    }

    @Test func violationIsTold() throws {
        let property = try Property.localRobustness(
            center: [0.5, 0.5], epsilon: ExactDecimal("0.1")!, label: 0, classes: 2, clippedTo: 0...1)
        let inside = [ExactDecimal("0.4")!, ExactDecimal("0.6")!]
        #expect(property.isViolated(inputs: inside, outputs: [Interval(1), Interval(1)]) == true)
        #expect(property.isViolated(inputs: inside, outputs: [Interval(1), Interval(0)]) == false)
        #expect(property.isViolated(inputs: inside, outputs: [Interval(1), .line]) == nil)
        let outside = [ExactDecimal("0.3999999999999999999999")!, ExactDecimal("0.6")!]
        #expect(property.isViolated(inputs: outside, outputs: [Interval(0), Interval(1)]) == false)
    }

    @Test func localRobustnessIsExact() throws {
        let property = try Property.localRobustness(
            center: [0.5, 0.75, 0.0], epsilon: ExactDecimal("0.3")!, label: 1, classes: 3, clippedTo: 0...1)
        property.checkInvariants()
        #expect(
            property.regions[0].lowerText == ["0.2", "0.45", "0"]
                || property.regions[0].exactLower(2) == .zero)
        #expect(property.regions[0].exactLower(0) == ExactDecimal("0.2"))
        #expect(property.regions[0].exactUpper(1) == ExactDecimal(1))
        #expect(property.disjuncts.count == 2)
        #expect(property.disjuncts[1].constraints[0].outputTerms.map(\.index) == [1, 2])
        #expect(throws: PropertyError.self) {
            try Property.localRobustness(center: [0], epsilon: 0.1, label: 3, classes: 3)
        }
        #expect(throws: PropertyError.self) {
            try Property.localRobustness(center: [0], epsilon: -0.1, label: 0, classes: 3)
        }
        #expect(throws: PropertyError.self) {
            try Property.localRobustness(center: [.nan], epsilon: 0.1, label: 0, classes: 3)
        }
    }

    @Test func validationNamesTheFault() throws {
        var property = try Property.localRobustness(center: [0, 0], epsilon: 1.0, label: 0, classes: 2)
        try property.validate()
        property.disjuncts[0].constraints[0].outputTerms[0].index = 5
        #expect { try property.validate() } throws: { "\($0)".contains("output 5") }
        property.disjuncts[0].region = 3
        #expect { try property.validate() } throws: { "\($0)".contains("region 3") }
        property.regions[0].upper[1] = Interval(.infinity)
        #expect { try property.validate() } throws: { "\($0)".contains("input 1") }
    }
}
