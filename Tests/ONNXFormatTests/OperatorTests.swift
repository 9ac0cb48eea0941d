import Evaluation
import Networks
import RandomNumbers
import Testing

@testable import ONNXFormat

// Each operator against its definition, written out element by element.

/// A model of one node whose inputs are `x` (and `x2`) and whose constants are named here.
private struct OperatorCase {
    var operation: String
    var inputs: [[Int?]]
    var constants: [(String, Block)] = []
    var lists: [(String, [Int])] = []
    var operands: [String] = ["x"]
    var attributes: [String: TestAttribute] = [:]
    var opset = 13
    var seed = 1

    func check(_ location: SourceLocation = #_sourceLocation, expected: ([Block]) -> Block) throws {
        var builder = ModelBuilder(opset: opset)
        let names = ["x", "x2"]
        for (name, shape) in zip(names, inputs) { builder.input(name, shape) }
        for (name, block) in constants { builder.constant(name, block) }
        for (name, list) in lists { builder.constant(name, integers: list) }
        builder.node(operation, operands, ["y"], attributes)
        builder.output("y")
        let network = try ONNXReader.read(bytes: try builder.bytes, name: "case.onnx", directory: nil)
        try network.validate()
        var random = SplitMix64(seed: seed)
        let blocks = inputs.map { shape in
            let sizes = shape.map { $0 ?? 1 }
            return Block(sizes, random.floats(sizes.reduce(1, *)))
        }
        let reference = expected(blocks)
        let found = network.evaluate(blocks.flatMap(\.values))
        #expect(found.count == reference.values.count, sourceLocation: location)
        for (x, y) in zip(found, reference.values) {
            #expect(abs(x - y) <= 1e-12 * (1 + abs(y)), sourceLocation: location)
        }
    }
}

private func random(_ shape: [Int], seed: Int = 9) -> Block {
    var generator = SplitMix64(seed: seed)
    return Block(shape, generator.floats(shape.reduce(1, *)))
}

@Test(arguments: [7, 9, 11, 13, 17, 21])
func gemm(opset: Int) throws {
    let w = random([4, 3])
    let b = random([4], seed: 2)
    try OperatorCase(
        operation: "Gemm", inputs: [[nil, 3]], constants: [("w", w), ("b", b)], operands: ["x", "w", "b"],
        attributes: ["alpha": .float(0.5), "beta": .float(3), "transB": .int(1)], opset: opset
    ).check { x in
        Block([1, 4]) { i in 0.5 * (0..<3).reduce(0) { $0 + x[0][[0, $1]] * w[[i[1], $1]] } + 3 * b[[i[1]]] }
    }
    let a = random([3, 5])
    try OperatorCase(
        operation: "Gemm", inputs: [[3, 2]], constants: [("a", a)], operands: ["a", "x"],
        attributes: ["transA": .int(1)], opset: opset
    ).check { x in Block([5, 2]) { i in (0..<3).reduce(0) { $0 + a[[$1, i[0]]] * x[0][[$1, i[1]]] } } }
    try OperatorCase(
        operation: "Gemm", inputs: [[3, 2]], constants: [("w", w)], operands: ["x", "w"],
        attributes: ["transA": .int(1), "transB": .int(1), "alpha": .float(-2)], opset: opset
    ).check { x in Block([2, 4]) { i in -2 * (0..<3).reduce(0) { $0 + x[0][[$1, i[0]]] * w[[i[1], $1]] } } }
}

