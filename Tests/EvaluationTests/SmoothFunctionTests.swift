import BigInt
import Evaluation
import Intervals
import Networks
import Oracles
import Testing

// Enclosures of the smooth activations against a reference of 256 bits.

/// Fixed-point numbers with 256 bits after the point.
private struct Fixed: Comparable {
    static let bits = 256
    static let one = BigInt(1) << bits
    var units: BigInt

    init(units: BigInt) { self.units = units }
    init(_ integer: Int) { units = BigInt(integer) << Self.bits }
    /// Exactly, but for bits below 2^-256.
    init(_ number: Double) {
        let significand = BigInt(Int64(number.significand * 0x1p52)) * (number.sign == .minus ? -1 : 1)
        let shift = Int(number == 0 ? 0 : number.exponent) - 52 + Self.bits
        units = shift >= 0 ? significand << shift : significand >> -shift
    }

    static func + (a: Fixed, b: Fixed) -> Fixed { Fixed(units: a.units + b.units) }
    static func - (a: Fixed, b: Fixed) -> Fixed { Fixed(units: a.units - b.units) }
    static func * (a: Fixed, b: Fixed) -> Fixed { Fixed(units: (a.units * b.units) >> bits) }
    static func / (a: Fixed, b: Fixed) -> Fixed { Fixed(units: (a.units << bits) / b.units) }
    static func < (a: Fixed, b: Fixed) -> Bool { a.units < b.units }

    var halved: Fixed { Fixed(units: units >> 1) }

    /// By halving the argument 20 times, the Taylor series, and squaring; with all bits for `|self| < 40`.
    var exponential: Fixed {
        let small = Fixed(units: units >> 20)
        var (term, sum) = (Fixed(1), Fixed(1))
        for index in 1..<40 {
            term = term * small / Fixed(index)
            sum = sum + term
        }
        for _ in 0..<20 { sum = sum * sum }
        return sum
    }

    var sigmoid: Fixed { Fixed(1) / (Fixed(1) + (Fixed(0) - self).exponential) }

    /// The standard normal distribution function by its alternating series.
    var normalDistribution: Fixed {
        let q = (self * self).halved
        var (power, sum) = (self, self)
        for index in 1..<300 {
            power = Fixed(0) - power * q / Fixed(index)
            sum = sum + power / Fixed(2 * index + 1)
        }
        return Fixed(1).halved + sum / Self.squareRootOfTwoPi
    }

    /// Of 2 pi, with pi by Machin's formula.
    static let squareRootOfTwoPi = Fixed(units: ((Fixed(2) * pi).units << bits).squareRoot())

    static let pi: Fixed = {
        func arctangent(of reciprocal: Int) -> Fixed {
            var (power, sum) = (Fixed(1) / Fixed(reciprocal), Fixed(0))
            for index in 0..<120 {
                let term = power / Fixed(2 * index + 1)
                sum = index % 2 == 0 ? sum + term : sum - term
                power = power / Fixed(reciprocal * reciprocal)
            }
            return sum
        }
        return Fixed(16) * arctangent(of: 5) - Fixed(4) * arctangent(of: 239)
    }()

    /// ln(1 + e^self) by Newton's method from the float64 value.
    func softplus(from start: Double) -> Fixed {
        let target = Fixed(1) + exponential
        var y = Fixed(start)
        for _ in 0..<5 { y = y - Fixed(1) + target / y.exponential }
        return y
    }
}

extension SmoothFunction {
    /// The value at a number, or next to it.
    fileprivate func exactly(_ number: Double, shifted step: Double = 0) -> Fixed {
        let z = Fixed(number) + Fixed(step)
        switch self {
        case .sigmoid: return z.sigmoid
        case .tanh: return Fixed(2) * (z + z).sigmoid - Fixed(1)
        case .softplus: return z.softplus(from: jet(number).value)
        case .silu: return z * z.sigmoid
        case .gelu: return z * z.normalDistribution
        case .geluTanh(let linear, let cubic):
            return z * (Fixed(2) * z * (Fixed(linear) + Fixed(cubic) * z * z)).sigmoid
        case .elu(let alpha): return number >= 0 ? z : Fixed(alpha) * (z.exponential - Fixed(1))
        }
    }
}

private let functions = SmoothFunction.samples

