import Foundation
import Reports
import Studies
import Testing

@Suite struct ReportTests {
    private static let variants: [GeneratedSweep] = [
        GeneratedSweep(seeds: [1, 2, 3], ratios: [0, 0.4, 0.8], images: 20),
        GeneratedSweep(seeds: [1], ratios: [0, 0.5], epsilons: ["0.01"], images: 5, shape: [3, 8, 8]),
        GeneratedSweep(seeds: [1, 2], ratios: [0, 0.5], methods: ["magnitude", "obs"], images: 8, finished: 0.4),
        GeneratedSweep(seeds: [1, 2], ratios: [0.5], images: 5, shape: [7]),
        GeneratedSweep(seeds: [1, 2], ratios: [0], images: 5, finished: 0),
    ]

    @Test(arguments: variants.indices)
    func everyElementIsClosed(variant: Int) throws {
        let page = Report(Self.variants[variant].results()).html()
        var open: [Substring] = []
        // The contents of styles and scripts are no markup.
        let text = page.replacing(#/(?s)(<(style|script)[^>]*>).*?(</\2>)/#) { "\($0.1)\($0.3)" }
        for tag in text.matches(of: #/<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>/#) {
            let name = tag.2
            if tag.1 == "/" {
                #expect(open.popLast() == name)
            } else if !["meta", "br"].contains(name), !tag.3.hasSuffix("/") {
                open.append(name)
            }
            let quotes = tag.3.count { $0 == "\"" }
            #expect(quotes % 2 == 0, "\(tag.0)")
        }
        #expect(open.isEmpty)
        // What is no tag is no bracket either.
        let rest = text.replacing(#/<!doctype html>|</?[a-zA-Z][^<>]*>/#, with: "")
        #expect(!rest.contains("<"))
        #expect(!text.contains("nan") && !text.contains("inf\""))
    }

    @Test(arguments: variants.indices)
    func nothingIsLoaded(variant: Int) {
        let page = Report(Self.variants[variant].results()).html().replacing("http-equiv", with: "")
        for word in ["http", "src=", "href=", "url(", "@import", "<link", "<img"] { #expect(!page.contains(word)) }
        #expect(page.contains("default-src 'none'"))
        #expect(!page.contains("connect-src"))
        #expect(Report(Self.variants[variant].results()).html(isLive: true).contains("connect-src 'self'"))
    }

    @Test func namesAreEscaped() {
        var results = Self.variants[0].results()
        results.name = "<script>alert(1)</script> & \"more\""
        results.queries[0].reason = "</script><b>"
        let page = Report(results).html()
        #expect(!page.contains("<script>alert"))
        #expect(!page.contains("</script><b>"))
        #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; "))
    }

    @Test func theAnswerComesFirst() throws {
        let report = Report(Self.variants[0].results())
        #expect(report.answer.contains("over 3 seeds"))
        let page = report.html()
        let answer = try #require(page.range(of: "class=\"answer\""))
        #expect(answer.lowerBound < page.range(of: "<svg")!.lowerBound)
        #expect(Report(Self.variants[1].results()).answer.contains("one seed cannot tell"))
        #expect(Report(Self.variants[4].results()).answer.isEmpty)
    }

    @Test func tables() throws {
        let report = Report(Self.variants[0].results())
        let lines = report.csv.split(separator: "\n").map { line in
            line.replacing(#/"[^"]*"/#, with: "quoted").split(separator: ",", omittingEmptySubsequences: false)
        }
        // A header, three ratios times three radii.
        #expect(lines.count == 10)
        #expect(Set(lines.map(\.count)).count == 1)
        let header = try #require(lines.first)
        #expect(Set(header).count == header.count)
        let certified = try #require(header.firstIndex(of: "certified"))
        for line in lines.dropFirst() { #expect((0...1).contains(Double(line[certified]) ?? -1)) }
        let rows = report.markdown.split(separator: "\n").filter { $0.hasPrefix("|") }
        #expect(rows.count == 11)
        #expect(Set(rows.map { $0.count { $0 == "|" } }).count == 1)
    }

    /// What the drill-down shows is what was found: an example's difference, from its bytes, is the one stored.
    @Test func examplesSurvivePacking() throws {
        let results = Self.variants[0].results()
        let page = Report(results).html()
        let json = try #require(page.firstMatch(of: #/(?s)id="data">(.*?)</script>/#)).1
        let data = try #require(
            JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        let queries = try #require(data["queries"] as? [[String: Any]])
        let examples = try #require(data["examples"] as? [[String: Any]])
        #expect(queries.count == results.queries.count)
        let position = try #require(results.queries.firstIndex { $0.adversarialExample != nil })
        let query = results.queries[position]
        let image = try #require(results.images.first { $0.index == query.image })
        let packed = examples[try #require(queries[position]["x"] as? Int)]
        let scale = try #require(packed["scale"] as? Double)
        let text = try #require(packed["values"] as? String)
        let values = try #require(Data(base64Encoded: text))
        #expect(values.count == image.values.count)
        for (index, byte) in values.enumerated() {
            let difference = Double(query.adversarialExample![index] - image.values[index])
            #expect(abs(scale * Double(Int8(bitPattern: byte)) / 127 - difference) <= scale / 200)
        }
        #expect(queries.filter { $0["x"] != nil }.count == results.queries.count { $0.adversarialExample != nil })
    }
}
