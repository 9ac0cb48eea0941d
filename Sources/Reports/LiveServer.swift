// The page of a sweep while it runs, for the browsers of this machine. One page over plain HTTP on loopback needs no web
// framework: a request is read up to its blank line, answered, and the connection closed.

internal import Glibc
public import Studies

public final class LiveServer {
    /// The port that was given, or chosen by the system where 0 was.
    public let port: Int
    private let path: String
    private let listener: Int32
    private var page: (version: String, html: String)?

    /// Requests longer than this are refused.
    private static let longestRequest = 16 << 10

    /// Listens on 127.0.0.1.
    ///
    /// - Parameter path: the sweep's results, which need not be there yet.
    /// - Throws: when the port is taken.
    public init(path: String, port: Int) throws(StudyError) {
        self.path = path
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw StudyError("--live: \(String(cString: strerror(errno)))") }
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound else {
            let reason = String(cString: strerror(errno))
            close(listener)
            throw StudyError("--port \(port): \(reason); choose another, or 0 for any that is free")
        }
        self.listener = listener
        self.port = Int(in_port_t(bigEndian: address.sin_port))
    }

    deinit { close(listener) }

    /// Answers one request after the other until `isCancelled`, which is asked twice a second.
    public func run(isCancelled: () -> Bool) {
        while !isCancelled() {
            var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 500) > 0 else { continue }
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { continue }
            // A browser that connects and says nothing must not keep the others waiting for long.
            var limit = timeval(tv_sec: 2, tv_usec: 0)
            for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                setsockopt(connection, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
            }
            answer(connection)
            close(connection)
        }
    }

    private func answer(_ connection: Int32) {
        var request: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !request.ends(with: "\r\n\r\n".utf8) {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0, request.count + count <= Self.longestRequest else { return }
            request += buffer[..<count]
        }
        let response = Array(response(to: String(decoding: request, as: UTF8.self)).utf8)
        var sent = 0
        while sent < response.count {
            let count = response.withUnsafeBytes {
                send(connection, $0.baseAddress! + sent, response.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// The whole response to a request's head.
    func response(to request: String) -> String {
        let lines = request.split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { return Self.response("400 Bad Request", body: "not HTTP\n") }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[parts[0].lowercased()] = parts[1].drop { $0 == " " }.description }
        }
        // A page from elsewhere whose name was made to point here must not read this one.
        guard let host = fields["host"], ["127.0.0.1:\(port)", "localhost:\(port)"].contains(host) else {
            return Self.response("403 Forbidden", body: "ask for localhost\n")
        }
        guard words[0] == "GET" || words[0] == "HEAD" else {
            return Self.response("405 Method Not Allowed", body: "only GET and HEAD\n")
        }
        guard words[1] == "/" else { return Self.response("404 Not Found", body: "the page is /\n") }
        let current = current()
        let tag = "\"\(current.version)\""
        if fields["if-none-match"] == tag { return Self.response("304 Not Modified", tag: tag, body: "") }
        return Self.response(
            "200 OK", type: "text/html", tag: tag, body: current.html, isBodyLeftOut: words[0] == "HEAD")
    }

    private static func response(
        _ status: String, type: String = "text/plain", tag: String? = nil, body: String, isBodyLeftOut: Bool = false
    ) -> String {
        let fields = [
            "HTTP/1.1 \(status)", "Content-Type: \(type); charset=utf-8", "Content-Length: \(body.utf8.count)",
            "Cache-Control: no-store", "Connection: close",
        ]
        let all = fields + (tag.map { ["ETag: \($0)"] } ?? [])
        return all.map { $0 + "\r\n" }.joined() + "\r\n" + (isBodyLeftOut ? "" : body)
    }

    /// The page of what the file holds by now; made anew when it changed.
    private func current() -> (version: String, html: String) {
        var status = stat()
        let version =
            stat(path, &status) == 0
            ? "\(status.st_ino)-\(status.st_size)-\(status.st_mtim.tv_sec)-\(status.st_mtim.tv_nsec)" : "none"
        if let page, page.version == version { return page }
        let html: String
        do {
            html = version == "none" ? Self.waiting : Report(try SweepResults(path: path)).html(isLive: true)
        } catch {
            html = Self.message(error.description)
        }
        page = (version, html)
        return (version, html)
    }

    private static let waiting = message("There are no results yet. This page looks again every two seconds.")

    /// Has the parts that a later page replaces.
    private static func message(_ text: String) -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>sweep</title>
        <style>
        \(styleSheet)
        </style></head><body><main><p class="answer">\(escaped(text))</p></main></body></html>

        """
    }
}

extension Sequence where Element == UInt8 {
    fileprivate func ends(with end: String.UTF8View) -> Bool { suffix(end.count).elementsEqual(end) }
}
