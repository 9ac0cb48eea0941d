// Labelled examples: images of pixels, or rows of numbers.
//
// A dataset knows its size at once and reads examples when asked for, so that a range of a large file costs what the
// range holds. Pixels are bytes; a network sees byte / 255 in float32, the number that the common frameworks make of
// them. Numbers are float32.

/// The shape of one example; a row of numbers is a shape of as many channels, each of one number.
public struct ExampleShape: Sendable, Hashable, CustomStringConvertible {
    public var channels: Int
    public var height: Int
    public var width: Int

    public init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    public var count: Int { channels * height * width }

    public var description: String {
        height == 1 && width == 1 ? "\(channels)" : "\(channels)x\(height)x\(width)"
    }
}

/// Consecutive examples of one shape, with their labels.
public struct Examples: Sendable {
    public let shape: ExampleShape
    public var storage: Storage
    /// One class per example, counted from 0.
    public var labels: [Int]

    /// `[example][channel][row][column]`.
    public enum Storage: Sendable {
        /// Pixels of which 255 stands for 1.
        case bytes([UInt8])
        case floats([Float])
    }

    /// - Precondition: as many values as labels times the shape's count.
    public init(shape: ExampleShape, storage: Storage, labels: [Int]) {
        self.shape = shape
        self.storage = storage
        self.labels = labels
        switch storage {
        case .bytes(let bytes): precondition(bytes.count == labels.count * shape.count)
        case .floats(let floats): precondition(floats.count == labels.count * shape.count)
        }
    }

    public var count: Int { labels.count }

    /// The values of one example, `[channel][row][column]`; pixels as byte / 255, rounded to float32.
    public func values(at index: Int) -> [Float] { values(index..<index + 1) }

    /// As `values(at:)`, one example after the other.
    public func values(_ range: Range<Int>) -> [Float] {
        let part = range.lowerBound * shape.count..<range.upperBound * shape.count
        return switch storage {
        case .bytes(let bytes): bytes[part].map { Float($0) / 255 }
        case .floats(let floats): Array(floats[part])
        }
    }
}

/// A set of labelled examples, read as needed.
public struct Dataset: Sendable {
    /// The file or directory that it was opened at.
    public let path: String
    public let shape: ExampleShape
    public let count: Int
    /// By label, where the format has them; empty otherwise.
    public let classNames: [String]
    /// What values can be at all: 0 to 1 for pixels, unknown for other numbers.
    public let dataRange: ClosedRange<Double>?
    let source: any ExampleSource

    init(path: String, source: any ExampleSource) {
        self.path = path
        self.source = source
        shape = source.shape
        count = source.count
        classNames = source.classNames
        dataRange = source.isPixels ? 0...1 : nil
    }

    /// The examples of the range.
    ///
    /// - Complexity: proportional to the range, not to the dataset, unless the file is gzipped or text; those are
    ///   read whole when the dataset is opened.
    /// - Throws: when the range passes the dataset's end, or what it holds is damaged.
    public func examples(_ range: Range<Int>) throws(DatasetError) -> Examples {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            throw DatasetError(
                path: path,
                problem: "examples \(range.lowerBound)..<\(range.upperBound) are asked for, there are \(count)",
                remedy: "choose a range within 0..<\(count)")
        }
        return try source.examples(range)
    }

    public func examples() throws(DatasetError) -> Examples { try examples(0..<count) }

    /// A label as people read it.
    public func className(_ label: Int) -> String {
        classNames.indices.contains(label) ? classNames[label] : "\(label)"
    }
}

/// Where a format keeps its examples.
protocol ExampleSource: Sendable {
    var shape: ExampleShape { get }
    var count: Int { get }
    var classNames: [String] { get }
    /// Whether values are bytes that stand for 0 to 1.
    var isPixels: Bool { get }

    /// - Precondition: the range lies within `0 ..< count`.
    func examples(_ range: Range<Int>) throws(DatasetError) -> Examples
}
