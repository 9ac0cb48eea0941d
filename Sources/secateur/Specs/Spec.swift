import Networks
import Properties

/// A network of Specs/ and what is asked of it.
struct Spec {
    var name: String
    /// For the table: what it is.
    var about: String
    var network: Network
    var questions: [Question]

    struct Question {
        /// Follows the network's name in the file's.
        var name: String
        var property: Property
        /// `sat` or `unsat`.
        var expected: String
        /// For the table: why that is so.
        var reason: String
        /// Seconds that a user may want to give it.
        var timeout = 10
    }
}

/// All of Specs/.
func allSpecs() -> [Spec] {
    [
        scoreSpec("dense", about: "6 - 32 - 32 - 3, fully connected", denseNetwork(), seed: 11),
        scoreSpec("sparse", about: "16 - 64 - 64 - 4, nine weights of ten zero", sparseNetwork(), seed: 12),
        scoreSpec(
            "residual", about: "8x8 image, two convolutions, one with a connection around it",
            residualNetwork(),
            seed: 13),
        controllerSpec(), triangleSpec(), softplusSpec(), paritySpec(inputs: 6), paritySpec(inputs: 7),
        paritySpec(inputs: 41),
    ] + treacherousSpecs()
}

private func scoreSpec(_ name: String, about: String, _ network: Network, seed: UInt64) -> Spec {
    Spec(
        name: name, about: about, network: network,
        questions: [
            .init(
                name: "robust", property: robustProperty(of: network, seed: seed), expected: "unsat",
                reason: "sums of absolute weights bound the change"),
            .init(
                name: "planted", property: plantedProperty(of: network, seed: seed + 100), expected: "sat",
                reason: "a drawn point has these scores"),
        ])
}

private func controllerSpec() -> Spec {
    let network = controllerNetwork()
    return Spec(
        name: "controller", about: "clamp(-(3/2 angle + 3/4 speed), -1, 1)", network: network,
        questions: [
            .init(
                name: "bounded", property: boundedTorque(of: network), expected: "unsat",
                reason: "it is clamped"),
            .init(
                name: "returns", property: returningTorque(of: network), expected: "unsat",
                reason: "angle and speed have one sign, the torque the other; two boxes"),
            .init(
                name: "saturates", property: saturatedTorque(of: network), expected: "sat",
                reason: "the torque is exactly 1 where it is clamped"),
        ])
}

private func triangleSpec() -> Spec {
    let network = triangleNetwork()
    return Spec(
        name: "triangle", about: "|a| + |b| - |a + b|", network: network,
        questions: [
            .init(
                name: "below", property: triangleViolated(of: network), expected: "unsat",
                reason: "the triangle inequality"),
            .init(
                name: "tight", property: triangleTight(of: network), expected: "sat",
                reason: "exactly 0 where the signs agree"),
        ])
}

private func softplusSpec() -> Spec {
    let network = softplusNetwork()
    return Spec(
        name: "softplus", about: "softplus(z) - softplus(-z) - z, which is 0, and softplus(z), for z = a + b",
        network: network,
        questions: [
            .init(
                name: "identity", property: softplusIdentity(of: network), expected: "unsat",
                reason: "the first output is 0 everywhere"),
            .init(
                name: "below", property: softplusBelow(of: network), expected: "sat",
                reason: "softplus(z) > z, which reaches 4"),
        ])
}

private func paritySpec(inputs: Int) -> Spec {
    let network = parityNetwork(inputs: inputs)
    let isEven = inputs.isMultiple(of: 2)
    return Spec(
        name: "parity\(inputs)",
        about: "\(inputs) inputs: distance to whole numbers, and to half their number",
        network: network,
        questions: [
            .init(
                name: "half", property: parityProperty(of: network), expected: isEven ? "sat" : "unsat",
                reason: isEven
                    ? "half of the inputs 1, the others 0"
                    : "whole numbers do not sum to \(inputs)/2"
                        + (inputs > 20 ? "; searches need very long to see it" : ""),
                timeout: inputs > 20 ? 2 : 10)
        ])
}
