import Lanes
import RandomNumbers
import Testing

extension SplitMix64 {
    mutating func number() -> Double { Double.random(in: -1...1, using: &self) }

    /// Zero with the given probability. Multiples of 2^-20: the same in both precisions.
    mutating func numbers(_ count: Int, zeros: Double = 0) -> [Double] {
        (0..<count).map { _ in
            Double.random(in: 0..<1, using: &self) < zeros ? 0 : (number() * 1_048_576).rounded() / 1_048_576
        }
    }
}

/// `[feature][lane]` numbers in aligned storage. Never freed, so that pointers may outlive the value.
struct Features<Scalar: LaneScalar> {
    let base: UnsafeMutablePointer<Scalar>
    let count: Int

    init(_ numbers: [Double], lanes: Int) {
        count = numbers.count
        base = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Scalar>.stride, alignment: 64)
            .bindMemory(to: Scalar.self, capacity: count)
        for (place, number) in numbers.enumerated() { (base + place).initialize(to: Scalar(number)) }
    }

    /// The same room for bytes.
    var bytes: UnsafeMutablePointer<UInt8> {
        UnsafeMutableRawPointer(base).assumingMemoryBound(to: UInt8.self)
    }

    var numbers: [Double] { (0..<count).map { Double(base[$0]) } }
}

/// Flags at a fixed address, never freed.
struct Flags {
    let base: UnsafePointer<UInt8>

    init(_ flags: [UInt8]) {
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, flags.count))
        copy.initialize(from: flags, count: flags.count)
        base = UnsafePointer(copy)
    }
}

/// Expects two buffers to be equal up to the rounding of sums of a few hundred numbers of size one.
func expectAgreement<Scalar: LaneScalar>(
    _ found: [Double], _ expected: [Double], _: Scalar.Type, _ what: @autoclosure () -> String = "",
    at location: SourceLocation = #_sourceLocation
) {
    let tolerance = 1024 * Double(Scalar.ulpOfOne)
    let disagreement = found.indices.first { !(abs(found[$0] - expected[$0]) <= tolerance) }
    let sizesAgree = found.count == expected.count
    #expect(sizesAgree, sourceLocation: location)
    if let place = disagreement {
        Issue.record(
            "\(what()): at \(place) \(found[place]), not \(expected[place])", sourceLocation: location)
    }
}

/// The sum over lanes and features of the products of two buffers.
func innerProduct(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
