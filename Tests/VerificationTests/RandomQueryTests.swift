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
}
