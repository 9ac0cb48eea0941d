// GELU and SiLU are often written out with simpler operators: a value times a gate that depends on the same value,
//     x (1 + erf(x / sqrt 2)) / 2,    x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2,    x sigmoid(x).
// The gates' parts (erf, powers, products of values) are no operators of a network. They are carried as patterns,
// beside the values, until a product turns out to be an activation; a pattern that anything else reads is refused.
//
// The constants of a file are float32 and only near sqrt 2 and the like. The function that the file defines is kept
// exactly all the same: x (1 + erf(c x / sqrt 2)) / 2 is gelu(c x) / c for every c > 0.
internal import Intervals
internal import Networks

/// What a name stands for that no node of the network computes: a function of one variable of the network.
struct Pattern {
    enum Kind {
        /// `c[0] x + c[1] x^2 + c[2] x^3`
        case polynomial([Interval])
        /// `scale erf(rate x) + offset`
        case erf(rate: Interval, scale: Interval, offset: Interval)
        /// `scale tanh(linear x + cubic x^3) + offset`
        case tanh(linear: Interval, cubic: Interval, scale: Interval, offset: Interval)
    }

    var kind: Kind
    /// `x`
    var variable: Variable
    /// To throw when something reads the pattern that makes no activation of it.
    var refusal: ONNXError
}

extension GraphNode {
    func refuseProduct() -> ONNXError {
        refuse(
            "multiplies two values that both depend on the input",
            remedy: "only constant factors are supported, and products that make a GELU or SiLU")
    }

    private func refusePart() -> ONNXError {
        refuse(
            "is not part of a GELU",
            remedy: "only x (1 + erf(a x)) and x (1 + tanh(a x + b x^3)) with constants a, b > 0 are supported")
    }

    fileprivate func pattern(_ kind: Pattern.Kind, of variable: Variable) -> Pattern {
        Pattern(kind: kind, variable: variable, refusal: operation == "Mul" ? refuseProduct() : refusePart())
    }
}

extension GraphReader {
    /// Reads a node that makes a pattern or reads one; false when it is an ordinary node.
    mutating func readPattern(_ node: GraphNode) throws(ONNXError) -> Bool {
        let names = node.proto.input
        let known = names.compactMap { patterns[$0] }
        guard let output = node.proto.output.first, !output.isEmpty else { return false }
        switch node.operation {
        case "Erf", "Pow": break
        case "Mul" where names.count == 2 && known.isEmpty && isSquare(names[0], names[1]): break
        default: if known.isEmpty { return false }
        }
        func refusal() -> ONNXError { known.first?.refusal ?? node.pattern(.polynomial([]), of: input).refusal }
        let input = Variable(node: 0, shape: [])
        var operands: [PatternOperand] = []
        for name in names {
            guard !name.isEmpty, let operand = try patternOperand(name, for: node) else { throw refusal() }
            operands.append(operand)
        }
        // A constant of higher rank would add dimensions to what it is combined with.
        let ranks = operands.map { operand in if case .constant = operand { 0 } else { operand.rank } }
        guard operands.allSatisfy({ $0.rank <= ranks.max() ?? 0 }) else { throw refusal() }
        guard let result = try combine(node, operands) else { throw refusal() }
        switch result {
        case .pattern(let pattern): patterns[output] = pattern
        case .product(let variable): values[output] = .variable(variable)
        }
        return true
    }

    private enum PatternOperand {
        case pattern(Pattern)
        /// The variable times `factor`.
        case multiple(of: Variable, factor: Interval)
        case constant(Interval, rank: Int)

        var rank: Int {
            switch self {
            case .pattern(let pattern): pattern.variable.shape.count
            case .multiple(let variable, _): variable.shape.count
            case .constant(_, let rank): rank
            }
        }
    }

    private enum PatternResult {
        case pattern(Pattern)
        case product(Variable)
    }

    private func isSquare(_ a: String, _ b: String) -> Bool {
        guard case .variable(let x) = values[a], case .variable(let y) = values[b] else { return false }
        return x.shape == y.shape && root(x).variable.node == root(y).variable.node
    }

