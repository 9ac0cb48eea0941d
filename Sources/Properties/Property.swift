public import Intervals

/// What must not happen: the property is violated when some disjunct's region holds a point whose output
/// satisfies all of the disjunct's constraints. (VNN-LIB asserts describe the counterexample.)
public struct Property: Sendable {
    public var inputCount: Int
    public var outputCount: Int
    /// The distinct input boxes; disjuncts that share one share its bounds.
    public var regions: [InputRegion]
    public var disjuncts: [Disjunct]

    public init(inputCount: Int, outputCount: Int, regions: [InputRegion], disjuncts: [Disjunct]) {
        self.inputCount = inputCount
        self.outputCount = outputCount
        self.regions = regions
        self.disjuncts = disjuncts
    }
}

/// A conjunction: the input lies in the region and every constraint holds. No constraints: any input of the
/// region violates the property.
public struct Disjunct: Sendable {
    /// Index into `Property.regions`.
    public var region: Int
    public var constraints: [LinearConstraint]

    public init(region: Int, constraints: [LinearConstraint]) {
        self.region = region
        self.constraints = constraints
    }
}

/// `outputTerms . Y + inputTerms . X + constant <= 0`, or `< 0` when strict. The left side is the *margin*: a
/// proof shows it positive over a region.
public struct LinearConstraint: Sendable, Hashable {
    /// Output index and coefficient, each index once.
    public var outputTerms: [Term]
    public var inputTerms: [Term]
    public var constant: Interval
    public var isStrict: Bool

    /// A coefficient that is a decimal need not be a float64: the interval encloses it.
    public struct Term: Sendable, Hashable {
        public var index: Int
        public var coefficient: Interval

        public init(index: Int, coefficient: Interval) {
            self.index = index
            self.coefficient = coefficient
        }
    }

    public init(outputTerms: [Term], inputTerms: [Term] = [], constant: Interval, isStrict: Bool = false) {
        self.outputTerms = outputTerms
        self.inputTerms = inputTerms
        self.constant = constant
        self.isStrict = isStrict
    }
}

/// A box of inputs. Ends are real numbers, given as decimals; `lower[i]` and `upper[i]` enclose each.
public struct InputRegion: Sendable {
    public var lower: [Interval]
    public var upper: [Interval]
    /// The decimals as the property's file wrote them, for a witness at an end that no float is equal to.
    /// Empty when all the ends are float64 numbers; one text is empty when its end is a float64, or no
    /// decimal at all.
    public var lowerText: [String]
    public var upperText: [String]

    public init(lower: [Interval], upper: [Interval], lowerText: [String] = [], upperText: [String] = []) {
        self.lower = lower
        self.upper = upper
        self.lowerText = lowerText
        self.upperText = upperText
    }

    public var count: Int { lower.count }
}
