// The plan without features that do not matter, for a region on which many neurons are off.

public import Networks

/// The features of one node that stay, ascending, and where they went.
public struct KeptFeatures: Sendable {
    public let features: [Int]
    /// Per feature its new place; -1 where it is gone.
    let places: [Int32]
    /// Per feature whether it is 0, so that nobody needs to read it where it stays; empty where none is.
    let isZero: [Bool]

    public init(_ features: [Int], of count: Int, isZero: [Bool]) {
        self.features = features
        self.isZero = isZero
        var places = [Int32](repeating: -1, count: count)
        for (place, feature) in features.enumerated() { places[feature] = Int32(place) }
        self.places = places
    }

    /// Where a reader finds a feature; -1 when it need not be read.
    func place(_ feature: Int) -> Int32 { isZero.isEmpty || !isZero[feature] ? places[feature] : -1 }
}

extension LanePlan {
    /// The plan without some features of its nodes.
    ///
    /// - Parameters:
    ///   - kept: for every node; nodes that share their features' numbers (an activation, a sum, a scaling and their
    ///     operands) keep the same ones. All of the input's and the output's.
    ///   - flattening: makes images plain values and convolutions sparse matrices; without it, images keep everything.
    public func keeping(_ kept: [KeptFeatures], flattening: Bool) -> LanePlan {
        let layouts = self.layouts.indices.map { node in
            let isLeft = node == 0 || (self.layouts[node].image != nil && !flattening)
            return isLeft ? self.layouts[node] : LaneLayout(shape: [kept[node].features.count])
        }
        let operations = self.operations.indices.map { node -> PlannedOperation in
            let rows = kept[node].features
            switch self.operations[node] {
            case .input, .sum, .activation, .smooth: return self.operations[node]
            case .linear(let linear):
                let columns = kept[operands[node][0]]
                if rows.count == linear.weights.rows && columns.features.count == linear.weights.columns {
                    return self.operations[node]
                }
                return .linear(
                    Linear(
                        weights: linear.weights.keeping(rows: rows, columns: columns.features),
                        bias: rows.map { linear.bias[$0] }, error: linear.error.keeping(rows)))
            case .convolution(let convolution):
                if !flattening { return self.operations[node] }
                return .linear(convolution.matrix(rows: rows, columns: kept[operands[node][0]]))
            case .elementwise(let elementwise):
                return .elementwise(
                    Elementwise(
                        scale: rows.map { elementwise.scale[$0] }, offset: rows.map { elementwise.offset[$0] },
                        error: elementwise.error.keeping(rows)))
            case .select(let selection):
                let columns = kept[operands[node][0]]
                let sources = rows.map { selection.sources[$0] }
                return .select(
                    Selection(
                        sources: sources.map { $0 < 0 ? -1 : columns.place(Int($0)) },
                        constants: rows.map { selection.sources[$0] < 0 ? selection.constants[$0] : 0 }))
            }
        }
        return LanePlan(self, operations: operations, layouts: layouts)
    }
}

extension AffineError {
    fileprivate func keeping(_ rows: [Int]) -> AffineError {
        AffineError(
            relative: relative, absolute: absolute, offsets: offsets.isEmpty ? [] : rows.map { offsets[$0] })
    }
}

extension Convolution {
    /// The pixels under the kernel at an output pixel, with the kernel's place for each.
    public func forEachTap(ofPixel pixel: Int, _ body: (_ inputPixel: Int, _ tap: Int) -> Void) {
        let top = pixel / outputWidth * strideHeight - paddingTop
        let left = pixel % outputWidth * strideWidth - paddingLeft
        for kernelRow in 0..<kernelHeight {
            let row = top + kernelRow * dilationHeight
            guard row >= 0, row < inputHeight else { continue }
            for kernelColumn in 0..<kernelWidth {
                let column = left + kernelColumn * dilationWidth
                guard column >= 0, column < inputWidth else { continue }
                body(row * inputWidth + column, kernelRow * kernelWidth + kernelColumn)
            }
        }
    }

    /// Some rows of the matrix that the convolution is, in the order of the lanes.
    func matrix(rows: [Int], columns: KeptFeatures) -> Linear {
        let depth = inputChannels / groups
        let height = outputChannels / groups
        let area = kernelHeight * kernelWidth
        var matrix = SparseMatrix(
            rows: rows.count, columns: columns.features.count, rowStarts: [0], columnIndices: [], values: [])
        for row in rows {
            let output = row % outputChannels
            let firstInput = output / height * depth
            forEachTap(ofPixel: row / outputChannels) { pixel, tap in
                for channel in 0..<depth {
                    let weight = weights[(output * depth + channel) * area + tap]
                    let place = columns.place(pixel * inputChannels + firstInput + channel)
                    if weight == 0 || place < 0 { continue }
                    matrix.columnIndices.append(place)
                    matrix.values.append(weight)
                }
            }
            matrix.rowStarts.append(matrix.values.count)
        }
        return Linear(
            weights: .sparse(matrix), bias: rows.map { bias[$0 % outputChannels] },
            error: error.keeping(rows.map { $0 % outputChannels }))
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
}
