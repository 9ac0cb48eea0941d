// The search around one image.
//
// Both radii are monotone: a proof holds for every smaller radius, a counterexample for every larger one. The nearest
// counterexample that gradient descent finds comes first, because it is cheap. What is left is asked once, just as far
// below it as the tolerance allows: where it was the nearest indeed that proof is the only one, and it costs less than
// a plain query, because nothing has to be looked for again. A query that finds a counterexample after all gives
// descent a better start; should that go on, the step below doubles until a proof holds, and bisection closes the gap.

internal import Falsification
internal import Intervals
internal import Networks
internal import Properties
internal import Verification

struct ImageRadius {
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
    }

    // MARK: counterexamples

    /// Radii beyond this hold every image of the data's range.
    private var largest: Double { image.range.map { $0.upperBound - $0.lowerBound } ?? 1e6 }

    /// Looks for the counterexample nearest to the image.
    mutating func attack() throws(StudyError) { try descend(from: nil) }

    /// Descends towards the image from a violation, an input of the network, or from the image itself.
    private mutating func descend(from start: [Double]?) throws(StudyError) {
        guard !isCancelled() else { return }
        progress("certified \(certified.text), attacked \(attacked?.text ?? "-"), looking for counterexamples")
        attacks += 1
        var given = verificationOptions
        given.seed &+= UInt64(attacks)
        let candidate = nearestViolation(
            try query(Radius(largest, .up)), around: image.surroundings, start: start, options: given,
            isCancelled: isCancelled)
        if let candidate { remember(candidate, within: nil) }
    }

    /// Moves an input that may be a counterexample towards the image for as long as it is one.
    ///
    /// - Parameter radius: one within which the input is known to be one.
    private mutating func remember(_ input: [Double], within radius: Radius?) {
        let nearest = image.nearestViolation(towards: input, by: network.network, target: target) ?? radius
        if let nearest, attacked.map({ nearest.value < $0.value }) ?? true { attacked = nearest }
    }

    // MARK: proofs

    /// From the last counterexample down until a proof holds, then between the two.
    mutating func prove() throws(StudyError) {
        // A little less than what is allowed, for the rounding of radii.
        let tolerance = 0.98 * options.tolerance
        var step = attacked == nil ? 1 : tolerance
        var failures = 0
        while !isCancelled() {
            let upper = upper
            // Near a radius that is too hard further queries are dear and gain little.
            let isOpen = open.map { $0.value <= upper.value } ?? false
            let enough = 1 + (isOpen ? 4 : 1) * options.tolerance
            if upper.value <= certified.value * enough || upper.value < 1e-9 { return }
            guard queries < options.mostQueries else {
                reason = "the limit of \(options.mostQueries) queries was reached"
                return
            }
            var middle = upper.value / (1 + step)
            if middle <= certified.value { middle = (certified.value * upper.value).squareRoot() }
            if case .holds = try ask(Radius(middle, .down)) {
                step = tolerance
            } else {
                failures += 1
                // Descent from a first counterexample mostly ends at the nearest one, a second one makes that doubtful.
                if failures > 1 || attacked == nil { step = min(2 * step, 3) }
                if open != nil { step = min(2 * step, 3) }
            }
        }
    }

    /// The smallest radius that is not to be asked again.
    private var upper: Radius {
        [attacked, open].compactMap(\.self).min { $0.value < $1.value } ?? Radius(largest, .up)
    }

    /// Asks the query at a radius and remembers what follows.
    private mutating func ask(_ radius: Radius) throws(StudyError) -> Verdict {
        progress("certified \(certified.text), attacked \(attacked?.text ?? "-"), now at \(radius.text)")
        var given = verificationOptions
        given.descends = attacked == nil
        let report = verify(try query(radius), options: given, isCancelled: isCancelled)
        queries += 1
        switch report.verdict {
        case .holds: certified = radius
        case .violated(let counterexample):
            remember(counterexample.input, within: radius)
            try descend(from: counterexample.input)
        case .unknown(let why): (open, reason) = (radius, why)
        case .timeout: (open, reason) = (radius, "timeout at \(radius.text)")
        }
        return report.verdict
    }

    /// Processor time of one query at the certified radius that begins with nothing; nil when there is no such radius.
    func plainSeconds() throws(StudyError) -> Double? {
        guard certified.value > 0 else { return nil }
        let start = processorSeconds()
        _ = verify(try query(certified), options: verificationOptions, isCancelled: isCancelled)
        return processorSeconds() - start
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
        given.reportsFloat32 = false
        given.timeout = options.query.timeout ?? .infinity
        given.threads = options.query.threads
        given.memoryLimit = options.query.memory
        given.attack = options.query.attack
        given.seed = options.query.seed
        given.maxNodes = options.query.maxNodes ?? .max
        return given
    }
}

extension CenteredImage {
    /// The boxes around the image, as the network sees them.
    var surroundings: Surroundings {
        let center = input.map(\.midpoint)
        let lower: [Double]
        let upper: [Double]
        if let range {
            lower = center.indices.map { normalized(Interval(range.lowerBound), at: $0).midpoint }
            upper = center.indices.map { normalized(Interval(range.upperBound), at: $0).midpoint }
        } else {
            (lower, upper) = (center.map { _ in -1e30 }, center.map { _ in 1e30 })
        }
        let unit = values.indices.map { index in
            (normalized(Interval(values[index] + 1), at: index) - normalized(Interval(values[index]), at: index))
                .midpoint
        }
        return Surroundings(center: center, unit: unit, lower: lower, upper: upper)
    }

    /// The smallest radius found that reaches a counterexample on the way from the image to an input of the network and
    /// a little beyond; nil when there is none.
    ///
    /// - Soundness: the counterexample is confirmed by evaluation rounded outward, and lies within the radius.
    func nearestViolation(towards input: [Double], by network: Network, target: Int?) -> Radius? {
        let far = values(of: input)
        func point(_ part: Double) -> [Double] {
            zip(values, far).map { center, end in
                let value = center + part * (end - center)
                return range.map { min(max(value, $0.lowerBound), $0.upperBound) } ?? value
            }
        }
        func isViolated(_ part: Double) -> Bool { self.isViolated(at: point(part), by: network, target: target) }
        // Float32 may be wrong by a little.
        guard var most = [1, 1.0001, 1.001, 1.01].first(where: isViolated) else { return nil }
        var least = 0.0
        // Where descent has ended, little is left to be gained.
        for part in [0.999, 0.99, 0.9] {
            guard isViolated(most * part) else {
                least = most * part
                break
            }
            most *= part
        }
        while most - least > 0.0005 * most {
            let middle = (least + most) / 2
            if isViolated(middle) { most = middle } else { least = middle }
        }
        // Each difference is rounded by half an ulp at most; the radius's own rounding is far larger.
        let distance = zip(values, point(most)).map { abs($0 - $1) }.max() ?? 0
        return Radius(distance.nextUp, .up)
    }
}
