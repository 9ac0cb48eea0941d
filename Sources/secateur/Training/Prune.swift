import ArgumentParser
import Datasets
import Glibc
import Networks
import ONNXFormat
import Pruning
import Studies

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
        if revive > 0 && (structured || method == "merge") {
            throw ValidationError("--revive brings single weights back; it cannot follow --structured or merge")
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
        let parent = try fileDigest(network)
        let task = self.task
        let calibration = task.needsCalibration ? try data.map(examples) : nil
        let result: PruningResult
        do {
            result = try Pruning.prune(model.trainable, task, calibration: calibration)
        } catch {
            throw InputFault("\(network): \(error.description)")
        }
        say(result.report, model.trainable, result.network)
        model.trainable = result.network
        model.notePruning(task, result, parent: parent)
        try write(ONNXWriter.write(model, name: "pruned"), to: out)
    }

    private var task: PruningTask {
        if method == "merge" { return .merging }
        if structured {
            return .channels(
                ChannelOptions(
                    ratio: ratio, scope: pruningScope, norm: Norm(rawValue: norm) ?? .l2, isGlobal: !perLayer))
        }
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
        options.threads = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        return .weights(options)
    }

    private var pruningScope: PruningScope {
        if !layers.isEmpty { return .layers(layers) }
        switch scope {
        case "convolutions": return .convolutions
        case "matrices": return .matrices
        default: return .all
        }
    }

    private func examples(_ path: String) throws(InputFault) -> Examples {
        do {
            let dataset = try Dataset(opening: path, options: Dataset.Options(split: .train))
            return try dataset.examples(0..<min(calibration, dataset.count))
        } catch {
            throw InputFault(error.description)
        }
    }

    private func say(_ report: PruningResult.Report, _ before: TrainableNetwork, _ after: TrainableNetwork) {
        switch report {
        case .weights(let layers):
            var table = TextTable(header: ["layer", "weights", "zeros", "sparsity"], leftAligned: 1)
            let total = LayerSparsity(
                name: "total", weights: layers.reduce(0) { $0 + $1.weights }, zeros: layers.reduce(0) { $0 + $1.zeros })
            for layer in layers + [total] {
                let share = Double(layer.zeros) / Double(max(1, layer.weights))
                table.rows.append([
                    layer.name, "\(layer.weights)", "\(layer.zeros)", formatted("%.4f", share),
                ])
            }
            writeOut(table.description, to: STDOUT_FILENO)
        case .channels(let removed, let count):
            say(
                "\(removed) of \(count) channels removed, \(before.network.statistics.weights) weights became "
                    + "\(after.network.statistics.weights)")
        case .merging(let before, let after): say("\(before) neurons, \(after) after merging")
        }
    }

    private func say(_ line: String) { writeOut(line + "\n", to: STDOUT_FILENO) }
}
