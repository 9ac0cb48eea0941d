import RandomNumbers
import Testing

@Suite("SplitMix64")
struct SplitMix64Tests {
    @Test("gives the numbers of the reference implementation")
    func reference() {
        var random = SplitMix64(seed: 1_234_567)
        let numbers = (0..<5).map { _ in random.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test("streams differ wherever their numbers do")
    func streams() {
        var firsts: Set<UInt64> = []
        for a in 0..<20 as Range<UInt64> {
            for b in 0..<20 as Range<UInt64> {
                var random = SplitMix64(stream: a, b)
                firsts.insert(random.next())
            }
        }
        #expect(firsts.count == 400)
    }

    @Test("units fill the interval evenly")
    func units() {
        var random = SplitMix64(seed: -1)
        var counts = [Int](repeating: 0, count: 10)
        for _ in 0..<10_000 {
            let unit = random.unit()
            #expect((0..<1).contains(unit))
            counts[Int(unit * 10)] += 1
        }
        #expect(counts.allSatisfy { (850...1150).contains($0) })
    }
}
