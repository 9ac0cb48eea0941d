// The same formula over other variables.

import Intervals

extension Formula {
    /// Puts other variables in the place of the formula's; several may become one, and comparisons may then lose terms
    /// or be decided.
    ///
    /// - Returns: the formula, and for every node of this one its node there.
    func replacing(_ variable: (Variable) -> Variable) throws(Fault) -> (formula: Formula, nodes: [Int]) {
        var result = Formula()
        result.keepsArithmetic = keepsArithmetic
        var places: [Int] = []
        places.reserveCapacity(nodes.count)
        for (index, node) in nodes.enumerated() {
            let offset = offsets[index]
            let place: Int
            switch node {
            case .constant: place = result.append(node, offset: offset)
            case .bound(let number):
                var bound = bounds[number]
                bound.input = variable(Variable(isInput: true, index: bound.input)).index
                place = result.append(bound)
            case .constraint(let number):
                let constraint = constraints[number]
                guard let expression = constraint.expression.replacing(variable) else {
                    throw Self.numberTooLong(at: offset)
                }
                let isMerged = expression.terms.count < constraint.expression.terms.count
                if isMerged && keepsArithmetic && !(expression.isConstant && constraint.isDifference) {
                    throw Fault(
                        at: offset, .unsupportedArithmetic, "equal inputs occur together in a sum that is rounded",
                        remedy: "write each input once, or declare the variables real")
                }
                place = try result.append(expression, isStrict: constraint.isStrict, offset: offset)
            case .and(let range), .or(let range):
                let isAnd = if case .and = node { true } else { false }
                place = result.append(isAnd: isAnd, of: children[range].map { places[$0] }, offset: offset)
            }
            places.append(place)
        }
        return (result, places)
    }

    /// Which inputs are asserted to be equal without choice: per variable's index the least one that it equals.
    ///
    /// - Parameter count: above all indices.
    func tiedInputs(asserted: [Int], count: Int) -> [Int] {
        var differences: Set<Constraint> = []
        var waiting = asserted
        while let node = waiting.popLast() {
            switch nodes[node] {
            case .and(let range): waiting += children[range]
            case .constraint(let index):
                let constraint = constraints[index]
                if constraint.isDifference, !constraint.isStrict, constraint.expression.terms[0].variable.isInput,
                    constraint.expression.terms[1].variable.isInput
                {
                    differences.insert(constraint)
                }
            case .constant, .bound, .or: break
            }
        }
        var parents = Array(0..<count)
        func root(_ index: Int) -> Int {
            var index = index
            while parents[index] != index { index = parents[index] }
            return index
        }
        for difference in differences where differences.contains(difference.negated) {
            let pair = difference.expression.terms.map { root($0.variable.index) }
            parents[max(pair[0], pair[1])] = min(pair[0], pair[1])
        }
        return parents.indices.map(root)
    }
}

extension Formula.Constraint {
    /// Whether it says `a - b <= 0` of two variables.
    fileprivate var isDifference: Bool {
        guard expression.terms.count == 2, expression.constant.isZero else { return false }
        return expression.terms[0].coefficient == -(expression.terms[1].coefficient)
    }

    fileprivate var negated: Formula.Constraint { Formula.Constraint(expression: -expression, isStrict: isStrict) }
}

extension LinearExpression {
    /// Nil when a number grows beyond what is computed exactly.
    fileprivate func replacing(_ variable: (Variable) -> Variable) -> LinearExpression? {
        let parts = terms.map { LinearExpression(variable: variable($0.variable)).multiplied(by: $0.coefficient) }
        guard !parts.contains(where: { $0 == nil }) else { return nil }
        return .sum(of: [LinearExpression(constant: constant)] + parts.compactMap(\.self))
    }
}
