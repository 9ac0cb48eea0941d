// From elements of declared tensors to the numbered inputs and outputs of one network.

import Intervals
public import Properties

/// What an element is in the network that stands for all of a query's.
public enum ElementPlace: Sendable, Hashable {
    case input(Int)
    case output(Int)
}

extension VNNLIBQuery {
    /// Per element the first one that it is asserted to equal, without choice, among inputs; itself otherwise.
    public func tiedInputs() -> [Int] { formula.tiedInputs(asserted: asserted, count: elementCount) }

    /// The property that the asserts describe.
    ///
    /// - Parameters:
    ///   - places: per element; inputs that are tied to each other have one place. Elements that the asserts do not
    ///     mention, and are no inputs, need none.
    ///   - outputCount: of the network.
    /// - Throws: when an input lacks a bound, or the conditions multiply out to too many cases.
    /// - Soundness: real comparisons hold exactly as in the query, strict ones strictly.
    public func property(places: [ElementPlace?], outputCount: Int) throws(VNNLIBError) -> Property {
        do {
            var (formula, nodes) = try formula.replacing { variable in
                switch places[variable.index] {
                case .input(let place)?: Variable(isInput: true, index: place)
                case .output(let place)?: Variable(isInput: false, index: place)
                case nil: preconditionFailure("an element that is asserted about has no place")
                }
            }
            var firstElements: [Int] = []
            for (element, place) in places.enumerated() {
                if case .input(let index)? = place, index == firstElements.count { firstElements.append(element) }
            }
            var asserted = asserted.map { nodes[$0] }
            if !formula.keepsArithmetic {
                try formula.deriveBounds(asserted: &asserted, inputCount: firstElements.count)
            }
            var normalizer = Normalizer(formula: formula, bytes: bytes, inputCount: firstElements.count)
            try normalizer.normalize(asserted: asserted)
            let inputs = DeclaredInputs(
                offsets: firstElements.map { variable(ofElement: $0).offset },
                name: { text(ofElement: firstElements[$0]) }, code: .unboundedInput)
            return try normalizer.property(outputCount: outputCount, inputs: inputs)
        } catch {
            throw error.coded(.limitExceeded).located(in: bytes, name: name)
        }
    }
}
