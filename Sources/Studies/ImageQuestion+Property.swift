// An image's question as a property of the network.

internal import Datasets
internal import Evaluation
internal import Intervals
internal import Networks
internal import Properties

extension DatasetReference {
    func open() throws(DatasetError) -> Dataset {
        var options = Dataset.Options()
        options.labels = labels
        options.split = Dataset.Options.Split(rawValue: split) ?? .test
        if let shape {
            guard (1...3).contains(shape.count), shape.allSatisfy({ $0 > 0 }) else {
                throw DatasetError(path: path, problem: "the shape is \(shape)", remedy: "write channels,rows,columns")
            }
            let padded = shape + [Int](repeating: 1, count: 3 - shape.count)
            options.shape = ExampleShape(channels: padded[0], height: padded[1], width: padded[2])
        }
        return try Dataset(opening: path, options: options)
    }
}

extension ImageQuestion {
    /// One question per image and radius; images that have the target's label themselves are left out.
    ///
    /// - Throws: when the dataset cannot be opened or has no such images.
    public static func all(
        of reference: DatasetReference, images: IndexRanges, epsilons: [String], normalization: Normalization?,
        target: Int?
    ) throws(StudyError) -> [ImageQuestion] {
        do {
            let dataset = try reference.open()
            for counts in [normalization?.mean.count, normalization?.deviation.count] {
                guard counts == nil || counts == 1 || counts == dataset.shape.channels else {
                    throw StudyError(
                        "\(reference.path): \(dataset.shape.channels) channels, and \(counts!) means or deviations; "
                            + "give one, or one per channel")
                }
            }
            var questions: [ImageQuestion] = []
            for range in images.ranges {
                guard range.upperBound <= dataset.count else {
                    throw StudyError(
                        "\(reference.path): images \(range) are asked for, there are \(dataset.count); choose others")
                }
                for index in range {
                    if let target, try dataset.examples(index..<index + 1).labels[0] == target { continue }
                    for epsilon in epsilons {
                        questions.append(
                            ImageQuestion(
                                dataset: reference, index: index, epsilon: epsilon, normalization: normalization,
                                target: target))
                    }
                }
            }
            return questions
        } catch let error as StudyError {
            throw error
        } catch {
            throw StudyError("\(error)")
        }
    }
}

/// An image as the network is asked about it.
struct CenteredImage: Sendable {
    /// `[channel][row][column]`, float32 numbers before normalization.
    let values: [Double]
    let shape: ExampleShape
    let label: Int
    let range: ClosedRange<Double>?
    private let scaling: [(mean: Interval, deviation: Interval)]?

    init(_ dataset: Dataset, index: Int, normalization: Normalization?) throws(DatasetError) {
        let examples = try dataset.examples(index..<index + 1)
        values = examples.values(at: 0).map(Double.init)
        shape = dataset.shape
        label = examples.labels[0]
        range = dataset.dataRange
        scaling = normalization.map { normalization in
            (0..<dataset.shape.channels).map { channel in
                func entry(_ decimals: [String]) -> Interval {
                    ExactDecimal(decimals.count == 1 ? decimals[0] : decimals[channel])!.enclosure
                }
                return (mean: entry(normalization.mean), deviation: entry(normalization.deviation))
            }
        }
    }

    /// The input that the network gets for a value of the image.
    func normalized(_ value: Interval, at index: Int) -> Interval {
        guard let scaling else { return value }
        let channel = scaling[index / (shape.height * shape.width)]
        return (value - channel.mean) / channel.deviation
    }

    /// The image itself, as the network's input.
    var input: [Interval] { values.enumerated().map { normalized(Interval($1), at: $0) } }

    /// Violated when an input within the radius, clipped to the data's range, gives the target, or any other class, an
    /// output at least as large as the label's.
    func property(epsilon: ExactDecimal, classes: Int, target: Int?) throws(PropertyError) -> Property {
        var property = try Property.localRobustness(
            center: values, epsilon: epsilon, label: label, classes: classes, clippedTo: range)
        if let target {
            guard (0..<classes).contains(target), target != label else {
                throw PropertyError(message: "the target \(target) is not one of the other \(classes - 1) classes")
            }
            property.disjuncts.removeAll { !$0.constraints[0].outputTerms.contains { $0.index == target } }
        }
        if scaling != nil {
            var region = property.regions[0]
            for index in values.indices {
                region.lower[index] = normalized(region.lower[index], at: index)
                region.upper[index] = normalized(region.upper[index], at: index)
            }
            region.lowerText = []
            region.upperText = []
            property.regions[0] = region
        }
        return property
    }

    /// The class that the network certainly ranks at least as high as the label; nil when there is none.
    func misclassification(by network: Network) -> Int? {
        let output = network.evaluate(at: input)
        let others = output.indices.filter { $0 != label && output[$0].lower >= output[label].upper }
        return others.max { output[$0].midpoint < output[$1].midpoint }
    }

    /// The image whose input to the network is nearest to these numbers.
    func values(of input: [Double]) -> [Double] {
        guard let scaling else { return input }
        return input.enumerated().map { index, value in
            let channel = scaling[index / (shape.height * shape.width)]
            return value * channel.deviation.midpoint + channel.mean.midpoint
        }
    }

    /// Whether the network certainly ranks the target, or any other class, at least as high as the label for the image
    /// of these values.
    func isViolated(at values: [Double], by network: Network, target: Int?) -> Bool {
        let output = network.evaluate(at: values.enumerated().map { normalized(Interval($1), at: $0) })
        return output.indices.contains {
            $0 != label && (target ?? $0) == $0 && output[$0].lower >= output[label].upper
        }
    }
}
