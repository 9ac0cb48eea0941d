import Intervals
import Networks
import RandomNumbers
import Testing

@testable import ONNXFormat

// Smooth activations: as operators of their own, and written out with simpler ones.

/// A model of `x` of shape `[1, 3]` with named scalar constants, and its value at a few points.
private struct Composition {
    var builder: ModelBuilder
    let shape: [Int]

    init(opset: Int = 13, shape: [Int] = [1, 3], constants: [String: Double] = [:]) {
        builder = ModelBuilder(opset: opset)
        self.shape = shape
        builder.input("x", shape)
        for (name, value) in constants.sorted(by: { $0.key < $1.key }) {
            builder.constant(name, Block([], [value]))
        }
    }

    mutating func add(
        _ operation: String, _ inputs: [String], to output: String, _ attributes: [String: TestAttribute] = [:]
    ) {
        builder.node(operation, inputs, [output], attributes)
    }

    func read(output: String) throws -> Network {
        var builder = builder
        builder.output(output)
        let network = try ONNXReader.read(bytes: try builder.bytes, name: "smooth.onnx", directory: nil)
        try network.validate()
        return network
    }

    func check(
        output: String, _ location: SourceLocation = #_sourceLocation, _ expected: (Double) -> Double
    ) throws {
        let network = try read(output: output)
        for z in [-6, -2.5, -1, -0.1, 0, 0.3, 1, 2, 5] {
            let input = [z, z / 2, -z]
            for (found, number) in zip(evaluate(network, input), input) {
                let right = expected(number)
                #expect(abs(found - right) <= 1e-12 * (1 + abs(right)), sourceLocation: location)
            }
        }
    }

    func refusal(output: String) throws -> String? {
        do {
            _ = try read(output: output)
            return nil
        } catch let error as ONNXError {
            return error.description
        }
    }
}

@Test(arguments: [
    ("Sigmoid", SmoothFunction.sigmoid, [:], 9), ("Tanh", .tanh, [:], 13), ("Softplus", .softplus, [:], 13),
    ("Elu", .elu(alpha: 1), [:], 13), ("Elu", .elu(alpha: 0.5), ["alpha": TestAttribute.float(0.5)], 13),
    ("Gelu", .gelu, [:], 20), ("Gelu", .gelu, ["approximate": .text("none")], 20),
    ("Gelu", .standardGeluTanh, ["approximate": .text("tanh")], 20),
])
func smoothOperators(name: String, function: SmoothFunction, attributes: [String: TestAttribute], opset: Int) throws {
    var model = Composition(opset: opset)
    model.add(name, ["x"], to: "y", attributes)
    try model.check(output: "y") { function.plainly($0) }
    let network = try model.read(output: "y")
    guard case .activation(.smooth(function)) = network.nodes[1].operation, network.nodes.count == 2 else {
        Issue.record("\(name) became \(network.nodes)")
        return
    }
}

@Test func eluWithoutNegativePartIsRelu() throws {
    var model = Composition()
    model.add("Elu", ["x"], to: "y", ["alpha": .float(0)])
    try model.check(output: "y") { max($0, 0) }
}

@Test func smoothAttributesAreChecked() throws {
    var model = Composition()
    model.add("Elu", ["x"], to: "y", ["alpha": .float(-1)])
    #expect(try model.refusal(output: "y")?.contains("alpha") == true)
    model = Composition(opset: 20)
    model.add("Gelu", ["x"], to: "y", ["approximate": .text("fast")])
    #expect(try model.refusal(output: "y")?.contains("approximate") == true)
}

@Test(arguments: [false, true])
func siluIsAProductWithTheSigmoid(isSwapped: Bool) throws {
    var model = Composition(constants: ["rate": 1.702, "half": 0.5])
    model.add("Sigmoid", ["x"], to: "s")
    model.add("Mul", isSwapped ? ["s", "x"] : ["x", "s"], to: "y")
    try model.check(output: "y") { SmoothFunction.silu.plainly($0) }
    #expect(try model.read(output: "y").nodes.count == 2)
    // With a rate, as in GELU's quick approximation, and a factor.
    model.add("Mul", ["x", "rate"], to: "scaled")
    model.add("Sigmoid", ["scaled"], to: "t")
    model.add("Mul", ["x", "half"], to: "h")
    model.add("Mul", isSwapped ? ["t", "h"] : ["h", "t"], to: "quick")
    let rate = Double(Float(1.702))
    try model.check(output: "quick") { SmoothFunction.silu.plainly(rate * $0) / rate / 2 }
}

