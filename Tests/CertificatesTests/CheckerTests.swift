import Certificates
import Networks
import Oracles
import Properties
import Testing

@Suite struct CheckerTests {
    enum Steps { case phases, impliedPhases, boxes }

    /// Proofs of tiny random queries against their true answers.
    @Test(arguments: [ArithmeticKind.rounded, .exact], [Steps.phases, .impliedPhases, .boxes])
    func nothingFalseIsAccepted(arithmetic: ArithmeticKind, steps: Steps) throws {
        var accepted = 0
        var rejected = 0
        for query in RandomQueries(seed: 7000, operators: [.convolution, .maxPooling]).prefix(40) {
            var proofs = RandomProofs(query, seed: query.seed)
            var records: [ProofRecord] = []
            for region in Set(proofs.regions).sorted() {
                let own = proofs.regions.indices.filter { proofs.regions[$0] == region }
                records += [.region(region)] + proofs.sweep
                if steps == .boxes {
                    let box = query.property.regions[region]
                    let moving = zip(box.outwardLower, box.outwardUpper).count { low, high in
                        high - low > 4 * max(low.ulp, high.ulp)
                    }
                    if moving > 20 { continue }
                    records += proofs.boxes(own, axes: moving, depth: 3)
                } else {
                    records.append(.beginPhases)
                    for disjunct in own {
                        let rows = query.property.disjuncts[disjunct].constraints.count
                        let implied = steps == .impliedPhases ? 1 : 0
                        records += proofs.phases(disjunct, weights: rows, depth: 4, implied: implied)
                    }
                    records.append(.endSearch)
                }
                records.append(.endRegion)
            }
            var options = CheckOptions()
            options.arithmetic = arithmetic
            options.threads = 2
            do {
                _ = try check(
                    ByteReader(bytes(records + [.end])), network: query.network, property: query.property,
                    options: options)
                accepted += 1
                let objection = try query.objection(to: .holds, answer: query.answer())
                #expect(objection == nil, "seed \(query.seed)")
            } catch let error as CertificateError {
                rejected += 1
                #expect(!error.message.isEmpty)
            }
        }
        #expect(accepted >= 4 && rejected >= 4, "\(accepted) accepted, \(rejected) rejected")
    }

    @Test func recordsSurviveTheirBytes() throws {
        let leaf = ProofLeaf(
            path: [
                PhaseSplit(neuron: 0, isActive: true, multiplier: 1.5),
                PhaseSplit(neuron: 70_000, isActive: false, multiplier: -0.25),
            ], weights: [0.5, 2], slopes: [NeuronSlope(neuron: 3, units: 128), NeuronSlope(neuron: 900, units: 1)])
        let records: [ProofRecord] = [
            .region(3), .beginSweep, .plainBounds(node: 130), .beginTree(node: 2, feature: 300, isLower: false),
            .leaf(leaf), .endTree, .endSweep, .beginPhases, .phaseLeaf(disjunct: 9, leaf),
            .implied(disjunct: 2, leaf, leaf.path), .endSearch,
            .beginBoxes(disjuncts: [0, 200]), .box(0, BoxStep(effort: .none, action: .halve(axis: 3))),
            .box(1, BoxStep(effort: .backward, action: .cut(axis: 17, at: -0.1))),
            .box(2, BoxStep(effort: .refined, action: .close)), .endSearch, .endRegion, .end,
        ]
        let reader = ByteReader(bytes(records))
        for record in records { #expect(try ProofRecord.read(from: reader) == record) }
    }

    /// Every shorter text is refused, with a reason and without a crash.
    @Test func truncationIsNoticed() throws {
        let query = try #require(RandomQueries.query(seed: 3))
        var proofs = RandomProofs(query, seed: 1)
        let whole = bytes(
            [.region(0)] + proofs.sweep + [.beginPhases] + proofs.phases(0, weights: 1, depth: 2)
                + [.endSearch, .endRegion, .end])
        for count in stride(from: 0, to: whole.count, by: 11) {
            #expect(throws: CertificateError.self) {
                try check(
                    ByteReader(Array(whole[..<count])), network: query.network, property: query.property,
                    options: CheckOptions())
            }
        }
    }
}
