// What a study asks: one network, and a property from a file or from an image of a dataset.

internal import Intervals

/// One question of a study.
public struct StudyQuery: Codable, Sendable, Equatable {
    /// What the query belongs to: the name of the list's directory, or of the dataset.
    public var category: String
    /// The network as the list writes it.
    public var networkName: String
    /// The network's file, to be opened.
    public var network: String
    public var subject: Subject
    /// Seconds that the list grants; nil when it says nothing.
    public var timeout: Double?
    /// Tells equal rows of a list apart, counted from 1.
    public var occurrence = 1

    public enum Subject: Codable, Sendable, Equatable {
        /// A VNN-LIB file, as the list writes it and to be opened.
        case property(name: String, path: String)
        case image(ImageQuestion)
    }

    public init(category: String, networkName: String, network: String, subject: Subject, timeout: Double? = nil) {
        self.category = category
        self.networkName = networkName
        self.network = network
        self.subject = subject
        self.timeout = timeout
    }

    public var propertyName: String {
        switch subject {
        case .property(let name, _): name
        case .image(let image): image.name
        }
    }

    /// Names of files without their directories.
    var shortName: String {
        func last(_ path: String) -> Substring { path.split(separator: "/").last ?? Substring(path) }
        guard case .property = subject else { return "\(last(networkName)) \(propertyName)" }
        return "\(last(networkName)) \(last(propertyName))"
    }

    /// The query's name within its study: the same on every machine that has the same list.
    public var key: String {
        "\(category),\(networkName),\(propertyName)" + (occurrence > 1 ? "#\(occurrence)" : "")
    }
}

/// Whether every input near an image keeps the image's class.
public struct ImageQuestion: Codable, Sendable, Equatable {
    public var dataset: DatasetReference
    public var index: Int
    /// The radius in the maximum norm, a decimal, in the units of the image (0 to 1 for pixels).
    public var epsilon: String
    public var normalization: Normalization?
    /// The only class that counts as a violation; nil for all others than the label.
    public var target: Int?

    public init(
        dataset: DatasetReference, index: Int, epsilon: String, normalization: Normalization? = nil, target: Int? = nil
    ) {
        self.dataset = dataset
        self.index = index
        self.epsilon = epsilon
        self.normalization = normalization
        self.target = target
    }

    public var name: String {
        "\(dataset.name)[\(index)] eps \(epsilon)" + (target.map { " target \($0)" } ?? "")
            + (normalization.map { " \($0)" } ?? "")
    }
}

/// `(value - mean) / deviation`, applied to an image before the network sees it; decimals, one per channel or one for
/// all channels.
public struct Normalization: Codable, Sendable, Equatable, CustomStringConvertible {
    public var mean: [String]
    public var deviation: [String]

    /// Nil unless all are decimals and no deviation is zero or negative.
    public init?(mean: [String], deviation: [String]) {
        guard !mean.isEmpty, !deviation.isEmpty, mean.allSatisfy({ ExactDecimal($0) != nil }),
            deviation.allSatisfy({ ExactDecimal($0).map { $0.sign > 0 } ?? false })
        else { return nil }
        self.mean = mean
        self.deviation = deviation
    }

    public var description: String {
        "mean \(mean.joined(separator: " ")) std \(deviation.joined(separator: " "))"
    }
}

/// A dataset and how to open it.
public struct DatasetReference: Codable, Sendable, Hashable {
    public var path: String
    public var labels: String?
    /// `train` or `test`.
    public var split: String
    /// Channels, rows and columns, for CSV.
    public var shape: [Int]?

    public init(path: String, labels: String? = nil, split: String = "test", shape: [Int]? = nil) {
        self.path = path
        self.labels = labels
        self.split = split
        self.shape = shape
    }

    /// The last part of the path.
    public var name: String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}

/// Budgets and switches of a query. Part of what a stored result must agree with to be used again, apart from the
/// number of threads and where the certificate goes.
public struct QueryOptions: Codable, Sendable, Equatable {
    /// Seconds; nil for no limit.
    public var timeout: Double?
    public var threads = 1
    public var seed: UInt64 = 0
    public var maxNodes: Int?
    /// Bytes that a worker may hold.
    public var memory = 4 << 30
    public var attack = true
    /// Whether a search ends once it is clear that its time will not do.
    public var givesUp = false

    public init() {}
}

/// Why a study cannot be begun or continued: one line that says what to do.
public struct StudyError: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ message: String) { description = String(message.map { $0.isNewline ? " " : $0 }) }
}
