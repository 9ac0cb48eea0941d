import Glibc
import Synchronization
import Verification

/// One line on the terminal's last row, rewritten as the work goes on; nothing when standard error is no terminal.
final class ProgressLine: Sendable {
    private let isShown = isatty(STDERR_FILENO) == 1
    private let state = Mutex(State())

    private struct State {
        var isOnScreen = false
        var isFinished = false
    }

    func show(_ progress: VerificationProgress) {
        show(
            "\(progress.phase)  \(progress.nodes) nodes, \(progress.open) open, "
                + "worst bound \(formatted("%.4g", progress.worstBound)), \(formatted("%.1f", progress.seconds)) s"
        )
    }

    func show(_ text: String) {
        guard isShown else { return }
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isOnScreen = true
            writeOut("\r" + text.prefix(Self.columns) + "\u{1B}[K", to: STDERR_FILENO)
        }
    }

    /// Takes the line off the screen for good.
    func finish() {
        state.withLock { state in
            if state.isOnScreen { writeOut("\r\u{1B}[K", to: STDERR_FILENO) }
            state = State(isOnScreen: false, isFinished: true)
        }
    }

    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 79 }
        return Int(size.ws_col) - 1
    }
}
