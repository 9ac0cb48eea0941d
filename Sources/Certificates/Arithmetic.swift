// Eight objectives side by side, in float64 and exactly. Replaying is written once, over either.
//
// Coefficients are numbers that the replay chooses: whatever it chooses on one side of an operator, what is left over
// is bounded and paid for. Rounded arithmetic pays for its roundings through sums of magnitudes, see `LaneBound`;
// exact arithmetic has none, and keeps its numbers short by choosing float64 coefficients for neurons.

internal import Intervals

/// Which arithmetic a proof is replayed in.
public enum ArithmeticKind: Sendable {
    /// Float64 with every rounding bounded and paid for.
    case rounded
    /// Integers times powers of two.
    case exact
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

/// A number in each of eight lanes.
protocol LaneNumbers: Sendable {
    static var kind: ArithmeticKind { get }
    static var zero: Self { get }
    init(_ values: Eight)
    var isZero: Bool { get }
    /// The nearest float64 numbers, or their neighbours.
    var chosen: Eight { get }
    mutating func add(_ other: Self)
    /// Adds `factor * other`.
    mutating func add(_ factor: Double, times other: Self)
    /// `self - other`.
    func minus(_ other: Eight) -> Self
    func times(_ factors: Eight) -> Self
    /// The lesser of the two in each lane; NaN may be lost.
    func least(_ other: Self) -> Self
    /// Float64 numbers that are no greater, once `slack` is taken off.
    func lowerBound(less slack: Eight) -> Eight
}

extension Eight: LaneNumbers {
    static var kind: ArithmeticKind { .rounded }

    init(_ values: Eight) { self = values }

    @inline(__always) var isZero: Bool { all(self .== Eight.zero) }
    @inline(__always) var chosen: Eight { self }
    @inline(__always) mutating func add(_ other: Eight) { self += other }
    // Not `addProduct`: without the instruction that is a slow function call.
    @inline(__always) mutating func add(_ factor: Double, times other: Eight) { self += factor * other }
    @inline(__always) func minus(_ other: Eight) -> Eight { self - other }
    @inline(__always) func times(_ factors: Eight) -> Eight { self * factors }
    @inline(__always) func least(_ other: Eight) -> Eight { other.replacing(with: self, where: self .< other) }

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

/// Integers times powers of two.
struct ExactLanes: LaneNumbers {
    /// Eight, or none where all are zero.
    private var values: [Dyadic]
    /// Something was not finite.
    private var isBroken = false

    static var kind: ArithmeticKind { .exact }
    static var zero: ExactLanes { ExactLanes(values: []) }

    private init(values: [Dyadic]) { self.values = values }

    init(_ numbers: Eight) {
        self.init(values: [])
        if all(numbers .== Eight.zero) { return }
        for lane in 0..<8 {
            isBroken = isBroken || !numbers[lane].isFinite
            values.append(numbers[lane].isFinite ? Dyadic(numbers[lane]) : .zero)
        }
    }

    var isZero: Bool { !isBroken && values.allSatisfy { $0.sign == 0 } }

    var chosen: Eight {
        var result = Eight.zero
        for (lane, value) in values.enumerated() { result[lane] = Double(value) }
        return isBroken ? Eight(repeating: .nan) : result
    }

    mutating func add(_ other: ExactLanes) {
        isBroken = isBroken || other.isBroken
        if other.values.isEmpty { return }
        if values.isEmpty {
            values = other.values
        } else {
            for lane in 0..<8 where other.values[lane].sign != 0 { values[lane] += other.values[lane] }
        }
    }

    mutating func add(_ factor: Double, times other: ExactLanes) {
        isBroken = isBroken || other.isBroken || !factor.isFinite
        if isBroken || factor == 0 || other.values.isEmpty { return }
        if values.isEmpty { values = Array(repeating: .zero, count: 8) }
        let exact = Dyadic(factor)
        for lane in 0..<8 where other.values[lane].sign != 0 { values[lane] += exact * other.values[lane] }
    }

    func minus(_ other: Eight) -> ExactLanes {
        var result = self
        result.add(ExactLanes(-other))
        return result
    }

    func times(_ factors: Eight) -> ExactLanes {
        var result = self
        for lane in values.indices {
            if factors[lane].isFinite {
                result.values[lane] = values[lane].sign == 0 ? .zero : values[lane] * Dyadic(factors[lane])
            } else {
                result.isBroken = true
            }
        }
        return result
    }

    func least(_ other: ExactLanes) -> ExactLanes {
        var result = ExactLanes.zero
        result.isBroken = isBroken || other.isBroken
        if values.isEmpty && other.values.isEmpty { return result }
        result.values = (0..<8).map { lane in
            min(values.isEmpty ? .zero : values[lane], other.values.isEmpty ? .zero : other.values[lane])
        }
        return result
    }

    func lowerBound(less slack: Eight) -> Eight {
        var result = Eight(repeating: -.infinity)
        for lane in 0..<8 where !isBroken && slack[lane].isFinite {
            result[lane] = ((values.isEmpty ? .zero : values[lane]) - Dyadic(slack[lane])).roundedDown
        }
        return result
    }
}

extension Dyadic {
    /// The greatest float64 that is no greater; minus infinity below all of them.
    var roundedDown: Double {
        let near = Double(self)
        if near == .infinity { return .greatestFiniteMagnitude }
        if near == -.infinity { return near }
        if Dyadic(near) <= self { return near }
        return near.nextDown
    }
}

/// Eight lower bounds in the making: a sum in either arithmetic, and what it may be off.
struct LaneBound<Numbers: LaneNumbers> {
    private var sum = Numbers.zero
    /// Of the sum's terms: the sum's own rounding is a fraction of it. NaN once anything was not a number.
    private var magnitudes = Eight.zero
    /// What was left unpaid, in float64, each term a few roundings off.
    private var losses = Eight.zero
    private var terms = 16

    @inline(__always)
    mutating func add(_ term: Numbers) {
        sum.add(term)
        if Numbers.kind == .rounded { magnitudes += term.chosen.magnitudes }
        terms += 1
    }

    /// Adds `factor * term`.
    @inline(__always)
    mutating func add(_ factor: Double, times term: Numbers) {
        sum.add(factor, times: term)
        if Numbers.kind == .rounded { magnitudes += factor.magnitude * term.chosen.magnitudes }
        terms += 1
    }

    /// A term that was computed from numbers of this size.
    @inline(__always)
    mutating func account(_ size: Eight) { magnitudes += size }

    @inline(__always)
    mutating func lose(_ loss: Double, times magnitudes: Eight) { losses += loss * magnitudes }

    /// - Soundness: no greater than the real bounds; minus infinity where something overflowed or was no number.
    func result(underflow: Double) -> Eight {
        let rounding = Numbers.kind == .rounded ? gamma(2 * terms + 64) : 0
        // 0 times what is not finite is NaN, which stays.
        let slack = (magnitudes * Eight(repeating: rounding) + losses) * Eight(repeating: sumSlack)
        return sum.lowerBound(less: slack + Eight(repeating: Numbers.kind == .rounded ? underflow : 0))
    }
}
