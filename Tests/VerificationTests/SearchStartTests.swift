import BranchAndBound
import Certificates
import Intervals
import Networks
import Oracles
import Properties
import RandomNumbers
import Synchronization
import Testing

@testable import Verification

/// Searches that start from a proof: of the same query, of it cut short, and of a network that is not the same.
@Suite struct SearchStartTests {
    /// A proof as records, and the report of the run that wrote it.
    private func prove(_ query: Query, nodes: Int = .max, start: [ProofRecord]? = nil) throws -> (
        records: [ProofRecord], report: VerificationReport
    ) {
        let bytes = Mutex<[UInt8]>([])
        let digest = FileDigest(of: [])
        let recorder = ProofRecorder(CertificateHeader(network: digest, property: digest)) { piece in
            bytes.withLock { $0 += piece }
            return true
        }
        var options = VerificationOptions()
        options.threads = 1
        options.attack = false
        options.maxNodes = nodes
        options.recorder = recorder
        options.start = start
        let report = verify(query, options: options)
        recorder.flush()
        let reader = ByteReader(bytes.withLock(\.self))
        _ = try CertificateHeader.read(from: reader)
        var records: [ProofRecord] = []
        while let record = try? ProofRecord.read(from: reader), record != .end { records.append(record) }
        return (records, report)
    }

    /// Whether both arithmetics accept the records as a proof.
    private func accepts(_ records: [ProofRecord], _ query: Query) -> Bool {
        var writer = ByteWriter()
        for record in records + [.end] { record.write(to: &writer) }
        return [ArithmeticKind.rounded, .exact].allSatisfy { arithmetic in
            var options = CheckOptions()
            options.arithmetic = arithmetic
            let report = try? check(
                ByteReader(writer.bytes), network: query.network, property: query.property, options: options)
            return report != nil
        }
    }

    private func holds(_ report: VerificationReport) -> Bool {
        if case .holds = report.verdict { true } else { false }
    }

    /// A random network with one hidden layer and too many inputs to split them, and a limit for its output.
    private func query(seed: Int, scale: Double = 1, offset: Double) throws -> Query {
        var random = SplitMix64(seed: seed)
        let (inputs, hidden) = (14, 24)
        func matrix(_ rows: Int, _ columns: Int, _ scale: Double) -> Matrix {
            let values = (0..<rows * columns).map { _ in
                Double(Float(Double.random(in: -1...1, using: &random) * scale))
            }
            return .dense(rows: rows, columns: columns, values: values)
        }
        let first = Linear(weights: matrix(hidden, inputs, 1), bias: [Double](repeating: 0, count: hidden))
        let second = Linear(weights: matrix(1, hidden, scale), bias: [0])
        let network = Network(
            nodes: [
                Node(name: "x", operation: .input, inputs: [], shape: [inputs]),
                Node(name: "a", operation: .linear(first), inputs: [0], shape: [hidden]),
                Node(name: "r", operation: .activation(.relu), inputs: [1], shape: [hidden]),
                Node(name: "y", operation: .linear(second), inputs: [2], shape: [1]),
            ], output: 3)
        let term = LinearConstraint.Term(index: 0, coefficient: Interval(1))
        let constraint = LinearConstraint(outputTerms: [term], constant: Interval(offset))
        let region = InputRegion(
            lower: Array(repeating: Interval(-0.5), count: inputs),
            upper: Array(repeating: Interval(0.5), count: inputs))
        return try Query(
            network: network,
            property: Property(
                inputCount: inputs, outputCount: 1, regions: [region],
                disjuncts: [Disjunct(region: 0, constraints: [constraint])]))
    }

    /// What must be added to the output to prove it positive after some hundred subproblems.
    private func offset(seed: Int) throws -> Double {
        let report = try prove(query(seed: seed, offset: -100), nodes: 120).report
        return -100 - (try #require(report.worstBound)) + 0.01
    }

    @Test(arguments: 0..<4)
    func proofsStartOtherProofs(seed: Int) throws {
        let offset = try offset(seed: seed)
        let whole = try prove(query(seed: seed, offset: offset))
        let nodes = whole.report.nodes
        #expect(holds(whole.report))
        #expect(nodes > 20)
        #expect(accepts(whole.records, try query(seed: seed, offset: offset)))
        #expect(whole.records.contains { if case .implied = $0 { true } else { false } })
        // Its own proof closes at once: leaves, and what lies above them.
        let again = try prove(query(seed: seed, offset: offset), start: whole.records)
        #expect(holds(again.report))
        #expect(again.report.nodes < nodes)
        #expect(accepts(again.records, try query(seed: seed, offset: offset)))
        // Another network's proof is some tree, and what it leaves open is searched.
        let neighbour = try prove(query(seed: seed, scale: 1.01, offset: offset * 1.02), start: whole.records)
        #expect(holds(neighbour.report))
        let stranger = try prove(query(seed: seed + 10, offset: self.offset(seed: seed + 10)), start: whole.records)
        #expect(holds(stranger.report))
        #expect(accepts(stranger.records, try query(seed: seed + 10, offset: self.offset(seed: seed + 10))))
    }

    @Test(arguments: 0..<4)
    func tracesStartOtherSearches(seed: Int) throws {
        let offset = try offset(seed: seed)
        var options = VerificationOptions()
        options.threads = 1
        options.attack = false
        options.keepsTrace = true
        let first = verify(try query(seed: seed, offset: offset), options: options)
        #expect(holds(first))
        #expect(first.givenSubproblems == 0)
        let trace = try #require(first.trace)
        options.start = trace
        let again = verify(try query(seed: seed, offset: offset), options: options)
        #expect(holds(again))
        #expect(again.givenSubproblems > 0)
        #expect(again.nodes < first.nodes)
        // A tree that has no split is none.
        let empty = ProofLeaf(path: [], weights: [], slopes: [])
        let implied = PhaseSplit(neuron: 0, isActive: true, multiplier: 0)
        options.start = [.region(0), .beginPhases, .implied(disjunct: 0, empty, [implied])]
        options.maxNodes = 10_000
        #expect(holds(verify(try query(seed: seed, offset: offset), options: options)))
        options.start = trace
        // What does not hold is not proved by a trace of what does.
        options.maxNodes = 300
        #expect(!holds(verify(try query(seed: seed, offset: -0.001), options: options)))
    }

    @Test(arguments: 0..<4)
    func whatIsCutShortGoesOn(seed: Int) throws {
        let offset = try offset(seed: seed)
        let part = try prove(query(seed: seed, offset: offset), nodes: 10)
        #expect(!holds(part.report))
        #expect(holds(try prove(query(seed: seed, offset: offset), start: part.records).report))
        // Leaves that are missing are open, whichever they are.
        let whole = try prove(query(seed: seed, offset: offset)).records
        for kept in 1...3 {
            let some = whole.enumerated().filter { $0.offset % 4 < kept || !isLeaf($0.element) }.map(\.element)
            #expect(holds(try prove(query(seed: seed, offset: offset), start: some).report))
            // The output is 0 in the middle of the region: no proof shows that it exceeds 0.001.
            #expect(!holds(try prove(query(seed: seed, offset: -0.001), nodes: 300, start: some).report))
        }
    }

    private func isLeaf(_ record: ProofRecord) -> Bool { record.disjunct != nil }
}
