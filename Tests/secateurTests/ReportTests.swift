import Foundation
import Studies
import Testing

@Suite struct ReportTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func results() -> SweepResults {
        var results = SweepResults(
            name: "small", dataset: "test", imageShape: [1, 1, 2], epsilons: ["0.1"], version: "0", planned: 8)
        results.images = (0..<2).map { SweepImage(index: $0, label: 0, values: [0, 1]) }
        for (seed, ratio) in [(1, 0.0), (2, 0.0), (1, 0.4), (2, 0.4)] {
            let id = "\(seed)-\(ratio)"
            results.models.append(
                SweepModel(
                    id: id, architecture: "a", seed: seed, method: ratio == 0 ? nil : "magnitude", ratio: ratio,
                    sparsity: ratio, file: "\(id).onnx", digest: ""))
            results.queries += (0..<2).map {
                SweepQuery(
                    model: id, epsilon: "0.1", image: $0, label: 0, outcome: $0 < seed ? .holds : .timeout, seconds: 1)
            }
        }
        return results
    }

    @Test func aPageAndTables() throws {
        try results().write(to: directory.url.appending(path: "results.json").path)
        let (csv, markdown) = (directory.url.appending(path: "t.csv"), directory.url.appending(path: "t.md"))
        let run = try CommandRun("report", directory.url.path, "--csv", csv.path, "--markdown", markdown.path)
        #expect(run.status == 0 && run.errors.isEmpty)
        let page = directory.url.appending(path: "report.html")
        #expect(run.output.hasSuffix("\(page.path)\n"))
        #expect(run.output.contains("cannot tell it from"))
        #expect(try String(contentsOf: page, encoding: .utf8).contains("<svg"))
        #expect(try String(contentsOf: csv, encoding: .utf8).split(separator: "\n").count == 3)
        #expect(try String(contentsOf: markdown, encoding: .utf8).contains("| 40 % |"))
    }

    @Test func noResults() throws {
        try CommandRun("report", directory.url.path).expectInputFault("results.json: no results of a sweep", "; ")
        let broken = try directory.write("{", as: "results.json")
        try CommandRun("report", broken).expectInputFault("results.json: ")
    }

    @Test func scoresOfOnesOwn() throws {
        let table = try directory.write(
            "ratio,seed,score\n0,1,70\n0,2,75\n0,3,71\n0.4,1,81\n0.4,2,85\n0.4,3,80\n", as: "scores.csv")
        let run = try CommandRun("statistics", table)
        #expect(run.status == 0 && run.errors.isEmpty)
        #expect(run.output.contains("0.4 is best: 82.0 over 3 seeds"))
        let object = try JSONSerialization.jsonObject(
            with: Data(CommandRun("statistics", table, "--json").output.utf8))
        #expect((object as? [String: Any])?["best"] as? String == "0.4")
    }

    @Test func malformedTables() throws {
        let table = try directory.write("ratio,seed,score\n0,1,70\n0,2,many\n", as: "scores.csv")
        try CommandRun("statistics", table).expectInputFault("scores.csv: line 3: score 'many' is no number", "; ")
        let right = try directory.write("ratio,seed,score\n0,1,70\n", as: "right.csv")
        try CommandRun("statistics", right, "--baseline", "9").expectInputFault("no treatment '9'", "may be one of 0")
        try CommandRun("statistics", "nowhere.csv").expectInputFault("nowhere.csv: no such file")
        #expect(try CommandRun("statistics", right, "--confidence", "2").status == 1)
    }

    /// The published study's own numbers: 40 % against dense at 0.006.
    @Test func publishedStudy() throws {
        let table = CommandRun.root.deletingLastPathComponent()
            .appending(path: "shared/data/pruned-robustness-study/result_by_model_and_seed.csv").path
        guard FileManager.default.fileExists(atPath: table) else {
            print("skipped: \(table) is not there")
            return
        }
        let run = try CommandRun("statistics", table)
        #expect(run.status == 0)
        let study = run.output.components(separatedBy: "\n\n").first { $0.contains("MNIST, epsilon 0.006\n") }
        let row = try #require(study?.split(separator: "\n").first { $0.hasPrefix("prune0.4") })
        #expect(row.contains("+2.8") && row.contains("[−6.7, +12.3]"), "\(row)")
    }
}
