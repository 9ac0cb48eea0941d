// A sweep written in YAML.
//
//     dataset: {path: digits}
//     architecture: 32x2
//     seeds: [1, 2, 3]
//     training: {epochs: 4}
//     pruning: {methods: [magnitude], ratios: [0, 0.5, 0.8]}
//     fine-tuning: {epochs: 2}
//     verification: {images: '0:20', epsilons: [0.01, 0.02], timeout: 10}

internal import Datasets
internal import Files
internal import Foundation
internal import Intervals
internal import ONNXFormat
internal import Pruning
internal import Training

extension SweepPlan {
    /// Reads a plan.
    ///
    /// - Parameters:
    ///   - folder: where the sweep keeps what it makes; nil for the file's name, in the current directory.
    ///   - overrides: keys, with dots between those of nested sections, and YAML values that replace the file's.
    /// - Throws: what is wrong, with the file, the line and the key.
    public init(
        file: String, folder: String? = nil, overrides: [(key: String, value: String)] = []
    ) throws(StudyError) {
        let bytes: [UInt8]
        do { bytes = try readFile(file) } catch { throw StudyError(error.description) }
        let top = try YAMLSection(file: file, text: String(decoding: bytes, as: UTF8.self), overrides: overrides)
        let directory = InstanceList.parent(of: file)
        // What the command line says is meant from where it is said.
        let dataDirectory = overrides.contains { $0.key == "dataset.path" } ? "." : directory
        guard let data = try top.section("dataset") else {
            throw top.fault(nil, "lacks `dataset`; add dataset: {path: digits}, or the path of your data")
        }
        guard let verification = try top.section("verification") else {
            throw top.fault(
                nil, "lacks `verification`; add verification: {images: '0:20', epsilons: [0.01], timeout: 60}")
        }
        let name = ((file as NSString).lastPathComponent as NSString).deletingPathExtension
        self.init(
            name: name, folder: folder ?? name, dataset: try Self.dataset(data, in: dataDirectory),
            images: try Self.images(verification), question: try Self.question(verification))
        trainingLimit = try data.integer("training-limit", in: 1...1_000_000_000)
        normalization = try Self.normalization(data)
        try data.finish()
        try readVerification(verification)
        try readNetworks(top, in: directory)
        if let recipe = architecture.flatMap(Architecture.init)?.recipe { training = recipe }
        if let section = try top.section("training") {
            if architecture == nil { throw section.fault(nil, "there is nothing to train: `networks` are given") }
            training = try Self.training(section, like: training)
            try section.finish()
        }
        if let section = try top.section("pruning") { pruning = try Self.pruning(section) }
        if let section = try top.section("fine-tuning") {
            if pruning == nil { throw section.fault(nil, "there is nothing to fine-tune; add `pruning`") }
            fineTuning = try Self.training(section, like: training)
            fineTuning?.keepsZeros = true
            try section.finish()
        }
        budget = try top.number("budget", in: 1e-3...1e9)
        if let section = try top.section("reuse") {
            for kind in Reuse.allCases {
                guard let isOn = try section.flag(kind.rawValue) else { continue }
                if isOn { reuse.insert(kind) } else { reuse.remove(kind) }
            }
            try section.finish()
        }
        if let section = try top.section("choice") { choice = try Self.choice(section, epsilons: epsilons) }
        try top.finish()
    }

    private static func dataset(_ section: YAMLSection, in directory: String) throws(StudyError) -> DatasetReference {
        guard let path = try section.text("path") else {
            throw section.fault(nil, "lacks `path`; write digits, or a path")
        }
        let isDrawn = path == "digits" || path.hasPrefix("digits:")
        let labels = try section.text("labels").map { InstanceList.resolved($0, in: directory) }
        return DatasetReference(
            path: isDrawn ? path : InstanceList.resolved(path, in: directory), labels: labels,
            shape: try section.values("shape", "number from 1 on") { Int($0).flatMap { $0 > 0 ? $0 : nil } })
    }

    private static func normalization(_ section: YAMLSection) throws(StudyError) -> Normalization? {
        let (mean, deviation) = (try section.texts("mean"), try section.texts("std"))
        guard mean != nil || deviation != nil else { return nil }
        guard let normalization = Normalization(mean: mean ?? ["0"], deviation: deviation ?? ["1"]) else {
            throw section.fault(mean == nil ? "std" : "mean", "mean and std must be decimals, std above 0")
        }
        return normalization
    }

    private static func images(_ section: YAMLSection) throws(StudyError) -> IndexRanges {
        guard let text = try section.text("images") else {
            throw section.fault(nil, "lacks `images`; write for example images: '0:20'")
        }
        guard let images = IndexRanges(text) else {
            throw section.fault("images", "'\(text)' is no range; write for example '0:100'")
        }
        return images
    }

