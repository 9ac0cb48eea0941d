// Breaks proofs in random ways and tells what the checker makes of it.
//
// A mutated proof may still be one: with another slope it often is. Which mutations break the proof is decided without
// the arithmetic under test: by counting what covers the region, by replaying in exact arithmetic, and by turning the
// property into one that is false at the region's centre.

import ArgumentParser
import Glibc

@main
struct Mutations: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Breaks proofs at random and lets the checker judge them.",
        discussion: """
            Proves each property and mutates the proofs. Exit status 1: the checker accepted a broken one.

            Example: mutations --count 10000
            """)

    @Option(help: "How many mutations in all.")
    var count = 10_000

    @Option(help: "Start of the random numbers.")
    var seed: UInt64 = 1

    @Option(help: "Where small networks with properties lie.")
    var specs = "Specs"

    @Option(help: "Where benchmarks lie; left out when there is no such directory.")
    var suites = "../shared/suites"

    @Argument(help: "Networks and properties that hold, in turns; by default twenty of the specs and the benchmarks.")
    var files: [String] = []

    func validate() throws {
        if files.count % 2 != 0 { throw ValidationError("name a property after each network") }
        if count < 1 { throw ValidationError("--count must be at least 1") }
    }

    private func defaultPairs() -> [(String, String)] {
        let own = Self.ownPairs.map { (specs + "/" + $0, specs + "/" + $1) }
        let others = Self.suitePairs.map { (suites + "/" + $0, suites + "/" + $1) }
        return own + others.filter { Self.exists($0.0) && Self.exists($0.1) }
    }

    func run() throws {
        let given = stride(from: 0, to: files.count, by: 2).map { (files[$0], files[$0 + 1]) }
        let pairs = files.isEmpty ? defaultPairs() : given
        var total = Tally()
        for (index, (network, property)) in pairs.enumerated() {
            let (before, after) = (count * index / pairs.count, count * (index + 1) / pairs.count)
            guard let subject = try Subject(network: network, property: property) else {
                print("\(network) \(property): not proved")
                total.faults += 1
                continue
            }
            let tally = try subject.mutate(after - before, seed: seed &+ UInt64(index))
            print("\(subject.name), \(subject.records.count) bytes: \(tally.text)")
            total.add(tally)
        }
        for (name, counts) in total.kinds.sorted(by: { $0.key < $1.key }) {
            print("  \(name): \(counts.rejected) of \(counts.tried) rejected")
        }
        print("\(pairs.count) proofs, \(total.text)")
        if total.faults > 0 { throw ExitCode(1) }
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 || access(path + ".gz", F_OK) == 0 }

    private static let ownPairs = [
        ("dense.onnx", "dense-robust.vnnlib"), ("sparse.onnx", "sparse-robust.vnnlib"),
        ("residual.onnx", "residual-robust.vnnlib"), ("controller.onnx", "controller-bounded.vnnlib"),
        ("controller.onnx", "controller-returns.vnnlib"), ("triangle.onnx", "triangle-below.vnnlib"),
        ("parity7.onnx", "parity7-half.vnnlib"), ("cancellation.onnx", "cancellation-half.vnnlib"),
        ("resolution.onnx", "resolution-bounded.vnnlib"), ("order.onnx", "order-positive.vnnlib"),
    ]
    private static let suitePairs = [
        ("rl_benchmarks/onnx/cartpole.onnx", "rl_benchmarks/vnnlib/cartpole_case_unsafe_0.vnnlib"),
        ("rl_benchmarks/onnx/lunarlander.onnx", "rl_benchmarks/vnnlib/lunarlander_case_safe_80.vnnlib"),
        ("rl_benchmarks/onnx/dubinsrejoin.onnx", "rl_benchmarks/vnnlib/dubinsrejoin_case_unsafe_90.vnnlib"),
        ("acasxu/onnx/ACASXU_run2a_5_7_batch_2000.onnx", "acasxu/vnnlib/prop_3.vnnlib"),
        ("acasxu/onnx/ACASXU_run2a_5_9_batch_2000.onnx", "acasxu/vnnlib/prop_3.vnnlib"),
        ("acasxu/onnx/ACASXU_run2a_2_9_batch_2000.onnx", "acasxu/vnnlib/prop_4.vnnlib"),
        ("safenlp/onnx/perturbations_0.onnx", "safenlp/vnnlib/hyperrectangle_1506.vnnlib"),
        ("safenlp/onnx/perturbations_0.onnx", "safenlp/vnnlib/hyperrectangle_4021.vnnlib"),
        ("safenlp/onnx/perturbations_0.onnx", "safenlp/vnnlib/hyperrectangle_3607.vnnlib"),
        ("reach_prob_density/onnx/vdp.onnx", "reach_prob_density/vnnlib/vdp_0.vnnlib"),
    ]
}
