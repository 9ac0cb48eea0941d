public import ArgumentParser
import Certificates
public import Comparison
import Glibc
import Intervals
import Networks
import Properties
import Studies
import Verification

struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Certifies how far pruning moved a network's outputs.",
        discussion: """
            For each region: a value that the largest difference between the networks' outputs attains, with the input, \
            and one that it nowhere exceeds. Regions are the input boxes of a property, a box, or images with a radius. \
            With --threshold the first line is a verdict: unsat (never exceeded), sat (an input follows, with the dense \
            network's outputs and then the pruned one's), unknown or timeout; so it is with --decision, which asks whether \
            both networks always rank the same class first. --certificate F also leaves the question as the VNN-LIB 2.0 query \
            F.vnnlib, and in F a proof of its answer, or the counterexample: secateur check F F.vnnlib --network f=dense.onnx \
            --network g=pruned.onnx.

            Example: secateur compare dense.onnx pruned.onnx --property property.vnnlib --timeout 60
            Example: secateur compare dense.onnx pruned.onnx --data mnist --images 0:20 --epsilon 0.01 --decision
            """)

    @Argument(help: "The network before pruning, an ONNX file, gzipped or not.")
    var dense: String

    @Argument(help: "The network after pruning.")
    var pruned: String

    @OptionGroup var regions: RegionArguments

    @Option(help: "What is measured: linf (the largest output's difference), l2, or outputs (each by itself).")
    var measure = DeviationMeasure.maximum

    @Flag(help: "Ask whether both networks always rank the same class first, instead of how far outputs are apart.")
    var decision = false

    @Option(help: ArgumentHelp("Decide whether the deviation ever exceeds this.", valueName: "deviation"))
    var threshold: Double?

    @Option(
        help: ArgumentHelp(
            "With --threshold over one region: write the proof, or the counterexample, to this file, for secateur check.",
            valueName: "file"))
    var certificate: String?

    @Option(help: "Stop when the certified value is within this share of the attained one.")
    var tolerance = 0.1

    @Option(help: ArgumentHelp("Stop each region after this many seconds.", valueName: "seconds"))
    var timeout: Double?

    @Flag(
        name: .customLong("closed-form"),
        help: "Only the closed form by spectral norms: milliseconds, with the norms and deviations of every layer.")
    var closedForm = false

    @Flag(help: "With --closed-form, the formula of arXiv 2507.02953 as well, which is not sound for several layers.")
    var published = false

    @Option(
        help: ArgumentHelp(
            "How much each layer of the dense network may be changed for this deviation, before pruning.",
            valueName: "deviation"))
    var budget: Double?

    @Flag(name: .customLong("no-attack"), help: "Do not look for large deviations by gradient ascent.")
    var noAttack = false

    @Option(help: "How many threads work on a region. (default: one per processor)")
    var threads: Int?

    @Option(help: "Start of the random numbers.")
    var seed: UInt64 = 0

    @Flag(help: "Print one JSON object per region instead.")
    var json = false

    func validate() throws {
        for (name, value) in [("--threshold", threshold), ("--budget", budget)] {
            if let value, !(value >= 0 && value.isFinite) {
                throw ValidationError("\(name) must be a number from 0 on")
            }
        }
        if !(tolerance > 0 && tolerance <= 1000) { throw ValidationError("--tolerance must be above 0") }
        if let timeout, !(timeout > 0) { throw ValidationError("--timeout must be a positive number of seconds") }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be 1 to 1024") }
        if certificate != nil && (threshold == nil || measure == .euclidean || closedForm || budget != nil) {
            throw ValidationError("--certificate belongs to --threshold, and to --measure linf or outputs")
        }
        if published && !closedForm { throw ValidationError("--published belongs to --closed-form") }
        if decision && (threshold != nil || budget != nil || closedForm) {
            throw ValidationError("--decision asks for no number; leave --threshold, --budget and --closed-form away")
        }
    }

    func run() throws {
        catchInterrupts()
        let networks = (dense: try readNetwork(dense), pruned: try readNetwork(pruned))
        let pair: NetworkPair
        do {
            pair = try NetworkPair(dense: networks.dense, pruned: networks.pruned)
        } catch {
            throw InputFault("\(dense), \(pruned): \(error.message)")
        }
        let regions = try regions.regions(for: networks.dense)
        if let obstacle = pair.obstacle {
            writeOut(
                "the networks have no common structure (\(obstacle)): they are bounded side by side\n",
                to: STDERR_FILENO)
        }
        if let certificate {
            if let objection = objectionToCertifying(pair.product) {
                throw InputFault("\(dense), \(pruned): \(objection); leave --certificate away")
            }
            if regions.count > 1 {
                throw InputFault(
                    "\(certificate): there are \(regions.count) regions; give one, or leave --certificate away")
            }
        }
        let comparison = Comparison(pair)
        var printer = ComparePrinter(dense: dense, pruned: pruned, asJSON: json)
        let progress = ProgressLine()
        let watch = ComparisonWatch(progress: progress)
        for (index, region) in regions.enumerated() {
            if isInterrupted() { break }
            let start = ContinuousClock.now
            let goal = options(start).goal
            watch.begin(timeout: timeout, isLast: index == regions.count - 1) { [printer, decision] latest in
                var printer = printer
                let verdict: Verdict = isInterrupted() ? .unknown(reason: "interrupted") : .timeout
                if decision {
                    let report = DecisionReport(verdict: verdict, boxes: latest?.boxes ?? 0)
                    printer.print(region, report, seconds: seconds(since: start))
                } else {
                    var report = ComparisonReport()
                    report.brackets = latest?.brackets ?? []
                    report.boxes = latest?.boxes ?? 0
                    report.open = latest?.open ?? 0
                    if goal.threshold != nil { report.verdict = verdict }
                    printer.print(region, report, goal, seconds: seconds(since: start))
                }
            }
            try answer(region, comparison, &printer, progress, watch, start)
        }
        printer.finish()
        if isInterrupted() { throw ExitStatus.interrupted }
    }

    private func answer(
        _ region: NamedRegion, _ comparison: Comparison, _ printer: inout ComparePrinter, _ progress: ProgressLine,
        _ watch: ComparisonWatch, _ start: ContinuousClock.Instant
    ) throws {
        defer { watch.end() }
        if closedForm || budget != nil {
            guard let closed = comparison.closedForm(over: region.region) else {
                throw InputFault(
                    "\(dense), \(pruned): \(comparison.pair.obstacle ?? "the structures differ"), so there is no closed "
                        + "form; leave --closed-form and --budget away")
            }
            let budgets = budget.flatMap { comparison.budgets(within: $0, over: region.region) }
            watch.end()
            printer.print(
                region, closed, published: published, budgets: budgets, deviation: budget,
                seconds: seconds(since: start))
            return
        }
        let options = options(start)
        if decision {
            let report = comparison.decision(over: region.region, options: options) {
                watch.note($0)
                progress.show("\(region.name): \($0.boxes) boxes, \($0.open) open")
            }
            watch.end()
            progress.hide()
            printer.print(region, report, seconds: seconds(since: start))
        } else {
            let report = comparison.deviation(over: region.region, options: options) {
                watch.note($0)
                progress.show(
                    "\(region.name): \($0.boxes) boxes, \($0.open) open, between \(formatted("%.5g", $0.attacked)) and "
                        + formatted("%.5g", $0.certified))
            }
            watch.end()
            progress.hide()
            if let certificate, let verdict = report.verdict {
                let made = try DeviationCertificate(
                    path: certificate, dense: dense, pruned: pruned, region: region, threshold: threshold ?? 0)
                let note = try made.write(verdict, options: proofOptions(start)) { progress.show($0) }
                progress.hide()
                writeOut(note, to: STDERR_FILENO)
            }
            printer.print(region, report, options.goal, seconds: seconds(since: start))
        }
    }

    /// For a proof that is written down, in what is left of the time.
    private func proofOptions(_ start: ContinuousClock.Instant) -> VerificationOptions {
        var options = VerificationOptions()
        options.timeout = timeout.map { max(0, $0 - seconds(since: start)) } ?? .infinity
        options.threads = threadCount
        options.seed = seed
        return options
    }

    private var threadCount: Int { threads ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    private func options(_ start: ContinuousClock.Instant) -> ComparisonOptions {
        var options = ComparisonOptions()
        options.goal.measure = measure
        options.goal.tolerance = tolerance
        options.goal.threshold = threshold
        options.limits.deadline = timeout.map { start + .seconds($0) }
        options.limits.threads = threadCount
        options.limits.isCancelled = { isInterrupted() }
        options.seed = seed
        options.attack = !noAttack
        let threads = options.limits.threads
        let prepared = PreparedNetworks()
        options.decide = { [seed, noAttack] which, network, property, seconds in
            guard let query = try? Query(network: prepared.network(which, network), property: property) else {
                return .unknown(reason: "the property does not fit the network")
            }
            var options = VerificationOptions()
            options.timeout = seconds ?? .infinity
            options.threads = threads
            options.seed = seed
            options.attack = !noAttack
            return verify(query, options: options, isCancelled: { isInterrupted() }).verdict
        }
        return options
    }
}

extension DeviationMeasure: ExpressibleByArgument {}
