import ArgumentParser
import Glibc
import Studies

struct RadiusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "radius",
        abstract: "Finds how far around images a network keeps their class.",
        discussion: """
            For each image: the largest radius that was proved, and the smallest within which a counterexample is known \
            (maximum norm, clipped to the data's range). Where a query ends undecided the two stay further apart, and the \
            last column says why.

            Example: secateur radius network.onnx --data mnist --images 0:20 --timeout 60
            """)

    @Argument(help: "The network, an ONNX file, gzipped or not.")
    var network: String

    @OptionGroup var images: ImageArguments

    @Option(help: ArgumentHelp("Stop each query after this many seconds.", valueName: "seconds"))
    var timeout = 60.0

    @Option(help: "Stop when the two radii differ by less than this part.")
    var tolerance = 0.01

    @Option(help: "Ask no more than this many queries for an image.")
    var maxQueries = 20

    @Flag(
        help: """
            Also ask one plain query at each certified radius, and print what the search cost in processor time, in \
            such queries.
            """)
    var compare = false

    @Option(help: "How many threads work on each query. (default: one per processor)")
    var threads: Int?

    @Option(help: ArgumentHelp("Stop a query when its search holds this much memory.", valueName: "size"))
    var memory = MemorySize(bytes: 4 << 30)

    @Option(help: "Start of the random numbers.")
    var seed: UInt64 = 0

    @Flag(help: "Print one JSON object per image.")
    var json = false

    func validate() throws {
        guard timeout > 0 else { throw ValidationError("--timeout must be a positive number of seconds") }
        guard tolerance >= 1e-4, tolerance < 1 else { throw ValidationError("--tolerance must be 0.0001 to 1") }
        if maxQueries < 1 { throw ValidationError("--max-queries must be at least 1") }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be 1 to 1024") }
    }

    func run() throws {
        catchInterrupts()
        let queries = try images.queries(network: network, epsilons: ["0"])
        let progress = ProgressLine()
        var ratios: [Double] = []
        var table = TextTable(
            header: ["image", "label", "certified", "attacked", "gap %", "attacks", "queries", "s", "cpu s"]
                + (compare ? ["one query", "cost"] : []) + [""], leftAligned: 1)
        do {
            let search = try RadiusSearch(network: network, dataset: images.reference, options: options())
            for query in queries {
                guard case .image(let question) = query.subject else { continue }
                let result = try search.run(
                    question, progress: { progress.show("image \(question.index): \($0)") },
                    isCancelled: { isInterrupted() })
                if isInterrupted() { break }
                progress.hide()
                if let ratio = result.cost { ratios.append(ratio) }
                if json {
                    writeOut("\(object(question.index, result))\n", to: STDOUT_FILENO)
                } else {
                    table.rows.append(row(question.index, result))
                }
            }
        } catch {
            throw InputFault("\(error)")
        }
        progress.finish()
        if !json {
            writeOut("\(table)", to: STDOUT_FILENO)
            if !ratios.isEmpty {
                let sorted = ratios.sorted()
                writeOut(
                    "cost in plain queries: median \(formatted("%.2f", sorted[sorted.count / 2])), most "
                        + "\(formatted("%.2f", sorted.last!))\n", to: STDOUT_FILENO)
            }
        }
        if isInterrupted() { throw ExitStatus.interrupted }
    }

    private func options() -> RadiusOptions {
        var options = RadiusOptions()
        options.tolerance = tolerance
        options.mostQueries = maxQueries
        options.compares = compare
        options.query.timeout = timeout
        options.query.threads = threads ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        options.query.memory = memory.bytes
        options.query.seed = seed
        return options
    }

    private func row(_ index: Int, _ result: RadiusResult) -> [String] {
        let start = ["\(index)", "\(result.label)"]
        if let predicted = result.predicted {
            return start + Array(repeating: "", count: compare ? 9 : 7) + ["misclassified as \(predicted)"]
        }
        var gap = ""
        if let lower = result.certified.flatMap({ Double($0) }), let upper = result.attacked.flatMap({ Double($0) }) {
            gap = formatted("%.2f", 100 * (upper / lower - 1))
        }
        func seconds(_ value: Double?) -> String { value.map { formatted("%.2f", $0) } ?? "-" }
        return start + [
            result.certified ?? "-", result.attacked ?? "-", gap, "\(result.attacks)", "\(result.queries)",
            seconds(result.seconds), seconds(result.processorSeconds),
        ] + (compare ? [seconds(result.plainSeconds), seconds(result.cost)] : []) + [result.reason ?? ""]
    }

    private func object(_ index: Int, _ result: RadiusResult) -> JSON {
        .object([
            ("image", .count(index)), ("label", .count(result.label)),
            ("predicted", .count(result.predicted ?? result.label)),
            ("certified", result.certified.map(JSON.text) ?? .null),
            ("attacked", result.attacked.map(JSON.text) ?? .null), ("reason", result.reason.map(JSON.text) ?? .null),
            ("attacks", .count(result.attacks)), ("queries", .count(result.queries)),
            ("seconds", .number(result.seconds)),
            ("processorSeconds", .number(result.processorSeconds)),
            ("plainSeconds", .optional(result.plainSeconds)),
        ])
    }
}
