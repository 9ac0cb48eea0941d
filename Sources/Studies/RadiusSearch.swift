// The largest radius around an image that is proved, and the smallest at which a counterexample is known.
//
// Both are monotone: a proof holds for every smaller radius, a counterexample for every larger one. Counterexamples
// come first, because they are cheap: each is moved towards the image for as long as it stays one, and the search goes
// on just inside it. What is left is asked once, just below the last counterexample: where the attack was good that
// proof is the only one, and it costs what a single query costs. Otherwise the step below doubles until a proof holds,
// and bisection closes the gap.

internal import Datasets
internal import Foundation
internal import Intervals
internal import Networks
internal import ONNXFormat
internal import Properties
internal import Verification

public struct RadiusOptions: Sendable {
    /// Of each query; the timeout in particular.
    public var query = QueryOptions()
    /// The search ends when the two radii differ by less than this part.
    public var tolerance = 0.01
    /// Where the search begins.
    public var start = 0.05

    public init() {}
}

/// What is known of one image.
public struct RadiusResult: Sendable {
    public var label: Int
    /// The class that the network gives the image when it is not the label; no radius is sought then.
    public var predicted: Int?
    /// Decimals: proved for this radius exactly; nil when no radius was.
    public var certified: String?
    /// A counterexample lies within this radius; nil when none was found.
    public var attacked: String?
    /// What took the search so long that it decided nothing at some radius between the two.
    public var reason: String?
    public var queries = 0
    /// Searches for counterexamples that were no part of a query.
    public var attacks = 0
    public var seconds = 0.0
    /// Seconds of the query that proved `certified`, which began with nothing.
    public var certifiedSeconds = 0.0
}

/// Searches radii for the images of one dataset and one network.
public final class RadiusSearch {
    private let network: PreparedNetwork
    private let dataset: Dataset
    private let options: RadiusOptions

    /// - Throws: when the network or the dataset cannot be read or do not belong together.
    public init(network path: String, dataset reference: DatasetReference, options: RadiusOptions) throws(StudyError) {
        do {
            network = PreparedNetwork(try ONNXReader.read(path: path))
            dataset = try reference.open()
        } catch {
            throw StudyError("\(error)")
        }
        self.options = options
        guard dataset.shape.count == network.network.inputCount else {
            throw StudyError(
                "\(reference.path): examples of \(dataset.shape) for a network of \(network.network.inputCount) inputs; "
                    + "use the data that belongs to \(path)")
        }
    }

    /// The radii of the question's image; its own radius is not looked at.
    public func run(
        _ question: ImageQuestion, progress: @escaping @Sendable (String) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(StudyError) -> RadiusResult {
        let start = ContinuousClock.now
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
        }
        result.seconds = seconds(since: start)
        return result
    }
}

private struct ImageRadius {
    let image: CenteredImage
    let network: PreparedNetwork
    let target: Int?
    let options: RadiusOptions
    let progress: @Sendable (String) -> Void
    let isCancelled: @Sendable () -> Bool

    private var certified = Radius.zero
    private var attacked: Radius?
    /// The smallest radius that a query left open.
    private var open: Radius?
    private var reason: String?
    private var queries = 0
    private var attacks = 0
    private var certifiedSeconds = 0.0

    init(
        image: CenteredImage, network: PreparedNetwork, target: Int?, options: RadiusOptions,
        progress: @escaping @Sendable (String) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) {
        self.image = image
        self.network = network
        self.target = target
        self.options = options
        self.progress = progress
        self.isCancelled = isCancelled
    }

    func add(to result: inout RadiusResult) {
        result.certified = certified.value > 0 ? certified.text : nil
        result.attacked = attacked?.text
        result.reason = reason
        result.queries = queries
        result.attacks = attacks
        result.certifiedSeconds = certifiedSeconds
    }

    /// Radii beyond this hold every image of the data's range.
    private var largest: Double { image.range.map { $0.upperBound - $0.lowerBound } ?? 1e6 }

    /// From outside in: a counterexample, and then others just inside the last one until none is found.
    mutating func attack() throws(StudyError) {
        var radius = Radius(options.start, .down)
        while attacked == nil, !isCancelled() {
            if try !attack(radius, .quick, seed: 0) { _ = try attack(radius, .thorough, seed: 0) }
            if radius.value >= largest { break }
            radius = Radius(min(largest, 2 * radius.value), .up)
        }
        // Quick searches only: the query that follows begins with a thorough one.
        var seed: UInt64 = 0
        for (step, tries) in [(0.02, 1), (options.tolerance / 2, 3)] {
            var failures = 0
            while let found = attacked, failures < tries, !isCancelled() {
                seed += 1
                let inner = Radius(found.value * (1 - step), .down)
                failures = try attack(inner, .quick, seed: seed) ? 0 : failures + 1
            }
        }
    }

