import Foundation
import Studies
import Testing

@testable import Reports

@Suite struct LiveServerTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "live-\(UUID().uuidString).json").path

    private func ask(_ server: LiveServer, _ fields: [String] = [], line: String = "GET / HTTP/1.1") -> String {
        let lines = [line, "Host: localhost:\(server.port)"] + fields
        return server.response(to: lines.joined(separator: "\r\n") + "\r\n\r\n")
    }

    /// The page follows the file, and is not sent again as long as that stays the same.
    @Test func thePageFollowsTheFile() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let server = try LiveServer(path: path, port: 0)
        #expect(ask(server).contains("no results yet"))
        var sweep = GeneratedSweep(seeds: [1, 2], ratios: [0, 0.5], images: 4, finished: 0.5)
        try sweep.results().write(to: path)
        let first = ask(server)
        #expect(first.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(first.contains("of 48 queries answered"))
        let tag = try #require(first.firstMatch(of: #/ETag: ("[^"]+")/#)).1
        let again = ask(server, ["If-None-Match: \(tag)"])
        #expect(again.hasPrefix("HTTP/1.1 304") && again.hasSuffix("\r\n\r\n"))
        sweep.finished = 1
        try sweep.results().write(to: path)
        #expect(ask(server, ["If-None-Match: \(tag)"]).contains("queries answered</li>"))
        try Data("{".utf8).write(to: URL(filePath: path))
        #expect(ask(server).contains("JSON"))
    }

    @Test func onlyThisMachinesBrowsers() throws {
        let server = try LiveServer(path: path, port: 0)
        #expect(server.response(to: "GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n").contains(" 403 "))
        #expect(server.response(to: "GET / HTTP/1.1\r\n\r\n").contains(" 403 "))
        #expect(ask(server, line: "POST / HTTP/1.1").contains(" 405 "))
        #expect(ask(server, line: "GET /etc/passwd HTTP/1.1").contains(" 404 "))
        #expect(ask(server, line: "nonsense").contains(" 400 "))
        let head = ask(server, line: "HEAD / HTTP/1.1")
        #expect(head.contains(" 200 ") && head.hasSuffix("\r\n\r\n"))
        let error = #expect(throws: StudyError.self) { try LiveServer(path: path, port: server.port) }
        #expect(error?.description.contains("choose another") == true)
    }

    /// Over a real connection, as a browser asks.
    @Test func aConnection() async throws {
        let server = try LiveServer(path: path, port: 0)
        let port = server.port
        nonisolated(unsafe) let shared = server
        let stopped = Stopped()
        let thread = Thread { shared.run { stopped.value } }
        thread.start()
        defer { stopped.value = true }
        let socket = try #require(connected(to: port))
        let request = "GET / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n"
        _ = request.withCString { send(socket, $0, strlen($0), 0) }
        var answer = [UInt8]()
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = recv(socket, &buffer, buffer.count, 0), count > 0 { answer += buffer[..<count] }
        close(socket)
        #expect(String(decoding: answer, as: UTF8.self).contains("no results yet"))
    }

    private func connected(to port: Int) -> Int32? {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return status == 0 ? socket : nil
    }
}

private final class Stopped: @unchecked Sendable {
    private let lock = NSLock()
    private var isSet = false

    var value: Bool {
        get { lock.withLock { isSet } }
        set { lock.withLock { isSet = newValue } }
    }
}