/// The ways in which exporters write GELU by the error function.
@Test(arguments: 0..<6)
func geluByErrorFunction(variant: Int) throws {
    var model = Composition(constants: ["root": 2.0.squareRoot(), "rate": 0.5.squareRoot(), "one": 1, "half": 0.5])
    let isQuotient = variant % 2 == 0
    model.add(isQuotient ? "Div" : "Mul", ["x", isQuotient ? "root" : "rate"], to: "a")
    model.add("Erf", ["a"], to: "b")
    model.add("Add", variant < 3 ? ["b", "one"] : ["one", "b"], to: "c")
    switch variant % 3 {
    case 0:
        model.add("Mul", ["x", "c"], to: "d")
        model.add("Mul", ["d", "half"], to: "y")
    case 1:
        model.add("Mul", ["half", "c"], to: "d")
        model.add("Mul", ["d", "x"], to: "y")
    default:
        model.add("Mul", ["x", "half"], to: "d")
        model.add("Mul", ["d", "c"], to: "y")
    }
    // The file's function, with its rounded constants.
    let rate = isQuotient ? 1 / Double(Float(2.0.squareRoot())) : Double(Float(0.5.squareRoot()))
    let c = rate * 2.0.squareRoot()
    try model.check(output: "y") { SmoothFunction.gelu.plainly(c * $0) / c }
    #expect(try hasOneActivation(model.read(output: "y"), .gelu))
}

private func hasOneActivation(_ network: Network, _ function: SmoothFunction) -> Bool {
    let found = network.nodes.compactMap {
        if case .activation(let activation) = $0.operation { activation } else { nil }
    }
    return found == [.smooth(function)]
}

@Test(arguments: 0..<4)
func geluByTanh(variant: Int) throws {
    var model = Composition(
        constants: ["cubic": 0.044715, "linear": 0.7978845608, "one": 1, "half": 0.5, "three": 3, "two": 2])
    switch variant % 3 {
    case 0: model.add("Pow", ["x", "three"], to: "cube")
    case 1:
        model.add("Mul", ["x", "x"], to: "square")
        model.add("Mul", ["square", "x"], to: "cube")
    default:
        model.add("Pow", ["x", "two"], to: "square")
        model.add("Mul", ["x", "square"], to: "cube")
    }
    model.add("Mul", variant < 2 ? ["cubic", "cube"] : ["cube", "cubic"], to: "a")
    model.add("Add", variant < 2 ? ["x", "a"] : ["a", "x"], to: "b")
    model.add("Mul", ["b", "linear"], to: "c")
    model.add("Tanh", ["c"], to: "d")
    model.add("Add", ["d", "one"], to: "e")
    model.add("Mul", variant < 2 ? ["x", "half"] : ["x", "e"], to: "f")
    model.add("Mul", variant < 2 ? ["f", "e"] : ["f", "half"], to: "y")
    let linear = Double(Float(0.7978845608))
    let cubic = linear * Double(Float(0.044715))
    let function = SmoothFunction.geluTanh(linear: linear, cubic: cubic)
    try model.check(output: "y") { function.plainly($0) }
    #expect(try hasOneActivation(model.read(output: "y"), function))
}

@Test func partsOfNoActivationAreRefused() throws {
    let constants = ["one": 1.0, "two": 2, "half": 0.5, "three": 3, "minus": -0.7]
    /// The nodes to add, and what the refusal names.
    let cases: [([(String, [String], String)], String)] = [
        ([("Erf", ["x"], "y")], "the Erf"),
        ([("Pow", ["x", "two"], "y")], "the Pow"),
        ([("Mul", ["x", "x"], "y")], "the Mul"),
        ([("Erf", ["x"], "a"), ("Relu", ["a"], "y")], "the Erf"),
        // x (2 + erf x): no GELU.
        ([("Erf", ["x"], "a"), ("Add", ["a", "two"], "b"), ("Mul", ["b", "x"], "y")], "the Add"),
        // x (1 + erf(-0.7 x)): mirrored.
        (
            [
                ("Mul", ["x", "minus"], "m"), ("Erf", ["m"], "a"), ("Add", ["a", "one"], "b"),
                ("Mul", ["b", "x"], "y"),
            ], "the"
        ),
        // z (1 + erf x) with another z.
        ([("Erf", ["x"], "a"), ("Add", ["a", "one"], "b"), ("Relu", ["x"], "r"), ("Mul", ["b", "r"], "y")], "the"),
        ([("Sigmoid", ["x"], "a"), ("Relu", ["x"], "r"), ("Mul", ["a", "r"], "y")], "the Mul"),
        ([("Tanh", ["x"], "a"), ("Mul", ["a", "x"], "y")], "the Mul"),
        // x (1 + tanh(x^3)) and x (1 + tanh(x + x^2)).
        (
            [
                ("Pow", ["x", "three"], "p"), ("Tanh", ["p"], "a"), ("Add", ["a", "one"], "b"),
                ("Mul", ["b", "x"], "y"),
            ], "the"
        ),
        (
            [
                ("Pow", ["x", "two"], "p"), ("Add", ["p", "x"], "q"), ("Tanh", ["q"], "a"), ("Add", ["a", "one"], "b"),
                ("Mul", ["b", "x"], "y"),
            ], "the"
        ),
    ]
    for (nodes, name) in cases {
        var model = Composition(constants: constants)
        for (operation, inputs, output) in nodes { model.add(operation, inputs, to: output) }
        let refusal = try model.refusal(output: "y")
        #expect(refusal?.contains(name) == true, "\(nodes): \(refusal ?? "read")")
    }
}

