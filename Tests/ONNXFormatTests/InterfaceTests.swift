import Evaluation
import Networks
import SwiftProtobuf
import Testing

@testable import ONNXFormat

/// The tensors of a file that can be spoken of, and where they are in the network.
@Suite struct InterfaceTests {
    /// Inputs a and b, hidden s = a + b and r = relu(s), outputs p = r - b and q = 2 a.
    private static func bytes() throws -> [UInt8] {
        var builder = ModelBuilder()
        builder.input("a", [1, 2])
        builder.input("b", [nil, 2], type: .float)
        builder.node("Add", ["a", "b"], ["s"])
        builder.node("Relu", ["s"], ["r"])
        builder.node("Sub", ["r", "b"], ["p"])
        builder.node("Add", ["a", "a"], ["q"])
        builder.output("p")
        builder.output("q")
        return try builder.bytes
    }

    private static func interface(hidden: [String]) throws -> ONNXInterface {
        try ONNXReader.readInterface(bytes: try bytes(), name: "net.onnx", directory: nil, hidden: hidden)
    }

    @Test func tensorsAreNamed() throws {
        let interface = try Self.interface(hidden: ["r", "s", "a"])
        #expect(interface.inputs.map(\.name) == ["a", "b"] && interface.outputs.map(\.name) == ["p", "q"])
        #expect(interface.hidden.map(\.name) == ["r", "s", "a"])
        #expect(interface.inputs.map(\.shape) == [[1, 2], [1, 2]] && interface.hidden[0].shape == [1, 2])
        #expect(interface.inputs[0].elementType == "float32" && interface.hidden[0].elementType == nil)
        #expect(interface.operatorOfOwnRounding == nil)
    }

    @Test func hiddenValuesFollowTheOutputs() throws {
        let interface = try Self.interface(hidden: ["r", "s", "a"])
        try interface.network.validate()
        let (a, b) = ([1.0, -3], [0.5, 1])
        // p, q, then r, s, a.
        #expect(interface.network.evaluate(a + b) == [1, -1, 2, -6, 1.5, 0, 1.5, -2, 1, -3])
        #expect(try Self.interface(hidden: []).network.evaluate(a + b) == [1, -1, 2, -6])
    }

    @Test func unknownTensorsAreRefused() {
        let error = #expect(throws: ONNXError.self) { try Self.interface(hidden: ["r", "z"]) }
        #expect(error?.problem == "has no tensor 'z'")
    }

    @Test(arguments: ONNXReader.operators.map(\.name))
    func operatorsThatAreListedAreRead(name: String) throws {
        var builder = ModelBuilder()
        builder.input("x", [1, 4])
        builder.node(name, ["x"])
        builder.output("y")
        let bytes = try builder.bytes
        do throws(ONNXError) {
            _ = try ONNXReader.read(bytes: bytes, name: "net.onnx", directory: nil)
        } catch {
            // The node may lack something, but the operator is known.
            #expect(error.problem != "is not a supported operator")
        }
    }
}
