// A comparison watches its deadline itself, between the nodes of its passes. Should one of its steps take too long all the
// same, what is known by then is printed from here and the process ends: shortly after the timeout, or after Ctrl-C.

import Comparison
import Glibc
import Synchronization

/// Watches one region after the other.
final class ComparisonWatch: Sendable {
    /// What is printed when time is up, from the last progress.
    typealias Rescue = @Sendable (DeviationProgress?) -> Void

    private struct State {
        var rescue: Rescue?
        var latest: DeviationProgress?
        var end: ContinuousClock.Instant?
        var interrupted: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let progress: ProgressLine

    /// Seconds past the timeout that a step may take when it is the last region, and after an interrupt.
    private static let grace = 0.35
    private static let interruptGrace = 1.5

    init(progress: ProgressLine) {
        self.progress = progress
        startThread { [self] in
            while true {
                usleep(50_000)
                look()
            }
        }
    }

    /// From here on a region is worked on.
    ///
    /// - Parameters:
    ///   - timeout: seconds from now; nil for none.
    ///   - isLast: others are not given up for a step that takes a little long.
    func begin(timeout: Double?, isLast: Bool, rescue: @escaping Rescue) {
        state.withLock {
            $0 = State()
            $0.rescue = rescue
            $0.end = timeout.map { .now + .seconds($0 + (isLast ? Self.grace : max(Self.grace, $0))) }
        }
    }

    func note(_ latest: DeviationProgress) { state.withLock { $0.latest = latest } }

    /// The region is answered: nothing is printed from here any more.
    func end() { state.withLock { $0.rescue = nil } }

    private func look() {
        state.withLock { state in
            guard let rescue = state.rescue else { return }
            let now = ContinuousClock.now
            if isInterrupted(), state.interrupted == nil { state.interrupted = now }
            let isLate = state.end.map { now >= $0 } ?? false
            let isStuck = state.interrupted.map { now >= $0 + .seconds(Self.interruptGrace) } ?? false
            guard isLate || isStuck else { return }
            // Under the lock, so that the comparison cannot print as well.
            progress.finish()
            rescue(state.latest)
            _exit((isStuck ? ExitStatus.interrupted : .answered).rawValue)
        }
    }
}
