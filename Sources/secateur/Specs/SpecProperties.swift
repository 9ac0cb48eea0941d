// The properties of Specs/, each with a verdict that its construction proves without any verifier.

import Evaluation
import Intervals
import Networks
import Properties
import RandomNumbers

/// `coefficients . Y + constant <= 0`.
func atMostZero(_ coefficients: [(output: Int, coefficient: Double)], plus constant: Double = 0)
    -> LinearConstraint
{
    LinearConstraint(
        outputTerms: coefficients.map { .init(index: $0.output, coefficient: Interval($0.coefficient)) },
        constant: Interval(constant))
}

func box(_ ends: [(lower: Double, upper: Double)]) -> InputRegion {
    InputRegion(lower: ends.map { Interval($0.lower) }, upper: ends.map { Interval($0.upper) })
}

/// A counterexample lies in the one region and meets all constraints of one of the cases.
func property(of network: Network, in region: InputRegion, cases: [[LinearConstraint]]) -> Property {
    Property(
        inputCount: network.inputCount, outputCount: network.outputCount, regions: [region],
        disjuncts: cases.map { Disjunct(region: 0, constraints: $0) })
}

/// A random point of `[-1, 1]^n` with short binary fractions, whose best score leads the others clearly.
private func clearPoint(of network: Network, seed: UInt64) -> (point: [Double], scores: [Double], best: Int) {
    var generator = SplitMix64(seed: seed)
    while true {
        let point = (0..<network.inputCount).map { _ in generator.multiple(of: 1 / 16, steps: 16) }
        let scores = network.evaluate(point)
        let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
        let others = scores.indices.filter { $0 != best }
        if others.allSatisfy({ scores[best] - scores[$0] > 0.125 }) { return (point, scores, best) }
    }
}

/// Violated: a point is drawn and the scores it has, less a little, are asked for.
func plantedProperty(of network: Network, seed: UInt64) -> Property {
    let planted = clearPoint(of: network, seed: seed)
    let asked = planted.scores.enumerated().map { index, score in
        let sign = index == planted.best ? -1.0 : 1.0
        return atMostZero([(index, sign)], plus: -sign * score - 1 / 64)
    }
    return property(of: network, in: box(planted.point.map { ($0 - 0.5, $0 + 0.5) }), cases: [asked])
}

/// Holds: around a point the best score stays the best, in a box so small that sums of absolute weights prove it.
func robustProperty(of network: Network, seed: UInt64) -> Property {
    let centre = clearPoint(of: network, seed: seed)
    let others = centre.scores.indices.filter { $0 != centre.best }
    let deviations = deviationPerRadius(of: network)
    var radius = 1.0
    while !others.allSatisfy({
        (deviations[$0] + deviations[centre.best]) * radius < centre.scores[centre.best] - centre.scores[$0]
    }) { radius /= 2 }
    return property(
        of: network, in: box(centre.point.map { ($0 - radius, $0 + radius) }),
        cases: others.map { [atMostZero([(centre.best, 1), ($0, -1)])] })
}

/// How much each output can change, at most, when every input changes by at most one: the network with absolute
/// weights and without offsets, at ones. A ReLU never increases a change.
private func deviationPerRadius(of network: Network) -> [Double] {
    var absolute = network
    for index in absolute.nodes.indices {
        switch absolute.nodes[index].operation {
        case .linear(var linear):
            let values = linear.weights.dense.map { abs($0) }
            linear.weights = .dense(
                rows: linear.weights.rows, columns: linear.weights.columns, values: values)
            linear.bias = linear.bias.map { _ in 0 }
            absolute.nodes[index].operation = .linear(linear)
        case .convolution(var convolution):
            convolution.weights = convolution.weights.map { abs($0) }
            convolution.bias = convolution.bias.map { _ in 0 }
            absolute.nodes[index].operation = .convolution(convolution)
        case .input, .reshape, .sum, .activation: break
        case .elementwise, .select, .maxPool: preconditionFailure("no network of Specs/ has this operator")
        }
    }
    return absolute.evaluate([Double](repeating: 1, count: network.inputCount))
}

/// Whether inputs close to 0 or 1 can sum to half their number: for an even number they can, and for an odd one not,
/// as the nearest whole numbers would sum to within 1/4 of a half.
func parityProperty(of network: Network) -> Property {
    let slack = 0.125
    let region = box([(lower: Double, upper: Double)](repeating: (0, 1), count: network.inputCount))
    return property(
        of: network, in: region,
        cases: [
            [
                atMostZero([(0, 1)], plus: -slack), atMostZero([(0, -1)], plus: -slack),
                atMostZero([(1, 1)], plus: -slack),
            ]
        ])
}

/// The torque leaves `[-1, 1]`: it cannot.
func boundedTorque(of network: Network) -> Property {
    property(
        of: network, in: box([(-4, 4), (-8, 8)]),
        cases: [[atMostZero([(0, -1)], plus: 1 + 1 / 64)], [atMostZero([(0, 1)], plus: 1 + 1 / 64)]])
}

/// The torque reaches 1, exactly: it does when `3/2 angle + 3/4 speed <= -1`.
func saturatedTorque(of network: Network) -> Property {
    property(of: network, in: box([(-4, 4), (-8, 8)]), cases: [[atMostZero([(0, -1)], plus: 1)]])
}

/// Off the rest position and moving away from it, on either side, the torque does not push back: it always does.
func returningTorque(of network: Network) -> Property {
    let right = box([(0.25, 4), (0, 8)])
    let left = box([(-4, -0.25), (-8, 0)])
    return Property(
        inputCount: 2, outputCount: 1, regions: [right, left],
        disjuncts: [
            Disjunct(region: 0, constraints: [atMostZero([(0, -1)])]),
            Disjunct(region: 1, constraints: [atMostZero([(0, 1)])]),
        ])
}

/// `|a| + |b| - |a + b|` falls below zero: it cannot.
func triangleViolated(of network: Network) -> Property {
    property(of: network, in: box([(-1, 1), (-1, 1)]), cases: [[atMostZero([(0, 1)], plus: 1 / 64)]])
}

/// `|a| + |b| - |a + b|` is at most zero: it is zero, exactly, where the signs agree.
func triangleTight(of network: Network) -> Property {
    property(of: network, in: box([(-1, 1), (-1, 1)]), cases: [[atMostZero([(0, 1)])]])
}

/// Holds: the first output is 0 everywhere.
func softplusIdentity(of network: Network) -> Property {
    property(
        of: network, in: box([(-2, 2), (-2, 2)]),
        cases: [[atMostZero([(0, -1)], plus: 1 / 8)], [atMostZero([(0, 1)], plus: 1 / 8)]])
}

/// Violated: softplus is above the identity, which reaches 4.
func softplusBelow(of network: Network) -> Property {
    property(of: network, in: box([(-2, 2), (-2, 2)]), cases: [[atMostZero([(1, -1)], plus: 15 / 4)]])
}
