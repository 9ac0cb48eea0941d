import Testing

@testable import Studies

struct EpsilonSearchTests {
    /// Everything that a network can answer on a grid: proved up to a place, refuted from a place on, open between.
    private static let truths: [[EpsilonSearch.State]] = (1...6).flatMap { count in
        (0...count).flatMap { proved in
            (proved...count).map { refuted in
                (0..<count).map { $0 < proved ? .holds : $0 < refuted ? .undecided : .violated }
            }
        }
    }

    @Test(arguments: truths)
    func findsWhatEnumerationFinds(truth: [EpsilonSearch.State]) {
        for expected in [nil] + (0...truth.count).map(Optional.some) {
            var search = EpsilonSearch(count: truth.count, isMonotone: true, expected: expected)
            var asked = 0
            while let place = search.next {
                #expect(search.states[place] == .open)
                asked += 1
                for implied in search.record(truth[place], at: place) { #expect(truth[implied] == truth[place]) }
            }
            #expect(search.states == truth)
            #expect(asked <= truth.count)
            let open = truth.count { $0 == .undecided }
            if open == 0, expected == truth.count(where: { $0 == .holds }) { #expect(asked <= 2) }
        }
    }

    @Test func asksALongGridByBisection() {
        for proved in 0...64 {
            var search = EpsilonSearch(count: 64, isMonotone: true)
            var asked = 0
            while let place = search.next {
                asked += 1
                _ = search.record(place < proved ? .holds : .violated, at: place)
            }
            #expect(asked <= 7)
        }
    }

    @Test func asksEverythingWithoutReuse() {
        var search = EpsilonSearch(count: 4, isMonotone: false, expected: 2)
        var asked: [Int] = []
        while let place = search.next {
            asked.append(place)
            #expect(search.record(.holds, at: place).isEmpty)
        }
        #expect(asked == [0, 1, 2, 3])
    }

    @Test func answersWhatWasLeftOpenBefore() {
        var search = EpsilonSearch(count: 3, isMonotone: true)
        _ = search.record(.undecided, at: 1)
        #expect(search.record(.holds, at: 2) == [0, 1])
        #expect(search.states == [.holds, .holds, .holds])
    }

    /// After a question without an answer the smallest radius is next: without an answer as well it ends the search.
    @Test func goesToTheSmallestRadiusOfHardImages() {
        var search = EpsilonSearch(count: 5, isMonotone: true, expected: 4)
        #expect(search.next == 3)
        _ = search.record(.undecided, at: 3)
        #expect(search.next == 0)
        _ = search.record(.holds, at: 0)
        #expect(search.next == 1)
        _ = search.record(.undecided, at: 1)
        #expect(search.giveUp(above: 1) == [2, 4])
        #expect(search.next == nil)
    }

    /// A larger radius is given up with a smaller one, and answered where another answer says so.
    @Test func givesUpLargerRadii() {
        var search = EpsilonSearch(count: 5, isMonotone: true, expected: 2)
        _ = search.record(.holds, at: 1)
        #expect(search.next == 2)
        _ = search.record(.undecided, at: 2)
        #expect(search.smallest == 3)
        #expect(search.giveUp(above: 2) == [3, 4])
        #expect(search.next == nil)
        #expect(search.record(.violated, at: 3) == [4])
        var separate = EpsilonSearch(count: 2, isMonotone: false)
        _ = separate.record(.undecided, at: 0)
        #expect(separate.giveUp(above: 0).isEmpty && separate.next == 1)
    }
}
