public import Falsification

/// A point that seems to violate the property, as near to a center as gradient descent finds one.
///
/// - Parameters:
///   - query: its property has one region, whose size does not matter.
///   - start: a violation to begin with; nil begins at the center.
/// - Returns: a candidate in the network's order of inputs; nil where none was found.
/// - Soundness: none; the caller confirms.
public func nearestViolation(
    _ query: Query, around surroundings: Surroundings, start: [Double]? = nil, options: VerificationOptions,
    isCancelled: @escaping @Sendable () -> Bool = { false }
) -> [Double]? {
    VerificationRun(query, options: options, progress: { _ in }, isCancelled: isCancelled)
        .nearestViolation(surroundings, start: start)
}
