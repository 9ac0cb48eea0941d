// A network of a sweep and everything that determines it. The digest of that text is part of its file's name: a network
// is made again only when something that bears on it has changed, and never when only the program has.

internal import Datasets
internal import Foundation
internal import Pruning
internal import Training

public struct ModelRecipe: Sendable {
    public enum Making: Sendable, Equatable {
        /// Taken as it is.
        case given
        case trained
        /// From the recipe of that number.
        case pruned(parent: Int)
    }

    /// `seed10` or `seed10-magnitude-0.4`.
    public var name: String
    public var seed: UInt64
    /// Nil for a dense network.
    public var method: String?
    public var ratio: Double
    public var making: Making
    /// Whether its queries are part of the sweep, or it is only what others are made of.
    public var isAsked: Bool
    /// What determines it, for people.
    public var text: String
    public var digest: String
    /// The ONNX file.
    public var file: String

    /// Where training leaves its state after every epoch.
    var checkpoint: String { file + ".checkpoint" }
    var isMade: Bool { FileManager.default.fileExists(atPath: file) }
}

extension SweepPlan {
    /// All networks of the sweep: those of a seed together, what is needed for others first.
    ///
    /// - Throws: when data or a given network cannot be read.
    public func recipes(_ data: SweepData) throws(StudyError) -> [ModelRecipe] {
        var recipes = try unnamedRecipes(data)
        // Files of the same name in several directories.
        var seen: [String: Int] = [:]
        for index in recipes.indices {
            seen[recipes[index].name, default: 0] += 1
            let count = seen[recipes[index].name]!
            if count > 1 { recipes[index].name += "-\(count)" }
        }
        return recipes
    }

    private func unnamedRecipes(_ data: SweepData) throws(StudyError) -> [ModelRecipe] {
        var recipes: [ModelRecipe] = []
        if let architecture {
            for seed in seeds {
                let text = """
                    architecture \(architecture)
                    seed \(seed)
                    \(try data.description(limit: trainingLimit))
                    \(training.description)
                    """
                let isAsked = pruning.map { $0.ratios.contains(0) } ?? true
                recipes.append(trainedRecipe(seed: seed, text: text, isAsked: isAsked))
                try addPruned(of: recipes.count - 1, to: &recipes, data)
            }
            return recipes
        }
        for seed in seeds {
            for network in networks where network.seed == seed {
                recipes.append(try givenRecipe(network))
                if network.method == nil { try addPruned(of: recipes.count - 1, to: &recipes, data) }
            }
        }
        return recipes
    }

    private func trainedRecipe(seed: UInt64, text: String, isAsked: Bool) -> ModelRecipe {
        let digest = ContentDigest.text(of: text)
        return ModelRecipe(
            name: "seed\(seed)", seed: seed, ratio: 0, making: .trained, isAsked: isAsked, text: text, digest: digest,
            file: path(name: "seed\(seed)", digest: digest))
    }

    private func givenRecipe(_ network: GivenNetwork) throws(StudyError) -> ModelRecipe {
        guard let digest = Fingerprinter.digestOfReadableFile(network.file) else {
            throw StudyError("\(network.file): cannot be read; check the sweep's `networks`")
        }
        let name = ((network.file as NSString).lastPathComponent as NSString).deletingPathExtension
        return ModelRecipe(
            name: name, seed: network.seed, method: network.method, ratio: network.ratio, making: .given,
            isAsked: network.method != nil || pruning.map { $0.ratios.contains(0) } ?? true,
            text: "file \(digest)", digest: digest, file: network.file)
    }

    /// The pruned networks of a dense one, apart from those that are given.
    private func addPruned(of parent: Int, to recipes: inout [ModelRecipe], _ data: SweepData) throws(StudyError) {
        guard let pruning else { return }
        for method in pruning.methods {
            for ratio in pruning.ratios where ratio > 0 {
                let seed = recipes[parent].seed
                if networks.contains(where: { $0.seed == seed && $0.method == method && $0.ratio == ratio }) {
                    continue
                }
                recipes.append(try prunedRecipe(of: parent, in: recipes, method: method, ratio: ratio, data))
            }
        }
    }