/// Random products of parts: what is read is the file's function, and everything else is refused.
@Test(arguments: 0..<120)
func readCompositionsAreTheFilesFunction(seed: Int) throws {
    var random = SplitMix64(seed: seed)
    var model = Composition(constants: ["c0": 0.5, "c1": 1, "c2": 0.75, "c3": 3])
    let constants = ["c0": 0.5, "c1": 1, "c2": 0.75, "c3": 3.0]
    var values: [(name: String, function: (Double) -> Double)] = [("x", { $0 })]
    for index in 0..<Int.random(in: 2...8, using: &random) {
        let a = values[Int.random(in: 0..<values.count, using: &random)]
        let b = values[Int.random(in: 0..<values.count, using: &random)]
        let constant = constants.keys.sorted().randomElement(using: &random)!
        let c = constants[constant]!
        let (f, g) = (a.function, b.function)
        let (operation, inputs, function): (String, [String], (Double) -> Double) =
            switch Int.random(in: 0..<9, using: &random) {
            case 0: ("Erf", [a.name], { plainErf(f($0)) })
            case 1: ("Tanh", [a.name], { SmoothFunction.tanh.plainly(f($0)) })
            case 2: ("Sigmoid", [a.name], { SmoothFunction.sigmoid.plainly(f($0)) })
            case 3, 4: ("Mul", [a.name, b.name], { f($0) * g($0) })
            case 5: ("Add", [a.name, constant], { f($0) + c })
            case 6: ("Mul", [constant, a.name], { f($0) * c })
            case 7: ("Add", [a.name, b.name], { f($0) + g($0) })
            default: ("Pow", [a.name, "c3"], { f($0) * f($0) * f($0) })
            }
        model.add(operation, inputs, to: "v\(index)")
        values.append(("v\(index)", function))
    }
    let last = values.last!
    do {
        try model.check(output: last.name) { last.function($0) }
    } catch is ONNXError {}
}

private func plainErf(_ z: Double) -> Double {
    // gelu(y) = y (1 + erf(y / sqrt 2)) / 2
    let y = z * 2.0.squareRoot()
    return y == 0 ? 0 : 2 * SmoothFunction.gelu.plainly(y) / y - 1
}

@Test(arguments: [
    SmoothFunction.sigmoid, .tanh, .softplus, .silu, .gelu, .standardGeluTanh, .elu(alpha: 1), .elu(alpha: 0.3125),
    .geluTanh(linear: 0.75, cubic: 0.03125), .geluTanh(linear: 0.8, cubic: 0.03),
])
func writtenSmoothActivationsReadBack(function: SmoothFunction) throws {
    let network = Network(
        nodes: [
            Node(name: "x", operation: .input, inputs: [], shape: [2, 3]),
            Node(name: "f", operation: .activation(.smooth(function)), inputs: [0], shape: [2, 3]),
        ], output: 1)
    try network.validate()
    let bytes = ONNXWriter.write(network, name: "smooth")
    let again = try ONNXReader.read(bytes: bytes, name: "smooth.onnx", directory: nil)
    #expect(hasOneActivation(again, function))
    for z in [-3, -0.5, 0, 0.25, 4] {
        let input = (0..<6).map { z + Double($0) / 8 }
        for (x, y) in zip(evaluate(again, input), evaluate(network, input)) { #expect(abs(x - y) <= 1e-14) }
    }
}
