// Neurons without a way in or out. A feature of a linear operator or a selection that passes through elementwise maps
// and activations to linear operators goes when none of those reads it, or when it is constant: its value then moves
// into their offsets.
extension Simplifier {
    mutating func removeNeurons(_ index: Int) -> Bool {
        guard isLive(index), index > 0, let values = producedConstants(index), let path = path(from: index)
        else {
            return false
        }
        var linears: [(reader: Int, linear: Linear)] = []
        for reader in path.readers {
            guard case .linear(let linear) = node(reader).operation, linear.error.absolute == 0 else {
                return false
            }
            linears.append((reader, linear))
        }
        let constants = values.indices.map { place in
            values[place].flatMap { passed($0, place: place, along: path.nodes) }
        }
        var isRead = [Bool](repeating: false, count: values.count)
        for (_, linear) in linears { linear.weights.markColumns(&isRead) }
        let kept = values.indices.filter { isRead[$0] && constants[$0] == nil }
        guard kept.count < values.count else { return false }
        var folded: [(Int, Linear)] = []
        for (reader, linear) in linears {
            guard let result = linear.keepingColumns(kept, folding: constants) else { return false }
            folded.append((reader, result))
        }
        if kept.isEmpty {
            for (reader, linear) in folded { setConstant(reader, linear.bias.indices.map(linear.offset)) }
            return true
        }
        for (reader, linear) in folded { set(reader, .linear(linear)) }
        for node in [index] + path.nodes { keep(kept, at: node) }
        return true
    }

    /// Per feature its value, when it is the same for every input; nil for operators whose features cannot go alone.
    private func producedConstants(_ index: Int) -> [Uncertain?]? {
        switch node(index).operation {
        case .linear(let linear):
            guard linear.error.absolute == 0 else { return nil }
            return linear.rowsWithoutWeights.enumerated().map { $1 ? linear.offset($0) : nil }
        case .select(let selection):
            return zip(selection.sources, selection.constants).map { $0 < 0 ? Uncertain($1) : nil }
        case .input, .convolution, .elementwise, .reshape, .sum, .activation, .maxPool: return nil
        }
    }

    /// The nodes that work on each feature alone, and the nodes that read the last of them.
    private func path(from start: Int) -> (nodes: [Int], readers: [Int])? {
        var nodes: [Int] = []
        var current = start
        while true {
            if isOutput(current) { return nil }
            guard readers[current].count == 1, node(readers[current][0]).operation.keepsFeatures else {
                return (nodes, readers[current])
            }
            current = readers[current][0]
            nodes.append(current)
        }
    }

    /// A constant after the operators of a path; nil when it is no finite number.
    private func passed(_ constant: Uncertain, place: Int, along path: [Int]) -> Uncertain? {
        var value = constant
        for index in path {
            switch node(index).operation {
            case .activation(let activation): value = activation.applied(to: value)
            case .elementwise(let map):
                guard map.error.absolute == 0 else { return nil }
                var sum = UncertainSum(Uncertain(map.offset[place], radius: map.error.offset(place)))
                sum.add(Uncertain(weight: map.scale[place], relative: map.error.relative), times: value)
                value = sum.result
            default: break
            }
        }
        return value.isFinite ? value : nil
    }

    private mutating func keep(_ kept: [Int], at index: Int) {
        set(index, shape: [kept.count])
        switch node(index).operation {
        case .linear(let linear):
            let selection = Selection(
                sources: kept.map { Int32($0) }, constants: [Double](repeating: 0, count: kept.count))
            set(index, .linear(linear.selecting(selection)))
        case .select(let selection):
            set(
                index,
                .select(
                    Selection(
                        sources: kept.map { selection.sources[$0] },
                        constants: kept.map { selection.constants[$0] })))
        case .elementwise(let map): set(index, .elementwise(map.keeping(kept)))
        case .input, .convolution, .reshape, .sum, .activation, .maxPool: break
        }
    }
}

extension Operator {
    /// Whether each feature of the result is a function of the one at its place.
    var keepsFeatures: Bool {
        switch self {
        case .elementwise, .activation, .reshape: true
        case .input, .linear, .convolution, .select, .sum, .maxPool: false
        }
    }
}

extension Elementwise {
    func keeping(_ places: [Int]) -> Elementwise {
        var kept = Elementwise(
            scale: places.map { scale[$0] }, offset: places.map { offset[$0] }, error: error)
        if !error.offsets.isEmpty { kept.error.offsets = places.map { error.offsets[$0] } }
        return kept
    }
}

extension Linear {
    var rowsWithoutWeights: [Bool] {
        switch weights {
        case .dense(let rows, let columns, let values):
            (0..<rows).map { row in values[row * columns..<(row + 1) * columns].allSatisfy { $0 == 0 } }
        case .sparse(let matrix):
            (0..<matrix.rows).map { row in
                matrix.values[matrix.rowStarts[row]..<matrix.rowStarts[row + 1]].allSatisfy { $0 == 0 }
            }
        }
    }

    /// Reads only some columns; those of the others that are known move into the offsets, the rest are zero.
    func keepingColumns(_ kept: [Int], folding constants: [Uncertain?]) -> Linear? {
        let matrix = weights.sparse
        var places = [Int32](repeating: -1, count: matrix.columns)
        for (place, column) in kept.enumerated() { places[column] = Int32(place) }
        var result = SparseMatrix(
            rows: matrix.rows, columns: kept.count, rowStarts: [0], columnIndices: [], values: [])
        var offsets: [Uncertain] = []
        for row in 0..<matrix.rows {
            var sum = UncertainSum(offset(row))
            for entry in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] where matrix.values[entry] != 0 {
                let column = Int(matrix.columnIndices[entry])
                if places[column] >= 0 {
                    result.columnIndices.append(places[column])
                    result.values.append(matrix.values[entry])
                } else if let constant = constants[column] {
                    sum.add(
                        Uncertain(weight: matrix.values[entry], relative: error.relative), times: constant)
                }
            }
            result.rowStarts.append(result.values.count)
            offsets.append(sum.result)
        }
        guard offsets.allSatisfy(\.isFinite) else { return nil }
        return Linear(
            weights: Matrix(result), bias: offsets.map(\.value),
            error: AffineError(relative: error.relative, radii: offsets.map(\.radius)))
    }
}

extension Matrix {
    /// Sets the places of columns with a nonzero.
    func markColumns(_ isRead: inout [Bool]) {
        switch self {
        case .dense(let rows, let columns, let values):
            for row in 0..<rows {
                for column in 0..<columns where values[row * columns + column] != 0 { isRead[column] = true }
            }
        case .sparse(let matrix):
            for (column, value) in zip(matrix.columnIndices, matrix.values) where value != 0 {
                isRead[Int(column)] = true
            }
        }
    }
}
