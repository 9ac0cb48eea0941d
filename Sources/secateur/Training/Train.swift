import ArgumentParser
import Datasets
import ONNXFormat
import Studies
import Training

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a network on labelled examples.",
        discussion: """
            The network starts from an architecture by name, with random weights, or from an ONNX file. It subtracts \
            the training data's mean and divides by its standard deviation itself, so that its inputs are those of \
            the data. One line per epoch goes to standard output.

            Example: secateur train --architecture conv-small --data digits --epochs 3 --out digits.onnx
            """)

    @Option(
        help: ArgumentHelp(
            "What to train: \(Architecture.names.joined(separator: ", ")).", valueName: "name"))
    var architecture: String?

    @Option(help: ArgumentHelp("Or the ONNX file to start from.", valueName: "file"))
    var network: String?

    @Option(help: ArgumentHelp("Outputs of the network. (default: one per class)", valueName: "count"))
    var outputs: Int?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Subtract this from inputs instead of the data's mean.", valueName: "numbers"))
    var mean: [Double] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Divide inputs by this instead of the data's standard deviation.", valueName: "numbers"))
    var deviation: [Double] = []

    @OptionGroup var arguments: TrainingArguments

    func validate() throws {
        guard (architecture == nil) != (network == nil) else {
            throw ValidationError("give either --architecture or --network")
        }
        if let architecture, Architecture(architecture) == nil {
            throw ValidationError(
                "--architecture '\(architecture)' is unknown; choose of \(Architecture.names.joined(separator: ", "))")
        }
        if mean.isEmpty != deviation.isEmpty || mean.count != deviation.count {
            throw ValidationError("give --mean and --deviation together, with as many numbers")
        }
        if deviation.contains(where: { !($0 > 0) }) { throw ValidationError("--deviation must be positive") }
        if let outputs, outputs < 1 { throw ValidationError("--outputs must be at least 1") }
    }

    func run() throws {
        if let network {
            let model = try readModel(network)
            let session = TrainingSession(
                arguments: arguments, recipe: model.architecture?.recipe ?? TrainingOptions(),
                metadata: model.metadata, origin: .parent(digest: try fileDigest(network)))
            try session.run { _ in model.trainable }
        } else if let name = architecture, let architecture = Architecture(name) {
            let session = TrainingSession(
                arguments: arguments, recipe: architecture.recipe, metadata: [:], origin: .architecture(name))
            try session.run { examples throws(InputFault) in
                do throws(TrainingError) {
                    return try architecture.network(
                        for: examples, outputs: outputs, normalization: mean.isEmpty ? nil : (mean, deviation),
                        seed: arguments.seed)
                } catch {
                    throw InputFault("\(arguments.data.data): \(error.description)")
                }
            }
        }
    }
}

struct Finetune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a pruned network further; weights that are 0 stay 0.",
        discussion: """
            The zeros of matrices and convolutions in the file are the mask, and are zeros in the result. The network is \
            trained as its architecture is, at a tenth of the rate, unless told otherwise.

            Example: secateur finetune pruned.onnx --data digits --epochs 3 --out finetuned.onnx
            """)

    @Argument(help: "The network, an ONNX file, gzipped or not.")
    var network: String

    @OptionGroup var arguments: TrainingArguments

    func run() throws {
        let model = try readModel(network)
        let session = TrainingSession(
            arguments: arguments, recipe: (model.architecture?.recipe ?? TrainingOptions()).finetuning,
            metadata: model.metadata, origin: .parent(digest: try fileDigest(network)))
        try session.run { _ in model.trainable }
    }
}
