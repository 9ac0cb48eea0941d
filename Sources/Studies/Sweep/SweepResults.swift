// What a sweep found out, as plain values: which networks, what was asked of each, how each question ended, and what
// reuse saved. The sweep writes it, the statistics and the report read it; in between it is a file of JSON, so that
// other programs can read or write it as well.
//
// Values that are not known are left out (`nil`), never guessed. Numbers are finite.

internal import Files
internal import Foundation
internal import Intervals

/// A network of a sweep: one seed, one way of pruning, one ratio.
public struct SweepModel: Codable, Sendable, Equatable, Identifiable {
    /// Unique within the sweep.
    public var id: String
    public var architecture: String
    /// The seed of its training. Pruned networks share it with the dense network that they were made from, which is
    /// what differences are paired by.
    public var seed: Int
    /// How it was pruned, such as `magnitude`; nil for the dense network.
    public var method: String?
    /// Which weights could be pruned, such as `convolutions`.
    public var scope: String?
    /// The share of the weights in scope that was asked to be removed, 0 for the dense network.
    public var ratio: Double
    /// The share of all weights that are exactly zero, 0 to 1.
    public var sparsity: Double
    /// The share of the test set that it classifies rightly, 0 to 1.
    public var testAccuracy: Double?
    /// How many neurons with an activation each layer has, in the network's order.
    public var layers: [SweepLayer]
    /// The ONNX file, relative to the sweep's folder.
    public var file: String
    /// SHA-256 of the file, in hexadecimal.
    public var digest: String

    public init(
        id: String, architecture: String, seed: Int, method: String? = nil, scope: String? = nil, ratio: Double,
        sparsity: Double, testAccuracy: Double? = nil, layers: [SweepLayer] = [], file: String, digest: String
    ) {
        self.id = id
        self.architecture = architecture
        self.seed = seed
        self.method = method
        self.scope = scope
        self.ratio = ratio
        self.sparsity = sparsity
        self.testAccuracy = testAccuracy
        self.layers = layers
        self.file = file
        self.digest = digest
    }

    public var isDense: Bool { method == nil }
}

/// A number of neurons of a layer: all of a model's, or those that are unstable in a query.
public struct SweepLayer: Codable, Sendable, Equatable {
    public var name: String
    public var neurons: Int

    public init(name: String, neurons: Int) {
        self.name = name
        self.neurons = neurons
    }
}

/// Whether one network keeps one image's class within one radius, and how that was found out.
public struct SweepQuery: Codable, Sendable, Equatable {
    /// The model's `id`.
    public var model: String
    /// The radius in the maximum norm, a decimal as the sweep writes it, in the units of the image.
    public var epsilon: String
    /// The image's index in the dataset.
    public var image: Int
    public var label: Int
    /// The class that the network gives the image itself.
    public var predicted: Int?
    public var outcome: Outcome
    /// Why it was not decided.
    public var reason: String?
    /// Seconds that this query itself took; 0 when its outcome was inherited.
    public var seconds: Double
    /// Subproblems of the search.
    public var nodes: Int
    /// The lowest lower bound of the margins before anything was split. Below zero: the relaxation alone does not
    /// prove it.
    public var rootBound: Double?
    /// The lowest lower bound of the margins when the query ended.
    public var finalBound: Double?
    /// The least margin that is known to be reached within the radius: the attack's best, or the counterexample's.
    /// What `rootBound` stays below it is the looseness of the relaxation.
    public var attackedMargin: Double?
    /// The margin of the image itself: the output of its label less the largest other.
    public var cleanMargin: Double?
    /// Neurons that can have either sign within the radius.
    public var unstableNeurons: Int?
    /// The same by layer, in the network's order.
    public var unstableByLayer: [SweepLayer]?
    public var origin: Origin
    /// The model whose counterexample or proof was used.
    public var source: String?
    /// The violating input in the units of the image, in its order of channels, rows, columns.
    public var adversarialExample: [Float]?
    /// The class that the network gives the adversarial example.
    public var adversarialClass: Int?

