import Testing

@testable import Studies

struct BatchProgressTests {
    @Test func timeLeft() {
        var progress = BatchProgress()
        progress.total = 100
        #expect(progress.secondsLeft == nil)
        // 40 finished and 10 found hard in 5 seconds: 50 easy ones to come.
        progress.counts = [.holds: 40]
        progress.waiting = 10
        progress.seconds = 5
        progress.granted = 200
        #expect(progress.secondsLeft == 205)
        progress.granted = nil
        #expect(progress.secondsLeft == nil)
        // All easy ones are done, two of the hard took 4 seconds each.
        progress.counts = [.holds: 92]
        progress.waiting = 8
        progress.seconds = 18
        progress.hard = (8, 2)
        #expect(progress.secondsLeft == 32)
        // What an earlier run did says nothing of the speed.
        progress = BatchProgress()
        progress.total = 10
        progress.reused = 5
        progress.counts = [.holds: 6]
        progress.seconds = 2
        #expect(progress.secondsLeft == 8)
    }
}
