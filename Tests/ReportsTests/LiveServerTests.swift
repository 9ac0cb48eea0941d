import Foundation
import FoundationNetworking
import Studies
import Synchronization
import Testing

@testable import Reports

/// Over real connections, as browsers ask.
@Suite struct LiveServerTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "live-\(UUID().uuidString).json").path

    private struct Answer {
        var status: Int
        var tag: String
        var body: String
    }

    private func ask(
        _ port: Int, path: String = "/", method: String = "GET", fields: [String: String] = [:]
    ) async throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
        request.httpMethod = method
        request.cachePolicy = .reloadIgnoringLocalCacheData
        for (field, value) in fields { request.setValue(value, forHTTPHeaderField: field) }
        let (body, response) = try await URLSession(configuration: .ephemeral).data(for: request)
        let head = try #require(response as? HTTPURLResponse)
        return Answer(
            status: head.statusCode, tag: head.value(forHTTPHeaderField: "ETag") ?? "",
            body: String(decoding: body, as: UTF8.self))
    }

    private func serving(_ work: (_ port: Int) async throws -> Void) async throws {
        let server = LiveServer(path: path, port: 0)
        let isStopped = Flag()
        let (ports, told) = AsyncStream<Int>.makeStream()
        let thread = Thread {
            try? server.run(onServing: { told.yield($0) }, isCancelled: { isStopped.isSet.withLock { $0 } })
            told.finish()
        }
        thread.start()
        var port = ports.makeAsyncIterator()
        let result: Result<Void, any Error>
        do {
            try await work(try #require(await port.next()))
            result = .success(())
        } catch {
            result = .failure(error)
        }
        isStopped.isSet.withLock { $0 = true }
        // The stream ends when the server has.
        #expect(await port.next() == nil)
        try result.get()
    }

    /// The page follows the file, and is not sent again as long as that stays the same.
    @Test func thePageFollowsTheFile() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await serving { port in
            #expect(try await ask(port).body.contains("no results yet"))
            var sweep = GeneratedSweep(seeds: [1, 2], ratios: [0, 0.5], images: 4, finished: 0.5)
            try sweep.results().write(to: path)
            let first = try await ask(port)
            #expect(first.status == 200 && first.body.contains("of 48 queries answered"))
            let again = try await ask(port, fields: ["If-None-Match": first.tag])
            #expect(again.status == 304 && again.body.isEmpty)
            sweep.finished = 1
            try sweep.results().write(to: path)
            let last = try await ask(port, fields: ["If-None-Match": first.tag])
            #expect(last.body.contains("queries answered</li>"))
            try Data("{".utf8).write(to: URL(filePath: path))
            #expect(try await ask(port).body.contains("JSON"))
        }
    }

    @Test func onlyThisMachinesBrowsers() async throws {
        try await serving { port in
            #expect(try await ask(port, fields: ["Host": "elsewhere.example"]).status == 403)
            #expect(try await ask(port, fields: ["Host": "localhost:\(port)"]).status == 200)
            #expect(try await ask(port, method: "POST").status >= 400)
            #expect(try await ask(port, path: "/etc/passwd").status == 404)
            let head = try await ask(port, method: "HEAD")
            #expect(head.status == 200 && head.body.isEmpty)
            let error = #expect(throws: StudyError.self) {
                try LiveServer(path: path, port: port).run(onServing: { _ in }, isCancelled: { false })
            }
            #expect(error?.description.contains("choose another") == true)
        }
    }
}

private final class Flag: Sendable {
    let isSet = Mutex(false)
}
