// The command line as a user has it: the built program in a process of its own.

import Foundation
import Testing

/// What one run of the program left behind.
struct CommandRun {
    var status: Int32
    var output: String
    var errors: String

    var verdict: String { String(output.prefix { $0 != "\n" }) }

    /// Runs the program that was built beside the tests.
    init(_ arguments: String...) throws { try self.init(arguments) }

    init(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = Self.program
        process.arguments = arguments
        let output = try TemporaryDirectory()
        // Files rather than pipes: nothing can fill up while the other is read.
        let outputFile = try output.write("", as: "output")
        let errorFile = try output.write("", as: "errors")
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: outputFile))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: errorFile))
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit, "the program crashed: \(arguments)")
        status = process.terminationStatus
        self.output = try String(contentsOfFile: outputFile, encoding: .utf8)
        errors = try String(contentsOfFile: errorFile, encoding: .utf8)
    }

    static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "secateur")

    /// The source's root.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func spec(_ name: String) -> String { root.appending(path: "Specs/\(name)").path }

    /// Expects the exit status of an input at fault, nothing on standard output, and one line that holds all of `parts`.
    func expectInputFault(_ parts: String..., sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(status == 1, "\(errors)", sourceLocation: sourceLocation)
        #expect(output.isEmpty, sourceLocation: sourceLocation)
        #expect(errors.hasSuffix("\n"), sourceLocation: sourceLocation)
        #expect(errors.filter(\.isNewline).count == 1, "\(errors)", sourceLocation: sourceLocation)
        for part in parts {
            #expect(errors.contains(part), "\(errors)", sourceLocation: sourceLocation)
        }
    }
}

/// A directory that goes away with its owner.
final class TemporaryDirectory {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "secateur-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Writes a file; returns its path.
    func write(_ bytes: Data, as name: String) throws -> String {
        let file = url.appending(path: name)
        try bytes.write(to: file)
        return file.path
    }

    func write(_ text: String, as name: String) throws -> String { try write(Data(text.utf8), as: name) }
}
