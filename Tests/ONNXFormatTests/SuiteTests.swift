import Files
import Glibc
import Networks
import ONNXFormat
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
