import Foundation
import Testing

struct InspectTests {
    struct Inspection: Decodable {
        struct Counts: Decodable, Equatable {
            var parameters: Int
            var weights: Int
            var nonzeroWeights: Int
            var neurons: Int
        }

        struct Layer: Decodable {
            var name: String
            var shape: [Int]
        }

        struct Graph: Decodable {
            var totals: Counts
            var layers: [Layer]
        }

        var inputs: Int
        var outputs: Int
        var operators: [String: Int]
        var asRead: Graph
        var simplified: Graph

        init(_ spec: String) throws {
            let run = try CommandRun("inspect", CommandRun.spec(spec), "--json")
            #expect(run.status == 0, "\(run.errors)")
            self = try JSONDecoder().decode(Self.self, from: Data(run.output.utf8))
        }
    }

    @Test func countsOfATinyNetwork() throws {
        let controller = try Inspection("controller.onnx")
        #expect((controller.inputs, controller.outputs) == (2, 1))
        #expect(controller.operators == ["Gemm": 2, "Relu": 1])
        #expect(controller.asRead.totals == .init(parameters: 9, weights: 6, nonzeroWeights: 6, neurons: 2))
        #expect(controller.asRead.layers.map(\.name) == ["input", "command", "corners", "torque"])
    }

    @Test func sparsityIsSeen() throws {
        let sparse = try Inspection("sparse.onnx")
        let counts = sparse.asRead.totals
        #expect(counts.weights == 16 * 64 + 64 * 64 + 64 * 4)
        #expect(counts.nonzeroWeights * 8 < counts.weights)
        #expect(sparse.simplified.totals.neurons <= counts.neurons)
        #expect(sparse.simplified.totals.nonzeroWeights <= counts.nonzeroWeights)
    }

    @Test func imagesKeepTheirShape() throws {
        let residual = try Inspection("residual.onnx")
        #expect(residual.operators["Conv"] == 2)
        #expect(residual.operators["Add"] == 1)
        #expect(residual.asRead.layers[1].shape == [4, 8, 8])
    }

    @Test func tableHasALinePerLayer() throws {
        let run = try CommandRun("inspect", CommandRun.spec("dense.onnx"))
        #expect(run.status == 0)
        for name in ["hidden1", "relu1", "hidden2", "relu2", "scores", "total"] {
            #expect(run.output.contains(name))
        }
    }

    @Test func aFileThatIsNoNetwork() throws {
        try CommandRun("inspect", CommandRun.spec("README.md")).expectInputFault("README.md: ", "; ")
    }
}
