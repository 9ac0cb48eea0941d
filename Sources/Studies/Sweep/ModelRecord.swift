// What is known of a network of a sweep, apart from its answers.

internal import Datasets
internal import Foundation
internal import Networks
internal import ONNXFormat
internal import Verification

public struct ModelRecord: Codable, Sendable, Equatable {
    public var name: String
    public var file: String
    /// Of the recipe, and of the file.
    public var digest: String
    public var networkDigest: String
    public var seed: UInt64
    public var method: String?
    public var ratio: Double
    public var architecture: String
    /// Share of the dense network's weights that are 0 or gone.
    public var sparsity: Double
    /// On the test examples.
    public var accuracy: Double
    public var weights: Int
    public var nonzeroWeights: Int
    public var epochs: Int?
    /// Of making it; nil when an earlier run or somebody else did.
    public var seconds: Double?
}

/// Looks at a network's file once it is there.
struct ModelInspection: Sendable {
    let recipe: ModelRecipe
    /// Weights of the dense network it comes from; nil to compare it with itself.
    let denseFile: String?
    let normalization: Normalization?
    let dataset: DatasetReference

    func record(seconds: Double?) throws(StudyError) -> ModelRecord {
        let model: ONNXModel
        let dense: Network
        do {
            model = try ONNXReader.readModel(path: recipe.file)
            if let denseFile {
                dense = try ONNXReader.read(path: denseFile)
            } else {
                dense = model.trainable.network
            }
        } catch {
            throw StudyError(error.description)
        }
        let network = model.trainable.network
        var accuracy = model.metadata["secateur.test_accuracy"].flatMap { Double($0) }
        if accuracy == nil { accuracy = try measuredAccuracy(of: network) }
        let (weights, nonzeros) = Self.weights(of: network)
        let denseWeights = Self.weights(of: dense).all
        return ModelRecord(
            name: recipe.name, file: recipe.file, digest: recipe.digest,
            networkDigest: Fingerprinter.digestOfReadableFile(recipe.file) ?? "unreadable", seed: recipe.seed,
            method: recipe.method, ratio: recipe.ratio,
            architecture: model.metadata["secateur.architecture"] ?? "given",
            sparsity: 1 - Double(nonzeros) / Double(max(1, denseWeights)),
            accuracy: accuracy ?? 0,
            weights: weights, nonzeroWeights: nonzeros,
            epochs: model.metadata["secateur.epochs"].flatMap { Int($0) }, seconds: seconds)
    }

    /// Weights of matrices and convolutions.
    private static func weights(of network: Network) -> (all: Int, nonzero: Int) {
        var (all, nonzero) = (0, 0)
        for node in network.nodes {
            switch node.operation {
            case .convolution(let convolution) where convolution.isAveragePooling: continue
            case .linear, .convolution:
                all += node.statistics.weights
                nonzero += node.statistics.nonzeroWeights
            case .input, .elementwise, .select, .reshape, .sum, .activation, .maxPool: continue
            }
        }
        return (all, nonzero)
    }

    private func measuredAccuracy(of network: Network) throws(StudyError) -> Double {
        let prepared = PreparedNetwork(network)
        do {
            let dataset = try dataset.open()
            guard dataset.shape.count == network.inputCount else {
                throw StudyError(
                    "\(recipe.file): takes \(network.inputCount) inputs, the examples have \(dataset.shape.count) numbers; "
                        + "use the data that belongs to it")
            }
            var hits = 0
            for start in stride(from: 0, to: dataset.count, by: 1024) {
                let examples = try dataset.examples(start..<min(dataset.count, start + 1024))
                let outputs = prepared.outputs(
                    at: (0..<examples.count).map { input(examples.values(at: $0), shape: dataset.shape) })
                for (index, outputs) in outputs.enumerated() {
                    let best = outputs.indices.max { outputs[$0] < outputs[$1] }
                    if best == examples.labels[index] { hits += 1 }
                }
            }
            return Double(hits) / Double(max(1, dataset.count))
        } catch let error as StudyError {
            throw error
        } catch {
            throw StudyError("\(error)")
        }
    }

    private func input(_ values: [Float], shape: ExampleShape) -> [Double] {
        guard let normalization else { return values.map(Double.init) }
        func entry(_ decimals: [String], _ channel: Int) -> Double {
            Double(decimals[decimals.count == 1 ? 0 : channel]) ?? 0
        }
        let plane = shape.height * shape.width
        return values.enumerated().map { index, value in
            (Double(value) - entry(normalization.mean, index / plane)) / entry(normalization.deviation, index / plane)
        }
    }
}
