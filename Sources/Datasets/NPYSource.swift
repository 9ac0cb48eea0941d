/// An NPY array of images or rows, the first dimension counting them, and one of labels.
struct NPYSource: ExampleSource {
    private let images: NPYFile
    private let labels: [Int]
    let shape: ExampleShape
    let count: Int
    let classNames: [String] = []
    let isPixels: Bool
    /// Channels come last in the file.
    private let channelsLast: Bool

    init(images path: String, labels labelsPath: String) throws(DatasetError) {
        images = try NPYFile(path)
        let dimensions = images.shape
        channelsLast =
            dimensions.count == 4 && [1, 3].contains(dimensions[3]) && ![1, 3].contains(dimensions[1])
        switch dimensions.count {
        case 2: shape = ExampleShape(channels: dimensions[1], height: 1, width: 1)
        case 3: shape = ExampleShape(channels: 1, height: dimensions[1], width: dimensions[2])
        case 4 where channelsLast:
            shape = ExampleShape(channels: dimensions[3], height: dimensions[1], width: dimensions[2])
        case 4: shape = ExampleShape(channels: dimensions[1], height: dimensions[2], width: dimensions[3])
        default:
            throw DatasetError(
                path: path, problem: "the array has \(dimensions.count) dimensions",
                remedy: "save examples as [N, values], [N, rows, columns], [N, channels, rows, columns] or "
                    + "[N, rows, columns, channels]")
        }
        count = dimensions[0]
        isPixels = images.type == .uint8
        let labelFile = try NPYFile(labelsPath)
        guard labelFile.shape.reduce(1, *) == count, labelFile.shape.first == count else {
            throw DatasetError(
                path: labelsPath, problem: "an array of shape \(labelFile.shape) for \(count) examples",
                remedy: "save one label per example, as an array [\(count)]")
        }
        labels = try labelFile.labels(0..<count)
    }

    func examples(_ range: Range<Int>) throws(DatasetError) -> Examples {
        let values = range.lowerBound * shape.count..<range.upperBound * shape.count
        let storage: Examples.Storage =
            isPixels
            ? .bytes(planes(try images.uint8s(values))) : .floats(planes(try images.floats(values)))
        return Examples(shape: shape, storage: storage, labels: Array(labels[range]))
    }

    /// The values with channels first.
    private func planes<Value>(_ values: [Value]) -> [Value] {
        guard channelsLast, shape.channels > 1 else { return values }
        let area = shape.height * shape.width
        var result = values
        for example in 0..<values.count / shape.count {
            for channel in 0..<shape.channels {
                for pixel in 0..<area {
                    result[(example * shape.channels + channel) * area + pixel] =
                        values[(example * area + pixel) * shape.channels + channel]
                }
            }
        }
        return result
    }
}
