import Intervals

/// An input `X_i` or an output `Y_i`.
struct Variable: Hashable, Comparable {
    var isInput: Bool
    var index: Int

    /// Outputs first, then by index.
    static func < (a: Variable, b: Variable) -> Bool {
        a.isInput == b.isInput ? a.index < b.index : b.isInput
    }
}

/// A sum of variables times exact decimals, and a constant.
struct LinearExpression: Hashable {
    struct Term: Hashable {
        var variable: Variable
        var coefficient: ExactDecimal
    }

    /// Each variable once, ascending, no coefficient zero.
    private(set) var terms: [Term] = []
    private(set) var constant: ExactDecimal = .zero

    init(constant: ExactDecimal) { self.constant = constant }
    init(variable: Variable) { terms = [Term(variable: variable, coefficient: ExactDecimal(1))] }

    var isConstant: Bool { terms.isEmpty }

    /// The sum, or nil when a number grows beyond what is computed exactly.
    static func sum(of expressions: some Sequence<LinearExpression>) -> LinearExpression? {
        var all: [Term] = []
        var sum = LinearExpression(constant: .zero)
        for expression in expressions {
            all += expression.terms
            guard let constant = sum.constant.adding(expression.constant) else { return nil }
            sum.constant = constant
        }
        all.sort { $0.variable < $1.variable }
        for term in all {
            if let last = sum.terms.last, last.variable == term.variable {
                guard let coefficient = last.coefficient.adding(term.coefficient) else { return nil }
                sum.terms[sum.terms.count - 1].coefficient = coefficient
            } else {
                sum.terms.append(term)
            }
        }
        sum.terms.removeAll { $0.coefficient.isZero }
        return sum
    }

    /// The multiple, or nil when a number grows beyond what is computed exactly.
    func multiplied(by factor: ExactDecimal) -> LinearExpression? {
        guard !factor.isZero else { return LinearExpression(constant: .zero) }
        var product = self
        guard let constant = constant.multiplied(by: factor) else { return nil }
        product.constant = constant
        for index in terms.indices {
            guard let coefficient = terms[index].coefficient.multiplied(by: factor) else { return nil }
            product.terms[index].coefficient = coefficient
        }
        return product
    }

    static prefix func - (x: LinearExpression) -> LinearExpression {
        var negated = x
        negated.constant = -x.constant
        for index in negated.terms.indices { negated.terms[index].coefficient = -x.terms[index].coefficient }
        return negated
    }
}