    /// Where an outcome comes from. Whatever it is, it holds for the query's own network.
    public enum Origin: String, Codable, Sendable, CaseIterable {
        /// Found out from nothing.
        case computed
        /// Holds, because it does at a larger radius.
        case largerRadius
        /// Violated, because it is at a smaller radius.
        case smallerRadius
        /// Left open, because a smaller radius was: a proof here would be one there.
        case openAtSmallerRadius
        /// Given up after the first bounds, farther from a proof than what the model's other queries were decided from.
        case hopelessGap
        /// Misclassified, which does not depend on the radius.
        case otherRadius
        /// Another model's counterexample, confirmed on this one.
        case transferredCounterexample
        /// Another model's proof, bounded anew on this one.
        case transferredProof
        /// Started from the bounds or the split tree of the same model at another radius.
        case neighbouringRadius
        /// Holds, because the dense network's margin exceeds what pruning can have taken from it.
        case transferredMargin
    }

    public init(
        model: String, epsilon: String, image: Int, label: Int, predicted: Int? = nil, outcome: Outcome,
        reason: String? = nil, seconds: Double, nodes: Int = 0, rootBound: Double? = nil, finalBound: Double? = nil,
        attackedMargin: Double? = nil, cleanMargin: Double? = nil, unstableNeurons: Int? = nil,
        unstableByLayer: [SweepLayer]? = nil, origin: Origin = .computed, source: String? = nil,
        adversarialExample: [Float]? = nil, adversarialClass: Int? = nil
    ) {
        self.model = model
        self.epsilon = epsilon
        self.image = image
        self.label = label
        self.predicted = predicted
        self.outcome = outcome
        self.reason = reason
        self.seconds = seconds
        self.nodes = nodes
        self.rootBound = rootBound
        self.finalBound = finalBound
        self.attackedMargin = attackedMargin
        self.cleanMargin = cleanMargin
        self.unstableNeurons = unstableNeurons
        self.unstableByLayer = unstableByLayer
        self.origin = origin
        self.source = source
        self.adversarialExample = adversarialExample
        self.adversarialClass = adversarialClass
    }
}

/// An image that was asked about.
public struct SweepImage: Codable, Sendable, Equatable {
    /// The index in the dataset.
    public var index: Int
    public var label: Int
    /// In the units of the dataset (0 to 1 for pixels), in the order of channels, rows, columns.
    public var values: [Float]

    public init(index: Int, label: Int, values: [Float]) {
        self.index = index
        self.label = label
        self.values = values
    }
}

/// What one kind of reuse saved.
public struct SweepSaving: Codable, Sendable, Equatable {
    public var origin: SweepQuery.Origin
    /// How many queries it decided or helped to decide.
    public var queries: Int
    /// The seconds it is estimated to have saved, and how that was estimated.
    public var secondsSaved: Double?
    public var estimate: String?

    public init(origin: SweepQuery.Origin, queries: Int, secondsSaved: Double? = nil, estimate: String? = nil) {
        self.origin = origin
        self.queries = queries
        self.secondsSaved = secondsSaved
        self.estimate = estimate
    }
}

/// A whole sweep, finished or not.
public struct SweepResults: Codable, Sendable, Equatable {
    /// The form of the file; a later form has a larger number.
    public var format: Int
    public var name: String
    /// What the images come from, such as `mnist test`.
    public var dataset: String
    /// Channels, rows and columns of an image.
    public var imageShape: [Int]
    /// Names of the classes, where they have any.
    public var classNames: [String]?
    /// Decimals, rising.
    public var epsilons: [String]
    /// Seconds that each query was given.
    public var timeout: Double?
    /// The program's version.
    public var version: String
    /// How many queries the sweep asks in all, those that have no result yet included.
    public var planned: Int
    /// Seconds of wall time that the sweep took so far: training, pruning and verifying.
    public var seconds: Double?
    public var images: [SweepImage]
    public var models: [SweepModel]
    public var queries: [SweepQuery]
    public var savings: [SweepSaving]

    public static let currentFormat = 1
    /// The file's name within a sweep's folder.
    public static let fileName = "results.json"

