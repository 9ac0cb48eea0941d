internal import Intervals
public import Networks
internal import SwiftProtobuf

// A network as an ONNX model with batch size one, of operator set 13, or 20 when it has a GELU.
//
// Each node becomes the operator that it was lowered from or one like it: Gemm, Conv or AveragePool, Mul and Add,
// Gather, Reshape or Flatten, Add, Relu and LeakyRelu, MaxPool. Numbers are float32 when every one of the network's is a float32, else all
// are double, so that reading the file gives the same function; matrices are written dense. (onnxruntime runs Conv,
// AveragePool and LeakyRelu in float32 only.) A bound on rounding (`AffineError`) has no place in the format and is left out.
#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

public enum ONNXWriter {
    /// The bytes of an ONNX model that computes the network.
    ///
    /// - Precondition: the network is valid, as `Network.validate()` has it.
    public static func write(_ network: Network, name: String) -> [UInt8] {
        write(ONNXModel(trainable: TrainableNetwork(network)), name: name)
    }

    /// The same with batch normalisations as operators of their own, and with notes on how the network was made.
    ///
    /// - Precondition: the network is valid; the numbers of normalisations are finite.
    public static func write(_ described: ONNXModel, name: String) -> [UInt8] {
        let network = described.trainable.network
        var writer = GraphWriter(described.trainable)
        writer.graph.name = name
        for index in network.nodes.indices { writer.write(index) }
        writer.writeEnds()
        var model = Onnx_ModelProto()
        model.irVersion = 7
        model.producerName = "secateur"
        model.graph = writer.graph
        var set = Onnx_OperatorSetIdProto()
        set.domain = ""
        set.version = writer.needsGelu ? 20 : 13
        model.opsetImport = [set]
        model.metadataProps = described.metadata.sorted { $0.key < $1.key }.map { key, value in
            var entry = Onnx_StringStringEntryProto()
            entry.key = key
            entry.value = value
            return entry
        }
        do {
            return try model.serializedBytes()
        } catch {
            preconditionFailure("a model without required fields failed to serialize: \(error)")
        }
    }
}

struct GraphWriter {
    let network: Network
    private let normalizations: [Int: BatchNormalization]
    let isSingle: Bool
    var graph = Onnx_GraphProto()
    /// The ONNX name of each node's value, whose shape is the node's after a batch dimension of one.
    private var names: [String] = []
    private var taken: Set<String> = []

    init(_ trainable: TrainableNetwork) {
        let (network, normalizations) = (trainable.network, trainable.normalizations)
        self.network = network
        self.normalizations = normalizations
        isSingle = network.nodes.indices.allSatisfy {
            normalizations[$0]?.isSingle ?? network.nodes[$0].operation.isSingle
        }
    }

    mutating func write(_ index: Int) {
        let node = network.nodes[index]
        let name = unique(node.name.isEmpty ? "value" : node.name)
        names.append(name)
        switch node.operation {
        case .input: break
        case .linear(let linear): write(linear, node, to: name)
        case .convolution(let convolution): write(convolution, node, to: name)
        case .elementwise(let map):
            if let normalization = normalizations[index] {
                write(normalization, node, to: name)
            } else {
                write(map, node, to: name)
            }
        case .select(let selection): write(selection, node, to: name)
        case .reshape: add("Reshape", [operand(node), shape(node.shape, for: name)], to: name)
        case .sum: writeSum(node, to: name)
        case .activation(let activation): write(activation, node, to: name)
        case .maxPool(let pooling): write(pooling, node, to: name)
        }
    }

    mutating func writeEnds() {
        graph.input = [information(names[0], network.nodes[0].shape)]
        var output = names[network.output]
        if network.output == 0 {
            output = unique(output + "_output")
            add("Identity", [names[0]], to: output)
        }
        graph.output = [information(output, network.nodes[network.output].shape)]
    }

    // MARK: Operators

    private mutating func write(_ linear: Linear, _ node: Node, to name: String) {
        let row = shaped(node, [linear.weights.columns], for: name)
        let weights = tensor(
            name + "_weights", [linear.weights.rows, linear.weights.columns], linear.weights.dense)
        let bias = tensor(name + "_bias", [linear.bias.count], linear.bias)
        let isRow = node.shape == [linear.bias.count]
        let result = isRow ? name : unique(name + "_row")
        add("Gemm", [row, weights, bias], to: result) { $0.set("transB", 1) }
        if !isRow { add("Reshape", [result, shape(node.shape, for: name)], to: name) }
    }

