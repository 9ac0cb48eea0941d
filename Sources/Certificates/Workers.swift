// Sharing pieces of work among a few threads. (The engine has its own; the checker imports nothing of it.)

internal import Dispatch
internal import Synchronization

/// The results of `body` for every index, computed by so many workers; throws what the first failing index threw.
func inParallel<Result: Sendable>(
    _ count: Int, threads: Int, _ body: @Sendable (_ worker: Int, _ index: Int) throws(CertificateError) -> Result
) throws(CertificateError) -> [Result] {
    let results = Mutex([Swift.Result<Result, CertificateError>?](repeating: nil, count: count))
    let next = Atomic<Int>(0)
    @Sendable func work(_ worker: Int) {
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if index >= count { return }
            let result = Swift.Result<Result, CertificateError> { () throws(CertificateError) in
                try body(worker, index)
            }
            results.withLock { $0[index] = result }
        }
    }
    if threads <= 1 || count <= 1 {
        work(0)
    } else {
        DispatchQueue.concurrentPerform(iterations: min(threads, count)) { work($0) }
    }
    var values: [Result] = []
    values.reserveCapacity(count)
    for result in results.withLock({ $0 }) { values.append(try result!.get()) }
    return values
}
