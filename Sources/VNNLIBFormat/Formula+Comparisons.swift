// What a comparison of linear expressions becomes: a truth, a bound of one input, or a linear constraint.

import Intervals

extension Formula {
    /// `difference <= 0`, or `< 0`.
    mutating func append(_ difference: LinearExpression, isStrict: Bool, offset: Int) throws(Fault) -> Int {
        if difference.isConstant {
            let sign = difference.constant.sign
            return append(.constant(isStrict ? sign < 0 : sign <= 0), offset: offset)
        }
        if difference.terms.count == 1, difference.terms[0].variable.isInput, !keepsArithmetic {
            return try appendBound(difference, isStrict: isStrict, offset: offset)
        }
        try checkRange(difference, offset: offset)
        return append(Constraint(expression: difference, isStrict: isStrict), offset: offset)
    }

    private func checkRange(_ expression: LinearExpression, offset: Int) throws(Fault) {
        guard expression.constant.enclosure.isBounded,
            expression.terms.allSatisfy(\.coefficient.enclosure.isBounded)
        else {
            throw Fault(
                at: offset, "a number of this comparison lies outside the range of float64",
                remedy: "use smaller numbers")
        }
    }

    /// `coefficient * X + constant <= 0` solved for `X`. Where the quotient is no decimal the bound is
    /// rounded outward and the constraint is kept beside it.
    private mutating func appendBound(
        _ difference: LinearExpression, isStrict: Bool, offset: Int
    ) throws(Fault) -> Int {
        let term = difference.terms[0]
        let isUpper = term.coefficient.sign > 0
        var bound = InputBound(
            input: term.variable.index, isUpper: isUpper, isStrict: isStrict,
            end: BoxEnd(interval: .zero, text: .decimal(.zero)), offset: offset)
        if let exact = (-difference.constant).divided(exactlyBy: term.coefficient) {
            bound.end = BoxEnd(interval: exact.enclosure, text: .decimal(exact))
            return append(bound)
        }
        let quotient = -difference.constant.enclosure / term.coefficient.enclosure
        let end = isUpper ? quotient.upper : quotient.lower
        guard end.isFinite else { throw Self.numberTooLong(at: offset) }
        bound.isStrict = false
        bound.end = BoxEnd(interval: Interval(end), text: .decimal(ExactDecimal(end)))
        try checkRange(difference, offset: offset)
        let constraint = Constraint(expression: difference, isStrict: isStrict)
        let parts = [append(bound), append(constraint, offset: offset)]
        return append(isAnd: true, of: parts, offset: offset)
    }

    static func numberTooLong(at offset: Int) -> Fault {
        Fault(
            at: offset, "a number here has too many digits or too large an exponent to be handled exactly",
            remedy: "shorten it")
    }
}
