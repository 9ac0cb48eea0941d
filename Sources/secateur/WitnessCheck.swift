import Certificates
import Evaluation
import Falsification
import Intervals
import Networks
import Properties
import VNNLIBFormat

/// Judges a counterexample, and says what a float32 program would see there.
///
/// - Throws: why it is not one.
func checkWitness(_ text: String, _ network: Network, _ property: Property, exactly: Bool)
    throws(CertificateError) -> String
{
    let point: [ExactDecimal]
    do {
        point = try WitnessReader.inputs(in: text, count: network.inputCount)
    } catch {
        throw CertificateError(error.description)
    }
    switch judge(point, network: network, property: property, exactly: exactly) {
    case .violated(let disjunct):
        return "counterexample checked: it satisfies disjunct \(disjunct); "
            + inFloat32(point, network, property, disjunct)
    case .notViolated(let reason): throw CertificateError("not a counterexample: \(reason)")
    case .undecided(let reason): throw CertificateError("not shown to be a counterexample: \(reason)")
    }
}

/// What evaluation in float32, sums in their plain order, gives at the nearest float32 point.
private func inFloat32(_ point: [ExactDecimal], _ network: Network, _ property: Property, _ disjunct: Int) -> String {
    let input = point.map { Float($0.enclosure.midpoint) }
    let output = network.evaluateFloat32(input)
    let holds = property.disjuncts[disjunct].constraints.allSatisfy { constraint in
        guard output.allSatisfy(\.isFinite) else { return false }
        let margin = constraint.margin(
            outputs: output.map { Interval(Double($0)) }, inputs: input.map { Interval(Double($0)) })
        return constraint.certainlyHolds(margin: margin)
    }
    return "evaluated in float32, in plain order, its constraints \(holds ? "hold" : "do not all hold") as well"
}
