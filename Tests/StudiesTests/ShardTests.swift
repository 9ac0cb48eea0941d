import Testing

@testable import Studies

struct ShardTests {
    @Test func everyQueryBelongsToOneShard() throws {
        let queries = (0..<500).map {
            StudyQuery(category: "c", networkName: "n\($0)", network: "/n", subject: .property(name: "p", path: "/p"))
        }
        let shards = try (1...7).map { try #require(Shard("\($0)/7")) }
        for query in queries { #expect(shards.filter { $0.contains(query) }.count == 1) }
        for shard in shards { #expect((40...110).contains(queries.filter(shard.contains).count)) }
    }

    @Test func onlyPartsAreRead() {
        #expect(Shard("3/64")?.description == "3/64")
        for text in ["0/4", "5/4", "1/0", "1", "a/b", "1/2/3", "-1/2", ""] { #expect(Shard(text) == nil) }
    }
}
