import ArgumentParser
import Intervals
import Studies

struct Robust: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decides local robustness around images of a dataset.",
        discussion: """
            For each image and radius: unsat when no input within the radius (maximum norm, clipped to the data's range) \
            is given another class an output at least as large as the label's; sat when one is found; misclassified when \
            the image itself is.

            Example: secateur robust network.onnx --data mnist --images 0:100 --epsilon 0.01,0.02 --timeout 20
            """)

    @Argument(help: "The network, an ONNX file, gzipped or not.")
    var network: String

    @OptionGroup var images: ImageArguments

    @Option(help: "Radii in the units of the data (0 to 1 for pixels), decimals with commas between.")
    var epsilon: String

    @OptionGroup var batch: BatchArguments

    func run() throws {
        let epsilons = epsilon.split(separator: ",").map { $0.filter { $0 != " " } }
        for epsilon in epsilons where ExactDecimal(epsilon).map({ $0.sign < 0 }) ?? true {
            throw InputFault("--epsilon: '\(epsilon)' is no radius; write decimals from 0 on, such as 0.01,0.02")
        }
        guard !epsilons.isEmpty else { throw InputFault("--epsilon: no radius; write decimals such as 0.01,0.02") }
        let queries = try images.queries(network: network, epsilons: epsilons)
        let session = BatchSession(arguments: batch, defaultStore: nil)
        try session.run(queries) { runner, _ in
            if let out = batch.out { try ResultExport(runner).writeTable(to: out) }
        }
    }
}

/// Which images, and how the network sees them.
struct ImageArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The dataset: IDX, CIFAR, NPY or CSV files, or a directory of one, or of PNG images.", valueName: "path"))
    var data: String

    @Option(help: "The file of the labels, where the dataset's name does not tell.")
    var labels: String?

    @Option(help: "Which part of the dataset: test or train.")
    var split = "test"

    @Option(help: "Channels, rows and columns of an example, for CSV, such as 1,28,28.")
    var shape: String?

    @Option(
        help: ArgumentHelp("Which images, counted from 0, such as 0:100 or 3,5,10:20.", valueName: "range"),
        transform: { try parsed($0, IndexRanges.init, like: "0:100 or 3,5,10:20") })
    var images: IndexRanges

    @Option(help: "Subtracted from each value before the network sees it; one decimal, or one per channel.")
    var mean: String?

    @Option(help: "Divides each value after that; one decimal, or one per channel.")
    var std: String?

    @Option(help: "The only class that counts as a violation. (default: every other)")
    var target: Int?

    func validate() throws {
        guard ["test", "train"].contains(split) else { throw ValidationError("--split must be test or train") }
        if let shape, list(shape).isEmpty || list(shape).contains(where: { Int($0).map { $0 < 1 } ?? true }) {
            throw ValidationError("--shape must be up to three positive numbers, such as 1,28,28")
        }
        _ = try normalization()
    }

    private func list(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
    }

    private func normalization() throws -> Normalization? {
        guard mean != nil || std != nil else { return nil }
        guard let normalization = Normalization(mean: list(mean ?? "0"), deviation: list(std ?? "1")) else {
            throw ValidationError("--mean and --std must be decimals, --std above 0")
        }
        return normalization
    }

    var reference: DatasetReference {
        DatasetReference(
            path: data, labels: labels, split: split, shape: shape.map { list($0).compactMap { Int($0) } })
    }

    func queries(network: String, epsilons: [String]) throws -> [StudyQuery] {
        let questions: [ImageQuestion]
        do {
            questions = try ImageQuestion.all(
                of: reference, images: images, epsilons: epsilons, normalization: normalization(), target: target)
        } catch let error as StudyError {
            throw InputFault(error.description)
        }
        return questions.map {
            StudyQuery(category: reference.name, networkName: network, network: network, subject: .image($0))
        }
    }
}
