import ArgumentParser
import Datasets
import Glibc
import Networks
import ONNXFormat
import Pruning
import Training

struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Removes weights, channels or neurons from a network.",
        discussion: """
            A removed weight is 0 in the file; `secateur finetune` keeps it so. With --structured channels and \
            neurons go, and the network becomes smaller. Methods: magnitude, random, gradient, obd, obs, sparsegpt, \
            woodfisher, and merge, which folds parallel and constant neurons without changing the function.

            Example: secateur prune digits.onnx --method magnitude --scope convolutions --ratio 0.4 --out pruned.onnx
            """)

    @Argument(help: "The network, an ONNX file, gzipped or not.")
    var network: String

    @Option(help: ArgumentHelp("Where the pruned network is written.", valueName: "file"))
    var out: String

    @Option(help: ArgumentHelp("How weights are chosen.", valueName: "name"))
    var method = "magnitude"

    @Option(help: ArgumentHelp("Layers by operator: all, convolutions or matrices.", valueName: "name"))
    var scope = "all"

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Layers by name instead, as secateur inspect shows them.", valueName: "names"))
    var layers: [String] = []

    @Option(help: ArgumentHelp("Share of the weights in scope that are 0 in the end.", valueName: "share"))
    var ratio = 0.5

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Layers with a ratio of their own.", valueName: "name=share"))
    var layerRatios: [String] = []

    @Flag(help: "Prune each layer by the ratio, instead of comparing all of them.")
    var perLayer = false

    @Option(help: ArgumentHelp("Keep so many weights of each group of inputs, such as 2:4.", valueName: "n:m"))
    var pattern: String?

    @Flag(help: "Remove whole channels and neurons, by --norm.")
    var structured = false

    @Option(help: ArgumentHelp("What channels are compared by: l1 or l2.", valueName: "name"))
    var norm = "l2"

    @Option(help: ArgumentHelp("Share of the removed weights that come back at random.", valueName: "share"))
    var revive = 0.0

    @Option(help: ArgumentHelp("Calibration examples, for methods that need them.", valueName: "path"))
    var data: String?

    @Option(help: ArgumentHelp("How many calibration examples.", valueName: "count"))
    var calibration = 256

    @Option(help: ArgumentHelp("Added to the diagonal of Hessians, as a share of its mean.", valueName: "share"))
    var damping = 0.01

    @Option(help: "Start of the random numbers.")
    var seed: UInt64 = 0

    func validate() throws {
        let methods = PruningMethod.allCases.map(\.rawValue) + ["merge"]
        if !methods.contains(method) {
            throw ValidationError(
                "--method '\(method)' is unknown; choose of \(methods.joined(separator: ", "))")
        }
        if !["all", "convolutions", "matrices"].contains(scope) {
            throw ValidationError("--scope must be all, convolutions or matrices")
        }
        if !["l1", "l2"].contains(norm) { throw ValidationError("--norm must be l1 or l2") }
        if structured && method != "magnitude" {
            throw ValidationError("--structured compares channels by --norm; leave --method away")
        }
        if !(0...1).contains(revive) { throw ValidationError("--revive must be between 0 and 1") }
        if calibration < 1 { throw ValidationError("--calibration must be at least 1") }
        if !(damping > 0) { throw ValidationError("--damping must be positive") }
        if let pattern, parsed(pattern) == nil { throw ValidationError("--pattern must be written like 2:4") }
        for ratio in layerRatios where parsed(layerRatio: ratio) == nil {
            throw ValidationError("--layer-ratios must be written like conv_2=0.5, not '\(ratio)'")
        }
    }

    private func parsed(_ pattern: String) -> (kept: Int, group: Int)? {
        let parts = pattern.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let kept = parts[0], let group = parts[1], kept > 0, kept < group else { return nil }
        return (kept, group)
    }

    private func parsed(layerRatio text: String) -> (name: String, ratio: Double)? {
        guard let place = text.lastIndex(of: "="), let ratio = Double(text[text.index(after: place)...]) else {
            return nil
        }
        return (String(text[..<place]), ratio)
    }

    func run() throws {
        var model = try readModel(network)
        let parent = try fileHash(network)
        model.metadata["secateur.parent"] = parent
        model.metadata["secateur.pruning"] = structured ? "structured \(norm)" : method
        model.metadata["secateur.pruning_seed"] = "\(seed)"
        if method == "merge" {
            let merged = model.trainable.network.simplified()
            say("\(neurons(model.trainable.network)) neurons, \(neurons(merged)) after merging")
            model.trainable = TrainableNetwork(merged)
        } else if structured {
            let shrunk = try shrink(model.trainable)
            say(
                "\(shrunk.removed) of \(shrunk.channels) channels removed, "
                    + "\(model.trainable.network.statistics.weights) weights became "
                    + "\(shrunk.network.network.statistics.weights)")
            model.trainable = shrunk.network
            model.metadata["secateur.pruning_ratio"] = "\(ratio)"
        } else {
            let pruned = try removeWeights(model.trainable)
            var table = TextTable(header: ["layer", "weights", "zeros", "sparsity"], leftAligned: 1)
            for layer in pruned.layers + [
                LayerSparsity(name: "total", weights: pruned.weights, zeros: pruned.zeros)
            ] {
                let share = Double(layer.zeros) / Double(max(1, layer.weights))
                table.rows.append([
                    layer.name, "\(layer.weights)", "\(layer.zeros)", formatted("%.4f", share),
                ])
            }
            writeOut(table.description, to: STDOUT_FILENO)
            model.trainable = pruned.network
            model.metadata["secateur.pruning_ratio"] = pattern ?? "\(ratio)"
            model.metadata["secateur.pruning_scope"] = layers.isEmpty ? scope : layers.joined(separator: ",")
        }
        try write(ONNXWriter.write(model, name: "pruned"), to: out)
    }

    private var pruningScope: PruningScope {
        if !layers.isEmpty { return .layers(layers) }
        switch scope {
        case "convolutions": return .convolutions
        case "matrices": return .matrices
        default: return .all
        }
    }

    private func shrink(_ trainable: TrainableNetwork) throws(InputFault) -> ShrunkNetwork {
        do {
            return try pruneChannels(
                trainable, ratio: ratio, scope: pruningScope, norm: norm == "l1" ? .l1 : .l2, isGlobal: !perLayer)
        } catch {
            throw InputFault("\(network): \(error.description)")
        }
    }

    private func removeWeights(_ trainable: TrainableNetwork) throws(InputFault) -> PrunedNetwork {
        var options = PruningOptions()
        options.method = PruningMethod(rawValue: method) ?? .magnitude
        options.scope = pruningScope
        options.ratio = ratio
        for ratio in layerRatios.compactMap(parsed(layerRatio:)) { options.layerRatios[ratio.name] = ratio.ratio }
        options.isGlobal = !perLayer
        options.pattern = pattern.flatMap(parsed)
        options.seed = seed
        options.revival = revive
        options.damping = damping
        var examples: Examples?
        if let data, options.method.needsCalibration {
            let dataset: Dataset
            do {
                dataset = try Dataset(opening: data, options: Dataset.Options(split: .train))
                examples = try dataset.examples(0..<min(calibration, dataset.count))
            } catch {
                throw InputFault(error.description)
            }
            let outputs = trainable.network.outputCount
            if let label = examples?.labels.first(where: { !(0..<outputs).contains($0) }) {
                throw InputFault("\(data): a label is \(label), the network has \(outputs) outputs; choose other data")
            }
        }
        do {
            var pruner = try Pruner(trainable, options: options, calibration: examples)
            return try pruner.run()
        } catch {
            throw InputFault("\(network): \(error.description)")
        }
    }

    private func neurons(_ network: Network) -> Int { network.statistics.neurons }
    private func say(_ line: String) { writeOut(line + "\n", to: STDOUT_FILENO) }
}
