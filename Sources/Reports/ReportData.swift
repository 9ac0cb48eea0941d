// What the page's drill-down reads: images, queries and adversarial examples, packed so that thousands of queries stay a
// page of a few megabytes. Images are bytes; an adversarial example is its difference to the image, in 1/127 of the
// largest one, as signed bytes.

internal import Foundation
internal import Studies

struct ReportData: Encodable {
    /// How many bytes of adversarial examples a page carries.
    static let exampleBudget = 6 << 20

    var shape: [Int]
    var classes: [String]?
    var epsilons: [String]
    var outcomes: [String]
    /// Classes of the style sheet, in the order of outcomes.
    var kinds: [String]
    var origins: [String]
    var images: [Picture]
    var models: [Model]
    var queries: [Query]
    /// Differences, base64 of signed bytes, and how large 127 is.
    var examples: [Example]
    var examplesLeftOut: Int

    struct Picture: Encodable {
        var index: Int
        var label: Int
        /// Base64 of bytes; nil where the values are no picture.
        var pixels: String?
    }

    struct Model: Encodable {
        var id: String
        var point: String
        var architecture: String
        var seed: Int
        var accuracy: Double?
    }

    struct Query: Encodable {
        var model: Int
        var epsilon: Int
        var image: Int
        var outcome: Int
        var origin: Int
        var label: Int
        var predicted: Int?
        var seconds: Double
        var nodes: Int
        var bound: Double?
        var margin: Double?
        var unstable: Int?
        var source: String?
        var reason: String?
        var example: Int?
        var exampleClass: Int?

        /// Short names: there are thousands of them.
        enum CodingKeys: String, CodingKey {
            case model = "m"
            case epsilon = "e"
            case image = "i"
            case outcome = "o"
            case origin = "f"
            case label = "l"
            case predicted = "p"
            case seconds = "s"
            case nodes = "n"
            case bound = "b"
            case margin = "g"
            case unstable = "u"
            case source = "r"
            case reason = "w"
            case example = "x"
            case exampleClass = "c"
        }
    }

    struct Example: Encodable {
        var scale: Double
        var values: String
    }

    init(_ results: SweepResults, _ analysis: SweepAnalysis) {
        shape = results.imageShape
        classes = results.classNames
        epsilons = results.epsilons
        outcomes = Outcome.allCases.map { outcome in
            stackedOutcomes.first { $0.outcome == outcome }!.word
        }
        kinds = Outcome.allCases.map { outcome in stackedOutcomes.first { $0.outcome == outcome }!.kind }
        origins = SweepQuery.Origin.allCases.map(\.words)
        var (low, high): (Float, Float) = (0, 1)
        for image in results.images {
            low = min(low, image.values.min() ?? low)
            high = max(high, image.values.max() ?? high)
        }
        images = results.images.map { image in
            let bytes = image.values.map { UInt8(min(255, max(0, (255 * ($0 - low) / (high - low)).rounded()))) }
            return Picture(index: image.index, label: image.label, pixels: Data(bytes).base64EncodedString())
        }
        var names: [String: (architecture: String, point: String)] = [:]
        for architecture in analysis.architectures {
            for point in architecture.points {
                for model in point.models { names[model.id] = (architecture.name, point.name) }
            }
        }
        models = results.models.map { model in
            Model(
                id: model.id, point: names[model.id]?.point ?? "", architecture: model.architecture, seed: model.seed,
                accuracy: model.testAccuracy)
        }
        queries = []
        examples = []
        examplesLeftOut = 0
        addQueries(results)
    }

    private mutating func addQueries(_ results: SweepResults) {
        let positions = Dictionary(results.models.enumerated().map { ($1.id, $0) }) { first, _ in first }
        let radii = Dictionary(results.epsilons.enumerated().map { ($1, $0) }) { first, _ in first }
        let originals = Dictionary(results.images.map { ($0.index, $0.values) }) { first, _ in first }
        var bytes = 0
        for query in results.queries {
            var packed = Query(
                model: positions[query.model] ?? 0, epsilon: radii[query.epsilon] ?? 0, image: query.image,
                outcome: Outcome.allCases.firstIndex(of: query.outcome)!,
                origin: SweepQuery.Origin.allCases.firstIndex(of: query.origin)!, label: query.label,
                predicted: query.predicted, seconds: Self.short(query.seconds), nodes: query.nodes,
                bound: query.rootBound.map(Self.short), margin: query.attackedMargin.map(Self.short),
                unstable: query.unstableNeurons, source: query.source, reason: query.reason)
            packed.exampleClass = query.adversarialClass
            if let example = query.adversarialExample, let original = originals[query.image],
                example.count == original.count
            {
                if bytes + example.count <= Self.exampleBudget {
                    bytes += example.count
                    packed.example = examples.count
                    examples.append(Self.packed(zip(example, original).map { moved, still in moved - still }))
                } else {
                    examplesLeftOut += 1
                }
            }
            queries.append(packed)
        }
    }

    private static func packed(_ differences: [Float]) -> Example {
        let largest = differences.map { $0.isFinite ? abs($0) : 0 }.max() ?? 0
        let bytes = differences.map { difference -> UInt8 in
            guard largest > 0, difference.isFinite else { return 0 }
            return UInt8(bitPattern: Int8((127 * difference / largest).rounded()))
        }
        return Example(scale: Double(largest), values: Data(bytes).base64EncodedString())
    }

    /// Five digits are enough for a page.
    private static func short(_ value: Double) -> Double {
        guard value.isFinite, value != 0 else { return 0 }
        return Double(String(format: "%.5g", value)) ?? value
    }

    /// As JSON that may stand within a script element: nothing in it ends the element.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // All values are finite by then.
        let text = String(decoding: try! encoder.encode(self), as: UTF8.self)
        return text.replacing("<", with: "\\u003c")
    }
}

extension SweepQuery.Origin {
    var words: String {
        switch self {
        case .computed: "computed"
        case .largerRadius: "holds at a larger radius"
        case .smallerRadius: "violated at a smaller radius"
        case .openAtSmallerRadius: "open at a smaller radius"
        case .hopelessGap: "given up after the first bounds"
        case .otherRadius: "misclassified at every radius"
        case .transferredCounterexample: "another network's counterexample"
        case .transferredProof: "started from another network's proof"
        case .neighbouringRadius: "started from another radius"
        case .transferredMargin: "holds for the dense network by more than pruning can take"
        }
    }
}
