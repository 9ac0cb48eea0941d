import Foundation
import Networks
import ONNXFormat
import Testing

@testable import Studies

/// Two classes whose scores are the two inputs: the class of (a, b) with a > b changes at the radius (a - b) / 2.
struct RadiusSearchTests {
    private let scratch: Scratch
    private let network: String
    private let data: DatasetReference

    init() throws {
        scratch = try Scratch()
        let identity = Linear(
            weights: Matrix.dense(rows: 2, columns: 2, values: [1, 0, 0, 1]), bias: [0, 0])
        // Scores may be negative after normalization: 4 is added before the ReLU that would cut them.
        var shifted = identity
        shifted.bias = [4, 4]
        let nodes = [
            Node(name: "input", operation: .input, inputs: [], shape: [2]),
            Node(name: "scores", operation: .linear(shifted), inputs: [0], shape: [2]),
            Node(name: "relu", operation: .activation(.relu), inputs: [1], shape: [2]),
            Node(name: "output", operation: .linear(identity), inputs: [2], shape: [2]),
        ]
        network = scratch.path + "/two.onnx"
        try Data(ONNXWriter.write(Network(nodes: nodes, output: 3), name: "two")).write(to: URL(filePath: network))
        data = DatasetReference(path: try scratch.write("0,0.75,0.25\n1,0.5,1\n1,0.75,0.25\n0,0.5,0.5\n", as: "p.csv"))
    }

    private func run(
        _ index: Int, _ normalization: Normalization? = nil, options: RadiusOptions = RadiusOptions()
    ) throws -> RadiusResult {
        var options = options
        options.query.timeout = options.query.timeout ?? 20
        let search = try RadiusSearch(network: network, dataset: data, options: options)
        return try search.run(
            ImageQuestion(dataset: data, index: index, epsilon: "0", normalization: normalization))
    }

    @Test(arguments: [nil, Normalization(mean: ["0.1"], deviation: ["0.3"])])
    func encloseTheTrueRadius(normalization: Normalization?) throws {
        for (index, radius) in [(0, 0.25), (1, 0.25)] {
            let result = try run(index, normalization)
            let certified = try #require(result.certified.flatMap { Double($0) })
            let attacked = try #require(result.attacked.flatMap { Double($0) })
            #expect(certified < radius && radius <= attacked, "\(certified) \(attacked)")
            #expect(attacked <= 1.011 * certified)
            #expect(result.predicted == nil && result.label == index && result.reason == nil)
        }
    }

    /// What is not decided is not claimed, and ends.
    @Test func undecidedStaysOpen() throws {
        var options = RadiusOptions()
        options.query.timeout = 1e-9
        options.mostQueries = 5
        let result = try run(0, options: options)
        #expect(result.certified == nil && result.queries == 5)
        #expect(result.reason == "the limit of 5 queries was reached")
    }

    @Test func comparesWithAPlainQuery() throws {
        var options = RadiusOptions()
        options.compares = true
        let result = try run(0, options: options)
        #expect(result.queries <= 2 && result.attacks >= 1)
        #expect(try #require(result.cost) > 0)
    }

    /// Where scores are equal the label is not the only winner.
    @Test func misclassifiedHasNoRadius() throws {
        for index in [2, 3] {
            let result = try run(index)
            #expect(result.predicted == 1 - result.label)
            #expect(result.certified == nil && result.attacked == nil)
        }
    }

    @Test func outcomesAroundTheRadius() throws {
        let expected: [(Int, String, Outcome)] = [
            (0, "0.2499", .holds), (0, "0.25", .violated), (1, "0.2499", .holds), (1, "0.26", .violated),
            (2, "0.1", .misclassified),
        ]
        let normalizations = [nil, Normalization(mean: ["0.125"], deviation: ["0.5"])]
        let worker = QueryWorker()
        for (index, epsilon, outcome) in expected {
            for normalization in normalizations {
                let question = ImageQuestion(
                    dataset: data, index: index, epsilon: epsilon, normalization: normalization)
                let query = StudyQuery(
                    category: "c", networkName: "two", network: network, subject: .image(question))
                let result = worker.answer(WorkerRequest(query: query, options: QueryOptions()))
                #expect(result.outcome == outcome, "\(question.name): \(result.reason ?? "")")
            }
        }
    }
}
