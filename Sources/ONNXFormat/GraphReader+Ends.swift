// The graph's inputs and outputs. Several inputs are parts of one flat input in the order of the graph, several
// outputs parts of one flat output.
internal import Networks

extension GraphReader {
    /// Returns each input that has no default value.
    mutating func readInputs(_ inputs: [Onnx_ValueInfoProto]) throws(ONNXError) -> [Value] {
        var parts: [(name: String, shape: [Int])] = []
        for input in inputs where initializers[input.name] == nil {
            parts.append((input.name, try inputShape(input)))
        }
        guard !parts.isEmpty else {
            throw ONNXError(file: file, problem: "has no input", remedy: "export the network again")
        }
        if parts.count == 1 {
            let whole = try emit(name: parts[0].name, .input, [], shape: parts[0].shape, for: nil)
            values[parts[0].name] = .variable(whole)
            return [.variable(whole)]
        }
        let sizes = parts.map { $0.shape.reduce(1, *) }
        let name = parts.map(\.name).joined(separator: ", ")
        let whole = try emit(name: name, .input, [], shape: [1, sizes.reduce(0, +)], for: nil)
        var start = 0
        for (part, size) in zip(parts, sizes) {
            let selection = Selection(
                sources: (start..<start + size).map { Int32($0) },
                constants: [Double](repeating: 0, count: size))
            values[part.name] = .variable(
                try emit(name: part.name, .select(selection), [whole.node], shape: part.shape, for: nil))
            start += size
        }
        return parts.compactMap { values[$0.name] }
    }

    /// The declared shape; an unknown leading dimension is the batch, of size one.
    private func inputShape(_ input: Onnx_ValueInfoProto) throws(ONNXError) -> [Int] {
        func refuse(_ problem: String, _ remedy: String) -> ONNXError {
            ONNXError(file: file, problem: "input '\(input.name)' " + problem, remedy: remedy)
        }
        guard case .tensorType(let type)? = input.type.value, type.hasShape else {
            throw refuse("has no shape", "export the network with the shape of its input")
        }
        guard let element = ElementType(rawValue: type.elemType), element.isFloat else {
            throw refuse("is not made of floats", "only float inputs are supported")
        }
        var shape: [Int] = []
        for (axis, dimension) in type.shape.dim.enumerated() {
            var size = 0
            if case .dimValue(let value)? = dimension.value { size = Int(value) }
            if size <= 0 && axis > 0 {
                throw refuse(
                    "has an unknown size in dimension \(axis)",
                    "export the network with a fixed shape but for the batch")
            }
            shape.append(max(1, size))
        }
        guard checkedCount(shape, limit: Self.featureLimit) != nil else {
            throw refuse("has shape \(shape)", "the network is too large, or its file damaged")
        }
        return shape
    }

    /// The index of the node that is the network's output, all the named values one after the other, and the values.
    mutating func readOutputs(_ names: [String]) throws(ONNXError) -> (node: Int, values: [Value]) {
        guard !names.isEmpty else {
            throw ONNXError(file: file, problem: "has no output", remedy: "export the network again")
        }
        var parts: [Value] = []
        for name in names {
            if let pattern = patterns[name] { throw pattern.refusal }
            guard let value = values[name] else {
                throw ONNXError(
                    file: file, problem: "output '\(name)' is made by no node", remedy: "export the network again")
            }
            parts.append(value)
        }
        if parts.count == 1, case .variable(let variable) = parts[0] { return (variable.node, parts) }
        let name = names.joined(separator: ", ")
        let rows = try parts.map { (part) throws(ONNXError) -> Value in
            let shape = [1, part.shape.reduce(1, *)]
            switch part {
            case .constant(let tensor): return .constant(tensor.reshaped(shape))
            case .variable(let variable): return .variable(Variable(node: variable.node, shape: shape))
            }
        }
        return (try concatenate(name: name, rows, axis: 1, for: nil).node, parts)
    }

    /// Values one after the other along an axis, as a sum of selections that are zero outside their part.
    ///
    /// - Precondition: the shapes agree but for that axis.
    mutating func concatenate(
        name: String, _ parts: [Value], axis: Int, for node: GraphNode?
    ) throws(ONNXError) -> Variable {
        var shape = parts[0].shape
        shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        let outer = shape[..<axis].reduce(1, *)
        let count = try admit(shape, for: node)
        let widths = parts.map { $0.shape.reduce(1, *) / outer }
        let total = widths.reduce(0, +)
        var constants = [Double](repeating: 0, count: count)
        var variables: [(node: Int, sources: [Int32])] = []
        var start = 0
        for (part, width) in zip(parts, widths) {
            switch part {
            case .constant(let tensor):
                guard tensor.error == .none, !tensor.isInteger else {
                    let remedy = "make the constants exact floats"
                    throw node?.refuse("joins rounded or integer constants", remedy: remedy)
                        ?? ONNXError(
                            file: file, problem: "has a rounded constant as an output", remedy: remedy)
                }
                for (index, value) in tensor.reals.enumerated() {
                    constants[index / width * total + start + index % width] = value
                }
            case .variable(let variable):
                try admit(shape, for: node)
                var sources = [Int32](repeating: -1, count: count)
                for index in 0..<variable.count {
                    sources[index / width * total + start + index % width] = Int32(index)
                }
                variables.append((variable.node, sources))
            }
            start += width
        }
        if variables.isEmpty { variables = [(0, [Int32](repeating: -1, count: count))] }
        var terms: [Variable] = []
        for (position, (operand, sources)) in variables.enumerated() {
            let fill = position == 0 ? constants : [Double](repeating: 0, count: count)
            let selection = Selection(sources: sources, constants: fill)
            let isWhole = variables.count == 1
            terms.append(
                try emit(
                    name: isWhole ? name : "\(name), part \(position + 1)", .select(selection), [operand],
                    shape: shape, for: node))
        }
        if terms.count == 1 { return terms[0] }
        return try emit(name: name, .sum, terms.map(\.node), shape: shape, for: node)
    }
}
