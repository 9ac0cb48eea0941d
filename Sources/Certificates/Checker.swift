// The checker. It reads a proof record by record and keeps, for the region it is in, what has been shown so far: bounds
// of neurons, the disjuncts that are refuted, and which parts of the region are covered. README.md states the theorem.

public import Networks
public import Properties

/// What was checked.
public struct CheckReport: Sendable {
    public var regions = 0
    /// Trees that bound one neuron.
    public var trees = 0
    /// Leaves of all trees.
    public var leaves = 0
    public var boxes = 0

    public init() {}
}

public struct CheckOptions: Sendable {
    public var arithmetic = ArithmeticKind.rounded
    public var threads = 1

    public init() {}
}

/// Checks that the records prove the property of the network.
///
/// - Soundness: returns only if no input of any region satisfies any of its disjuncts, for the real-valued network.
/// - Throws: what is wrong with the proof, or what it leaves open.
public func check(_ records: ByteReader, network: Network, property: Property, options: CheckOptions)
    throws(CertificateError) -> CheckReport
{
    let network = try CheckedNetwork(network)
    switch options.arithmetic {
    case .rounded: return try check(records, network, property, options.threads, Eight.self)
    case .exact:
        guard network.featureCount < ExactSums.mostFeatures else {
            throw CertificateError("exact arithmetic is for networks of fewer than \(ExactSums.mostFeatures) features")
        }
        return try check(records, network, property, options.threads, ExactSums.self)
    }
}

private func check<Sums: LaneSums>(
    _ records: ByteReader, _ network: CheckedNetwork, _ property: Property, _ threads: Int, _: Sums.Type
) throws(CertificateError) -> CheckReport {
    var report = CheckReport()
    // Regions that hold a point and that some disjunct speaks of.
    var open = Set(property.disjuncts.map(\.region)).filter { !property.regions[$0].isCertainlyEmpty }
    while true {
        switch try ProofRecord.read(from: records) {
        case .region(let region):
            guard property.regions.indices.contains(region) else {
                throw CertificateError("there is no region \(region), only \(property.regions.count)")
            }
            let check = RegionCheck<Sums>(network, property, region, threads)
            do {
                try check.run(records, &report)
            } catch {
                throw CertificateError("region \(region), before byte \(records.offset): \(error.message)")
            }
            open.remove(region)
            report.regions += 1
        case .end:
            if let region = open.min() { throw CertificateError("region \(region) is not proved") }
            guard try records.isAtEnd() else {
                throw CertificateError("byte \(records.offset): something follows the end")
            }
            return report
        case let other: throw CertificateError("byte \(records.offset): \(other) stands outside every region")
        }
    }
}
