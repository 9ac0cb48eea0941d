import BoundPropagation
import Oracles
import RandomNumbers
import Testing

@testable import BranchAndBound

@Suite struct BoxClippingTests {
    /// Points of the box at which no plane is positive must survive.
    @Test(arguments: 0..<200)
    func clippingKeepsWhatThePlanesAllow(seed: Int) {
        var generator = SplitMix64(seed: seed)
        let axes = Int.random(in: 1...4, using: &generator)
        let lower = (0..<axes).map { _ in Double.random(in: -2...1, using: &generator) }
        let box = InputBox(lower: lower, upper: lower.map { $0 + Double.random(in: 0...2, using: &generator) })
        let planes = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            let slopes = (0..<axes).map { _ in Double.random(in: -1...1, using: &generator) }
            return (bound: Double.random(in: -1.5...0.1, using: &generator), slopes: slopes[...])
        }
        let clipped = BoxPlanes(planes: planes).clip(box)
        for _ in 0..<300 {
            let point = (0..<axes).map { Double.random(in: box.lower[$0]...box.upper[$0], using: &generator) }
            let isAllowed = planes.allSatisfy { plane in
                let rise = plane.slopes.indices.reduce(0.0) { sum, axis in
                    let corner = plane.slopes[axis] > 0 ? box.lower[axis] : box.upper[axis]
                    return sum + plane.slopes[axis] * (point[axis] - corner)
                }
                return plane.bound + rise <= -1e-12
            }
            guard isAllowed else { continue }
            #expect(clipped != nil)
            if let clipped {
                #expect((0..<axes).allSatisfy { clipped.lower[$0] <= point[$0] && point[$0] <= clipped.upper[$0] })
            }
        }
    }
}
