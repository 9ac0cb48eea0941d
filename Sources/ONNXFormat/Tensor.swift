/// A constant of the graph: a weight, a bias, a shape, a list of axes.
///
/// Numbers are real. Those of a file are exact; folding two constants may round, and `error` then bounds how far each
/// element is from the real number it stands for.
struct Tensor: Sendable {
    var shape: [Int]
    var contents: Contents
    var error = Rounding.none

    enum Contents: Sendable {
        /// Kept narrow while that is exact: the largest networks are mostly zeros and never become dense float64.
        case single([Float])
        case double([Double])
        /// Any integer type, and booleans as 0 and 1.
        case integer([Int])
    }

    /// A real number `v*` held as `v` satisfies `|v* - v| <= relative * |v| + absolute`.
    struct Rounding: Sendable, Equatable {
        var relative = 0.0
        var absolute = 0.0
        static let none = Rounding()

        func joined(_ other: Rounding) -> Rounding {
            Rounding(relative: max(relative, other.relative), absolute: max(absolute, other.absolute))
        }
    }

    init(shape: [Int], contents: Contents, error: Rounding = .none) {
        self.shape = shape
        self.contents = contents
        self.error = error
    }

    init(integers: [Int]) {
        self.init(shape: [integers.count], contents: .integer(integers))
    }

    var count: Int { shape.reduce(1, *) }

    var isInteger: Bool {
        if case .integer = contents { true } else { false }
    }

    /// The elements as float64; integers beyond 2^53 round.
    var reals: [Double] {
        switch contents {
        case .single(let values): values.map { Double($0) }
        case .double(let values): values
        case .integer(let values): values.map { Double($0) }
        }
    }

    /// The elements when they are integers.
    var integers: [Int]? {
        if case .integer(let values) = contents { values } else { nil }
    }

    var isFinite: Bool {
        switch contents {
        case .single(let values): values.allSatisfy { $0.isFinite }
        case .double(let values): values.allSatisfy { $0.isFinite }
        case .integer: true
        }
    }

    func reshaped(_ shape: [Int]) -> Tensor {
        Tensor(shape: shape, contents: contents, error: error)
    }
}

/// Products of sizes that may come from a damaged file: nil when a size is negative or the product exceeds `limit`.
func checkedCount(_ shape: some Sequence<Int>, limit: Int = .max) -> Int? {
    var count = 1
    var hasZero = false
    for size in shape {
        if size < 0 { return nil }
        if size == 0 {
            hasZero = true
            continue
        }
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        if overflow || product > limit { return nil }
        count = product
    }
    return hasZero ? 0 : count
}