@Test func matrixProducts() throws {
    let w = random([3, 4])
    try OperatorCase(operation: "MatMul", inputs: [[1, 3]], constants: [("w", w)], operands: ["x", "w"]).check { x in
        Block([1, 4]) { i in (0..<3).reduce(0) { $0 + x[0][[0, $1]] * w[[$1, i[1]]] } }
    }
    try OperatorCase(operation: "MatMul", inputs: [[1, 5, 3]], constants: [("w", w)], operands: ["x", "w"])
        .check { x in
            Block([1, 5, 4]) { i in (0..<3).reduce(0) { $0 + x[0][[0, i[1], $1]] * w[[$1, i[2]]] } }
        }
    try OperatorCase(operation: "MatMul", inputs: [[1, 4, 2]], constants: [("w", w)], operands: ["w", "x"])
        .check { x in
            Block([1, 3, 2]) { i in (0..<4).reduce(0) { $0 + w[[i[1], $1]] * x[0][[0, $1, i[2]]] } }
        }
    let batched = random([2, 3, 4])
    try OperatorCase(
        operation: "MatMul", inputs: [[2, 5, 3]], constants: [("w", batched)], operands: ["x", "w"]
    ).check { x in
        Block([2, 5, 4]) { i in
            (0..<3).reduce(0) { $0 + x[0][[i[0], i[1], $1]] * batched[[i[0], $1, i[2]]] }
        }
    }
    let vector = random([3])
    try OperatorCase(
        operation: "MatMul", inputs: [[1, 5, 3]], constants: [("w", vector)], operands: ["x", "w"]
    ).check {
        x in Block([1, 5]) { i in (0..<3).reduce(0) { $0 + x[0][[0, i[1], $1]] * vector[[$1]] } }
    }
}

@Test func manyRowsBecomeAConvolution() throws {
    let w = random([64, 70])
    try OperatorCase(
        operation: "MatMul", inputs: [[1, 250, 64]], constants: [("w", w)], operands: ["x", "w"]
    ).check {
        x in Block([1, 250, 70]) { i in (0..<64).reduce(0) { $0 + x[0][[0, i[1], $1]] * w[[$1, i[2]]] } }
    }
    try OperatorCase(
        operation: "MatMul", inputs: [[1, 70, 250]], constants: [("w", w)], operands: ["w", "x"]
    ).check {
        x in Block([1, 64, 250]) { i in (0..<70).reduce(0) { $0 + w[[i[1], $1]] * x[0][[0, $1, i[2]]] } }
    }
}

@Test(arguments: [("Add", [4]), ("Sub", [3, 1]), ("Mul", [1, 3, 4]), ("Div", [1])])
func arithmeticWithConstants(operation: String, shape: [Int]) throws {
    let k = random(shape)
    func apply(_ a: Double, _ b: Double) -> Double {
        switch operation {
        case "Add": a + b
        case "Sub": a - b
        case "Mul": a * b
        default: a / b
        }
    }
    try OperatorCase(
        operation: operation, inputs: [[nil, 3, 4]], constants: [("k", k)], operands: ["x", "k"]
    ).check {
        x in Block([1, 3, 4]) { apply(x[0][$0], k.broadcast($0)) }
    }
    // The variable is the one that is repeated.
    let large = random([2, 4])
    try OperatorCase(
        operation: operation, inputs: [[1, 4]], constants: [("k", large)], operands: ["x", "k"]
    ).check {
        x in Block([2, 4]) { apply(x[0].broadcast($0), large[$0]) }
    }
    if operation != "Div" {
        try OperatorCase(
            operation: operation, inputs: [[1, 3, 4]], constants: [("k", k)], operands: ["k", "x"]
        ).check {
            x in Block([1, 3, 4]) { apply(k.broadcast($0), x[0][$0]) }
        }
    }
    if operation == "Add" || operation == "Sub" {
        try OperatorCase(operation: operation, inputs: [[1, 3, 4], [3, 1]], operands: ["x", "x2"]).check {
            x in
            Block([1, 3, 4]) { apply(x[0][$0], x[1].broadcast($0)) }
        }
        try OperatorCase(operation: operation, inputs: [[1, 4]], operands: ["x", "x"]).check { x in
            Block([1, 4]) { apply(x[0][$0], x[0][$0]) }
        }
    }
}

