import RandomNumbers

extension SplitMix64 {
    /// A multiple of `unit` between `-steps * unit` and `steps * unit`.
    mutating func multiple(of unit: Double, steps: Int) -> Double {
        Double(Int(next() % UInt64(2 * steps + 1)) - steps) * unit
    }
}