    /// Whether a counterexample was found within the radius.
    private mutating func attack(_ radius: Radius, _ effort: AttackEffort, seed: UInt64) throws(StudyError) -> Bool {
        tell(radius)
        var given = verificationOptions
        given.seed &+= seed
        attacks += 1
        guard
            let found = findCounterexample(
                try query(radius), effort: effort, options: given, isCancelled: isCancelled)
        else { return false }
        remember(found, within: radius)
        return true
    }

    /// From the last counterexample down until a proof holds, then between the two.
    mutating func prove() throws(StudyError) {
        var step = options.tolerance / 2
        while let upper, !isCancelled() {
            if upper.value <= certified.value * (1 + options.tolerance) || upper.value < 1e-9 { return }
            let middle: Double
            if certified.value > 0 && upper.value * (1 - step) <= certified.value {
                middle = (certified.value * upper.value).squareRoot()
            } else {
                middle = upper.value * (1 - min(step, 0.75))
            }
            switch try ask(Radius(middle, .down)) {
            case .holds: step = 1
            case .violated, .unknown, .timeout: step *= 2
            }
        }
    }

    /// The smallest radius that is not to be asked again.
    private var upper: Radius? {
        [attacked, open].compactMap(\.self).min { $0.value < $1.value } ?? Radius(largest, .up)
    }

    /// Asks the query at a radius and remembers what follows.
    private mutating func ask(_ radius: Radius) throws(StudyError) -> Verdict {
        tell(radius)
        let query = try query(radius)
        let start = ContinuousClock.now
        let report = verify(query, options: verificationOptions, isCancelled: isCancelled)
        queries += 1
        switch report.verdict {
        case .holds: (certified, certifiedSeconds) = (radius, seconds(since: start))
        case .violated(let counterexample): remember(counterexample, within: radius)
        case .unknown(let why): (open, reason) = (radius, why)
        case .timeout: (open, reason) = (radius, "timeout")
        }
        return report.verdict
    }

    private func query(_ radius: Radius) throws(StudyError) -> Query {
        do {
            return try Query(
                network: network,
                property: image.property(
                    epsilon: radius.decimal, classes: network.network.outputCount, target: target))
        } catch {
            throw StudyError("\(error)")
        }
    }

    private var verificationOptions: VerificationOptions {
        var given = VerificationOptions()
        given.timeout = options.query.timeout ?? .infinity
        given.threads = options.query.threads
        given.memoryLimit = options.query.memory
        given.attack = options.query.attack
        given.seed = options.query.seed
        given.maxNodes = options.query.maxNodes ?? .max
        return given
    }

    private func tell(_ radius: Radius) {
        progress("certified \(certified.text), attacked \(attacked?.text ?? "-"), now at \(radius.text)")
    }

    private mutating func remember(_ counterexample: Counterexample, within radius: Radius) {
        let nearest = nearest(counterexample, within: radius)
        if attacked.map({ nearest.value < $0.value }) ?? true { attacked = nearest }
    }

    /// How near to the image, on the way to the counterexample, there still is one.
    private func nearest(_ counterexample: Counterexample, within radius: Radius) -> Radius {
        let far = image.values(of: counterexample.input)
        var best = radius
        var (least, most) = (0.0, 1.0)
        for _ in 0..<12 {
            let part = most == 1 && least == 0 ? 1 : (least + most) / 2
            let point = zip(image.values, far).map { center, end in
                let value = center + part * (end - center)
                return image.range.map { min(max(value, $0.lowerBound), $0.upperBound) } ?? value
            }
            if image.isViolated(at: point, by: network.network, target: target) {
                // Each difference is rounded by half an ulp at most; the radius's own rounding is far larger.
                let distance = zip(image.values, point).map { abs($0 - $1) }.max() ?? 0
                let reached = Radius(distance.nextUp, .up)
                if reached.value < best.value { best = reached }
                if part == 1 { (least, most) = (0, 1 - 1e-12) } else { most = part }
            } else if part == 1 {
                break
            } else {
                least = part
            }
        }
        return best
    }
}

/// A radius of six significant digits, so that what is printed is what was proved.
private struct Radius {
    let text: String
    let value: Double
    let decimal: ExactDecimal

    static let zero = Radius(text: "0", value: 0, decimal: .zero)

    enum Direction { case up, down }

    private init(text: String, value: Double, decimal: ExactDecimal) {
        (self.text, self.value, self.decimal) = (text, value, decimal)
    }

    init(_ number: Double, _ direction: Direction) {
        var text = String(format: "%.5e", number)
        let exact = ExactDecimal(number)
        if direction == .up ? ExactDecimal(text)! < exact : exact < ExactDecimal(text)! {
            let exponent = Int(text.split(separator: "e")[1])!
            let step = pow(10.0, Double(exponent - 5))
            text = String(format: "%.5e", Double(text)! + (direction == .up ? step : -step))
        }
        // Written plainly where that is short.
        if let plain = Double(text), plain >= 1e-4, plain < 1000 {
            let shorter = String(format: "%.10g", plain)
            if ExactDecimal(shorter) == ExactDecimal(text) { text = shorter }
        }
        self.init(text: text, value: Double(text)!, decimal: ExactDecimal(text)!)
    }
}
