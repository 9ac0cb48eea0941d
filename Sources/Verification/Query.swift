import BoundPropagation
import Evaluation
public import Networks
public import Properties

/// A network made ready for any number of queries: simplified and laid out once.
public final class PreparedNetwork: Sendable {
    public let network: Network
    let model: BoundModel

    public init(_ network: Network) {
        self.network = network
        model = BoundModel(plan: LanePlan(network.simplified().decomposingMaxPools()))
    }
}

/// A network and a property that fit each other.
public struct Query: Sendable {
    let prepared: PreparedNetwork
    public let property: Property

    public var network: Network { prepared.network }

    /// - Throws: when the property speaks of other numbers of inputs or outputs than the network has.
    public init(network: Network, property: Property) throws(QueryError) {
        try Self.check(network, property)
        prepared = PreparedNetwork(network)
        self.property = property
    }

    /// - Throws: as above.
    public init(network: PreparedNetwork, property: Property) throws(QueryError) {
        try Self.check(network.network, property)
        prepared = network
        self.property = property
    }

    private static func check(_ network: Network, _ property: Property) throws(QueryError) {
        guard network.inputCount == property.inputCount else {
            throw QueryError(
                message:
                    "the property declares \(property.inputCount) inputs, the network has \(network.inputCount)"
            )
        }
        guard network.outputCount == property.outputCount else {
            throw QueryError(
                message:
                    "the property declares \(property.outputCount) outputs, the network has \(network.outputCount)"
            )
        }
    }
}

public struct QueryError: Error, Sendable {
    public let message: String
}
