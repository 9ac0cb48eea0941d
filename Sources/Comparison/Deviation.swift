/// How the difference of two networks' outputs is measured.
public enum DeviationMeasure: String, Sendable, CaseIterable {
    /// The largest output's difference.
    case maximum = "linf"
    /// The Euclidean norm of all outputs' differences.
    case euclidean = "l2"
    /// Every output's difference by itself.
    case outputs

    /// The measured numbers, from each output's magnitude, rounded up.
    func values(_ magnitudes: [Double]) -> [Double] {
        switch self {
        case .maximum: [magnitudes.max() ?? 0]
        case .euclidean: [euclideanLength(magnitudes)]
        case .outputs: magnitudes
        }
    }

    /// The same, rounded down.
    func valuesRoundedDown(_ magnitudes: [Double]) -> [Double] {
        switch self {
        case .maximum: return [magnitudes.max() ?? 0]
        case .euclidean:
            let sum = magnitudes.reduce(0) { $0 + $1 * $1 }
            return [max(magnitudes.max() ?? 0, sum.squareRoot() * (1 - 0x1p-40))]
        case .outputs: return magnitudes
        }
    }
}

/// A point of the region, and what both networks make of it.
public struct DeviationWitness: Sendable {
    /// To the nearest float64.
    public var input: [Double]
    /// The point exactly, as decimals.
    public var inputText: [String]
    public var dense: [Double]
    public var pruned: [Double]
    /// At most `|f_i - g_i|` there.
    public var magnitudes: [Double]
}

/// What is known of a largest deviation: it is at least `attacked` and at most `certified`.
public struct DeviationBracket: Sendable {
    /// Attained at the witness, rounded down; 0 without one.
    public var attacked: Double
    public var witness: DeviationWitness?
    /// Nowhere in the region exceeded, rounded up.
    public var certified: Double

    public init(attacked: Double = 0, witness: DeviationWitness? = nil, certified: Double = .infinity) {
        self.attacked = attacked
        self.witness = witness
        self.certified = certified
    }

    /// Takes what is better of each side.
    mutating func tighten(_ other: DeviationBracket) {
        certified = min(certified, other.certified)
        if other.attacked > attacked || witness == nil {
            attacked = max(attacked, other.attacked)
            witness = other.witness ?? witness
        }
    }
}
