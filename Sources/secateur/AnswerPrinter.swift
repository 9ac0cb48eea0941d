import Glibc
import Intervals
import NetworkQueries
import Properties
import Synchronization
import VNNLIBFormat
import Verification

/// Prints the answer of one verification, once: whoever comes first, the verification or its watchdog.
final class AnswerPrinter: Sendable {
    private let network: String
    private let property: String?
    private let asJSON: Bool
    private let start: ContinuousClock.Instant
    private let isPrinted = Atomic<Bool>(false)
    /// The VNN-LIB 2.0 query, once it is read.
    private let reduced = Mutex<ReducedQuery?>(nil)

    /// - Parameter property: nil when the network's place is a VNN-LIB 2.0 query's.
    init(network: String, property: String?, asJSON: Bool, start: ContinuousClock.Instant) {
        self.network = network
        self.property = property
        self.asJSON = asJSON
        self.start = start
    }

    /// Answers as the standard of VNN-LIB 2.0 wants it from now on.
    func answer(_ reduced: ReducedQuery) { self.reduced.withLock { $0 = reduced } }

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
            let format = reduced.withLock { $0?.format } ?? .float32
            writeOut("holds for every \(format.rawValue) summation order: \(answer)\n", to: STDERR_FILENO)
        }
        let text = asJSON ? "\(json(report, readSeconds: readSeconds))\n" : text(report.verdict)
        writeOut(text, to: STDOUT_FILENO)
    }

    /// The verdict's line, then the witness in the form of the question's version.
    private func text(_ verdict: Verdict) -> String {
        guard let reduced = reduced.withLock({ $0 }) else {
            return property == nil ? word(verdict) + "\n" : verdict.text
        }
        guard let witness = verdict.witness else { return word(verdict) + "\n" }
        return "\(word(verdict))\n\(reduced.assignment(of: witness))\n"
    }

    private func word(_ verdict: Verdict) -> String {
        let isVersion2 = property == nil || reduced.withLock { $0 != nil }
        if case .timeout = verdict, isVersion2 { return "timed-out" }
        return verdict.word
    }

    private func json(_ report: VerificationReport, readSeconds: Double) -> JSON {
        .object([
            ("verdict", .text(word(report.verdict))),
            ("reason", report.verdict.reason.map(JSON.text) ?? .null),
            ("network", .text(network)),
            ("property", .text(property ?? network)),
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
            (
                "assignment",
                report.verdict.witness.flatMap { witness in
                    reduced.withLock { $0 }.map { .text($0.assignment(of: witness)) }
                } ?? .null
            ),
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