    public init(
        name: String, dataset: String, imageShape: [Int], epsilons: [String], timeout: Double? = nil, version: String,
        planned: Int, images: [SweepImage] = [], models: [SweepModel] = [], queries: [SweepQuery] = [],
        savings: [SweepSaving] = []
    ) {
        format = Self.currentFormat
        self.name = name
        self.dataset = dataset
        self.imageShape = imageShape
        self.epsilons = epsilons
        self.timeout = timeout
        self.version = version
        self.planned = planned
        self.images = images
        self.models = models
        self.queries = queries
        self.savings = savings
    }
}

extension SweepResults {
    /// Reads and validates a file of JSON.
    ///
    /// - Throws: when it cannot be read, is of a later form, or contradicts itself; the message says where.
    public init(path: String) throws(StudyError) {
        do {
            let decoded = try JSONDecoder().decode(SweepResults.self, from: Data(readFile(path)))
            try decoded.validate()
            self = decoded
        } catch let error as FileError {
            throw StudyError(error.description)
        } catch let error as StudyError {
            throw StudyError("\(path): \(error.description)")
        } catch let error as DecodingError {
            throw StudyError("\(path): \(Self.explained(error)); write it anew with `secateur sweep`")
        } catch {
            throw StudyError("\(path): \(error)")
        }
    }

    /// Writes the file at once: whoever reads it meanwhile sees the old or the new one.
    ///
    /// - Throws: when the values contradict each other or the file cannot be written.
    public func write(to path: String) throws(StudyError) {
        try validate()
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try encoder.encode(self).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw StudyError("\(path): cannot be written; check its directory's permissions and the space left")
        }
    }

    /// Whether every query speaks of a known model and radius, once, and every number is finite.
    public func validate() throws(StudyError) {
        guard format <= Self.currentFormat else {
            throw StudyError(
                "the results have form \(format), this program knows \(Self.currentFormat); use a newer one")
        }
        guard (1...3).contains(imageShape.count), imageShape.allSatisfy({ $0 > 0 }) else {
            throw StudyError("imageShape: \(imageShape) is no shape; write channels, rows and columns")
        }
        for epsilon in epsilons where ExactDecimal(epsilon).map({ $0.sign < 0 }) ?? true {
            throw StudyError("epsilons: '\(epsilon)' is no radius; write decimals from 0 on")
        }
        let pixels = imageShape.reduce(1, *)
        for image in images where image.values.count != pixels {
            throw StudyError("image \(image.index): has \(image.values.count) values, its shape \(pixels)")
        }
        var ids = Set<String>()
        for model in models {
            guard ids.insert(model.id).inserted else { throw StudyError("model \(model.id): there are two of it") }
            guard (0...1).contains(model.ratio), (0...1).contains(model.sparsity),
                (0...1).contains(model.testAccuracy ?? 0)
            else { throw StudyError("model \(model.id): ratio, sparsity and testAccuracy are shares from 0 to 1") }
        }
        let radii = Set(epsilons)
        var asked = Set<[String]>()
        for query in queries {
            let place = "query of \(query.model), epsilon \(query.epsilon), image \(query.image)"
            guard ids.contains(query.model) else { throw StudyError("\(place): there is no such model") }
            guard radii.contains(query.epsilon) else { throw StudyError("\(place): epsilons lack it") }
            guard asked.insert([query.model, query.epsilon, "\(query.image)"]).inserted else {
                throw StudyError("\(place): there are two results")
            }
            guard query.seconds.isFinite, query.seconds >= 0, query.nodes >= 0 else {
                throw StudyError("\(place): seconds and nodes are numbers from 0 on")
            }
            guard (query.adversarialExample?.count ?? pixels) == pixels else {
                throw StudyError("\(place): the adversarial example has another number of values than the image")
            }
        }
    }

    private static func explained(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context): "\(place(context))lacks `\(key.stringValue)`"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "\(place(context))has another kind of value than expected"
        case .dataCorrupted(let context): "\(place(context))\(context.debugDescription)"
        @unknown default: "\(error)"
        }
    }

    private static func place(_ context: DecodingError.Context) -> String {
        let keys = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        return keys.isEmpty ? "" : "\(keys.drop { $0 == "." }): "
    }
}
