// Thousands of random tiny networks whose true answers are known by enumeration in exact arithmetic: no
// verdict may contradict one, neither with the counterexample search nor without, neither on the network as it
// is nor on its simplification.
//
//     soundness [COUNT [FIRST-SEED]]
//
// prints how the verdicts compare with the answers, and each contradiction with the seed that repeats it. The
// exit status is 1 when there is one.

import Foundation
import Networks
import Oracles
import Properties
import Verification

@main
struct Soundness {
    private var counts: [String: Int] = [:]
    private var objections = 0

    static func main() throws {
        let numbers = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        var run = Soundness()
        for query in RandomQueries(
            seed: numbers.count > 1 ? numbers[1] : 0, operators: [.convolution, .maxPooling]
        ).prefix(
            Int(numbers.first ?? 2000))
        {
            try run.check(query)
        }
        for (name, count) in run.counts.sorted(by: { $0.key < $1.key }) { print("\(count)\t\(name)") }
        print("\(run.objections) contradictions")
        exit(run.objections == 0 ? 0 : 1)
    }

    private mutating func check(_ random: RandomQuery) throws {
        let answer = try random.answer()
        let truth =
            switch answer {
            case .holds: "holds"
            case .violated(_, isRobust: true): "violated"
            case .violated: "violated on a boundary only"
            }
        let size = random.network.inputCount > 3 ? ", many inputs" : ""
        let networks = [random.network, random.network.simplified()].map { $0.decomposingMaxPools() }
        for (network, kind) in zip(networks, ["", ", simplified"]) {
            let query = try Query(network: network, property: random.property)
            for attack in [true, false] {
                var options = VerificationOptions()
                options.attack = attack
                options.timeout = 5
                options.maxNodes = 2000
                let verdict = verify(query, options: options).verdict
                let how = size + (attack ? "" : ", without attack")
                counts["\(truth): \(Self.name(verdict))\(how)", default: 0] += 1
                if let objection = try random.objection(to: verdict, answer: answer) {
                    objections += 1
                    print("seed \(random.seed)\(how)\(kind): \(objection)")
                }
            }
        }
    }

    private static func name(_ verdict: Verdict) -> String {
        switch verdict {
        case .holds: "proved"
        case .violated: "witness"
        case .unknown: "unknown"
        case .timeout: "timeout"
        }
    }
}
