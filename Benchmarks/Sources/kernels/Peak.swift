internal import CPeak
internal import Lanes

/// The best rate of multiply-adds this machine has shown, of all instruction sets it runs.
struct Peak<Scalar: LaneScalar> {
    private(set) var rates: [(name: String, operationsPerSecond: Double)] = []
    private var sets: [Int32] = []

    init() {
        for index in 0..<peak_count() where peak_is_supported(index) != 0 {
            sets.append(index)
            rates.append((String(cString: peak_name(index)), 0))
        }
        for _ in 0..<5 { for place in sets.indices { measure(place) } }
    }

    var best: Double { rates.map(\.operationsPerSecond).max() ?? 0 }

    /// Once more the fastest instruction set, half a millisecond or so: the clock may have changed.
    mutating func measureAgain() {
        if let place = rates.indices.max(by: { rates[$0].operationsPerSecond < rates[$1].operationsPerSecond }
        ) {
            measure(place)
        }
    }

    private mutating func measure(_ place: Int) {
        let iterations: Int64 = 100_000
        let start = peak_thread_seconds()
        let operations =
            Scalar.self == Float.self
            ? peak_run_f32(sets[place], iterations) : peak_run_f64(sets[place], iterations)
        let rate = operations / (peak_thread_seconds() - start)
        rates[place].operationsPerSecond = max(rates[place].operationsPerSecond, rate)
    }
}
