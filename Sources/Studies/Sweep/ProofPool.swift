// How images' properties were proved, by network and radius: a neighbour's search starts where they ended.

internal import Certificates

struct ProofPool: Sendable {
    struct Entry: Sendable {
        /// Number of the network's recipe, and its name.
        var model: Int
        var source: String
        /// The radius's place in the list.
        var place: Int
        var records: [ProofRecord]
    }

    private var entries: [Int: [Entry]] = [:]
    /// Of each image the newest so many are kept.
    private static let limit = 8

    func entries(of image: Int) -> [Entry] { entries[image] ?? [] }

    mutating func add(_ entry: Entry, image: Int) {
        var all = (entries[image] ?? []).filter { $0.model != entry.model || $0.place != entry.place }
        if all.count == Self.limit { all.removeFirst() }
        all.append(entry)
        entries[image] = all
    }
}

extension [ProofPool.Entry] {
    /// What is nearest to a question: of the same network before others, of networks in the order of `distance`, of
    /// radii the nearest.
    func nearest(to model: Int, at place: Int, distance: (_ model: Int) -> Double) -> ProofPool.Entry? {
        func rank(_ entry: ProofPool.Entry) -> (Double, Int) {
            (entry.model == model ? -1 : distance(entry.model), abs(entry.place - place))
        }
        return self.min { rank($0) < rank($1) }
    }
}

extension [ModelRecipe] {
    /// How unlike a network each of the networks is: by ratio, those of another seed more than any of the same.
    func distances(to model: Int) -> [Double] {
        map { abs($0.ratio - self[model].ratio) + ($0.seed == self[model].seed ? 0 : 2) }
    }
}
