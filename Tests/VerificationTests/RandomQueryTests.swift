import Networks
import Oracles
import Properties
import Testing
import Verification

/// Verdicts on tiny networks whose true answers are known; `soundness` runs thousands more.
@Suite struct RandomQueryTests {
    @Test(arguments: [true, false])
    func verdictsAgreeWithExactAnswers(attack: Bool) throws {
        var decided = 0
        for random in RandomQueries(seed: 100, operators: [.convolution, .maxPooling]).prefix(50) {
            let answer = try random.answer()
            var options = VerificationOptions()
            options.attack = attack
            options.maxNodes = 300
            let query = try Query(
                network: random.network.decomposingMaxPools(), property: random.property)
            let verdict = verify(query, options: options).verdict
            let objection = try random.objection(to: verdict, answer: answer)
            #expect(objection == nil, "seed \(random.seed)")
            switch verdict {
            case .holds, .violated: decided += 1
            case .unknown, .timeout: break
            }
        }
        #expect(decided > (attack ? 40 : 12))
    }

    /// Here clauses refute all that is left between two rounds of the search.
    @Test func clausesMayEndASearch() throws {
        let random = try #require(
            Array(RandomQueries(seed: 1237, operators: [.convolution, .maxPooling]).prefix(1)).first)
        let query = try Query(network: random.network.decomposingMaxPools(), property: random.property)
        var options = VerificationOptions()
        options.attack = false
        let verdict = verify(query, options: options).verdict
        #expect(try random.objection(to: verdict, answer: random.answer()) == nil)
        guard case .holds = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }
}
