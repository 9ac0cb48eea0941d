import Intervals
import Networks
import Oracles
import Testing

@testable import Comparison

/// Lines hold what the activation does, for arguments all over their ranges.
@Suite struct ActivationLineTests {
    private static let activations: [Activation] = [
        .relu, .leakyRelu(slope: 0.25), .smooth(.gelu), .smooth(.tanh), .smooth(.elu(alpha: 2)),
    ]

    private func value(_ activation: Activation, _ z: Double) -> Double {
        switch activation {
        case .relu: max(0, z)
        case .leakyRelu(let slope): z < 0 ? slope * z : z
        case .smooth(let function): function.jet(z).value
        }
    }

    @Test(arguments: 0..<5)
    func parallelLinesHoldTheActivation(index: Int) {
        var random = RandomPairs(index)
        let activation = Self.activations[index]
        for _ in 0..<400 {
            let ends = [random.number(2), random.number(2)].sorted()
            let lines = ParallelLines(activation, over: ends[0], ends[1])
            for place in 0...20 {
                let z = ends[0] + (ends[1] - ends[0]) * Double(place) / 20
                let height = value(activation, z) - lines.slope * z
                #expect(height >= lines.lower - 1e-12 && height <= lines.upper + 1e-12)
                #expect(abs(height - lines.middle) <= lines.reach + 1e-12)
            }
        }
    }

    @Test(arguments: 0..<5)
    func differenceLinesHoldTheDifference(index: Int) {
        var random = RandomPairs(index)
        let activation = Self.activations[index]
        for round in 0..<1500 {
            let z = range(&random)
            let zhat = range(&random)
            // The difference's own range: all that the others allow, or less.
            var d = z - zhat
            if round % 2 == 0 {
                guard let less = d.intersection(range(&random)) else { continue }
                d = less
            }
            let ranges = DifferenceLines.Ranges(dense: z, pruned: zhat, difference: d)
            let candidates = DifferenceLines.candidates(activation, ranges)
            for _ in 0..<12 {
                let a = Double.random(in: z.lower...z.upper, using: &random.generator)
                let b = Double.random(in: zhat.lower...zhat.upper, using: &random.generator)
                guard d.lower <= a - b, a - b <= d.upper else { continue }
                let difference = value(activation, a) - value(activation, b)
                for lines in candidates {
                    let height = difference - lines.slope * (a - b)
                    #expect(
                        height >= lines.lower - 1e-12 && height <= lines.upper + 1e-12,
                        "z \(a) of \(z), zhat \(b) of \(zhat), dz of \(d)")
                }
            }
        }
    }

    private func range(_ random: inout RandomPairs) -> Interval {
        let ends = [random.number(1), random.number(1)].sorted()
        return Interval(lower: ends[0], upper: ends[1])
    }
}