@Test func activations() throws {
    try OperatorCase(operation: "Relu", inputs: [[1, 6]]).check { x in Block([1, 6]) { max(0, x[0][$0]) } }
    try OperatorCase(operation: "Neg", inputs: [[1, 6]]).check { x in Block([1, 6]) { -x[0][$0] } }
    try OperatorCase(operation: "LeakyRelu", inputs: [[1, 6]], attributes: ["alpha": .float(0.5)]).check {
        x in
        Block([1, 6]) { x[0][$0] >= 0 ? x[0][$0] : 0.5 * x[0][$0] }
    }
    try OperatorCase(operation: "LeakyRelu", inputs: [[1, 6]]).check { x in
        Block([1, 6]) { x[0][$0] >= 0 ? x[0][$0] : Double(Float(0.01)) * x[0][$0] }
    }
    for operation in ["Identity", "Dropout"] {
        try OperatorCase(operation: operation, inputs: [[1, 6]]).check { $0[0] }
    }
    try OperatorCase(operation: "Cast", inputs: [[1, 6]], attributes: ["to": .int(11)]).check { $0[0] }
}

@Test(arguments: 0..<40)
func convolutions(seed: Int) throws {
    var generator = SplitMix64(seed: seed)
    func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    let groups = pick(1...2)
    let kernel = [pick(1...3), pick(1...3)]
    let strides = [pick(1...3), pick(1...2)]
    let dilations = [pick(1...2), pick(1...2)]
    let pads = [pick(0...2), pick(0...2), pick(0...2), pick(0...2)]
    let w = random([2 * groups, 2] + kernel, seed: seed)
    let b = random([2 * groups], seed: seed + 1)
    let size = [pick(5...7), pick(5...7)]
    let isAutomatic = seed % 3 == 0
    var attributes: [String: TestAttribute] = [
        "strides": .ints(strides), "dilations": .ints(dilations), "group": .int(groups),
    ]
    var before = [pads[0], pads[1]]
    let reach = (0..<2).map { (axis: Int) -> Int in dilations[axis] * (kernel[axis] - 1) + 1 }
    var output = (0..<2).map { (axis: Int) -> Int in
        (size[axis] + pads[axis] + pads[axis + 2] - reach[axis]) / strides[axis] + 1
    }
    if isAutomatic {
        attributes["auto_pad"] = .text(seed % 2 == 0 ? "SAME_UPPER" : "SAME_LOWER")
        for axis in 0..<2 {
            output[axis] = (size[axis] + strides[axis] - 1) / strides[axis]
            let total = max(0, (output[axis] - 1) * strides[axis] + reach[axis] - size[axis])
            before[axis] = seed % 2 == 0 ? total / 2 : (total + 1) / 2
        }
    } else {
        attributes["pads"] = .ints(pads)
    }
    try OperatorCase(
        operation: "Conv", inputs: [[1, 2 * groups] + size], constants: [("w", w), ("b", b)],
        operands: ["x", "w", "b"], attributes: attributes
    ).check { x in
        Block([1, 2 * groups] + output) { i in
            Block([2] + kernel) { k in
                var place = [0, i[1] / 2 * 2 + k[0]]
                for axis in 0..<2 {
                    place.append(i[axis + 2] * strides[axis] - before[axis] + k[axis + 1] * dilations[axis])
                }
                return w[[i[1]] + k] * x[0].padded(place)
            }.values.reduce(b[[i[1]]], +)
        }
    }
}

@Test func convolutionsOfOneDimension() throws {
    let w = random([4, 3, 2])
    try OperatorCase(
        operation: "Conv", inputs: [[1, 3, 7]], constants: [("w", w)], operands: ["x", "w"],
        attributes: ["strides": .ints([2]), "pads": .ints([1, 0])]
    ).check { x in
        Block([1, 4, 4]) { i in
            Block([3, 2]) { k in w[[i[1]] + k] * x[0].padded([0, k[0], 2 * i[2] - 1 + k[1]]) }.values.reduce(
                0, +)
        }
    }
}

