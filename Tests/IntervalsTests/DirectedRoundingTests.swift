import RandomNumbers
import Testing

@testable import Intervals

/// The greatest float64 at most the exact number, and the least at least it, found without any error-free
/// transformation: every float64 is an exact decimal.
private func neighbours(of exact: ExactDecimal, near guess: Double) -> (down: Double, up: Double) {
    var down = min(max(guess, -.greatestFiniteMagnitude), .greatestFiniteMagnitude)
    while down > -.infinity, ExactDecimal(down) > exact { down = down.nextDown }
    while down < .greatestFiniteMagnitude, ExactDecimal(down.nextUp) <= exact { down = down.nextUp }
    if down > -.infinity, ExactDecimal(down) == exact { return (down, down) }
    return (down, down.nextUp)
}

@Suite struct DirectedRoundingTests {
    @Test func sumsAreTheTightest() throws {
        var generator = SplitMix64(seed: 1)
        for _ in 0..<600 {
            let a = generator.anyDouble()
            let b =
                Bool.random(using: &generator)
                ? generator.anyDouble() : -a * (1 + Double.random(in: -1...1, using: &generator) * 0x1p-40)
            guard b.isFinite else { continue }
            let exact = try #require(ExactDecimal(a).adding(ExactDecimal(b)))
            let expected = neighbours(of: exact, near: a + b)
            #expect(sumRoundedDown(a, b) == expected.down, "\(a) + \(b)")
            #expect(sumRoundedUp(a, b) == expected.up, "\(a) + \(b)")
        }
    }

    @Test func productsAreTheTightest() throws {
        var generator = SplitMix64(seed: 2)
        for _ in 0..<600 {
            let (a, b) = (generator.anyDouble(), generator.anyDouble())
            let exact = try #require(ExactDecimal(a).multiplied(by: ExactDecimal(b)))
            let expected = neighbours(of: exact, near: a * b)
            #expect(productRoundedDown(a, b) == expected.down, "\(a) * \(b)")
            #expect(productRoundedUp(a, b) == expected.up, "\(a) * \(b)")
        }
    }

    @Test func quotientsAreTheTightest() throws {
        var generator = SplitMix64(seed: 3)
        for _ in 0..<600 {
            let (a, b) = (generator.anyDouble(), generator.anyDouble())
            guard b != 0 else { continue }
            let down = quotientRoundedDown(a, b)
            let up = quotientRoundedUp(a, b)
            #expect(down == up || down.nextUp == up, "\(a) / \(b)")
            // down <= a / b <= up, multiplied by b.
            let (least, most) = b > 0 ? (down, up) : (up, down)
            func product(_ end: Double) -> ExactDecimal? {
                end.isFinite ? ExactDecimal(end).multiplied(by: ExactDecimal(b)) : nil
            }
            if let product = product(least) {
                #expect(down == up ? product == ExactDecimal(a) : product < ExactDecimal(a), "\(a) / \(b)")
            }
            if let product = product(most) {
                #expect(down == up ? product == ExactDecimal(a) : product > ExactDecimal(a), "\(a) / \(b)")
            }
        }
    }

    @Test func infinitiesAndZeros() {
        let infinity = Double.infinity
        let greatest = Double.greatestFiniteMagnitude
        let least = Double.leastNonzeroMagnitude
        #expect(sumRoundedDown(greatest, greatest) == greatest)
        #expect(sumRoundedUp(greatest, greatest) == infinity)
        #expect(sumRoundedUp(-greatest, -greatest) == -greatest)
        #expect(sumRoundedDown(greatest, 1) == greatest)
        #expect(sumRoundedUp(greatest, 1) == infinity)
        #expect(sumRoundedDown(infinity, -infinity) == -infinity)
        #expect(sumRoundedUp(infinity, -infinity) == infinity)
        #expect(sumRoundedDown(-infinity, 1) == -infinity)
        #expect(sumRoundedUp(infinity, -1) == infinity)
        #expect(productRoundedDown(0, infinity) == 0)
        #expect(productRoundedUp(-infinity, 0) == 0)
        #expect(productRoundedDown(least, least) == 0)
        #expect(productRoundedUp(least, least) == least)
        #expect(productRoundedDown(-least, least) == -least)
        #expect(productRoundedUp(-least, least) == 0)
        #expect(productRoundedUp(infinity, 2) == infinity)
        #expect(productRoundedDown(infinity, -2) == -infinity)
        #expect(quotientRoundedDown(1, infinity) == 0)
        #expect(quotientRoundedUp(1, 0) == infinity)
        #expect(quotientRoundedDown(1, 0) == -infinity)
        #expect(quotientRoundedUp(infinity, 2) == infinity)
        #expect(quotientRoundedDown(greatest, 0.5) == greatest)
        #expect(sumRoundedDown(.nan, 1) == -infinity)
        #expect(productRoundedUp(.nan, 0) == infinity)
    }
}