    /// - Parameter parent: the number of the dense network's recipe.
    func prunedRecipe(
        of parent: Int, in recipes: [ModelRecipe], method: String, ratio: Double, _ data: SweepData
    ) throws(StudyError) -> ModelRecipe {
        guard let pruning else { throw StudyError("\(name): nothing says how to prune; add `pruning`") }
        let dense = recipes[parent]
        let calibrates = PruningMethod(rawValue: method)?.needsCalibration ?? false
        var lines = [
            "parent \(dense.digest)", "seed \(dense.seed)", "method \(method)", "ratio \(ratio)",
            "scope \(pruning.scope)", "per layer \(pruning.isPerLayer)", "revival \(pruning.revival)",
        ]
        if calibrates { lines.append("damping \(pruning.damping), calibration \(pruning.calibration)") }
        if let fineTuning { lines.append("fine-tuning " + fineTuning.description) }
        if calibrates || fineTuning != nil { lines.append(try data.description(limit: trainingLimit)) }
        let text = lines.joined(separator: "\n")
        let digest = ContentDigest.text(of: text)
        let name = "\(dense.name)-\(method)-\(ratio)"
        return ModelRecipe(
            name: name, seed: dense.seed, method: method, ratio: ratio, making: .pruned(parent: parent), isAsked: true,
            text: text, digest: digest, file: path(name: name, digest: digest))
    }

    private func path(name: String, digest: String) -> String {
        "\(folder)/models/\(name)-\(digest.prefix(8)).onnx"
    }
}

extension TrainingOptions {
    /// Everything that bears on the result, apart from the seed.
    var description: String {
        """
        epochs \(epochs), target \(targetAccuracy.map { "\($0)" } ?? "none"), batch \(batchSize), threads \(threads), \
        optimizer \(optimizer), rate \(schedule.peak) by \(schedule.course), \
        decay \(weightDecay), rotation \(augmentation.rotation), shift \(augmentation.shift), defence \(defence), \
        stability \(stability), radius \(radius) after \(rampEpochs), keeps zeros \(keepsZeros)
        """
    }
}

/// The examples of a sweep, read once when they are first needed.
public final class SweepData {
    private let reference: DatasetReference
    private var examples: [String: (dataset: Dataset, examples: Examples)] = [:]
    private var descriptions: [Int?: String] = [:]

    public init(_ reference: DatasetReference) { self.reference = reference }

    /// Training examples, the first `limit` of them.
    func training(limit: Int?) throws(StudyError) -> Examples {
        let all = try read("train").examples
        guard let limit, limit < all.count else { return all }
        return all.prefix(limit)
    }

    func test() throws(StudyError) -> Examples { try read("test").examples }

    /// What values can be at all.
    func range() throws(StudyError) -> ClosedRange<Double>? { try read("test").dataset.dataRange }

    /// A digest of all examples.
    func description(limit: Int?) throws(StudyError) -> String {
        if let known = descriptions[limit] { return known }
        var digest = ContentDigest()
        for examples in [try training(limit: limit), try test()] {
            digest.update(text: "\(examples.shape)")
            for label in examples.labels { digest.update(word: UInt64(bitPattern: Int64(label))) }
            switch examples.storage {
            case .bytes(let bytes): digest.update(bytes: bytes)
            case .floats(let floats): for value in floats { digest.update(word: UInt64(value.bitPattern)) }
            }
        }
        let description = "data \(digest.text)"
        descriptions[limit] = description
        return description
    }

    private func read(_ split: String) throws(StudyError) -> (dataset: Dataset, examples: Examples) {
        if let known = examples[split] { return known }
        var part = reference
        part.split = split
        do {
            let dataset = try part.open()
            let both = (dataset: dataset, examples: try dataset.examples())
            examples[split] = both
            return both
        } catch {
            throw StudyError(error.description)
        }
    }
}

extension Examples {
    func prefix(_ count: Int) -> Examples {
        let numbers = count * shape.count
        let part: Storage =
            switch storage {
            case .bytes(let bytes): .bytes(Array(bytes[..<numbers]))
            case .floats(let floats): .floats(Array(floats[..<numbers]))
            }
        return Examples(shape: shape, storage: part, labels: Array(labels[..<count]))
    }
}