@Test(arguments: [0, 1], [0, 1])
func pooling(ceil: Int, countsPadding: Int) throws {
    let pads = [1, 0, 1, 1]
    for (size, output) in [([6, 7], ceil == 0 ? [3, 3] : [4, 3]), ([5, 6], [3, 2])] {
        func window(_ i: [Int]) -> [[Int]] {
            (0..<6).map { [2 * i[2] - 1 + $0 / 2, 3 * i[3] + $0 % 2] }
        }
        func isInside(_ place: [Int]) -> Bool { zip(place, size).allSatisfy { $0 >= 0 && $0 < $1 } }
        let attributes: [String: TestAttribute] = [
            "kernel_shape": .ints([3, 2]), "strides": .ints([2, 3]), "pads": .ints(pads),
            "ceil_mode": .int(ceil),
        ]
        try OperatorCase(operation: "MaxPool", inputs: [[1, 2] + size], attributes: attributes).check { x in
            Block([1, 2] + output) { i in
                window(i).filter(isInside).map { x[0][[0, i[1]] + $0] }.max() ?? .nan
            }
        }
        try OperatorCase(
            operation: "AveragePool", inputs: [[1, 2] + size],
            attributes: attributes.merging(["count_include_pad": .int(countsPadding)]) { $1 }, opset: 19
        ).check { x in
            Block([1, 2] + output) { i in
                let inside = window(i).filter(isInside)
                let counted = window(i).count { $0[0] < size[0] + 1 && $0[1] < size[1] + 1 }
                return inside.reduce(0) { $0 + x[0][[0, i[1]] + $1] }
                    / Double(countsPadding == 1 ? counted : inside.count)
            }
        }
    }
}

@Test func reductions() throws {
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    try OperatorCase(operation: "GlobalAveragePool", inputs: [[1, 2, 3, 5]]).check { x in
        Block([1, 2, 1, 1]) { i in mean(Block([3, 5]) { x[0][[0, i[1]] + $0] }.values) }
    }
    try OperatorCase(
        operation: "ReduceMean", inputs: [[1, 2, 3, 5]],
        attributes: ["axes": .ints([1, -1]), "keepdims": .int(0)]
    ).check { x in Block([1, 3]) { i in mean(Block([2, 5]) { x[0][[0, $0[0], i[1], $0[1]]] }.values) } }
    try OperatorCase(
        operation: "ReduceMean", inputs: [[1, 2, 3]], lists: [("axes", [2])], operands: ["x", "axes"],
        opset: 18
    ).check { x in Block([1, 2, 1]) { i in mean((0..<3).map { x[0][[0, i[1], $0]] }) } }
    try OperatorCase(
        operation: "ReduceSum", inputs: [[1, 2, 3]], lists: [("axes", [1])], operands: ["x", "axes"]
    ).check { x in Block([1, 1, 3]) { i in x[0][[0, 0, i[2]]] + x[0][[0, 1, i[2]]] } }
}

@Test(arguments: [7, 9, 14, 15])
func batchNormalization(opset: Int) throws {
    let (s, b, m) = (random([3]), random([3], seed: 2), random([3], seed: 3))
    let v = Block([3], random([3], seed: 4).values.map { abs($0) })
    try OperatorCase(
        operation: "BatchNormalization", inputs: [[1, 3, 2, 2]],
        constants: [("s", s), ("b", b), ("m", m), ("v", v)], operands: ["x", "s", "b", "m", "v"],
        attributes: ["epsilon": .float(0.125)], opset: opset
    ).check { x in
        Block([1, 3, 2, 2]) { i in
            let c = [i[1]]
            return s[c] * (x[0][i] - m[c]) / (v[c] + 0.125).squareRoot() + b[c]
        }
    }
}