private func numbers(_ seed: UInt64) -> [Double] {
    var state = seed
    func next() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) * 0x1p-53
    }
    let random = (0..<42).map { index in (next() * 2 - 1) * [1e-12, 1e-3, 0.4, 1, 4, 12, 25][index % 7] }
    return random + [0, 0.35, -0.35, 0.175, -0.175, 8.5, -8.5, 8.499999, -8.499999, 1, -1, 0x1p-60, -0x1p-60]
}

@Test(arguments: functions)
func valuesAreEnclosedTightly(function: SmoothFunction) {
    // The alternating series of the reference needs digits for large arguments.
    let limit: Double = function == .gelu ? 9 : 25
    for z in numbers(1) where z.magnitude <= limit {
        let exact = function.exactly(z)
        let found = function.value(z)
        // What the reference itself leaves out.
        let slack = Fixed(units: BigInt(1) << 100)
        #expect(Fixed(found.lower) - slack <= exact && exact <= Fixed(found.upper) + slack, "\(function) at \(z)")
        let scale = max(found.magnitude, z.magnitude)
        #expect(found.width <= 1e-12 * scale + 1e-300, "\(function) at \(z): \(found)")
    }
}

@Test(arguments: functions)
func slopesAreEnclosedTightly(function: SmoothFunction) {
    for z in numbers(2) where z.magnitude <= 8 && z != 0 {
        // A central difference of the reference is off by a third derivative, far below the slack.
        let step = 0x1p-80
        let (left, right) = (function.exactly(z, shifted: -step), function.exactly(z, shifted: step))
        let exact = (right - left) / Fixed(2 * step)
        let found = function.slope(z)
        let slack = Fixed(1e-40)
        #expect(Fixed(found.lower) - slack <= exact && exact <= Fixed(found.upper) + slack, "\(function) at \(z)")
        #expect(found.width <= 1e-12)
    }
}

@Test(arguments: functions)
func unusualNumbersAreEnclosed(function: SmoothFunction) {
    #expect(function.value(.nan) == .line && function.slope(.nan) == .line)
    for z in [1e3, 1e10, 1e200, 1.7e308, .infinity] {
        let (right, left) = (function.value(z), function.value(-z))
        let isBounded = function == .sigmoid || function == .tanh
        #expect(isBounded ? right.contains(1) : right.contains(z))
        #expect(right.lower > 0.999 && left.upper <= (function == .sigmoid || function == .softplus ? 1e-300 : 0))
        #expect(left.lower >= -3 && left.upper >= left.lower)
        #expect(function.slope(z).contains(isBounded ? 0 : 1) && function.slope(-z).contains(0))
    }
    for z in [1e-300, .leastNonzeroMagnitude, -1e-300, -.leastNonzeroMagnitude] {
        #expect(function.value(z).contains(function.jet(z).value))
    }
}

@Test(arguments: functions)
func rangesHoldSampledValues(function: SmoothFunction) {
    let curve = SmoothCurve(function)
    let places = numbers(3)
    for (first, second) in zip(places, places.reversed()) {
        let interval = Interval(lower: min(first, second), upper: max(first, second))
        let range = curve.range(over: interval)
        for share in [0, 0.1, 0.37, 0.5, 0.83, 1] {
            let z = min(interval.upper, interval.lower + share * (interval.upper - interval.lower))
            #expect(range.contains(function.value(z).midpoint), "\(function) on \(interval) at \(z)")
        }
    }
    #expect(curve.range(over: .line).contains(Interval(lower: 0.5, upper: 0.9)))
}

@Test(arguments: functions)
func gradientsAgreeWithDifferences(function: SmoothFunction) {
    let network = Network(
        nodes: [
            Node(name: "x", operation: .input, inputs: [], shape: [1]),
            Node(name: "f", operation: .activation(.smooth(function)), inputs: [0], shape: [1]),
        ], output: 1)
    for z in numbers(4) where z != 0 && z.magnitude < 12 {
        let step = 1e-6 * max(1, z.magnitude)
        if z.magnitude <= step { continue }
        let difference = (network.evaluate([z + step])[0] - network.evaluate([z - step])[0]) / (2 * step)
        #expect(abs(network.gradient(of: [1], at: [z])[0] - difference) < 1e-5)
        let (float, double) = (network.evaluateFloat32([Float(z)])[0], network.evaluate([Double(Float(z))])[0])
        #expect(abs(Double(float) - double) <= 1e-6 * max(1, double.magnitude))
        let enclosed = network.evaluate(at: [Interval(z)])[0]
        #expect(enclosed.contains(function.value(z)) && enclosed.width < 1e-10)
        #expect(network.evaluateExactly([z]) == nil)
    }
}
