import Intervals
import Properties
import RandomNumbers
import Testing

@testable import VNNLIBFormat

/// A random nested condition over two inputs and two outputs with small dyadic constants: its text, and its truth by
/// plain recursion. All arithmetic at dyadic points is exact in float64.
private indirect enum Condition {
    case compare(String, Linear, Linear)
    case and([Condition])
    case or([Condition])

    /// Coefficients of X_0, X_1, Y_0, Y_1 and a constant.
    struct Linear {
        var numbers: [Double]

        func value(_ point: [Double]) -> Double {
            zip(numbers, point + [1]).reduce(0) { $0 + $1.0 * $1.1 }
        }

        var text: String {
            let names = ["X_0", "X_1", "Y_0", "Y_1"]
            var parts = zip(numbers, names).filter { $0.0 != 0 }.map {
                $0.0 == 1 ? $0.1 : "(* \($0.0) \($0.1))"
            }
            if numbers[4] != 0 || parts.isEmpty { parts.append("\(numbers[4])") }
            return parts.count == 1 ? parts[0] : "(+ " + parts.joined(separator: " ") + ")"
        }
    }

    var text: String {
        switch self {
        case .compare(let sign, let left, let right): "(\(sign) \(left.text) \(right.text))"
        case .and(let parts): "(and " + parts.map(\.text).joined(separator: "\n ") + ")"
        case .or(let parts): "(or " + parts.map(\.text).joined(separator: "\n ") + ")"
        }
    }

    func holds(_ point: [Double]) -> Bool {
        switch self {
        case .compare(let sign, let left, let right):
            let (a, b) = (left.value(point), right.value(point))
            return switch sign {
            case "<=": a <= b
            case ">=": a >= b
            case "<": a < b
            case ">": a > b
            default: a == b
            }
        case .and(let parts): return parts.allSatisfy { $0.holds(point) }
        case .or(let parts): return parts.contains { $0.holds(point) }
        }
    }

    static func random(depth: Int, _ generator: inout SplitMix64) -> Condition {
        let kind = depth == 0 ? 0 : Int.random(in: 0..<3, using: &generator)
        if kind > 0 {
            let parts = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                random(depth: depth - 1, &generator)
            }
            return kind == 1 ? .and(parts) : .or(parts)
        }
        let sign = ["<=", ">=", "<=", ">=", "<", ">", "="].randomElement(using: &generator)!
        var left = Linear(numbers: [0, 0, 0, 0, 0])
        var right = left
        right.numbers[4] = Double(Int.random(in: -4...4, using: &generator)) / 2
        left.numbers[Int.random(in: 0..<4, using: &generator)] = [1, 1, 2, -1, 0.25].randomElement(
            using: &generator)!
        if Int.random(in: 0..<3, using: &generator) == 0 {
            right.numbers[Int.random(in: 0..<4, using: &generator)] = [1, 1, -3, 0.5].randomElement(
                using: &generator)!
        }
        return Bool.random(using: &generator) ? .compare(sign, left, right) : .compare(sign, right, left)
    }
}

@Suite struct NormalFormLawTests {
    /// Inputs in -2 ... 2, given once strictly.
    private static let head =
        declarations(inputs: 2, outputs: 2)
        + "(assert (and (>= X_0 -2) (<= X_0 2) (> X_1 -2) (<= X_1 2)))\n"

    @Test func theNormalFormMeansTheSame() throws {
        var generator = SplitMix64(seed: 11)
        var truths = 0
        for round in 0..<150 {
            let conditions = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                Condition.random(depth: round % 5, &generator)
            }
            let text = Self.head + conditions.map { "(assert \($0.text))\n" }.joined()
            let property = try readProperty(text)
            try property.validate()
            let again = try readProperty(try VNNLIBWriter.text(of: property))
            for _ in 0..<60 {
                let point = (0..<4).map { _ in Double(Int.random(in: -9...9, using: &generator)) / 4 }
                let expected =
                    point[0].magnitude <= 2 && point[1] > -2 && point[1] <= 2
                    && conditions.allSatisfy { $0.holds(point) }
                let inputs = point[..<2].map { ExactDecimal($0) }
                let outputs = point[2...].map { Interval($0) }
                #expect(
                    property.isViolated(inputs: inputs, outputs: outputs) == expected, "\(text) at \(point)")
                #expect(again.isViolated(inputs: inputs, outputs: outputs) == expected, "\(text) at \(point)")
                truths += expected ? 1 : 0
            }
        }
        #expect(truths > 300)
    }

    @Test func everyRegionIsUsedAndDistinct() throws {
        var generator = SplitMix64(seed: 12)
        for _ in 0..<100 {
            let property = try readProperty(
                Self.head + "(assert \(Condition.random(depth: 4, &generator).text))\n")
            #expect(Set(property.disjuncts.map(\.region)) == Set(property.regions.indices))
            for (index, region) in property.regions.enumerated() {
                #expect(!property.regions[..<index].contains { $0.isKnownEqual(to: region) })
            }
        }
    }
}
