import Glibc
import Properties
import Synchronization
import VNNLIBFormat
import Verification

/// Prints the answer of one verification, once: whoever comes first, the verification or its watchdog.
final class AnswerPrinter: Sendable {
    private let network: String
    private let property: String
    private let asJSON: Bool
    private let start: ContinuousClock.Instant
    private let isPrinted = Atomic<Bool>(false)

    init(network: String, property: String, asJSON: Bool, start: ContinuousClock.Instant) {
        self.network = network
        self.property = property
        self.asJSON = asJSON
        self.start = start
    }

    func print(_ report: VerificationReport, readSeconds: Double) {
        guard !isPrinted.exchange(true, ordering: .relaxed) else {
            // The watchdog is about to end the process.
            while true { pause() }
        }
        for warning in report.warnings { writeOut("warning: \(warning)\n", to: STDERR_FILENO) }
        if let reason = report.verdict.reason { writeOut("unknown: \(reason)\n", to: STDERR_FILENO) }
        if case .holds = report.verdict, let float32 = report.float32 {
            let rounding = formatted("%.2g", float32.rounding)
            let answer = "\(float32.holds ? "yes" : "no") (rounding takes at most \(rounding) from a margin)"
            writeOut("holds for every float32 summation order: \(answer)\n", to: STDERR_FILENO)
        }
        let text = asJSON ? "\(json(report, readSeconds: readSeconds))\n" : report.verdict.text
        writeOut(text, to: STDOUT_FILENO)
    }

    private func json(_ report: VerificationReport, readSeconds: Double) -> JSON {
        .object([
            ("verdict", .text(report.verdict.word)),
            ("reason", report.verdict.reason.map(JSON.text) ?? .null),
            ("network", .text(network)),
            ("property", .text(property)),
            (
                "seconds",
                .object([
                    ("read", .number(readSeconds)), ("attack", .number(report.attackSeconds)),
                    ("bounds", .number(report.boundSeconds)), ("search", .number(report.searchSeconds)),
                    ("total", .number(seconds(since: start))),
                ])
            ),
            ("nodes", .count(report.nodes)),
            ("open", .count(report.open)),
            ("worstBound", .optional(report.worstBound)),
            ("neurons", .count(report.neurons)),
            ("unstableNeurons", .count(report.unstableNeurons)),
            (
                "float32",
                report.float32.map {
                    .object([
                        ("rounding", .number($0.rounding)),
                        ("holds", .text($0.holds ? "yes" : "no")),
                    ])
                } ?? .null
            ),
            ("warnings", .texts(report.warnings)),
            ("witness", report.verdict.witness.map(json(_:)) ?? .null),
            ("version", .text(version)),
        ])
    }

    /// The input as float64 numbers and, exactly, as decimals; the output as float64 numbers.
    private func json(_ witness: Counterexample) -> JSON {
        .object([
            ("input", .numbers(witness.input)), ("inputText", .texts(witness.inputText)),
            ("output", .numbers(witness.output)),
        ])
    }
}

extension Verdict {
    /// As verifiers of VNN-LIB properties say it: the property describes a counterexample, so a proof is `unsat`.
    var word: String {
        switch self {
        case .holds: "unsat"
        case .violated: "sat"
        case .unknown: "unknown"
        case .timeout: "timeout"
        }
    }

    var reason: String? {
        if case .unknown(let reason) = self { reason } else { nil }
    }

    var witness: Counterexample? {
        if case .violated(let witness) = self { witness } else { nil }
    }

    /// The word on a line of its own, then the witness in VNN-LIB form.
    var text: String {
        guard let witness else { return word + "\n" }
        return word + "\n" + VNNLIBWriter.text(of: witness) + "\n"
    }
}
