// Eight sums side by side, in float64 and exactly. Replaying is written once, over either.
//
// Coefficients are float64 numbers that the replay chooses: whatever it chooses on one side of an operator, what is left
// over is bounded and paid for. Only sums of products differ. Rounded ones are paid for through sums of magnitudes, see
// `LaneBound`; exact ones are integers, see `ExactSums`, and what is chosen of them is paid for term by term.

/// Which arithmetic a proof is replayed in.
public enum ArithmeticKind: Sendable {
    /// Float64 with every rounding bounded and paid for.
    case rounded
    /// Integers times 2^-128.
    case exact

    /// The number itself, or what of it fits exact arithmetic: the greatest multiple of 2^-64 that is no greater.
    @inline(__always)
    func down(_ value: Double) -> Double {
        self == .rounded ? value : (value * 0x1p64).rounded(.down) * 0x1p-64
    }

    @inline(__always) func up(_ value: Double) -> Double { -down(-value) }

    @inline(__always)
    func down(_ values: Eight) -> Eight {
        if self == .rounded { return values }
        var result = values
        for lane in 0..<8 { result[lane] = down(values[lane]) }
        return result
    }
}

/// A bound of `n u / (1 - n u)`, the relative error of a sum of `n` rounded numbers in any order (Higham, ch. 3).
func gamma(_ terms: Int) -> Double {
    let product = Double(terms) * 0x1p-53
    return product < 0.25 ? product / (1 - product) * (1 + 0x1p-50) : .infinity
}

/// Covers the rounding of a sum of up to 2^26 numbers that are not negative, each a few roundings off.
let sumSlack = 1 + 0x1p-24

/// One float64 for each of eight lanes.
typealias Eight = SIMD8<Double>

/// A sum in each of eight lanes.
protocol LaneSums: Sendable {
    /// Float64 numbers, made ready to be multiplied.
    associatedtype Factors
    static var kind: ArithmeticKind { get }
    static var zero: Self { get }
    static func factors(_ values: Eight) -> Factors
    /// Whether all lanes are 0, and numbers.
    var isZero: Bool { get }
    mutating func add(_ other: Self)
    mutating func add(_ values: Eight)
    mutating func add(_ factor: Double, times factors: Factors)
    /// Adds `(a - b) * c`.
    mutating func add(_ a: Eight, minus b: Eight, times c: Eight)
    /// Float64 numbers near the sums, and how far they are off at most; in float64 the sums as they are. NaN where
    /// something is not finite.
    var chosen: (values: Eight, leftovers: Eight) { get }
    /// The lesser of the two where the mask holds; NaN may be lost.
    func least(_ other: Self, where mask: SIMDMask<Eight.MaskStorage>) -> Self
    /// Float64 numbers that are no greater, once `slack` is taken off; minus infinity where there is none.
    func lowerBound(less slack: Eight) -> Eight
}

extension Eight: LaneSums {
    static var kind: ArithmeticKind { .rounded }

    @inline(__always) static func factors(_ values: Eight) -> Eight { values }
    @inline(__always) var isZero: Bool { all(self .== Eight.zero) }
    @inline(__always) var chosen: (values: Eight, leftovers: Eight) { (self, .zero) }
    @inline(__always) mutating func add(_ other: Eight) { self += other }
    // Not `addProduct`: without the instruction that is a slow function call.
    @inline(__always) mutating func add(_ factor: Double, times factors: Eight) { self += factor * factors }
    @inline(__always) mutating func add(_ a: Eight, minus b: Eight, times c: Eight) { self += (a - b) * c }

    @inline(__always)
    func least(_ other: Eight, where mask: SIMDMask<Eight.MaskStorage>) -> Eight {
        replacing(with: other, where: mask .& (other .< self))
    }

    func lowerBound(less slack: Eight) -> Eight {
        let result = self - slack
        let size = result.magnitudes
        // Two units in the last place at least. NaN compares to nothing.
        let lower = result - size * Eight(repeating: 0x1p-51) - Eight(repeating: 0x1p-1060)
        let isFinite = size .<= Eight(repeating: .greatestFiniteMagnitude)
        return Eight(repeating: -.infinity).replacing(with: lower, where: isFinite)
    }

    @inline(__always) var magnitudes: Eight { replacing(with: -self, where: self .< Eight.zero) }
}

/// Eight lower bounds in the making: a sum in either arithmetic, and what it may be off.
struct LaneBound<Sums: LaneSums> {
    private var sum = Sums.zero
    // In float64 only:
    /// Of the sum's terms: the sum's own rounding is a fraction of it. NaN once anything was not a number.
    private var magnitudes = Eight.zero
    /// What was left unpaid, each term a few roundings off.
    private var losses = Eight.zero
    private var terms = 16

    /// Adds a term that was computed from numbers of this size.
    @inline(__always)
    mutating func add(_ term: Sums, of size: Eight = .zero) {
        sum.add(term)
        if Sums.kind == .rounded { magnitudes += term.chosen.values.magnitudes + size }
        terms += 1
    }

    @inline(__always)
    mutating func add(_ factors: Eight, times others: Eight) {
        var term = Sums.zero
        term.add(factors, minus: .zero, times: others)
        add(term)
    }

    @inline(__always)
    mutating func add(_ values: Eight) { add(values, times: Eight(repeating: 1)) }

    /// Takes off products of numbers that are not negative.
    @inline(__always)
    mutating func lose(_ losses: Eight, times magnitudes: Eight) {
        if Sums.kind == .rounded {
            self.losses += losses * magnitudes
        } else if any(losses .!= Eight.zero) {
            sum.add(.zero, minus: losses, times: magnitudes)
        }
    }

    /// - Soundness: no greater than the real bounds; minus infinity where something overflowed or was no number.
    func result(underflow: Double) -> Eight {
        if Sums.kind == .exact { return sum.lowerBound(less: .zero) }
        // 0 times what is not finite is NaN, which stays.
        let slack = (magnitudes * Eight(repeating: gamma(2 * terms + 64)) + losses) * Eight(repeating: sumSlack)
        return sum.lowerBound(less: slack + Eight(repeating: underflow))
    }
}