    private static func question(_ section: YAMLSection) throws(StudyError) -> Question {
        let radii = try section.flag("radii") ?? false
        let tolerance = try section.number("tolerance", in: 1e-4...0.99)
        guard let texts = try section.texts("epsilons") else {
            guard radii else {
                throw section.fault(nil, "lacks `epsilons`; write epsilons: [0.01, 0.02], or radii: true")
            }
            return .radii(tolerance: tolerance ?? 0.01)
        }
        if radii { throw section.fault("radii", "`epsilons` are given as well; leave one of the two away") }
        var values: [(text: String, value: ExactDecimal)] = []
        for text in texts {
            guard let value = ExactDecimal(text), value.sign >= 0 else {
                throw section.fault(
                    "epsilons", "'\(text)' is no radius; write decimals from 0 on, such as [0.01, 0.02]")
            }
            if !values.contains(where: { $0.value == value }) { values.append((text, value)) }
        }
        return .epsilons(values.sorted { $0.value < $1.value }.map(\.text))
    }

    private mutating func readVerification(_ section: YAMLSection) throws(StudyError) {
        query.timeout = try section.number("timeout", in: 1e-3...1e9)
        threads = try section.integer("threads", in: 1...64) ?? 1
        query.maxNodes = try section.integer("max-nodes", in: 1...Int.max)
        query.givesUp = try section.flag("give-up") ?? false
        if query.givesUp && query.timeout == nil {
            throw section.fault("give-up", "needs a time that may not do; add `timeout`")
        }
        query.seed = UInt64(try section.integer("seed") ?? 0)
        if let megabytes = try section.integer("memory", in: 16...1 << 24) { query.memory = megabytes << 20 }
        jobs = try section.integer("jobs", in: 1...1024)
        try section.finish()
    }