@Test func shapes() throws {
    func same(
        _ operation: String, _ shape: [Int], lists: [(String, [Int])] = [],
        _ attributes: [String: TestAttribute] = [:], opset: Int = 13
    ) throws {
        try OperatorCase(
            operation: operation, inputs: [[nil] + shape], lists: lists, operands: ["x"] + lists.map(\.0),
            attributes: attributes, opset: opset
        ).check { $0[0] }
    }
    for axis in [0, 1, 2, -1] { try same("Flatten", [3, 4], ["axis": .int(axis)]) }
    try same("Reshape", [3, 4], lists: [("s", [0, -1])])
    try same("Reshape", [3, 4], lists: [("s", [1, 2, 6])])
    try same("Squeeze", [1, 4], ["axes": .ints([1])], opset: 11)
    try same("Squeeze", [1, 4], lists: [("a", [-2])])
    try same("Unsqueeze", [4], ["axes": .ints([0, 3])], opset: 11)
    try same("Unsqueeze", [4], lists: [("a", [-1])])
    try OperatorCase(operation: "Transpose", inputs: [[1, 3, 4]], attributes: ["perm": .ints([2, 0, 1])])
        .check { x in
            Block([4, 1, 3]) { x[0][[$0[1], $0[2], $0[0]]] }
        }
    try OperatorCase(
        operation: "Expand", inputs: [[1, 3, 1]], lists: [("s", [2, 1, 4])], operands: ["x", "s"]
    ).check {
        x in Block([2, 3, 4]) { x[0].broadcast($0) }
    }
}

@Test func selections() throws {
    try OperatorCase(
        operation: "Slice", inputs: [[1, 5, 6]],
        lists: [("s", [4, 0]), ("e", [-100, 5]), ("a", [1, -1]), ("t", [-2, 3])],
        operands: ["x", "s", "e", "a", "t"]
    ).check { x in Block([1, 3, 2]) { x[0][[0, 4 - 2 * $0[1], 3 * $0[2]]] } }
    try OperatorCase(
        operation: "Slice", inputs: [[1, 5]],
        lists: [("s", [-1]), ("e", [Int.min]), ("a", [1]), ("t", [-1])], operands: ["x", "s", "e", "a", "t"]
    ).check { x in Block([1, 5]) { x[0][[0, 4 - $0[1]]] } }
    try OperatorCase(
        operation: "Slice", inputs: [[1, 5, 6]],
        attributes: ["starts": .ints([1, -3]), "ends": .ints([4, 100]), "axes": .ints([1, 2])], opset: 9
    ).check { x in Block([1, 3, 3]) { x[0][[0, 1 + $0[1], 3 + $0[2]]] } }
    try OperatorCase(
        operation: "Gather", inputs: [[1, 5, 3]], lists: [("k", [0, -1, 2])], operands: ["x", "k"],
        attributes: ["axis": .int(1)]
    ).check { x in Block([1, 3, 3]) { x[0][[0, [0, 4, 2][$0[1]], $0[2]]] } }
    try OperatorCase(
        operation: "Pad", inputs: [[1, 2, 3]],
        attributes: ["pads": .ints([0, 1, 2, 0, 0, 1]), "value": .float(1.5)],
        opset: 9
    ).check { x in
        Block([1, 3, 6]) { i in
            i[1] >= 1 && i[2] >= 2 && i[2] < 5 ? x[0][[0, i[1] - 1, i[2] - 2]] : 1.5
        }
    }
    try OperatorCase(
        operation: "Pad", inputs: [[1, 4]], lists: [("p", [0, 2, 0, 3])], operands: ["x", "p"],
        attributes: ["mode": .text("reflect")]
    ).check { x in Block([1, 9]) { x[0][[0, [2, 1, 0, 1, 2, 3, 2, 1, 0][$0[1]]]] } }
    try OperatorCase(
        operation: "Pad", inputs: [[1, 4]], lists: [("p", [0, 2, 0, -1])], operands: ["x", "p"],
        attributes: ["mode": .text("edge")]
    ).check { x in Block([1, 5]) { x[0][[0, [0, 0, 0, 1, 2][$0[1]]]] } }
    let k = random([1, 2, 3])
    try OperatorCase(
        operation: "Concat", inputs: [[1, 2, 2], [1, 2, 1]], constants: [("k", k)],
        operands: ["x", "k", "x2"],
        attributes: ["axis": .int(-1)]
    ).check { x in
        Block([1, 2, 6]) { i in
            i[2] < 2 ? x[0][i] : i[2] < 5 ? k[[0, i[1], i[2] - 2]] : x[1][[0, i[1], 0]]
        }
    }
}
