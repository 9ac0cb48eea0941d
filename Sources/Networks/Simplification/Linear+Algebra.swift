// Linear operators with rows scaled, columns scaled, rows selected, and products and sums of two. Each gives nil where
// float64 cannot hold the result well enough to bound the difference relative to each weight.

/// Weights are held well enough when each is within this share of the real one.
private let relativeLimit = 0x1p-40

extension Linear {
    /// A selection as a matrix of ones.
    init(_ selection: Selection, columns: Int) {
        var matrix = SparseMatrix(
            rows: selection.sources.count, columns: columns, rowStarts: [0], columnIndices: [], values: [])
        for source in selection.sources {
            if source >= 0 {
                matrix.columnIndices.append(source)
                matrix.values.append(1)
            }
            matrix.rowStarts.append(matrix.values.count)
        }
        self.init(
            weights: .sparse(matrix),
            bias: zip(selection.sources, selection.constants).map { $0 < 0 ? $1 : 0 })
    }

    func offset(_ row: Int) -> Uncertain { Uncertain(bias[row], radius: error.offset(row)) }

    /// `scale * (W x + b) + offset`, row by row.
    func scaled(by map: Elementwise) -> Linear? {
        guard error.absolute == 0, map.error.absolute == 0 else { return nil }
        var builder = LinearBuilder(columns: weights.columns)
        let matrix = weights.sparse
        for row in 0..<matrix.rows {
            let scale = Uncertain(weight: map.scale[row], relative: map.error.relative)
            for place in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                var entry = UncertainSum()
                entry.add(scale, times: Uncertain(weight: matrix.values[place], relative: error.relative))
                guard builder.append(entry.result, column: matrix.columnIndices[place]) else { return nil }
            }
            var offset = UncertainSum(Uncertain(map.offset[row], radius: map.error.offset(row)))
            offset.add(scale, times: self.offset(row))
            guard builder.endRow(offset.result) else { return nil }
        }
        return builder.linear
    }

    /// `W (scale * x + offset) + b`.
    func applied(to map: Elementwise) -> Linear? {
        guard error.absolute == 0, map.error.absolute == 0 else { return nil }
        var builder = LinearBuilder(columns: weights.columns)
        let matrix = weights.sparse
        for row in 0..<matrix.rows {
            var offset = UncertainSum(self.offset(row))
            for place in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                let column = Int(matrix.columnIndices[place])
                let weight = Uncertain(weight: matrix.values[place], relative: error.relative)
                var entry = UncertainSum()
                entry.add(weight, times: Uncertain(weight: map.scale[column], relative: map.error.relative))
                guard builder.append(entry.result, column: matrix.columnIndices[place]) else { return nil }
                offset.add(weight, times: Uncertain(map.offset[column], radius: map.error.offset(column)))
            }
            guard builder.endRow(offset.result) else { return nil }
        }
        return builder.linear
    }

    /// `W (V x + c) + b`, when it has at most `limit` nonzeros.
    func applied(to inner: Linear, nonzeroLimit limit: Int) -> Linear? {
        guard error.absolute == 0, inner.error.absolute == 0 else { return nil }
        let outerMatrix = weights.sparse
        let innerMatrix = inner.weights.sparse
        guard fits(outerMatrix, innerMatrix, limit: limit) else { return nil }
        var builder = LinearBuilder(columns: innerMatrix.columns)
        var row = SparseRow(columns: innerMatrix.columns)
        for index in 0..<outerMatrix.rows {
            var offset = UncertainSum(self.offset(index))
            for place in outerMatrix.rowStarts[index]..<outerMatrix.rowStarts[index + 1] {
                let weight = Uncertain(weight: outerMatrix.values[place], relative: error.relative)
                let middle = Int(outerMatrix.columnIndices[place])
                offset.add(weight, times: inner.offset(middle))
                for entry in innerMatrix.rowStarts[middle]..<innerMatrix.rowStarts[middle + 1] {
                    row.add(
                        weight,
                        times: Uncertain(weight: innerMatrix.values[entry], relative: inner.error.relative),
                        column: innerMatrix.columnIndices[entry])
                }
            }
            guard row.drain(into: &builder), builder.endRow(offset.result) else { return nil }
        }
        return builder.linear
    }

    /// The sum of two over the same operand.
    func adding(_ other: Linear) -> Linear? {
        guard error.absolute == 0, other.error.absolute == 0 else { return nil }
        let one = Uncertain(1)
        let parts = [(self, weights.sparse), (other, other.weights.sparse)]
        var builder = LinearBuilder(columns: weights.columns)
        var row = SparseRow(columns: weights.columns)
        for index in bias.indices {
            for (linear, matrix) in parts {
                for place in matrix.rowStarts[index]..<matrix.rowStarts[index + 1] {
                    row.add(
                        one, times: Uncertain(weight: matrix.values[place], relative: linear.error.relative),
                        column: matrix.columnIndices[place])
                }
            }
            var offset = UncertainSum(self.offset(index))
            offset.add(other.offset(index))
            guard row.drain(into: &builder), builder.endRow(offset.result) else { return nil }
        }
        return builder.linear
    }

    /// The rows that a selection takes, in its order; its constants become offsets without weights.
    func selecting(_ selection: Selection) -> Linear {
        let matrix = weights.sparse
        var result = SparseMatrix(
            rows: selection.sources.count, columns: matrix.columns, rowStarts: [0], columnIndices: [],
            values: [])
        var offsets: [Double] = []
        var radii: [Double] = []
        for (source, constant) in zip(selection.sources, selection.constants) {
            if source >= 0 {
                let places = matrix.rowStarts[Int(source)]..<matrix.rowStarts[Int(source) + 1]
                result.columnIndices += matrix.columnIndices[places]
                result.values += matrix.values[places]
            }
            result.rowStarts.append(result.values.count)
            offsets.append(source < 0 ? constant : bias[Int(source)])
            radii.append(source < 0 ? 0 : error.offset(Int(source)))
        }
        var kept = AffineError(relative: error.relative, radii: radii)
        kept.absolute = error.absolute
        return Linear(weights: Matrix(result), bias: offsets, error: kept)
    }

    /// Whether the product's work and nonzeros stay within bounds.
    private func fits(_ outer: SparseMatrix, _ inner: SparseMatrix, limit: Int) -> Bool {
        var work = 0
        for column in outer.columnIndices {
            work += inner.rowStarts[Int(column) + 1] - inner.rowStarts[Int(column)]
        }
        if work <= limit { return true }
        if work > 1 << 27 { return false }
        var nonzeros = 0
        var lastRow = [Int](repeating: -1, count: inner.columns)
        for row in 0..<outer.rows {
            for place in outer.rowStarts[row]..<outer.rowStarts[row + 1] {
                let middle = Int(outer.columnIndices[place])
                for entry in inner.rowStarts[middle]..<inner.rowStarts[middle + 1] {
                    let column = Int(inner.columnIndices[entry])
                    if lastRow[column] == row { continue }
                    lastRow[column] = row
                    nonzeros += 1
                }
            }
            if nonzeros > limit { return false }
        }
        return true
    }
}

