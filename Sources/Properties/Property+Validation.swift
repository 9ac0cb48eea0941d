import Intervals

/// Why a property makes no sense.
public struct PropertyError: Error, Sendable, Equatable, CustomStringConvertible {
    public let message: String

    public init(message: String) { self.message = message }

    public var description: String { message }
}

extension Property {
    /// Stops the program when the property was built wrongly: a fault of ours, not of a user.
    public func checkInvariants() {
        do {
            try validate()
        } catch {
            preconditionFailure(error.message)
        }
    }

    /// Checks sizes and indices, that no end is infinite and that each term's index occurs once.
    ///
    /// - Throws: the first thing that is wrong.
    public func validate() throws(PropertyError) {
        for (number, region) in regions.enumerated() {
            try region.validate(inputCount: inputCount, name: "region \(number)")
        }
        for (number, disjunct) in disjuncts.enumerated() {
            guard regions.indices.contains(disjunct.region) else {
                throw PropertyError(
                    message: "disjunct \(number) names region \(disjunct.region) of \(regions.count)")
            }
            for constraint in disjunct.constraints {
                try check(constraint.outputTerms, below: outputCount, "output", disjunct: number)
                try check(constraint.inputTerms, below: inputCount, "input", disjunct: number)
                guard constraint.constant.isBounded else {
                    throw PropertyError(message: "disjunct \(number) has a constant outside float64's range")
                }
            }
        }
    }

    private func check(
        _ terms: [LinearConstraint.Term], below count: Int, _ kind: String, disjunct: Int
    ) throws(PropertyError) {
        var seen: Set<Int> = []
        for term in terms {
            guard term.index >= 0, term.index < count else {
                throw PropertyError(
                    message: "disjunct \(disjunct) speaks of \(kind) \(term.index), there are \(count)")
            }
            guard seen.insert(term.index).inserted else {
                throw PropertyError(
                    message: "disjunct \(disjunct) has two terms for \(kind) \(term.index) in one constraint")
            }
            guard term.coefficient.isBounded else {
                throw PropertyError(
                    message:
                        "disjunct \(disjunct) has a coefficient of \(kind) \(term.index) outside float64's range"
                )
            }
        }
    }
}

extension InputRegion {
    fileprivate func validate(inputCount: Int, name: String) throws(PropertyError) {
        guard lower.count == inputCount, upper.count == inputCount else {
            throw PropertyError(
                message:
                    "\(name) has \(lower.count) lower and \(upper.count) upper ends, there are \(inputCount) inputs"
            )
        }
        guard lowerText.isEmpty || lowerText.count == inputCount,
            upperText.isEmpty || upperText.count == inputCount
        else {
            throw PropertyError(message: "\(name) has texts for some of its ends only")
        }
        for index in 0..<inputCount where !(lower[index].isBounded && upper[index].isBounded) {
            throw PropertyError(message: "\(name) does not bound input \(index) within float64's range")
        }
    }
}
