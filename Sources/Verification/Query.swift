public import Networks
public import Properties

/// A network and a property that fit each other.
public struct Query: Sendable {
    public let network: Network
    public let property: Property

    /// - Throws: when the property speaks of other numbers of inputs or outputs than the network has.
    public init(network: Network, property: Property) throws(QueryError) {
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
        self.network = network
        self.property = property
    }
}

public struct QueryError: Error, Sendable {
    public let message: String
}
