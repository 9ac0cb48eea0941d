// Sharing independent pieces of work among a few threads.

import Dispatch
import Synchronization

/// Runs `body` once per worker, at the same time, and returns when all have. With one worker it runs on the caller.
public func runWorkers(_ count: Int, _ body: @Sendable (_ worker: Int) -> Void) {
    if count <= 1 {
        body(0)
    } else {
        DispatchQueue.concurrentPerform(iterations: count, execute: body)
    }
}

/// Hands out the numbers below a count, each once, to whoever asks.
public final class Tickets: Sendable {
    private let next = Atomic<Int>(0)
    private let count: Int

    public init(_ count: Int) { self.count = count }

    public func take() -> Int? {
        let ticket = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return ticket < count ? ticket : nil
    }
}

/// Results that workers write to places of their own.
public final class Results<Element: Sendable>: @unchecked Sendable {
    // Each place is written by at most one worker, and read only after all workers are done.
    private let storage: UnsafeMutableBufferPointer<Element?>

    public init(_ count: Int) {
        storage = .allocate(capacity: count)
        storage.initialize(repeating: nil)
    }

    deinit {
        storage.deinitialize()
        storage.deallocate()
    }

    public subscript(_ index: Int) -> Element? {
        get { storage[index] }
        set { storage[index] = newValue }
    }
}
