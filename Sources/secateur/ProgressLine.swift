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
        var next = ContinuousClock.now
    }

    /// Time between two lines; what comes sooner is dropped.
    private static let interval = Duration.milliseconds(100)

    func show(_ progress: VerificationProgress) {
        guard isShown else { return }
        var parts = ["\(progress.nodes) nodes", "\(progress.open) open"]
        if progress.worstBound.isFinite { parts.append("worst bound \(formatted("%.4g", progress.worstBound))") }
        parts.append("\(formatted("%.1f", progress.seconds)) s")
        show(progress.phase + "  " + parts.joined(separator: ", "))
    }

    func show(_ text: String) {
        guard isShown else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            guard !state.isFinished, now >= state.next else { return }
            state.isOnScreen = true
            state.next = now + Self.interval
            writeOut("\r" + text.prefix(Self.columns) + "\u{1B}[K", to: STDERR_FILENO)
        }
    }

    /// Takes the line off the screen, to be shown again.
    func hide() {
        state.withLock { state in
            if state.isOnScreen { writeOut("\r\u{1B}[K", to: STDERR_FILENO) }
            state.isOnScreen = false
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
