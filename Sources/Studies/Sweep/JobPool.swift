// Work side by side, with everything that has to stay in order (the store, the plan, what is printed) on one thread:
// jobs run on a queue of the system and post messages, which the owner takes out when it looks.

internal import Dispatch
internal import Synchronization

/// Runs jobs and keeps their messages until they are taken.
final class JobPool<Message: Sendable>: Sendable {
    private let queue = DispatchQueue(label: "jobs", attributes: .concurrent)
    private let arrived = DispatchSemaphore(value: 0)
    private let messages = Mutex<[Message]>([])
    private let running = Atomic<Int>(0)
    private let stopped = Atomic<Bool>(false)

    /// Jobs that have not ended.
    var count: Int { running.load(ordering: .acquiring) }

    /// Asks all jobs to end soon.
    func stop() { stopped.store(true, ordering: .relaxed) }
    var isStopped: Bool { stopped.load(ordering: .relaxed) }

    /// To be called by jobs.
    func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        arrived.signal()
    }

    func start(_ job: @escaping @Sendable () -> Void) {
        running.wrappingAdd(1, ordering: .relaxed)
        queue.async { [self] in
            job()
            running.wrappingSubtract(1, ordering: .releasing)
            arrived.signal()
        }
    }

    /// What was posted.
    ///
    /// - Parameter waiting: first wait until there is something to take or a job has ended, but a tenth of a second at
    ///   most.
    func take(waiting: Bool) -> [Message] {
        if waiting { _ = arrived.wait(timeout: .now() + .milliseconds(100)) }
        return messages.withLock { messages in
            defer { messages.removeAll() }
            return messages
        }
    }
}