    private mutating func write(_ c: Convolution, _ node: Node, to name: String) {
        let image = shaped(node, [c.inputChannels, c.inputHeight, c.inputWidth], for: name)
        if c.isAveragePooling {
            add("AveragePool", [image], to: name) {
                $0.set("kernel_shape", [c.kernelHeight, c.kernelWidth])
                $0.set("strides", [c.strideHeight, c.strideWidth])
                $0.set("pads", [c.paddingTop, c.paddingLeft, c.paddingBottom, c.paddingRight])
                $0.set("count_include_pad", 1)
            }
            return
        }
        let kernel = [c.outputChannels, c.inputChannels / c.groups, c.kernelHeight, c.kernelWidth]
        let weights = tensor(name + "_weights", kernel, c.weights)
        let bias = tensor(name + "_bias", [c.bias.count], c.bias)
        add("Conv", [image, weights, bias], to: name) {
            $0.set("kernel_shape", [c.kernelHeight, c.kernelWidth])
            $0.set("strides", [c.strideHeight, c.strideWidth])
            $0.set("dilations", [c.dilationHeight, c.dilationWidth])
            $0.set("pads", [c.paddingTop, c.paddingLeft, c.paddingBottom, c.paddingRight])
            $0.set("group", c.groups)
        }
    }

    private mutating func write(_ normalization: BatchNormalization, _ node: Node, to name: String) {
        let parts = [
            ("scale", normalization.scale), ("offset", normalization.offset), ("mean", normalization.mean),
            ("variance", normalization.variance),
        ]
        var inputs = [operand(node)]
        for (role, values) in parts { inputs.append(tensor("\(name)_\(role)", [values.count], values)) }
        add("BatchNormalization", inputs, to: name) { $0.set("epsilon", Float(normalization.epsilon)) }
    }

    private mutating func write(_ map: Elementwise, _ node: Node, to name: String) {
        let isScaled = map.scale.contains { $0 != 1 }
        let isMoved = map.offset.contains { $0 != 0 }
        var value = operand(node)
        if isScaled || !isMoved {
            let scale = tensor(name + "_scale", [1] + node.shape, map.scale)
            let product = isMoved ? unique(name + "_scaled") : name
            add("Mul", [value, scale], to: product)
            value = product
        }
        if isMoved {
            add("Add", [value, tensor(name + "_offset", [1] + node.shape, map.offset)], to: name)
        }
    }

    /// A Gather from the operand's features followed by the constants, if there are any.
    private mutating func write(_ selection: Selection, _ node: Node, to name: String) {
        let count = network.nodes[node.inputs[0]].count
        var row = shaped(node, [count], for: name)
        var constants: [Double] = []
        let indices = selection.sources.indices.map { place -> Int in
            if selection.sources[place] >= 0 { return Int(selection.sources[place]) }
            constants.append(selection.constants[place])
            return count + constants.count - 1
        }
        if !constants.isEmpty {
            let joined = unique(name + "_joined")
            let fixed = tensor(name + "_constants", [1, constants.count], constants)
            add("Concat", [row, fixed], to: joined) { $0.set("axis", 1) }
            row = joined
        }
        let isRow = node.shape.count == 1
        let result = isRow ? name : unique(name + "_row")
        add("Gather", [row, integers(name + "_indices", indices)], to: result) { $0.set("axis", 1) }
        if !isRow { add("Reshape", [result, shape(node.shape, for: name)], to: name) }
    }

    private mutating func writeSum(_ node: Node, to name: String) {
        var total = names[node.inputs[0]]
        for (position, input) in node.inputs.enumerated().dropFirst() {
            let isLast = position == node.inputs.count - 1
            let result = isLast ? name : unique(name + "_part")
            add("Add", [total, names[input]], to: result)
            total = result
        }
    }

