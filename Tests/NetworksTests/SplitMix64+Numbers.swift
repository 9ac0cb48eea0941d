import RandomNumbers

extension SplitMix64 {
    mutating func integer(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < probability
    }

    /// A float32, so that products of two are exact in float64.
    mutating func float() -> Double { Double(Float.random(in: -1...1, using: &self)) }

    mutating func floats(_ count: Int, zeros: Double = 0) -> [Double] {
        (0..<count).map { _ in
            let value = float()
            return chance(zeros) ? 0 : value
        }
    }
}
