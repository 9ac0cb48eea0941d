// The page of a sweep while it runs, for the browsers of this machine.

internal import Dispatch
internal import Glibc
internal import Hummingbird
internal import Logging
internal import NIOCore
public import Studies
internal import Synchronization

/// Serves the page of a sweep's results on 127.0.0.1, each time as they are then.
public struct LiveServer: Sendable {
    private let path: String
    private let port: Int

    /// - Parameters:
    ///   - path: the sweep's results, which need not be there yet.
    ///   - port: 0 for any that is free.
    public init(path: String, port: Int) {
        self.path = path
        self.port = port
    }

    /// Serves until `isCancelled`, which is asked ten times a second.
    ///
    /// - Parameter onServing: called once with the port, when the page can be asked for.
    /// - Throws: when the port is taken.
    public func run(
        onServing: @escaping @Sendable (_ port: Int) -> Void, isCancelled: () -> Bool
    ) throws(StudyError) {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: OwnBrowsers())
        let page = LivePage(path: path)
        router.get("/") { request, _ in page.response(to: request) }
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { onServing($0.localAddress?.port ?? 0) },
            logger: Logger(label: "live") { _ in SwiftLogNoOpLogHandler() })
        let ended = DispatchSemaphore(value: 0)
        let failure = Mutex<String?>(nil)
        let task = Task {
            do {
                try await application.run()
            } catch {
                let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
                if !Task.isCancelled { failure.withLock { $0 = reason } }
            }
            ended.signal()
        }
        while ended.wait(timeout: .now() + 0.1) == .timedOut {
            if isCancelled() { task.cancel() }
        }
        if let reason = failure.withLock({ $0 }) {
            throw StudyError("--port \(port): \(reason); choose another, or 0 for any that is free")
        }
    }
}

/// A page from elsewhere whose name was made to point here must not read this one.
private struct OwnBrowsers<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let host = request.head.authority?.split(separator: ":").first
        guard host == "localhost" || host == "127.0.0.1" else {
            throw HTTPError(.forbidden, message: "ask for localhost")
        }
        return try await next(request, context)
    }
}

/// The page of what the file holds by now; made anew when it changed.
private final class LivePage: Sendable {
    private let path: String
    private let page = Mutex<(version: String, html: String)?>(nil)

    init(path: String) { self.path = path }

    func response(to request: Request) -> Response {
        let current = current()
        let tag = "\"\(current.version)\""
        var fields = HTTPFields()
        fields[.eTag] = tag
        fields[.cacheControl] = "no-store"
        if request.headers[.ifNoneMatch] == tag { return Response(status: .notModified, headers: fields) }
        fields[.contentType] = "text/html; charset=utf-8"
        return Response(
            status: .ok, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: current.html)))
    }

    private func current() -> (version: String, html: String) {
        page.withLock { page in
            var status = stat()
            let version =
                stat(path, &status) == 0
                ? "\(status.st_ino)-\(status.st_size)-\(status.st_mtim.tv_sec)-\(status.st_mtim.tv_nsec)" : "none"
            if let page, page.version == version { return page }
            let html: String
            do throws(StudyError) {
                html = version == "none" ? Self.waiting : Report(try SweepResults(path: path)).html(isLive: true)
            } catch {
                html = Self.message(error.description)
            }
            page = (version, html)
            return (version, html)
        }
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
