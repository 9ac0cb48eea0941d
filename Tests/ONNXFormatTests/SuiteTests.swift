import Evaluation
import Files
import Glibc
import Networks
import ONNXFormat
import RandomNumbers
import Testing

/// The networks of the benchmark suites beside the project, when they are there.
enum Suites {
    static let directory: String = {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/" + root + "/../shared/suites"
    }()

    static let networks: [String] = {
        var found: [String] = []
        for suite in names(in: directory) {
            for name in names(in: "\(directory)/\(suite)/onnx") { found.append("\(suite)/onnx/\(name)") }
        }
        return found
    }()

    /// One network of each suite, the largest left out.
    static let samples: [String] = {
        var suites: Set<Substring> = []
        return networks.filter { !$0.contains(".gz") && suites.insert($0.prefix { $0 != "/" }).inserted }
    }()

    private static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}

@Test(.enabled(if: !Suites.networks.isEmpty, "needs the benchmark suites"), arguments: Suites.networks)
func suiteNetworksRead(_ name: String) throws {
    let network = try ONNXReader.read(path: Suites.directory + "/" + name)
    #expect(network.inputCount > 0)
    #expect(network.outputCount > 0)
}

@Test(.enabled(if: !Suites.networks.isEmpty, "needs the benchmark suites"), arguments: Suites.samples)
func suiteNetworksSimplify(_ name: String) throws {
    let network = try ONNXReader.read(path: Suites.directory + "/" + name)
    try network.validate()
    let simple = network.simplified().decomposingMaxPools()
    try simple.validate()
    var random = SplitMix64(seed: 1)
    let input = random.floats(network.inputCount)
    for (x, y) in zip(simple.evaluate(input), network.evaluate(input)) {
        #expect(abs(x - y) <= 1e-9 * (1 + abs(y)))
    }
}
