// Networks made from a planned one: with absolute weights, and with a property's rows folded into the last
// layer.

import Networks

extension LanePlan {
    /// The plan whose affine operators have the magnitudes of the weights, and no offsets.
    public func withAbsoluteWeights() -> LanePlan {
        LanePlan(
            self,
            operations: operations.map { operation in
                switch operation {
                case .input, .sum, .activation: return operation
                case .linear(let linear):
                    let zero = [Double](repeating: 0, count: linear.bias.count)
                    return .linear(Linear(weights: linear.weights.mapValues(\.magnitude), bias: zero))
                case .convolution(var convolution):
                    convolution.weights = convolution.weights.map(\.magnitude)
                    convolution.bias = convolution.bias.map { _ in 0 }
                    return .convolution(convolution)
                case .elementwise(let elementwise):
                    return .elementwise(
                        Elementwise(
                            scale: elementwise.scale.map(\.magnitude),
                            offset: elementwise.offset.map { _ in 0 }))
                case .select(let selection):
                    return .select(
                        Selection(sources: selection.sources, constants: selection.constants.map { _ in 0 }))
                }
            })
    }
}

extension LanePlan {
    /// The plan without some features of some nodes.
    ///
    /// - Precondition: `kept[node]`, ascending, is given for linear nodes and for activations, an activation
    ///   keeps what its operand keeps, and everything that reads a node with fewer features is linear or such
    ///   an activation.
    public func keeping(_ kept: [Int: [Int]]) -> LanePlan {
        let layouts = self.layouts.indices.map { node in
            kept[node].map { LaneLayout(shape: [$0.count]) } ?? self.layouts[node]
        }
        let operations = self.operations.indices.map { node -> PlannedOperation in
            guard case .linear(var linear) = self.operations[node] else { return self.operations[node] }
            let rows = kept[node]
            let columns = kept[operands[node][0]]
            if rows == nil && columns == nil { return self.operations[node] }
            linear.weights = linear.weights.keeping(rows: rows, columns: columns)
            if let rows {
                linear.bias = rows.map { linear.bias[$0] }
                if !linear.error.offsets.isEmpty {
                    linear.error.offsets = rows.map { linear.error.offsets[$0] }
                }
            }
            return .linear(linear)
        }
        return LanePlan(self, operations: operations, layouts: layouts)
    }
}

extension Matrix {
    /// The submatrix of some rows and columns, all where nil.
    func keeping(rows: [Int]?, columns: [Int]?) -> Matrix {
        let rowList = rows ?? Array(0..<self.rows)
        switch self {
        case .dense(_, let width, let values):
            let columnList = columns ?? Array(0..<width)
            var kept: [Double] = []
            kept.reserveCapacity(rowList.count * columnList.count)
            for row in rowList {
                for column in columnList { kept.append(values[row * width + column]) }
            }
            return .dense(rows: rowList.count, columns: columnList.count, values: kept)
        case .sparse(let matrix):
            var places = [Int32](repeating: -1, count: matrix.columns)
            for (place, column) in (columns ?? Array(0..<matrix.columns)).enumerated() {
                places[column] = Int32(place)
            }
            var kept = SparseMatrix(
                rows: rowList.count, columns: columns?.count ?? matrix.columns, rowStarts: [0],
                columnIndices: [],
                values: [])
            for row in rowList {
                for entry in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                    let place = places[Int(matrix.columnIndices[entry])]
                    if place < 0 { continue }
                    kept.columnIndices.append(place)
                    kept.values.append(matrix.values[entry])
                }
                kept.rowStarts.append(kept.values.count)
            }
            return .sparse(kept)
        }
    }

    func mapValues(_ transform: (Double) -> Double) -> Matrix {
        switch self {
        case .dense(let rows, let columns, let values):
            return .dense(rows: rows, columns: columns, values: values.map(transform))
        case .sparse(var matrix):
            matrix.values = matrix.values.map(transform)
            return .sparse(matrix)
        }
    }
}
