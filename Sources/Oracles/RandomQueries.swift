// Tiny networks and properties that look for trouble: rows of zeros, constant neurons, residual sums, leaky
// ReLUs, inputs without width, and thresholds at, just below or just above the least value the margin really
// takes.

import BigInt
import Intervals
public import Networks
public import Properties
internal import RandomNumbers

/// A network and a property whose true answer is known.
public struct RandomQuery: Sendable {
    public var network: Network
    public var property: Property
    /// For messages: the seed it came from.
    public var seed: UInt64
    /// An equivalent query with few inputs, when this one has many.
    var core: (network: Network, property: Property)?

    /// The equivalent query with few inputs; itself, when it has few.
    var small: RandomQuery {
        core.map { RandomQuery(network: $0.network, property: $0.property, seed: seed) } ?? self
    }

    /// The true answer; a violation is told in the inputs of the equivalent small query.
    public func answer() throws(ExactOracle.Failure) -> ExactOracle.Answer {
        try ExactOracle(network: small.network, property: small.property).answer()
    }

    /// What is wrong with a verdict; nil when nothing is. See `ExactOracle.objection(to:answer:)`.
    public func objection(to verdict: Verdict, answer: ExactOracle.Answer) throws(ExactOracle.Failure)
        -> String?
    {
        try ExactOracle(network: network, property: property).objection(to: verdict, answer: answer)
    }
}

/// Operators that random networks may have beside matrix products, activations, sums and scalings.
public struct RandomOperators: OptionSet, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let convolution = RandomOperators(rawValue: 1)
    public static let maxPooling = RandomOperators(rawValue: 2)
}

/// An endless sequence of random queries; the same seed and operators give the same query.
public struct RandomQueries: Sequence, IteratorProtocol, Sendable {
    private var seed: UInt64
    private let operators: RandomOperators

    public init(seed: UInt64 = 0, operators: RandomOperators = .convolution) {
        self.seed = seed
        self.operators = operators
    }

    public mutating func next() -> RandomQuery? {
        while true {
            let own = seed
            seed &+= 1
            if let query = Self.query(seed: own, operators: operators) { return query }
        }
    }

    /// - Returns: nil for the few seeds whose network has too many linear pieces.
    public static func query(seed: UInt64, operators: RandomOperators = .convolution) -> RandomQuery? {
        var maker = RandomQueryMaker(seed: seed, operators: operators)
        let isImage = operators.contains(.convolution) && maker.random.chance(30)
        let network = isImage ? maker.imageNetwork() : maker.network()
        guard let property = maker.property(for: network) else { return nil }
        let query = RandomQuery(network: network, property: property, seed: seed)
        return maker.random.chance(40) ? maker.widened(query) : query
    }
}

struct RandomQueryMaker {
    var random: SplitMix64
    /// Share of weights that are zero, in percent.
    private let zeros: Int
    private let precision: Precision
    let operators: RandomOperators

    /// What weights look like: quarters make all float64 arithmetic exact, the others none of it.
    private enum Precision { case quarters, single, double, wild }

    init(seed: UInt64, operators: RandomOperators) {
        self.operators = operators
        random = SplitMix64(seed: seed)
        zeros = [10, 30, 60, 85][Int(random.next() % 4)]
        precision = [.quarters, .quarters, .quarters, .single, .double, .wild][random.integer(0...5)]
    }

    /// A weight or an offset, at most about `largest` but for wild ones.
    mutating func weight(_ largest: Int = 2) -> Double {
        let value = Double.random(in: -1...1, using: &random) * Double(largest)
        switch precision {
        case .quarters: return dyadic(largest)
        case .single: return Double(Float(value))
        case .double: return value
        case .wild: return Double(sign: .plus, exponent: random.integer(-15...15), significand: value)
        }
    }

    /// Quarters, small.
    mutating func dyadic(_ largest: Int = 2) -> Double {
        Double(random.integer(-4 * largest...4 * largest)) / 4
    }
}

// MARK: - Networks

extension RandomQueryMaker {
    mutating func network() -> Network {
        let inputs = random.integer(2...3)
        var network = Network(
            nodes: [Node(name: "input", operation: .input, inputs: [], shape: [inputs])], output: 0)
        let layers = random.integer(1...3)
        for layer in 0..<layers {
            let width = random.integer(2...(layers == 3 ? 4 : 5))
            let before = network.output
            append(.linear(linear(from: network.nodes[before].count, to: width)), [width], to: &network)
            appendVariation(to: &network)
            append(.activation(activation()), [width], to: &network)
            if network.nodes[before].count == width && (layer > 0 || random.chance(50)) && random.chance(60) {
                append(.sum, [width], inputs: [before, network.output], to: &network)
                if random.chance(50) { append(.activation(.relu), [width], to: &network) }
            }
        }
        let outputs = random.integer(1...3)
        append(
            .linear(linear(from: network.nodes[network.output].count, to: outputs)), [outputs], to: &network)
        return network
    }

    func append(
        _ operation: Operator, _ shape: [Int], inputs: [Int]? = nil, to network: inout Network
    ) {
        network.nodes.append(
            Node(
                name: "node \(network.nodes.count)", operation: operation, inputs: inputs ?? [network.output],
                shape: shape))
        network.output = network.nodes.count - 1
    }

    mutating func linear(from columns: Int, to rows: Int) -> Linear {
        var weights = (0..<rows * columns).map { _ in random.chance(zeros) ? 0 : weight() }
        for row in 0..<rows where random.chance(12) {
            for column in 0..<columns { weights[row * columns + column] = 0 }
        }
        for column in 0..<columns where random.chance(5) {
            for row in 0..<rows { weights[row * columns + column] = 0 }
        }
        let matrix = Matrix.dense(rows: rows, columns: columns, values: weights)
        return Linear(
            weights: random.chance(50) ? matrix : .sparse(matrix.sparse),
            bias: (0..<rows).map { _ in random.chance(30) ? 0 : weight(1) })
    }

    /// Now and then an operator that changes nothing, or little.
    private mutating func appendVariation(to network: inout Network) {
        let width = network.nodes[network.output].count
        switch random.integer(0...11) {
        case 0:
            append(.reshape, [1, 1, width], to: &network)
            append(.reshape, [width], to: &network)
        case 1:
            let scale = (0..<width).map { _ in weight() }
            append(
                .elementwise(Elementwise(scale: scale, offset: scale.map { _ in weight(1) })), [width],
                to: &network)
        case 2:
            let sources = (0..<width).map { _ in Int32(random.integer(-1...width - 1)) }
            append(
                .select(Selection(sources: sources, constants: sources.map { _ in weight(1) })), [width],
                to: &network)
        case 3 where operators.contains(.convolution):
            append(.reshape, [1, 1, width], to: &network)
            append(.convolution(convolution(width: width)), [1, 1, width], to: &network)
            append(.reshape, [width], to: &network)
        case 4 where operators.contains(.maxPooling):
            var pooling = Pooling(
                channels: 1, input: (1, width), kernel: (1, 3), output: (1, width))
            pooling.paddingLeft = 1
            append(.reshape, [1, 1, width], to: &network)
            append(.maxPool(pooling), [1, 1, width], to: &network)
            append(.reshape, [width], to: &network)
        default: break
        }
    }

    private mutating func convolution(width: Int) -> Convolution {
        var convolution = Convolution(
            input: (1, 1, width), outputChannels: 1, kernel: (1, 3), weights: (0..<3).map { _ in weight(1) },
            bias: [weight(1)])
        convolution.paddingLeft = 1
        convolution.paddingRight = 1
        return convolution
    }
}
