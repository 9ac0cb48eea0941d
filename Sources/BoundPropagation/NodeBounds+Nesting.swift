extension NodeBounds {
    /// The same bounds over a region within this one; nil when it is not.
    ///
    /// - Soundness: what holds all over a region holds all over its parts.
    public func within(lower: [Double], upper: [Double]) -> NodeBounds? {
        guard lower.count == self.lower[0].count, upper.count == lower.count,
            lower.indices.allSatisfy({ lower[$0] >= self.lower[0][$0] && upper[$0] <= self.upper[0][$0] })
        else { return nil }
        var result = self
        result.lower[0] = lower
        result.upper[0] = upper
        return result
    }
}