    private mutating func readNetworks(_ top: YAMLSection, in directory: String) throws(StudyError) {
        architecture = try top.text("architecture")
        if let architecture {
            guard Architecture(architecture) != nil else {
                throw top.fault(
                    "architecture",
                    "'\(architecture)' is unknown; choose of \(Architecture.names.joined(separator: ", "))")
            }
            guard let given = try top.values("seeds", "whole number from 0 on", { UInt64($0) }) else {
                throw top.fault(nil, "lacks `seeds`; write for example seeds: [1, 2, 3]")
            }
            seeds = given.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
            if top.has("networks") {
                throw top.fault("networks", "`architecture` is given as well; leave one of the two away")
            }
            return
        }
        guard let entries = try top.list("networks", single: "file") else {
            throw top.fault(nil, "lacks `architecture` and `networks`; give one of the two")
        }
        for (index, entry) in entries.enumerated() {
            networks.append(try Self.network(entry, number: index, in: directory))
            try entry.finish()
        }
        seeds = networks.map(\.seed).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// What the entry does not say is looked up in the notes of the network's file.
    private static func network(
        _ entry: YAMLSection, number: Int, in directory: String
    ) throws(StudyError) -> GivenNetwork {
        guard let name = try entry.text("file") else { throw entry.fault(nil, "lacks `file`, an ONNX file") }
        let file = InstanceList.resolved(name, in: directory)
        let notes: [String: String]
        do { notes = try ONNXReader.readModel(path: file).metadata } catch {
            throw entry.fault("file", error.description)
        }
        let seed = try entry.integer("seed").map(UInt64.init) ?? notes["secateur.seed"].flatMap { UInt64($0) }
        let ratio =
            try entry.number("ratio", in: 0...1) ?? notes["secateur.pruning_ratio"].flatMap { Double($0) } ?? 0
        let method = try entry.text("method") ?? notes["secateur.pruning_method"] ?? "given"
        return GivenNetwork(
            file: file, seed: seed ?? UInt64(number), method: ratio > 0 ? method : nil, ratio: ratio)
    }

    private static func training(_ section: YAMLSection, like base: TrainingOptions) throws(StudyError)
        -> TrainingOptions
    {
        var options = base
        options.epochs = try section.integer("epochs", in: 1...1_000_000) ?? options.epochs
        options.targetAccuracy = try section.number("target-accuracy", in: 0...1) ?? options.targetAccuracy
        options.batchSize = try section.integer("batch-size", in: 16...4096) ?? options.batchSize
        options.threads = try section.integer("threads", in: 1...64) ?? options.threads
        let momentum = try section.number("momentum", in: 0...1)
        switch try section.word("optimizer", of: ["sgd", "adam", "adamw"]) {
        case "sgd": options.optimizer = .momentum(momentum ?? 0.9)
        case "adam": options.optimizer = .adam
        case "adamw": options.optimizer = .adamW
        default: if let momentum { options.optimizer = .momentum(momentum) }
        }
        options.schedule = options.schedule.changed(
            rate: try section.number("rate", in: 0...1e6), factor: try section.number("rate-factor", in: 0...1e6),
            period: try section.integer("rate-period", in: 1...1_000_000),
            cycle: try section.integer("rate-cycle", in: 1...1_000_000))
        if section.has("rate-cycle"), section.has("rate-factor") || section.has("rate-period") {
            throw section.fault("rate-cycle", "the rate falls by steps or in a cycle, not both; leave one out")
        }
        options.weightDecay = try section.number("weight-decay", in: 0...1e6) ?? options.weightDecay
        options.augmentation = Augmentation(
            rotation: try section.number("rotation", in: 0...360) ?? options.augmentation.rotation,
            shift: try section.number("shift", in: 0...1e4) ?? options.augmentation.shift)
        options.radius = try section.number("epsilon", in: 0...1e6) ?? options.radius
        options.stability = try section.number("stability", in: 0...1e6) ?? options.stability
        options.rampEpochs = try section.integer("ramp-epochs") ?? options.rampEpochs
        let weight = try section.number("worst-case-weight", in: 0...1) ?? 0.5
        let steps = try section.integer("attack-steps", in: 1...10_000) ?? 7
        switch try section.word("defence", of: ["none", "interval", "adversarial"]) {
        case "none": options.defence = .none
        case "interval": options.defence = .interval(weight: weight)
        case "adversarial": options.defence = .adversarial(steps: steps)
        default: break
        }
        if options.defence != .none || options.stability > 0, !(options.radius > 0) {
            throw section.fault(nil, "`defence` and `stability` need `epsilon`, how far inputs may be moved")
        }
        return options
    }

    private static func pruning(_ section: YAMLSection) throws(StudyError) -> SweepPruning {
        guard
            let ratios = try section.values(
                "ratios", "ratio from 0 to 1",
                { text -> Double? in
                    Double(text).flatMap { (0...1).contains($0) ? $0 : nil }
                })
        else { throw section.fault(nil, "lacks `ratios`; write for example ratios: [0, 0.4, 0.8]") }
        var pruning = SweepPruning(ratios: Set(ratios).sorted())
        if let methods = try section.texts("methods") {
            let known = PruningMethod.allCases.map(\.rawValue) + [SweepPruning.channels]
            for method in methods where !known.contains(method) {
                throw section.fault("methods", "'\(method)' is unknown; choose of \(known.joined(separator: ", "))")
            }
            pruning.methods = methods
        }
        if let scope = try section.texts("scope") {
            switch scope {
            case ["all"]: pruning.scope = .all
            case ["convolutions"]: pruning.scope = .convolutions
            case ["matrices"]: pruning.scope = .matrices
            default: pruning.scope = .layers(scope)
            }
        }
        pruning.isPerLayer = try section.flag("per-layer") ?? false
        pruning.revival = try section.number("revive", in: 0...1) ?? 0
        pruning.damping = try section.number("damping", in: 1e-12...1e6) ?? pruning.damping
        pruning.calibration = try section.integer("calibration", in: 1...10_000_000) ?? pruning.calibration
        try section.finish()
        return pruning
    }

    private static func choice(_ section: YAMLSection, epsilons: [String]) throws(StudyError) -> SweepChoice {
        var choice = SweepChoice()
        let methods = SweepChoice.Method.allCases.map(\.rawValue)
        if let word = try section.word("method", of: methods) { choice.method = SweepChoice.Method(rawValue: word)! }
        choice.pruning = try section.text("pruning")
        if let range = try section.values("ratios", "ratio from 0 to 1", { Double($0) }) {
            guard range.count == 2, range[0] >= 0, range[0] < range[1], range[1] < 1 else {
                throw section.fault("ratios", "two ratios are expected, the least and the largest, such as [0, 0.95]")
            }
            (choice.least, choice.most) = (range[0], range[1])
        }
        choice.tolerance = try section.number("tolerance", in: 1e-3...1) ?? choice.tolerance
        choice.accuracy = try section.number("accuracy", in: 0...1) ?? choice.accuracy
        choice.candidates = try section.integer("candidates", in: 2...64) ?? choice.candidates
        if let epsilon = try section.text("epsilon") {
            guard epsilons.contains(epsilon) else {
                throw section.fault("epsilon", "'\(epsilon)' is none of verification.epsilons")
            }
            choice.epsilon = epsilon
        }
        try section.finish()
        return choice
    }
}
