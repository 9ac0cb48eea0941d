// The inputs around an image, for questions other than robustness.

internal import Datasets
internal import Evaluation
internal import Intervals
public import Networks
public import Properties

/// Every input within a radius of an image, clipped to the data's range.
public struct ImageRegion: Sendable {
    public var name: String
    public var label: Int
    public var region: InputRegion
}

extension ImageQuestion {
    /// The regions of questions about images of one dataset, as the network sees them.
    ///
    /// - Throws: when the dataset cannot be read or its images do not fit the network.
    public static func regions(of questions: [ImageQuestion], network: Network) throws(StudyError) -> [ImageRegion] {
        guard let first = questions.first else { return [] }
        do {
            let dataset = try first.dataset.open()
            return try questions.map { question in
                let image = try CenteredImage(dataset, index: question.index, normalization: question.normalization)
                guard image.values.count == network.inputCount else {
                    throw StudyError(
                        "\(question.dataset.path): an image has \(image.values.count) values, the network "
                            + "\(network.inputCount) inputs; choose a dataset that fits")
                }
                guard let epsilon = ExactDecimal(question.epsilon) else {
                    throw StudyError("the radius '\(question.epsilon)' is no decimal; write one such as 0.01")
                }
                let property = try image.property(
                    epsilon: epsilon, classes: max(network.outputCount, image.label + 1), target: nil)
                return ImageRegion(name: question.name, label: image.label, region: property.regions[0])
            }
        } catch let error as StudyError {
            throw error
        } catch {
            throw StudyError("\(error)")
        }
    }
}
