// The batch's side of a worker: a process of this program, questions to its standard input, answers from its output.

internal import Foundation
internal import Glibc

final class WorkerProcess {
    /// What a worker is doing.
    struct Task {
        var query: Int
        var isTrial: Bool
        /// Seconds granted now.
        var timeout: Double?
        /// Seconds of the query's trial, when this is not it.
        var spent: Double
        var started: ContinuousClock.Instant
        /// When the worker is ended from outside.
        var end: ContinuousClock.Instant?
    }

    var task: Task?
    private let process = Process()
    private let requests = Pipe()
    private let responses = Pipe()
    private let errors = Pipe()
    private var received: [UInt8] = []
    private var lastWords: [UInt8] = []
    private(set) var sentence: Sentence?

    /// Why this side ended a worker.
    enum Sentence {
        case late
        case large(held: Int, allowed: Int)

        var reason: String {
            switch self {
            case .late: "the worker did not stop at its deadline and was ended"
            case .large(let held, let allowed):
                "the worker held \(held >> 20) MB, more than the \(allowed >> 20) MB allowed"
            }
        }
    }

    init(program: String, memoryLimit: Int) throws(StudyError) {
        process.executableURL = URL(filePath: program)
        process.arguments = ["worker", "--memory-limit", "\(memoryLimit)"]
        process.standardInput = requests
        process.standardOutput = responses
        process.standardError = errors
        do { try process.run() } catch { throw StudyError("\(program): a worker cannot be started (\(error))") }
        for pipe in [responses, errors] {
            let descriptor = pipe.fileHandleForReading.fileDescriptor
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        }
    }

    var identifier: Int32 { process.processIdentifier }
    var output: Int32 { responses.fileHandleForReading.fileDescriptor }
    var errorOutput: Int32 { errors.fileHandleForReading.fileDescriptor }

    /// Sends a question; false when the worker is gone.
    func send(_ request: WorkerRequest) -> Bool {
        let line = encodedLine(request)
        var start = 0
        while start < line.count {
            let count = line[start...].withUnsafeBytes {
                Glibc.write(requests.fileHandleForWriting.fileDescriptor, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            start += count
        }
        return true
    }

    enum Message {
        case answer(QueryResult)
        case nothing
        /// The worker's output ended, or is none of ours.
        case ended
    }

    /// Takes what the worker has written, without waiting.
    func receive() -> Message {
        Self.drain(errorOutput, into: &lastWords)
        if lastWords.count > 4096 { lastWords.removeFirst(lastWords.count - 4096) }
        let isOpen = Self.drain(output, into: &received)
        if let newline = received.firstIndex(of: UInt8(ascii: "\n")) {
            let response: WorkerResponse? = decodedLine(received[..<newline])
            received.removeFirst(newline + 1)
            return response.map { .answer($0.result) } ?? .ended
        }
        return isOpen ? .nothing : .ended
    }

    /// False once the other end is closed.
    @discardableResult
    private static func drain(_ descriptor: Int32, into bytes: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count > 0 {
                bytes += buffer[..<count]
            } else if count == 0 {
                return false
            } else if errno != EINTR {
                return errno == EAGAIN
            }
        }
    }

    /// Ends the worker at once; `obituary()` will tell the reason.
    func end(_ sentence: Sentence) {
        self.sentence = sentence
        _ = Glibc.kill(identifier, SIGKILL)
    }

    /// Lets an idle worker go.
    func dismiss() {
        try? requests.fileHandleForWriting.close()
        _ = Glibc.kill(identifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Waits for the end of a worker that is dying, and tells why it died.
    func obituary() -> String {
        try? requests.fileHandleForWriting.close()
        _ = Glibc.kill(identifier, SIGKILL)
        process.waitUntilExit()
        Self.drain(errorOutput, into: &lastWords)
        if let sentence { return sentence.reason }
        let words = String(decoding: lastWords, as: UTF8.self).split(whereSeparator: \.isNewline).last.map(String.init)
        if process.terminationReason == .uncaughtSignal {
            let signal = process.terminationStatus
            let cause =
                signal == SIGKILL ? "killed from outside, perhaps by the system for want of memory" : "signal \(signal)"
            return "the worker died: \(cause)"
        }
        return "the worker died with status \(process.terminationStatus)" + (words.map { ": \($0)" } ?? "")
    }
}
