import Foundation
import Testing

struct DocumentationTests {
    @Test func everyModuleIsInTheTable() throws {
        let sources = CommandRun.root.appending(path: "Sources").path
        let design = try String(contentsOf: CommandRun.root.appending(path: "docs/design.md"), encoding: .utf8)
        let rows = design.split(separator: "\n").filter { $0.hasPrefix("| ") }
        for module in try FileManager.default.contentsOfDirectory(atPath: sources) {
            #expect(
                rows.contains { $0.split(separator: "|")[1].contains(module) }, "docs/design.md has no row of \(module)"
            )
        }
    }
}