    private mutating func patternOperand(_ name: String, for node: GraphNode) throws(ONNXError) -> PatternOperand? {
        if let pattern = patterns[name] { return .pattern(pattern) }
        switch try value(name, for: node) {
        case .variable(let variable):
            let (source, factor) = root(variable)
            return .multiple(of: source, factor: factor)
        case .constant(let tensor):
            let reals = tensor.reals
            guard tensor.shape.allSatisfy({ $0 == 1 }), let value = reals.first else { return nil }
            return .constant(tensor.error.enclosure(of: value), rank: tensor.shape.count)
        }
    }

    /// What a variable is a constant multiple of, through elementwise maps.
    func root(_ variable: Variable) -> (variable: Variable, factor: Interval) {
        var source = variable
        var factor = Interval(1)
        while case .elementwise(let map) = nodes[source.node].operation, let scale = map.scale.first,
            map.scale.allSatisfy({ $0 == scale }), map.offset.allSatisfy({ $0 == 0 }), map.error.absolute == 0,
            map.error.offsets.isEmpty, nodes[nodes[source.node].inputs[0]].shape == nodes[source.node].shape
        {
            factor *= Tensor.Rounding(relative: map.error.relative).enclosure(of: scale)
            source.node = nodes[source.node].inputs[0]
        }
        return (source, factor)
    }

    private mutating func combine(_ node: GraphNode, _ operands: [PatternOperand]) throws(ONNXError) -> PatternResult? {
        switch (node.operation, operands.count) {
        case ("Erf", 1):
            guard case .multiple(let x, let factor) = operands[0] else { return nil }
            return .pattern(node.pattern(.erf(rate: factor, scale: Interval(1), offset: .zero), of: x))
        case ("Tanh", 1):
            guard case .pattern(let p) = operands[0], case .polynomial(let c) = p.kind, c[1] == .zero else {
                return nil
            }
            return .pattern(
                node.pattern(.tanh(linear: c[0], cubic: c[2], scale: Interval(1), offset: .zero), of: p.variable))
        case ("Pow", 2):
            guard case .multiple(let x, let factor) = operands[0], case .constant(let exponent, _) = operands[1] else {
                return nil
            }
            if exponent == Interval(2) {
                return .pattern(node.pattern(.polynomial([.zero, factor * factor, .zero]), of: x))
            }
            guard exponent == Interval(3) else { return nil }
            return .pattern(node.pattern(.polynomial([.zero, .zero, factor * factor * factor]), of: x))
        case ("Mul", 2): return try multiply(node, operands[0], operands[1])
        case ("Div", 2):
            guard case .constant(let divisor, let rank) = operands[1], !divisor.contains(0) else { return nil }
            return try multiply(node, operands[0], .constant(Interval(1) / divisor, rank: rank))
        case ("Add", 2): return add(node, operands[0], operands[1])
        default: return nil
        }
    }

    private func add(_ node: GraphNode, _ a: PatternOperand, _ b: PatternOperand) -> PatternResult? {
        switch (a, b) {
        case (.pattern(let p), .constant(let c, _)), (.constant(let c, _), .pattern(let p)):
            switch p.kind {
            case .polynomial: return nil
            case .erf(let rate, let scale, let offset):
                return .pattern(node.pattern(.erf(rate: rate, scale: scale, offset: offset + c), of: p.variable))
            case .tanh(let linear, let cubic, let scale, let offset):
                let kind = Pattern.Kind.tanh(linear: linear, cubic: cubic, scale: scale, offset: offset + c)
                return .pattern(node.pattern(kind, of: p.variable))
            }
        case (.pattern(let p), .multiple(let x, let factor)), (.multiple(let x, let factor), .pattern(let p)):
            guard case .polynomial(let c) = p.kind, p.variable.node == x.node, p.variable.shape == x.shape else {
                return nil
            }
            return .pattern(node.pattern(.polynomial([c[0] + factor, c[1], c[2]]), of: x))
        case (.pattern, .pattern), (.multiple, _), (.constant, _): return nil
        }
    }