    private mutating func write(_ activation: Activation, _ node: Node, to name: String) {
        switch activation {
        case .relu: add("Relu", [operand(node)], to: name)
        case .leakyRelu(let slope) where Double(Float(slope)) == slope:
            add("LeakyRelu", [operand(node)], to: name) { $0.set("alpha", Float(slope)) }
        case .leakyRelu(let slope):
            // The attribute of LeakyRelu is a float32.
            add("PRelu", [operand(node), tensor(name + "_slope", [1], [slope])], to: name)
        case .smooth(let function): write(function, of: operand(node), to: name)
        }
    }

    private mutating func write(_ function: SmoothFunction, of x: String, to name: String) {
        switch function {
        case .sigmoid: add("Sigmoid", [x], to: name)
        case .tanh: add("Tanh", [x], to: name)
        case .softplus: add("Softplus", [x], to: name)
        case .silu:
            let gate = unique(name + "_gate")
            add("Sigmoid", [x], to: gate)
            add("Mul", [x, gate], to: name)
        case .gelu: add("Gelu", [x], to: name)
        case .standardGeluTanh: add("Gelu", [x], to: name) { $0.set("approximate", "tanh") }
        case .geluTanh(let linear, let cubic): writeGeluTanh(linear, cubic, of: x, to: name)
        case .elu(let alpha): add("Elu", [x], to: name) { $0.set("alpha", Float(alpha)) }
        }
    }

    private mutating func writeGeluTanh(_ linear: Double, _ cubic: Double, of x: String, to name: String) {
        func part(_ stem: String) -> String { name + "_" + stem }
        let names = ["square", "cube", "scaled_cube", "scaled", "argument", "tanh", "gate", "product"].map {
            unique(part($0))
        }
        add("Mul", [x, x], to: names[0])
        add("Mul", [names[0], x], to: names[1])
        add("Mul", [names[1], tensor(part("cubic"), [1], [cubic])], to: names[2])
        add("Mul", [x, tensor(part("linear"), [1], [linear])], to: names[3])
        add("Add", [names[3], names[2]], to: names[4])
        add("Tanh", [names[4]], to: names[5])
        add("Add", [names[5], tensor(part("one"), [1], [1])], to: names[6])
        add("Mul", [x, names[6]], to: names[7])
        add("Mul", [names[7], tensor(part("half"), [1], [0.5])], to: name)
    }

    /// Whether some activation has been an operator only since set 20.
    var needsGelu: Bool {
        network.nodes.contains { node in
            switch node.operation {
            case .activation(.smooth(.gelu)), .activation(.smooth(.standardGeluTanh)): true
            default: false
            }
        }
    }

    private mutating func write(_ p: Pooling, _ node: Node, to name: String) {
        let image = shaped(node, [p.channels, p.inputHeight, p.inputWidth], for: name)
        let bottom =
            (p.outputHeight - 1) * p.strideHeight + p.dilationHeight * (p.kernelHeight - 1) + 1
            - p.inputHeight - p.paddingTop
        let right =
            (p.outputWidth - 1) * p.strideWidth + p.dilationWidth * (p.kernelWidth - 1) + 1
            - p.inputWidth - p.paddingLeft
        add("MaxPool", [image], to: name) {
            $0.set("kernel_shape", [p.kernelHeight, p.kernelWidth])
            $0.set("strides", [p.strideHeight, p.strideWidth])
            $0.set("dilations", [p.dilationHeight, p.dilationWidth])
            $0.set("pads", [p.paddingTop, p.paddingLeft, max(0, bottom), max(0, right)])
        }
    }

    // MARK: Parts

    private func operand(_ node: Node) -> String { names[node.inputs[0]] }

    /// The operand in the shape that the operator wants, reshaped when it has another.
    private mutating func shaped(_ node: Node, _ wanted: [Int], for name: String) -> String {
        if network.nodes[node.inputs[0]].shape == wanted { return operand(node) }
        let result = unique(name + "_operand")
        if wanted.count == 1 {
            add("Flatten", [operand(node)], to: result) { $0.set("axis", 1) }
        } else {
            add("Reshape", [operand(node), shape(wanted, for: name)], to: result)
        }
        return result
    }

    private mutating func add(
        _ operation: String, _ inputs: [String], to output: String,
        attributes: (inout Onnx_NodeProto) -> Void = { _ in }
    ) {
        var node = Onnx_NodeProto()
        node.opType = operation
        node.name = output
        node.input = inputs
        node.output = [output]
        attributes(&node)
        graph.node.append(node)
    }