/// Collects rows of a sparse linear operator and the worst relative error of its weights.
struct LinearBuilder {
    private var matrix: SparseMatrix
    private var bias: [Double] = []
    private var radii: [Double] = []
    private var relative = 0.0

    init(columns: Int) {
        matrix = SparseMatrix(rows: 0, columns: columns, rowStarts: [0], columnIndices: [], values: [])
    }

    /// - Returns: whether the weight could be held; exact zeros are left out.
    mutating func append(_ weight: Uncertain, column: Int32) -> Bool {
        let error = weight.relativeRadius
        guard weight.isFinite, error <= relativeLimit else { return false }
        if weight.value == 0 { return true }
        relative = max(relative, error)
        matrix.columnIndices.append(column)
        matrix.values.append(weight.value)
        return true
    }

    mutating func endRow(_ offset: Uncertain) -> Bool {
        guard offset.isFinite else { return false }
        matrix.rows += 1
        matrix.rowStarts.append(matrix.values.count)
        bias.append(offset.value)
        radii.append(offset.radius)
        return true
    }

    var linear: Linear {
        Linear(weights: Matrix(matrix), bias: bias, error: AffineError(relative: relative, radii: radii))
    }
}

/// One row of a product while its terms come in.
struct SparseRow {
    private var sums: [UncertainSum?]
    private var touched: [Int32] = []

    init(columns: Int) { sums = [UncertainSum?](repeating: nil, count: columns) }

    mutating func add(_ a: Uncertain, times b: Uncertain, column: Int32) {
        if sums[Int(column)] == nil {
            sums[Int(column)] = UncertainSum()
            touched.append(column)
        }
        sums[Int(column)]?.add(a, times: b)
    }

    mutating func drain(into builder: inout LinearBuilder) -> Bool {
        touched.sort()
        var isHeld = true
        for column in touched {
            if let sum = sums[Int(column)] { isHeld = builder.append(sum.result, column: column) && isHeld }
            sums[Int(column)] = nil
        }
        touched.removeAll(keepingCapacity: true)
        return isHeld
    }
}
