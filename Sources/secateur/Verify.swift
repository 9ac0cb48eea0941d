public import ArgumentParser
public import BranchAndBound
import Certificates
import Files
import Glibc
import NetworkQueries
import Properties
import Studies
import Verification

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decides whether a network has a property.",
        discussion: """
            The first line of output is the verdict: unsat (no counterexample exists), sat (one follows, in VNN-LIB \
            form), unknown or timeout. What was undecided and why goes to standard error.

            A VNN-LIB 2.0 query may be about several networks. Its file is then named alone, and a file for each network \
            with --network; the verdict is timed-out in place of timeout, and an assignment of all variables follows sat.

            Example: secateur verify network.onnx property.vnnlib --timeout 60
            Example: secateur verify query.vnnlib --network f=dense.onnx --network g=pruned.onnx
            """)

    @OptionGroup var files: QuestionArguments

    @Option(help: ArgumentHelp("Stop after this many seconds.", valueName: "seconds"))
    var timeout: Double?

    @Option(help: "How many threads work on the query. (default: one per processor)")
    var threads: Int?

    @Option(help: "Start of the random numbers; the same seed gives the same run.")
    var seed: UInt64 = 0

    @Option(help: "Stop after this many subproblems.")
    var maxNodes: Int?

    @Flag(name: .customLong("give-up"), help: "End with unknown once the time clearly will not do.")
    var givesUp = false

    @Option(help: ArgumentHelp("Stop when the search holds this much memory.", valueName: "size"))
    var memory = MemorySize(bytes: 4 << 30)

    @Option(
        help: ArgumentHelp(
            "How the neuron to split is chosen: \(BranchingHeuristic.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "heuristic"))
    var branching = BranchingHeuristic.filtered

    @Flag(name: .customLong("no-attack"), help: "Do not look for counterexamples; only try to prove.")
    var noAttack = false

    @Option(
        help: ArgumentHelp(
            "Write the proof, or the counterexample, to this file, for secateur check.", valueName: "file"))
    var certificate: String?

    @Option(
        help: ArgumentHelp(
            """
            Start from this proof, whole or cut short: of an earlier run, or of a network that this one was pruned or \
            trained from. All of it is proved anew.
            """, valueName: "file"))
    var start: String?

    @Flag(
        name: .customLong("require-float32"),
        help: "Answer unsat only if it also holds for float32 execution, in every order of its sums.")
    var requireFloat32 = false

    @Flag(help: "Print one JSON object instead.")
    var json = false

    func validate() throws {
        if let timeout, !(timeout > 0) {
            throw ValidationError("--timeout must be a positive number of seconds")
        }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be 1 to 1024") }
        if givesUp, timeout == nil { throw ValidationError("--give-up needs --timeout, the time that may not do") }
        if let maxNodes, maxNodes < 1 { throw ValidationError("--max-nodes must be at least 1") }
    }

    func run() throws {
        let start = ContinuousClock.now
        catchInterrupts()
        let progress = ProgressLine()
        let printer = AnswerPrinter(network: files.network, property: files.property, asJSON: json, start: start)
        if let timeout { startWatchdog(timeout: timeout, printer: printer, progress: progress) }

        let question = try Question(files)
        let query = question.query
        if let reduced = question.reduced { printer.answer(reduced) }
        let readSeconds = seconds(since: start)
        let file = try certificate.map { path throws(InputFault) in
            let objection = question.objectionToCertifying ?? objectionToCertifying(query.network)
            if let objection {
                throw InputFault("\(question.propertyPath): \(objection); leave --certificate away")
            }
            do throws(FileError) {
                return try CertificateFile(
                    path: path, networks: question.networkFiles(), property: readFile(question.propertyPath))
            } catch {
                throw InputFault(error.description)
            }
        }
        var options = options(readSeconds: readSeconds)
        options.recorder = file?.recorder
        options.start = try self.start.map { try CertificateContent(path: $0).records() }
        var report =
            question.reduced.map {
                verify(
                    $0, as: query, options: options, progress: { progress.show($0) }, isCancelled: { isInterrupted() })
            } ?? verify(query, options: options, progress: { progress.show($0) }, isCancelled: { isInterrupted() })
        report.warnings = question.warnings + report.warnings
        let wasInterrupted = isInterrupted()
        if wasInterrupted, case .unknown = report.verdict { report.verdict = .unknown(reason: "interrupted") }
        progress.finish()
        let open: String?
        do throws(FileError) { open = try file?.finish(report.verdict, keepsOpen: true) } catch {
            throw InputFault(error.description)
        }
        switch report.verdict {
        case .holds, .violated: break
        case .unknown, .timeout: open.map(tellHowToGoOn)
        }
        printer.print(report, readSeconds: readSeconds)
        if wasInterrupted, case .unknown = report.verdict { throw ExitStatus.interrupted }
    }

    private func tellHowToGoOn(_ open: String) {
        writeOut("what was proved so far is in \(open); --start \(open) goes on from there\n", to: STDERR_FILENO)
    }

    private func options(readSeconds: Double) -> VerificationOptions {
        var options = VerificationOptions()
        if let timeout { options.timeout = max(0, timeout - readSeconds) }
        options.threads = threads ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        options.seed = seed
        options.maxNodes = maxNodes ?? .max
        options.givesUp = givesUp
        options.memoryLimit = memory.bytes
        options.attack = !noAttack
        options.branching = branching
        options.requiresFloat32 = requireFloat32
        return options
    }
}

extension BranchingHeuristic: ExpressibleByArgument {}

func seconds(since start: ContinuousClock.Instant) -> Double {
    (ContinuousClock.now - start) / .seconds(1)
}
