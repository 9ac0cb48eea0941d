import ArgumentParser
import Glibc
import Studies

struct Sweep: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains, prunes and verifies many networks, to see which sparsity is easiest to verify.",
        discussion: """
            A sweep is a YAML file: architecture or networks, data, seeds, ratios, radii, images. What is missing is made \
            and asked; networks, answers and results.json, which secateur report reads, are kept in a folder. The same \
            command goes on after an interrupt, a crash or a full disk.

            Example: secateur sweep Specs/sweep.yaml --out sweep
            """)

    @Argument(help: "The sweep, a YAML file.")
    var file: String

    @Option(help: ArgumentHelp("Where everything is kept. (default: the file's name)", valueName: "folder"))
    var out: String?

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp("Replace a value of the file, such as verification.timeout=10.", valueName: "key=value"))
    var overrides: [String] = []

    @Option(
        help: ArgumentHelp(
            "Do not take over epsilons, counterexamples, proofs or bounds from one query to others; names with commas between, or all.",
            valueName: "kinds"))
    var noReuse: String?

    @Flag(help: "Show what would be done and about how long it takes, and do nothing.")
    var dryRun = false

    @Flag(help: "Look for the ratio with the highest certified accuracy instead of asking the grid, as `choice` says.")
    var choose = false

    @Option(help: ArgumentHelp("Stop after this many seconds; the same command goes on.", valueName: "seconds"))
    var budget: Double?

    @Option(help: "How many queries or trainings run side by side. (default: one per processor)")
    var jobs: Int?

    @Flag(help: "Print the tables only.")
    var quiet = false

    func validate() throws {
        if let budget, !(budget > 0) { throw ValidationError("--budget must be a positive number of seconds") }
        if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs must be 1 to 1024") }
        for text in overrides where !text.contains("=") {
            throw ValidationError("--set: '\(text)' is not written like verification.timeout=10")
        }
        _ = try switchedOff()
    }

    private func switchedOff() throws -> Set<Reuse> {
        guard let noReuse else { return [] }
        if noReuse == "all" { return Set(Reuse.allCases) }
        return Set(
            try noReuse.split(separator: ",").map { word in
                guard let kind = Reuse(rawValue: String(word)) else {
                    let known = Reuse.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("--no-reuse: '\(word)' is unknown; choose of \(known), or all")
                }
                return kind
            })
    }

    func run() throws {
        catchInterrupts()
        let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let options = SweepRunner.Options(version: markedVersion(), processors: processors)
        do {
            var plan = try SweepPlan(file: file, folder: out, overrides: overrides.map(Self.split))
            plan.reuse.subtract(try switchedOff())
            plan.budget = budget ?? plan.budget
            plan.jobs = jobs ?? plan.jobs
            if dryRun {
                try printEstimate(plan, options)
                return
            }
            let session = SweepSession(isQuiet: quiet)
            let isInterrupted = choose ? try session.choose(plan, options) : try session.run(plan, options)
            if isInterrupted { throw ExitStatus.interrupted }
        } catch let error as StudyError {
            throw InputFault(error.description)
        }
    }

    private static func split(_ text: String) -> (key: String, value: String) {
        let place = text.firstIndex(of: "=")!
        return (String(text[..<place]), String(text[text.index(after: place)...]))
    }

    private func printEstimate(_ plan: SweepPlan, _ options: SweepRunner.Options) throws {
        let estimate = try plan.estimate(options: options)
        var table = TextTable(header: ["network", "seed", "method", "ratio", "", "file"], leftAligned: 1)
        for (index, recipe) in estimate.recipes.enumerated() {
            table.rows.append([
                recipe.name, "\(recipe.seed)", recipe.method ?? "-", formatted("%.4g", recipe.ratio),
                estimate.missing.contains(index) ? "to be made" : "is there", recipe.file,
            ])
        }
        var text = "\(table)\n"
        let radii = plan.epsilons.isEmpty ? "radii by bisection" : "radii \(plan.epsilons.joined(separator: ", "))"
        text += "\(estimate.images) images, \(radii), \(estimate.questions) questions, \(estimate.open) of them open\n"
        if let seconds = estimate.training { text += "training, at most: \(duration(seconds))\n" }
        if let seconds = estimate.bounding { text += "verifying, if every query is easy: about \(duration(seconds))\n" }
        if let seconds = estimate.longest {
            text += "verifying, if every query uses its time up: \(duration(seconds))\n"
        }
        writeOut(text, to: STDOUT_FILENO)
    }
}

/// Seconds in words.
func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<90: "\(formatted("%.2g", seconds)) s"
    case ..<5400: "\(formatted("%.0f", seconds / 60)) min"
    case ..<172_800: "\(formatted("%.1f", seconds / 3600)) h"
    default: "\(formatted("%.1f", seconds / 86_400)) days"
    }
}
