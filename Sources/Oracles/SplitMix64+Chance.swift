internal import RandomNumbers

extension SplitMix64 {
    /// Whether an event of `percent` in a hundred happens.
    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func integer(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}
