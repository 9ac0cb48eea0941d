internal import CPeak
internal import Lanes

/// One kernel's best of several runs, taken in turns with the machine's peak.
struct Measurement {
    var name: String
    var seconds: Double
    /// Two per multiply-add.
    var operations: Double
    /// The best peak seen so far, in operations per second.
    var peak: Double

    var rate: Double { operations / seconds }
    var share: Double { rate / peak }

    init<Scalar: LaneScalar>(
        _ name: String, operations: Double, peak: inout Peak<Scalar>, _ body: () -> Void
    ) {
        func seconds(_ repetitions: Int) -> Double {
            let start = peak_thread_seconds()
            for _ in 0..<repetitions { body() }
            return peak_thread_seconds() - start
        }
        // At least two milliseconds a turn.
        _ = seconds(1)
        let repetitions = max(1, Int(2e-3 / max(seconds(1), 1e-9)))
        var best = Double.infinity
        for _ in 0..<25 {
            peak.measureAgain()
            best = min(best, seconds(repetitions) / Double(repetitions))
        }
        self.name = name
        self.operations = operations
        self.seconds = best
        self.peak = peak.best
    }

    /// - Parameter target: the share of the peak asked for.
    func print(target: Double? = nil, note: String = "") {
        var line = name.padded(to: 46)
        line += (seconds * 1e3).rounded(to: 3).leftPadded(to: 9) + " ms"
        line += (rate / 1e9).rounded(to: 1).leftPadded(to: 9) + " GFLOP/s"
        line += (share * 100).rounded(to: 1).leftPadded(to: 7) + " %"
        if let target {
            line += "   " + (share >= target ? "meets" : "MISSES") + " \((target * 100).rounded(to: 0)) %"
        }
        Swift.print(line + note)
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}

extension Double {
    /// In decimal, with that many digits after the point.
    func rounded(to digits: Int) -> String {
        let scale = (0..<digits).reduce(1) { power, _ in power * 10 }
        let scaled = Int((self * Double(scale)).rounded())
        if digits == 0 { return "\(scaled)" }
        let fraction = "\(abs(scaled) % scale)"
        return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