    private mutating func multiply(
        _ node: GraphNode, _ a: PatternOperand, _ b: PatternOperand
    ) throws(ONNXError) -> PatternResult? {
        switch (a, b) {
        case (.pattern(let p), .constant(let c, _)), (.constant(let c, _), .pattern(let p)):
            switch p.kind {
            case .polynomial(let own): return .pattern(node.pattern(.polynomial(own.map { c * $0 }), of: p.variable))
            case .erf(let rate, let scale, let offset):
                return .pattern(node.pattern(.erf(rate: rate, scale: c * scale, offset: c * offset), of: p.variable))
            case .tanh(let linear, let cubic, let scale, let offset):
                let kind = Pattern.Kind.tanh(linear: linear, cubic: cubic, scale: c * scale, offset: c * offset)
                return .pattern(node.pattern(kind, of: p.variable))
            }
        case (.pattern(let p), .multiple(let x, let factor)), (.multiple(let x, let factor), .pattern(let p)):
            guard p.variable.node == x.node, p.variable.shape == x.shape else { return nil }
            if case .polynomial(let c) = p.kind {
                guard c[2] == .zero else { return nil }
                return .pattern(node.pattern(.polynomial([.zero, factor * c[0], factor * c[1]]), of: x))
            }
            return try gelu(node, p, factor: factor).map { .product($0) }
        case (.multiple(let x, let left), .multiple(let y, let right)):
            guard x.node == y.node, x.shape == y.shape else { return nil }
            return .pattern(node.pattern(.polynomial([.zero, left * right, .zero]), of: x))
        case (.pattern, .pattern), (.constant, _), (.multiple, _): return nil
        }
    }

    /// `factor x` times a gate `scale (1 + ...)`; nil when the gate is another.
    private mutating func gelu(_ node: GraphNode, _ gate: Pattern, factor: Interval) throws(ONNXError) -> Variable? {
        switch gate.kind {
        case .polynomial: return nil
        case .erf(let rate, let scale, let offset):
            guard scale == offset, scale.isPoint, rate.lower > 0 else { return nil }
            // sqrt 2 lies between these neighbours.
            let c = rate * Interval(lower: 0x1.6a09e667f3bccp0, upper: 0x1.6a09e667f3bcdp0)
            return try scaled(node, gate.variable, by: c, .gelu, times: 2 * (factor * scale) / c)
        case .tanh(let linear, let cubic, let scale, let offset):
            guard scale == offset, scale.isPoint, linear.isNearlyPoint, cubic.isNearlyPoint,
                SmoothFunction.coefficients.contains(linear.lower), SmoothFunction.coefficients.contains(cubic.lower)
            else { return nil }
            return try scaled(
                node, gate.variable, by: Interval(1), .geluTanh(linear: linear.lower, cubic: cubic.lower),
                times: 2 * (factor * scale))
        }
    }

    /// `x` times the sigmoid of it, when that is what `gate` is.
    mutating func readSiLU(_ node: GraphNode, _ x: Variable, _ gate: Variable) throws(ONNXError) -> Variable? {
        guard case .activation(.smooth(.sigmoid)) = nodes[gate.node].operation, x.shape == gate.shape else {
            return nil
        }
        let (source, factor) = root(x)
        let (inner, rate) = root(Variable(node: nodes[gate.node].inputs[0], shape: gate.shape))
        guard source.node == inner.node, rate.lower > 0 else { return nil }
        return try scaled(node, inner, by: rate, .silu, times: factor / rate)
    }

    /// `outer f(inner x)`
    private mutating func scaled(
        _ node: GraphNode, _ x: Variable, by inner: Interval, _ function: SmoothFunction, times outer: Interval
    ) throws(ONNXError) -> Variable? {
        guard let before = inner.tensor, let after = outer.tensor else { return nil }
        let operand = inner == Interval(1) ? x : try affine(node, x, scale: before, offset: nil)
        let value = try emit(node, .activation(.smooth(function)), [operand.node], shape: x.shape)
        return outer == Interval(1) ? value : try affine(node, value, scale: after, offset: nil)
    }
}

extension Interval {
    /// Whether every member is within 2^-52 of the lower end, relatively.
    fileprivate var isNearlyPoint: Bool { lower > 0 && width <= 0x1p-52 * lower }

    /// A member with the distance of the others; nil when the interval is too wide to be a constant.
    fileprivate var tensor: Tensor? {
        guard isBounded, !contains(0) else { return nil }
        let value = midpoint
        let radius = max(differenceRoundedUp(upper, value), differenceRoundedUp(value, lower))
        let relative = radius == 0 ? 0 : quotientRoundedUp(radius, value.magnitude)
        guard relative <= 0x1p-40 else { return nil }
        return Tensor(shape: [], contents: .double([value]), error: .init(relative: relative))
    }
}
