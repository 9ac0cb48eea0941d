// Bounds that follow from others: |x - y| <= d bounds y once x is bounded. Only inputs that lack a bound get one; the
// conditions it follows from stay.

import Intervals

extension Formula {
    /// Asserts, of inputs that are not bounded on a side without choice, what interval arithmetic over linear conditions
    /// says of them.
    ///
    /// - Soundness: what is added is implied by what is asserted.
    mutating func deriveBounds(asserted: inout [Int], inputCount: Int) throws(Fault) {
        var known = KnownBounds(inputCount: inputCount)
        var conditions: [(constraint: Constraint, offset: Int)] = []
        var waiting = asserted
        while let node = waiting.popLast() {
            switch nodes[node] {
            case .and(let range): waiting += children[range]
            case .bound(let index): known.add(bounds[index])
            case .constraint(let index):
                if constraints[index].expression.terms.allSatisfy(\.variable.isInput) {
                    conditions.append((constraints[index], offsets[node]))
                }
            case .constant, .or: break
            }
        }
        if conditions.isEmpty || known.isComplete { return }
        var isChanged = true
        while isChanged {
            isChanged = false
            for (constraint, offset) in conditions {
                for term in constraint.expression.terms where known.lacks(term) {
                    guard let rest = known.leastRest(of: constraint.expression, without: term.variable),
                        let least = LinearExpression.sum(of: [
                            LinearExpression(variable: term.variable).multiplied(by: term.coefficient)
                                ?? LinearExpression(constant: .zero), LinearExpression(constant: rest),
                        ])
                    else { continue }
                    let node = try append(least, isStrict: false, offset: offset)
                    asserted.append(node)
                    var added = [node]
                    if case .and(let range) = nodes[node] { added = Array(children[range]) }
                    for part in added {
                        if case .bound(let index) = nodes[part] { known.add(bounds[index]) }
                    }
                    isChanged = true
                }
            }
        }
    }
}

/// The tightest bounds seen of each input.
private struct KnownBounds {
    private var lower: [ExactDecimal?]
    private var upper: [ExactDecimal?]

    init(inputCount: Int) {
        lower = Array(repeating: nil, count: inputCount)
        upper = lower
    }

    var isComplete: Bool { !lower.contains(nil) && !upper.contains(nil) }

    mutating func add(_ bound: InputBound) {
        guard case .decimal(let end) = bound.end.text else { return }
        let place = bound.input
        if bound.isUpper {
            upper[place] = min(upper[place] ?? end, end)
        } else {
            lower[place] = max(lower[place] ?? end, end)
        }
    }

    /// Whether `term + rest <= 0` would give the term's input a bound that it has not.
    func lacks(_ term: LinearExpression.Term) -> Bool {
        (term.coefficient.sign > 0 ? upper : lower)[term.variable.index] == nil
    }

    /// The least value of the other terms and the constant; nil when it is not known.
    func leastRest(of expression: LinearExpression, without variable: Variable) -> ExactDecimal? {
        var sum = expression.constant
        for term in expression.terms where term.variable != variable {
            let end = (term.coefficient.sign > 0 ? lower : upper)[term.variable.index]
            guard let end, let least = term.coefficient.multiplied(by: end), let next = sum.adding(least) else {
                return nil
            }
            sum = next
        }
        return sum
    }
}
