import Foundation
import Testing

@testable import Studies

/// A directory that goes away with its owner.
final class Scratch {
    let path = FileManager.default.temporaryDirectory.appending(path: "studies-\(UUID().uuidString)").path

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ text: String, as name: String) throws -> String {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: file))
        return file
    }
}

let specs = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Specs").path

/// The program that was built beside the tests.
let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "secateur").path

func query(_ network: String, _ property: String, timeout: Double? = nil) -> StudyQuery {
    StudyQuery(
        category: "test", networkName: network, network: "\(specs)/\(network)",
        subject: .property(name: property, path: "\(specs)/\(property)"), timeout: timeout)
}

/// Queries whose outcomes follow from their construction, each many times over.
func easyQueries(_ count: Int) -> [StudyQuery] {
    let pairs = [
        ("dense.onnx", "dense-robust.vnnlib"), ("dense.onnx", "dense-planted.vnnlib"),
        ("triangle.onnx", "triangle-below.vnnlib"), ("controller.onnx", "controller-saturates.vnnlib"),
    ]
    return InstanceList.numbered((0..<count).map { query(pairs[$0 % 4].0, pairs[$0 % 4].1) })
}

func options(jobs: Int = 2, timeout: Double? = 20) -> BatchOptions {
    var options = BatchOptions(program: program, version: "test", processors: 2)
    options.schedule = .fixed(jobs: jobs, threads: 1)
    options.query.timeout = timeout
    return options
}

/// Outcomes by key.
func outcomes(_ store: ResultStore) throws -> [String: Outcome] {
    var outcomes: [String: Outcome] = [:]
    try store.visit { row in
        #expect(outcomes[row.key] == nil, "\(row.key) was run to completion twice")
        outcomes[row.key] = row.result.outcome
    }
    return outcomes
}

/// The processes that this one has started and that still run.
func workers() -> [Int32] {
    let parent = "\(getpid())"
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return entries.compactMap { Int32($0) }.filter { process in
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return false }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 1 && fields[1] == parent && fields[0] != "Z"
    }
}
