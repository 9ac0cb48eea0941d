// The verification watches its deadline itself. Should one of its steps take too long, such as the reading of a very
// large file, the promise to end within half a second of the timeout is kept from here.

import Glibc
import Properties
import Verification

/// Seconds past the timeout after which the process ends whatever it is doing.
private let grace = 0.35

/// Prints `timeout` and ends the process when nothing was printed by shortly after the timeout.
func startWatchdog(timeout: Double, printer: AnswerPrinter, progress: ProgressLine) {
    guard timeout < 1e9 else { return }
    startThread {
        let end = ContinuousClock.now + .seconds(timeout + grace)
        while ContinuousClock.now < end {
            let rest = (end - ContinuousClock.now) / .microseconds(1)
            usleep(UInt32(min(max(rest, 1), 900_000)))
        }
        progress.finish()
        printer.print(VerificationReport(verdict: .timeout), readSeconds: 0)
        _exit(ExitStatus.answered.rawValue)
    }
}

/// Runs on a detached thread; a task would wait for a free one of the pool, which may be what is stuck.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let status = pthread_create(
        &thread, nil,
        { argument in
            Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
    if status == 0 { pthread_detach(thread) }
}
