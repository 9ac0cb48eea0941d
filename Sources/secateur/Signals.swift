// Signals: Ctrl-C asks a running verification to end and print what it has; a crash of our own becomes exit status 2
// with one line instead of a trace.

import Glibc
import Synchronization

private let interrupted = Atomic<Bool>(false)

/// Whether a SIGINT or SIGTERM came since `catchInterrupts()`.
func isInterrupted() -> Bool { interrupted.load(ordering: .relaxed) }

/// From here on the first interrupt asks for an orderly end; the second one ends the process at once.
func catchInterrupts() {
    // A parent may have started us from a thread that blocks signals, and the mask is inherited.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
        signal(number) { number in
            interrupted.store(true, ordering: .relaxed)
            signal(number, SIG_DFL)
        }
    }
}

private let faultMessage: StaticString =
    "secateur: internal fault; please report it with the command line and the files\n"

/// A crash ends with status 2 and one line; with SWIFT_BACKTRACE set, as Swift prints it.
func installFaultHandlers() {
    guard getenv("SWIFT_BACKTRACE") == nil else { return }
    for number in [SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV] {
        signal(number) { _ in
            _ = write(STDERR_FILENO, faultMessage.utf8Start, faultMessage.utf8CodeUnitCount)
            _exit(ExitStatus.internalFault.rawValue)
        }
    }
}
