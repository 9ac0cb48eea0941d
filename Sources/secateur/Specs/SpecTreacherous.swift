// Networks on which float32 goes wrong: large numbers that cancel, a neuron that no float32 number reaches, a sum whose
// order decides its sign. A verifier that trusts such arithmetic proves what is false.

import Networks
import Properties

func treacherousSpecs() -> [Spec] { [cancellationSpec(), resolutionSpec(), orderSpec()] }

/// `relu(2^30 x + 1) - relu(2^30 x)`, which is 1; 2^30 x + 1 is no float32 number.
private func cancellationSpec() -> Spec {
    var builder = NetworkBuilder(inputShape: [1], seed: 0)
    builder.linear("large", rows: [[0x1p30], [0x1p30]], bias: [1, 0])
    builder.relu("parts")
    builder.linear("difference", rows: [[1, -1]], bias: [0])
    let network = builder.network
    let region = box([(1, 2)])
    return Spec(
        name: "cancellation", about: "relu(2^30 x + 1) - relu(2^30 x), which is 1", network: network,
        questions: [
            .init(
                name: "half", property: property(of: network, in: region, cases: [[atMostZero([(0, 1)], plus: -0.5)]]),
                expected: "unsat", reason: "1 is more than 1/2, though float32 computes 0"),
            .init(
                name: "one", property: property(of: network, in: region, cases: [[atMostZero([(0, -1)], plus: 0.75)]]),
                expected: "sat", reason: "1 is more than 3/4, though float32 computes 0"),
        ])
}

/// `2^30 relu(relu(x - 1) - 2^-30)` next to 1: 0 at all float32 numbers.
private func resolutionSpec() -> Spec {
    var builder = NetworkBuilder(inputShape: [1], seed: 0)
    builder.linear("offset", rows: [[1]], bias: [-1])
    builder.relu("distance")
    builder.linear("threshold", rows: [[1]], bias: [-0x1p-30])
    builder.relu("beyond")
    builder.linear("scaled", rows: [[0x1p30]], bias: [0])
    let network = builder.network
    let region = box([(1, 1 + 0x1p-28)])
    return Spec(
        name: "resolution", about: "2^30 relu(relu(x - 1) - 2^-30) between two float32 numbers", network: network,
        questions: [
            .init(
                name: "reached",
                property: property(of: network, in: region, cases: [[atMostZero([(0, -1)], plus: 2)]]),
                expected: "sat", reason: "it reaches 3, though it is 0 at all float32 numbers there"),
            .init(
                name: "bounded",
                property: property(of: network, in: region, cases: [[atMostZero([(0, -1)], plus: 3.5)]]),
                expected: "unsat", reason: "it reaches 3"),
        ])
}

/// `relu(2^24 a + b - 2^24 c) - 1/4` for `a = c = 1`, which is b - 1/4; float32 may round b away.
private func orderSpec() -> Spec {
    var builder = NetworkBuilder(inputShape: [3], seed: 0)
    builder.linear("sum", rows: [[0x1p24, 1, -0x1p24]], bias: [0])
    builder.relu("positive")
    builder.linear("shifted", rows: [[1]], bias: [-0.25])
    let network = builder.network
    return Spec(
        name: "order", about: "relu(2^24 a + b - 2^24 c) - 1/4 at a = c = 1", network: network,
        questions: [
            .init(
                name: "positive",
                property: property(
                    of: network, in: box([(1, 1), (0.5, 1), (1, 1)]), cases: [[atMostZero([(0, 1)])]]),
                expected: "unsat", reason: "it is b - 1/4, though float32 adds b to 2^24 in vain")
        ])
}
