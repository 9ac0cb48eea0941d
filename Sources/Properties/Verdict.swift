/// The answer to a query.
public enum Verdict: Sendable {
    /// A theorem about the real-valued network: no input of any region violates the property.
    case holds
    /// An outward-rounded evaluation shows the violation.
    case violated(Counterexample)
    case unknown(reason: String)
    case timeout
}

/// A point of the region at which the property's violation was shown.
public struct Counterexample: Sendable {
    /// The point, to the nearest float64.
    public var input: [Double]
    /// The point exactly, as decimals.
    public var inputText: [String]
    /// The network's output there, to the nearest float64 that evaluation gives.
    public var output: [Double]

    public init(input: [Double], inputText: [String], output: [Double]) {
        self.input = input
        self.inputText = inputText
        self.output = output
    }
}
