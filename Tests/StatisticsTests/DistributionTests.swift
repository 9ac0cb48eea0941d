// Against values computed by scipy 1.17 (scipy.stats.t, nct, norm; scipy.special.betainc).

import Statistics
import Testing

private func isClose(_ value: Double, _ expected: Double, _ relative: Double = 1e-9) -> Bool {
    abs(value - expected) <= relative * abs(expected) + 1e-14
}

@Suite struct DistributionTests {
    @Test(arguments: [
        (0.5, 0.5, 0.3, 0.36901011956554536), (2, 3, 0.5, 0.6875), (10, 0.5, 0.99, 0.6579281751567845),
        (0.5, 50, 0.001, 0.24763098003462314), (200, 300, 0.41, 0.677628164772179), (1, 1, 0.25, 0.25),
        (5000, 0.5, 0.999, 0.0015615791602892836), (2, 3, 0, 0), (2, 3, 1, 1),
    ])
    func incompleteBeta(a: Double, b: Double, x: Double, expected: Double) {
        #expect(isClose(regularizedIncompleteBeta(x, a, b), expected))
    }

    @Test(arguments: [
        (1, 0.6, 0.32491969623290634), (1, 0.975, 12.706204736174694), (1, 0.9999, 3183.098757118502),
        (2, 0.975, 4.302652729749462), (4, 0.995, 4.604094871349992), (9, 0.975, 2.262157162798205),
        (9, 0.9999, 6.010132129081531), (29, 0.975, 2.045229642132703), (100, 0.995, 2.6258905214380173),
        (1e6, 0.975, 1.959966356814107),
    ])
    func quantilesOfT(degrees: Double, share: Double, expected: Double) {
        let t = StudentT(degrees: degrees)
        #expect(isClose(t.quantile(share), expected))
        #expect(isClose(t.quantile(1 - share), -expected))
    }

    @Test(arguments: [
        (1, -30, 0.010606402405535426), (1, -0.1, 0.4682744825694465), (3, -2.5, 0.04385332350403278),
        (9, 0.7, 0.7491904803919275), (9, -30, 1.2418523520791317e-10), (40, -30, 2.4254538302951023e-29),
        (40, 2.262, 0.9853990313729043), (9, 0, 0.5),
    ])
    func probabilitiesOfT(degrees: Double, value: Double, expected: Double) {
        #expect(isClose(StudentT(degrees: degrees).probability(below: value), expected))
    }

    @Test(arguments: [
        (9, 0, 2.262, 0.9749935772487727), (9, 1, 2.262, 0.8561167598581487), (9, 3, 2.262, 0.23879985868711998),
        (4, 2.5, 2.776, 0.5226496107233012), (29, 2.8, 2.045, 0.22767981364111162),
        (99, -1.2, 0.4, 0.9450171787236821), (9, 2, -1, 0.0018706863828372791),
        (9, 6, 2.2, 0.0003410477678481541), (3, 20, 3.18, 0),
    ])
    func shiftedT(degrees: Double, shift: Double, value: Double, expected: Double) {
        let found = StudentT(degrees: degrees).probability(below: value, shift: shift)
        #expect(abs(found - expected) < 1e-10)
    }

    @Test(arguments: [
        (1e-10, -6.3613409), (0.025, -1.95996398), (0.5, 0), (0.8, 0.84162123), (0.975, 1.95996398),
    ])
    func quantilesOfTheNormal(share: Double, expected: Double) {
        #expect(isClose(Normal.quantile(share), expected, 1e-8))
    }
}
