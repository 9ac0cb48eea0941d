// From values to positions, with ticks at round numbers.

internal import Glibc
internal import Statistics

struct Scale {
    let range: ClosedRange<Double>
    let from: Double
    let to: Double
    let isLogarithmic: Bool

    /// A range of no width is widened.
    init(_ range: ClosedRange<Double>, from: Double, to: Double, isLogarithmic: Bool = false) {
        self.isLogarithmic = isLogarithmic
        (self.from, self.to) = (from, to)
        if isLogarithmic {
            let lower = max(range.lowerBound, 1e-12)
            self.range = range.upperBound > lower * 1.01 ? lower...range.upperBound : lower...lower * 10
        } else if range.upperBound > range.lowerBound {
            self.range = range
        } else {
            let half = range.lowerBound == 0 ? 1 : abs(range.lowerBound) * 0.1
            self.range = range.lowerBound - half...range.upperBound + half
        }
    }

    func callAsFunction(_ value: Double) -> Double {
        let share: Double
        if isLogarithmic {
            let (low, high) = (log10(range.lowerBound), log10(range.upperBound))
            share = (log10(max(value, range.lowerBound)) - low) / (high - low)
        } else {
            share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
        }
        return from + min(1.02, max(-0.02, share)) * (to - from)
    }

    /// About so many round numbers within the range.
    func ticks(_ count: Int = 4) -> [Double] {
        isLogarithmic ? decades(count) : Self.round(range, count)
    }

    private func decades(_ count: Int) -> [Double] {
        let (low, high) = (log10(range.lowerBound), log10(range.upperBound))
        let powers = Array(Int((low - 1e-9).rounded(.up))...max(Int((low - 1e-9).rounded(.up)), Int(high + 1e-9)))
        if powers.count < 2 { return Self.round(range, count).filter { $0 > 0 } }
        if powers.count < 3 {
            var between: [Double] = []
            for power in powers.first! - 1...powers.last! {
                let decade: Double = pow(10, Double(power))
                between += [decade, 3 * decade]
            }
            return between.filter { range.contains($0) }
        }
        let step = (powers.count + count - 1) / count
        return powers.enumerated().filter { $0.offset % step == 0 }.map { pow(10, Double($0.element)) }
    }

    private static func round(_ range: ClosedRange<Double>, _ count: Int) -> [Double] {
        let rough = (range.upperBound - range.lowerBound) / Double(max(1, count))
        let power = pow(10, log10(rough).rounded(.down))
        let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? rough
        let first = (range.lowerBound / step - 1e-9).rounded(.up)
        let last = (range.upperBound / step + 1e-9).rounded(.down)
        guard last >= first, last - first < 50 else { return [] }
        return (0...Int(last - first)).map { (first + Double($0)) * step }
    }

    /// The range of the values, widened to round numbers; with 0 where that is near.
    static func covering(_ values: [Double], withZero: Bool = false) -> ClosedRange<Double> {
        guard let least = values.min(), let most = values.max() else { return 0...1 }
        let low = withZero || (least > 0 && least < 0.5 * most) ? min(0, least) : least
        let high = withZero ? max(0, most) : most
        guard high > low else { return withZero && high == 0 ? 0...1 : low...high }
        let ticks = round(low...high, 4)
        let step = ticks.count > 1 ? ticks[1] - ticks[0] : (high - low) / 4
        return (low / step).rounded(.down) * step...(high / step).rounded(.up) * step
    }
}

/// A number as an axis shows it: no digits that say nothing, thousands as k and M.
func tickText(_ value: Double) -> String {
    let size = abs(value)
    if size == 0 { return "0" }
    if size >= 1e6 { return trimmed(value / 1e6, 1) + "M" }
    if size >= 1e4 { return trimmed(value / 1e3, 1) + "k" }
    if size >= 100 { return trimmed(value, 0) }
    if size >= 1 { return trimmed(value, 2) }
    return trimmed(value, size >= 0.01 ? 3 : size >= 1e-4 ? 5 : 7)
}

private func trimmed(_ value: Double, _ digits: Int) -> String {
    var text = fixed(value, digits)
    if text.contains(".") {
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
    }
    return text.replacing("-", with: "−")
}

/// A number with about three digits that matter.
func numberText(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    let size = abs(value)
    if size == 0 { return "0" }
    if size >= 1000 { return (value < 0 ? "−" : "") + grouped(Int(size.rounded())) }
    let digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : size >= 0.01 ? 4 : 5
    return trimmed(value, digits)
}