    private mutating func unique(_ wanted: String) -> String {
        var name = wanted
        var count = 1
        while !taken.insert(name).inserted {
            count += 1
            name = "\(wanted)_\(count)"
        }
        return name
    }

    private mutating func tensor(_ wanted: String, _ shape: [Int], _ values: [Double]) -> String {
        var proto = Onnx_TensorProto()
        proto.name = unique(wanted)
        proto.dims = shape.map { Int64($0) }
        proto.dataType = (isSingle ? ElementType.float : .double).rawValue
        if isSingle {
            proto.rawData = values.map { Float($0).bitPattern.littleEndian }.withUnsafeBytes { Data($0) }
        } else {
            proto.rawData = values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Data($0) }
        }
        graph.initializer.append(proto)
        return proto.name
    }

    private mutating func integers(_ wanted: String, _ values: [Int]) -> String {
        var proto = Onnx_TensorProto()
        proto.name = unique(wanted)
        proto.dims = [Int64(values.count)]
        proto.dataType = ElementType.int64.rawValue
        proto.rawData = values.map { Int64($0).littleEndian }.withUnsafeBytes { Data($0) }
        graph.initializer.append(proto)
        return proto.name
    }

    private mutating func shape(_ shape: [Int], for name: String) -> String {
        integers(name + "_shape", [1] + shape)
    }

    private func information(_ name: String, _ shape: [Int]) -> Onnx_ValueInfoProto {
        var information = Onnx_ValueInfoProto()
        information.name = name
        information.type.tensorType.elemType = (isSingle ? ElementType.float : .double).rawValue
        information.type.tensorType.shape.dim = ([1] + shape).map { size in
            var dimension = Onnx_TensorShapeProto.Dimension()
            dimension.dimValue = Int64(size)
            return dimension
        }
        return information
    }
}

extension Onnx_NodeProto {
    private mutating func set(
        _ name: String, _ type: Onnx_AttributeProto.AttributeType, _ fill: (inout Onnx_AttributeProto) -> Void
    ) {
        var attribute = Onnx_AttributeProto()
        attribute.name = name
        attribute.type = type
        fill(&attribute)
        self.attribute.append(attribute)
    }

    mutating func set(_ name: String, _ value: Int) { set(name, .int) { $0.i = Int64(value) } }
    mutating func set(_ name: String, _ text: String) { set(name, .string) { $0.s = Data(text.utf8) } }
    mutating func set(_ name: String, _ value: Float) { set(name, .float) { $0.f = value } }
    mutating func set(_ name: String, _ values: [Int]) {
        set(name, .ints) { $0.ints = values.map { Int64($0) } }
    }
}

extension BatchNormalization {
    /// Whether every number is a float32.
    fileprivate var isSingle: Bool {
        [scale, offset, mean, variance].allSatisfy { $0.allSatisfy { Double(Float($0)) == $0 } }
    }
}

extension Operator {
    /// Whether every number is a float32.
    fileprivate var isSingle: Bool {
        func fits(_ values: [Double]) -> Bool { values.allSatisfy { Double(Float($0)) == $0 } }
        switch self {
        case .input, .reshape, .sum, .maxPool, .activation(.relu): return true
        case .linear(let linear):
            switch linear.weights {
            case .dense(_, _, let values): return fits(values) && fits(linear.bias)
            case .sparse(let matrix): return fits(matrix.values) && fits(linear.bias)
            }
        case .convolution(let convolution):
            return convolution.isAveragePooling || fits(convolution.weights) && fits(convolution.bias)
        case .elementwise(let map): return fits(map.scale) && fits(map.offset)
        case .select(let selection):
            return zip(selection.sources, selection.constants).allSatisfy {
                $0 >= 0 || Double(Float($1)) == $1
            }
        case .activation(.leakyRelu(let slope)): return Double(Float(slope)) == slope
        case .activation(.smooth(.standardGeluTanh)): return true
        case .activation(.smooth(.geluTanh(let linear, let cubic))): return fits([linear, cubic])
        case .activation(.smooth): return true
        }
    }
}
