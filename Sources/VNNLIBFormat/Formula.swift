import Intervals

/// The asserted conditions as one flat list of nodes, children before parents, so that no depth of nesting
/// can exhaust the stack when it is built or released.
struct Formula {
    enum Node {
        case constant(Bool)
        /// An index into `bounds`.
        case bound(Int)
        /// An index into `constraints`.
        case constraint(Int)
        /// A range of `children`.
        case and(Range<Int>)
        case or(Range<Int>)
    }

    var nodes: [Node] = []
    /// Where each node stands in the text.
    var offsets: [Int] = []
    var children: [Int] = []
    var bounds: [InputBound] = []
    /// Each distinct constraint once.
    var constraints: [Constraint] = []
    private var constraintIndices: [Constraint: Int] = [:]
    /// Leaves computed bounds of one input as the constraints they were written as: where arithmetic rounds, solving
    /// for the input would lose that.
    var keepsArithmetic = false

    /// `expression <= 0`, or `< 0`.
    struct Constraint: Hashable {
        var expression: LinearExpression
        var isStrict: Bool
    }

    mutating func append(_ node: Node, offset: Int) -> Int {
        nodes.append(node)
        offsets.append(offset)
        return nodes.count - 1
    }

    /// A conjunction or disjunction; children of the same kind are taken in, constants are decided.
    mutating func append(isAnd: Bool, of parts: [Int], offset: Int) -> Int {
        var kept: [Int] = []
        for part in parts {
            switch nodes[part] {
            case .constant(let value):
                if value != isAnd { return append(.constant(value), offset: offset) }
            case .and(let range) where isAnd: kept += children[range]
            case .or(let range) where !isAnd: kept += children[range]
            default: kept.append(part)
            }
        }
        if kept.isEmpty { return append(.constant(isAnd), offset: offset) }
        if kept.count == 1 { return kept[0] }
        let start = children.count
        children += kept
        let range = start..<children.count
        return append(isAnd ? .and(range) : .or(range), offset: offset)
    }

    mutating func append(_ bound: InputBound) -> Int {
        bounds.append(bound)
        return append(.bound(bounds.count - 1), offset: bound.offset)
    }

    mutating func append(_ constraint: Constraint, offset: Int) -> Int {
        if let known = constraintIndices[constraint] { return append(.constraint(known), offset: offset) }
        constraints.append(constraint)
        constraintIndices[constraint] = constraints.count - 1
        return append(.constraint(constraints.count - 1), offset: offset)
    }
}

/// `X_input <= end` or `X_input >= end`.
struct InputBound {
    var input: Int
    var isUpper: Bool
    var isStrict: Bool
    var end: BoxEnd
    var offset: Int
}

/// A decimal at the end of an input's range.
struct BoxEnd {
    var interval: Interval
    var text: Text

    enum Text {
        /// A literal of the file, by byte offsets.
        case literal(start: Int, end: Int)
        case decimal(ExactDecimal)
    }
}
