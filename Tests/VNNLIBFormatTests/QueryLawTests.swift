import Intervals
import Properties
import RandomNumbers
import Testing

@testable import VNNLIBFormat

/// A random condition over elements of two networks' tensors: its text, and its truth by plain recursion. All
/// arithmetic at dyadic points is exact in float64.
private indirect enum Condition {
    case compare(String, Sum, Sum)
    case and([Condition])
    case or([Condition])

    struct Sum {
        /// For the elements and 1.
        var numbers: [Double]

        func value(_ point: [Double]) -> Double { zip(numbers, point + [1]).reduce(0) { $0 + $1.0 * $1.1 } }

        var text: String {
            var parts = zip(numbers, names).filter { $0.0 != 0 }.map {
                switch $0.0 {
                case 1: $0.1
                case -1: "(- \($0.1))"
                default: "(* \($0.0) \($0.1))"
                }
            }
            if numbers[names.count] != 0 || parts.isEmpty { parts.append("\(numbers[names.count])") }
            return parts.count == 1 ? parts[0] : "(+ " + parts.joined(separator: " ") + ")"
        }
    }

    static let names = ["X[0]", "X[1]", "Y", "A[0]", "A[1]", "B"]

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
            case "==": a == b
            default: a != b
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
        let sign = ["<=", ">=", "<=", ">=", "<", ">", "==", "!="].randomElement(using: &generator)!
        var left = Sum(numbers: [Double](repeating: 0, count: names.count + 1))
        var right = left
        right.numbers[names.count] = Double(Int.random(in: -4...4, using: &generator)) / 2
        left.numbers[Int.random(in: 0..<names.count, using: &generator)] = [1, 1, 2, -1, 0.25].randomElement(
            using: &generator)!
        if Bool.random(using: &generator) {
            right.numbers[Int.random(in: 0..<names.count, using: &generator)] = [1, 1, -3, 0.5].randomElement(
                using: &generator)!
        }
        return Bool.random(using: &generator) ? .compare(sign, left, right) : .compare(sign, right, left)
    }
}

/// The property of a query means what the query says, before and after it is written down again.
@Suite struct QueryLawTests {
    private static let head = """
        (vnnlib-version <2.0>)
        (declare-network f (declare-input X real [2]) (declare-output Y real []))
        (declare-network g (isomorphic-to f) (declare-input A real [2]) (declare-output B real []))
        (assert (and (>= X[0] -2.0) (<= X[0] 2.0) (> X[1] -2.0) (<= X[1] 2.0)))
        (assert (and (>= A[0] -2.0) (<= A[0] 2.0) (>= A[1] -2.0) (<= A[1] 2.0)))

        """

    @Test(arguments: ["", "(assert (== A[0] X[0]))", "(assert (and (== X[0] A[0]) (>= A[1] X[1]) (<= A[1] X[1])))"])
    func thePropertyMeansTheSame(ties: String) throws {
        var generator = SplitMix64(seed: 21)
        let tied = ties.isEmpty ? [] : ties.contains("A[1]") ? [0, 1] : [0]
        var places: [ElementPlace?] = [.input(0), .input(1), .output(0), nil, nil, .output(1)]
        places[3] = tied.contains(0) ? .input(0) : .input(2)
        places[4] = tied.contains(1) ? .input(1) : tied.contains(0) ? .input(2) : .input(3)
        var truths = 0
        for round in 0..<120 {
            let conditions = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                Condition.random(depth: round % 5, &generator)
            }
            let text = Self.head + ties + conditions.map { "(assert \($0.text))\n" }.joined()
            let query = try readQuery(text)
            let roots = query.tiedInputs()
            // Conditions may tie more by themselves.
            #expect(tied.allSatisfy { roots[3 + $0] == $0 })
            let property = try query.property(places: places, outputCount: 2)
            try property.validate()
            let again = try readQuery(VNNLIBWriter.text(of: query)).property(places: places, outputCount: 2)
            for _ in 0..<50 {
                var point = (0..<6).map { _ in Double(Int.random(in: -9...9, using: &generator)) / 4 }
                for index in tied { point[3 + index] = point[index] }
                let expected =
                    [0, 1, 3, 4].allSatisfy { point[$0].magnitude <= 2 } && point[1] > -2
                    && conditions.allSatisfy { $0.holds(point) }
                var inputs = [ExactDecimal](repeating: .zero, count: 4 - tied.count)
                for (element, place) in places.enumerated() {
                    if case .input(let index)? = place { inputs[index] = ExactDecimal(point[element]) }
                }
                let outputs = [Interval(point[2]), Interval(point[5])]
                #expect(property.isViolated(inputs: inputs, outputs: outputs) == expected, "\(text) at \(point)")
                #expect(again.isViolated(inputs: inputs, outputs: outputs) == expected, "\(text) at \(point)")
                truths += expected ? 1 : 0
            }
        }
        #expect(truths > 200)
    }
}
