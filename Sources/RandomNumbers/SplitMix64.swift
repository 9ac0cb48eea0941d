/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): one word of state, and the
/// same numbers from the same seed on every machine and in every version. All random numbers of the project are its.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    /// - Parameter seed: its lowest 64 bits count.
    @inlinable
    public init(seed: some BinaryInteger) { state = UInt64(truncatingIfNeeded: seed) }

    /// A stream of its own for each sequence of numbers.
    @inlinable
    public init(stream numbers: UInt64...) {
        state = 0
        for number in numbers {
            state ^= number
            state = next()
        }
    }

    @inlinable
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// In `0 ..< 1`, a multiple of 2^-53.
    @inlinable
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
