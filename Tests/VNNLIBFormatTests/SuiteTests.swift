import Files
import Intervals
import Properties
import Testing

@testable import VNNLIBFormat

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The benchmark properties beside the project; skipped where there are none.
private let suites =
    #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 } + "/shared/suites"

private func names(in directory: String) -> [String] {
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

@Suite(.enabled(if: !names(in: suites).isEmpty, "no benchmark properties beside the project"))
struct SuiteTests {
    @Test func everySuiteReads() throws {
        var count = 0
        for suite in names(in: suites) {
            for name in names(in: "\(suites)/\(suite)/vnnlib").prefix(4) {
                let property = try VNNLIBReader.read(path: "\(suites)/\(suite)/vnnlib/\(name)")
                try property.validate()
                #expect(!property.disjuncts.isEmpty && property.regions.count == 1, "\(name)")
                #expect(!property.regions[0].isCertainlyEmpty, "\(name)")
                count += 1
            }
        }
        #expect(count > 30)
    }

    @Test func knownFile() throws {
        let path = "\(suites)/acasxu/vnnlib/prop_7.vnnlib"
        let property = try VNNLIBReader.read(path: path)
        #expect(property.inputCount == 5 && property.disjuncts.count == 2)
        #expect(property.regions[0].lowerText[0] == "-0.328422877")
        #expect(
            property.disjuncts[1].constraints.map { $0.outputTerms.map(\.index) } == [
                [0, 4], [1, 4], [2, 4],
            ])
    }

    @Test func missingFile() {
        #expect { try VNNLIBReader.read(path: "/nowhere/prop.vnnlib") } throws: {
            "\($0)".hasPrefix("/nowhere/prop.vnnlib: no such file")
        }
    }
}
