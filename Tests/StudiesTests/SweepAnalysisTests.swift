// Averages over seeds and images, against numbers counted by hand.

import Foundation
import Statistics
import Studies
import Testing

@Suite struct SweepAnalysisTests {
    /// Two seeds, dense and 40 %, one radius, four images; outcomes as letters: holds, violated, timeout, misclassified.
    private func sweep(_ outcomes: [(seed: Int, ratio: Double, letters: String)], epsilon: String = "0.1")
        -> SweepResults
    {
        var results = SweepResults(
            name: "by hand", dataset: "test", imageShape: [1, 1, 2], epsilons: [epsilon], version: "0", planned: 16)
        results.images = (0..<4).map { SweepImage(index: $0, label: 0, values: [0, 1]) }
        for (seed, ratio, letters) in outcomes {
            let id = "\(seed)-\(ratio)"
            results.models.append(
                SweepModel(
                    id: id, architecture: "small", seed: seed, method: ratio == 0 ? nil : "magnitude", ratio: ratio,
                    sparsity: ratio, testAccuracy: 1 - ratio / 10, file: "\(id).onnx", digest: ""))
            for (image, letter) in letters.enumerated() {
                let outcome: [Character: Outcome] = ["h": .holds, "v": .violated, "t": .timeout, "m": .misclassified]
                var query = SweepQuery(
                    model: id, epsilon: epsilon, image: image, label: 0, outcome: outcome[letter]!,
                    seconds: Double(image), nodes: 10)
                query.attackedMargin = 1
                query.rootBound = -0.5
                results.queries.append(query)
            }
        }
        return results
    }

    @Test func countedByHand() throws {
        let results = sweep([(1, 0, "hhtm"), (2, 0, "hvtt"), (1, 0.4, "hhhv"), (2, 0.4, "hhtt")])
        try results.validate()
        let architecture = try #require(SweepAnalysis(results).architectures.first)
        #expect(architecture.points.map(\.name) == ["dense", "40 %"])
        #expect(architecture.lines.map(\.points) == [[0, 1]])
        let (dense, pruned) = (architecture.points[0].cells[0], architecture.points[1].cells[0])
        #expect(dense.certified?.values == [0.5, 0.25])
        #expect(dense.attacked?.values == [0.75, 0.75])
        #expect(dense.undecided?.values == [0.25, 0.5])
        #expect(dense.counts == [.holds: 3, .timeout: 3, .misclassified: 1, .violated: 1])
        #expect(pruned.certified?.values == [0.75, 0.5])
        // Misclassified images take no time of their own.
        #expect(dense.seconds?.values == [1, 1.5])
        #expect(dense.proofSeconds?.values == [0.5, 0])
        #expect(dense.looseness?.values == [1.5, 1.5])
        #expect(dense.gain == nil && dense.byImage == nil)
        // By image: 0, +1/2, +1/2, 0.
        #expect(pruned.byImage?.sample.values == [0, 0.5, 0.5, 0])
        let pairs = pruned.bySeed.map(\.pairs)
        #expect(pairs.map(\.onlySecond) == [1, 1] && pairs.map(\.onlyFirst) == [0, 0])
        let gain = try #require(pruned.gain)
        #expect([gain.fewerMisclassified, gain.fewerViolated, gain.fewerUndecided] == [0.125, 0, 0.125])
        let study = try #require(architecture.studies[0])
        #expect(study.entries[1].difference?.sample.values == [0.25, 0.25])
        #expect(abs(try #require(study.entries[1].difference?.mean) - gain.total) < 1e-12)
        #expect(architecture.points[1].accuracyDifference?.sample.count == 2)
    }

    /// A seed counts once all its images are answered; what is there is shown all the same.
    @Test func unfinished() throws {
        let architecture = try #require(
            SweepAnalysis(sweep([(1, 0, "hhtm"), (2, 0, "hv"), (1, 0.4, "hhhv"), (2, 0.4, "")])).architectures.first)
        #expect(architecture.points[0].cells[0].certified?.values == [0.5, 0.5])
        #expect(architecture.studies[0]?.entries.map(\.sample.count) == [1, 1])
        let none = try #require(SweepAnalysis(sweep([(1, 0, "h"), (1, 0.4, "")])).architectures.first)
        #expect(none.overall == nil)
        #expect(none.points[1].cells[0].certified == nil)
    }

    @Test func severalWaysOfPruning() throws {
        var results = sweep([(1, 0, "hhhh"), (1, 0.4, "hhhh"), (1, 0.805, "hhhh")])
        results.models[2].method = "obs"
        let architecture = try #require(SweepAnalysis(results).architectures.first)
        #expect(architecture.points.map(\.name) == ["dense", "magnitude 40 %", "obs 80.5 %"])
        #expect(architecture.lines.map(\.name) == ["magnitude", "obs"])
        #expect(architecture.lines.map(\.points) == [[0, 1], [0, 2]])
    }

    @Test func filesComeBack() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "sweep-\(UUID().uuidString).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let results = sweep([(1, 0, "hhtm"), (1, 0.4, "hhhv")])
        try results.write(to: path)
        #expect(try SweepResults(path: path) == results)
        try Data("{\"format\": 1}".utf8).write(to: URL(filePath: path))
        let error = #expect(throws: StudyError.self) { try SweepResults(path: path) }
        #expect(error?.description.contains("lacks `") == true)
        #expect(throws: StudyError.self) { try SweepResults(path: path + "-missing") }
    }

    @Test func contradictions() {
        func fault(_ change: (inout SweepResults) -> Void) -> String {
            var results = sweep([(1, 0, "hhtm")])
            change(&results)
            let error = #expect(throws: StudyError.self) { try results.validate() }
            return error?.description ?? ""
        }
        #expect(fault { $0.format = 99 }.contains("use a newer one"))
        #expect(fault { $0.epsilons = ["big"] }.contains("'big' is no radius"))
        #expect(fault { $0.queries[0].model = "x" }.contains("there is no such model"))
        #expect(fault { $0.queries[0].epsilon = "0.2" }.contains("epsilons lack it"))
        #expect(fault { $0.queries[1].image = 0 }.contains("there are two results"))
        #expect(fault { $0.queries[0].seconds = -1 }.contains("numbers from 0 on"))
        #expect(fault { $0.queries[0].adversarialExample = [1] }.contains("another number of values"))
        #expect(fault { $0.images[0].values = [] }.contains("its shape 2"))
        #expect(fault { $0.models.append($0.models[0]) }.contains("two of it"))
        #expect(fault { $0.models[0].sparsity = 2 }.contains("shares from 0 to 1"))
        #expect(fault { $0.imageShape = [] }.contains("is no shape"))
    }
}
