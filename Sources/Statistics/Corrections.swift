// Several tests at once: with eight ratios one of them looks significant by chance in every third study.

/// Holm's adjusted p values (A simple sequentially rejective multiple test procedure, Scandinavian Journal of
/// Statistics 6, 1979): those below 0.05 are all true with probability 0.95, however the tests depend on each other.
/// In the order of the arguments; those without a value are not counted as tests.
public func holmAdjusted(_ pValues: [Double?]) -> [Double?] {
    let ranked = pValues.indices.filter { pValues[$0] != nil }.sorted { pValues[$0]! < pValues[$1]! }
    var adjusted = [Double?](repeating: nil, count: pValues.count)
    var largest = 0.0
    for (rank, index) in ranked.enumerated() {
        largest = max(largest, min(1, Double(ranked.count - rank) * pValues[index]!))
        adjusted[index] = largest
    }
    return adjusted
}

/// Benjamini and Hochberg's adjusted p values (JRSS B 57, 1995): of those below 0.05 an expected share of at most 5 %
/// is wrong, if the tests are independent or positively dependent. Sees more than Holm's, and promises less.
public func benjaminiHochbergAdjusted(_ pValues: [Double?]) -> [Double?] {
    let ranked = pValues.indices.filter { pValues[$0] != nil }.sorted { pValues[$0]! < pValues[$1]! }
    var adjusted = [Double?](repeating: nil, count: pValues.count)
    var least = 1.0
    for (rank, index) in ranked.enumerated().reversed() {
        least = min(least, Double(ranked.count) / Double(rank + 1) * pValues[index]!)
        adjusted[index] = least
    }
    return adjusted
}
