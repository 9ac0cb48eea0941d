// The largest radius around an image that is proved, and the smallest at which a counterexample is known.

internal import Datasets
internal import Intervals
internal import Networks
internal import ONNXFormat
internal import Verification

public struct RadiusOptions: Sendable {
    /// Of each query; the timeout in particular.
    public var query = QueryOptions()
    /// The search ends when the two radii differ by less than this part.
    public var tolerance = 0.01
    /// It also ends after so many queries for an image.
    public var mostQueries = 20
    /// Whether one plain query at the certified radius is asked in the end, for comparison.
    public var compares = false

    public init() {}
}

/// What is known of one image.
public struct RadiusResult: Codable, Sendable {
    public var label: Int
    /// The class that the network gives the image when it is not the label; no radius is sought then.
    public var predicted: Int?
    /// Decimals: proved for this radius exactly; nil when no radius was.
    public var certified: String?
    /// A counterexample lies within this radius; nil when none was found.
    public var attacked: String?
    /// Why the two are further apart than asked.
    public var reason: String?
    public var queries = 0
    /// Searches for counterexamples that were no part of a query.
    public var attacks = 0
    public var seconds = 0.0
    /// Processor time of the search.
    public var processorSeconds = 0.0
    /// Processor time of one plain query at the certified radius, when that was asked for.
    public var plainSeconds: Double?

    /// Of the search, in plain queries.
    public var cost: Double? { plainSeconds.map { processorSeconds / $0 } }
}

/// Searches radii for the images of one dataset and one network.
public final class RadiusSearch {
    private let network: PreparedNetwork
    private let dataset: Dataset
    private let options: RadiusOptions

    /// - Throws: when the network or the dataset cannot be read or do not belong together.
    public convenience init(
        network path: String, dataset reference: DatasetReference, options: RadiusOptions
    ) throws(StudyError) {
        let network: PreparedNetwork
        let dataset: Dataset
        do {
            network = PreparedNetwork(try ONNXReader.read(path: path))
            dataset = try reference.open()
        } catch {
            throw StudyError("\(error)")
        }
        try self.init(network: network, file: path, dataset: dataset, path: reference.path, options: options)
    }

    /// As above with what was read already.
    init(
        network: PreparedNetwork, file path: String, dataset: Dataset, path datasetPath: String, options: RadiusOptions
    ) throws(StudyError) {
        self.network = network
        self.dataset = dataset
        self.options = options
        guard dataset.shape.count == network.network.inputCount else {
            throw StudyError(
                "\(datasetPath): examples of \(dataset.shape) for a network of \(network.network.inputCount) inputs; "
                    + "use the data that belongs to \(path)")
        }
    }

    /// The radii of the question's image; its own radius is not looked at.
    public func run(
        _ question: ImageQuestion, progress: @escaping @Sendable (String) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(StudyError) -> RadiusResult {
        let start = ContinuousClock.now
        let processorStart = processorSeconds()
        let image: CenteredImage
        do {
            image = try CenteredImage(dataset, index: question.index, normalization: question.normalization)
        } catch {
            throw StudyError(error.description)
        }
        var result = RadiusResult(label: image.label)
        guard image.label < network.network.outputCount else {
            throw StudyError(
                "\(question.name): the label \(image.label) is none of the network's "
                    + "\(network.network.outputCount) classes; use the data that belongs to the network")
        }
        result.predicted = image.misclassification(by: network.network)
        if result.predicted == nil {
            var search = ImageRadius(
                image: image, network: network, target: question.target, options: options, progress: progress,
                isCancelled: isCancelled)
            try search.attack()
            try search.prove()
            search.add(to: &result)
            result.seconds = seconds(since: start)
            result.processorSeconds = processorSeconds() - processorStart
            if options.compares { result.plainSeconds = try search.plainSeconds() }
        }
        return result
    }
}
