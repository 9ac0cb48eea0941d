import Testing

@testable import BranchAndBound

@Suite struct SearchForecastTests {
    /// The forecast's words after a search whose worst bound stands so after 15, 30, ... subproblems.
    private func verdict(_ bounds: [Double], seconds: Double?) -> String? {
        var forecast = SearchForecast()
        let deadline = seconds.map { ContinuousClock.now + .seconds($0) }
        var result: String?
        var status = SearchStatus()
        status.nodes = 15
        for bound in bounds {
            status.worstBound = bound
            result = forecast.verdict(status, deadline: deadline)
            status.nodes *= 2
        }
        return result
    }

    @Test func countsTheDoublingsThatAreMissing() {
        let marks = [(8, -4.0), (16, -3.5), (32, -3.5), (64, -3.25), (128, -2)]
        // From -3.5 at 16 to -2 at 128.
        #expect(abs(SearchForecast.missingDoublings(marks.map { (nodes: $0.0, bound: $0.1) }) - 4) < 0.2)
        #expect(SearchForecast.missingDoublings(marks.map { (nodes: $0.0, bound: -1) }) == .infinity)
    }

    @Test func givesUpWhatStandsStill() throws {
        let reason = try #require(verdict([-1, -0.999, -0.998, -0.997], seconds: 60))
        #expect(reason.contains("given up: after 120 subproblems") && reason.contains("far more"))
        #expect(verdict([-1, -0.98, -0.96, -0.94], seconds: 0.001)?.contains("2^4") == true)
    }

    @Test func goesOnWhereTimeMayDo() {
        #expect(verdict([-1, -0.9, -0.8, -0.7], seconds: 60) == nil)
        // Too little is known, and without an end nothing is hopeless.
        #expect(verdict([-1, -1, -1], seconds: 60) == nil)
        #expect(verdict([-1, -1, -1, -1], seconds: nil) == nil)
    }
}
