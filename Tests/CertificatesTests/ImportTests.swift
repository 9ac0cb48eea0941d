import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The checker must not lean on what it checks: this is all that it may import.
@Suite struct ImportTests {
    @Test func checkerImportsNoEngine() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Certificates")
        var imports: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: sources.path) where file.hasSuffix(".swift") {
            let text = try String(contentsOf: sources.appending(path: file), encoding: .utf8)
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let place = words.firstIndex(of: "import"), place <= 1, words.count == place + 2 else { continue }
                if place == 1 && !["public", "internal", "private"].contains(words[0]) { continue }
                imports.insert(String(words[place + 1]))
            }
        }
        #expect(imports == ["Networks", "Properties", "Intervals", "Crypto", "Dispatch", "Synchronization"])
    }
}
