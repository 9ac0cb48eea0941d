// MatMul and Gemm. One operand is a constant, so the product is linear in the other: a matrix when that is one
// vector, else a block matrix with a copy of the constant for every vector, or, when those copies would take much
// memory, a convolution with windows of one element.
internal import Networks

extension GraphReader {
    mutating func readMatMul(_ node: GraphNode) throws(ONNXError) -> Value {
        try product(node, try node.operand(0, "A"), try node.operand(1, "B"))
    }

    mutating func readGemm(_ node: GraphNode) throws(ONNXError) -> Value {
        let alpha = try node.real("alpha", default: 1)
        let beta = try node.real("beta", default: 1)
        let transA = try node.flag("transA", default: false)
        let transB = try node.flag("transB", default: false)
        var a = try node.operand(0, "A")
        var b = try node.operand(1, "B")
        guard a.shape.count == 2, b.shape.count == 2 else {
            throw node.refuse(
                "multiplies values of shapes \(a.shape) and \(b.shape), which are not matrices",
                remedy: "export the network again")
        }
        let offset = try scaledOffset(node, by: beta)
        if case .variable(let variable) = a, case .constant(let weights) = b, !transA, variable.shape[0] == 1 {
            return .variable(
                try gemm(node, variable, weights, isTransposed: transB, alpha: alpha, offset: offset))
        }
        if transA { a = try transpose(node, a, order: [1, 0]) }
        if transB { b = try transpose(node, b, order: [1, 0]) }
        var result = try product(node, a, b)
        if alpha != 1 {
            let factor = Tensor(shape: [], contents: .double([alpha]))
            switch result {
            case .constant(let tensor): result = try fold(node, .multiply, tensor, factor)
            case .variable(let variable):
                result = .variable(try affine(node, variable, scale: factor, offset: nil))
            }
        }
        guard let offset else { return result }
        switch (result, offset) {
        case (.constant(let x), .constant(let y)): return try fold(node, .add, x, y)
        case (.constant(let x), .variable(let y)), (.variable(let y), .constant(let x)):
            return .variable(try affine(node, y, scale: nil, offset: x))
        case (.variable(let x), .variable(let y)): return .variable(try sum(node, x, y))
        }
    }

    /// `beta * C`; nil when there is no C or it does not count.
    private mutating func scaledOffset(_ node: GraphNode, by beta: Double) throws(ONNXError) -> Value? {
        guard let offset = node.optionalOperand(2), beta != 0 else { return nil }
        if beta == 1 { return offset }
        let factor = Tensor(shape: [], contents: .double([beta]))
        switch offset {
        case .constant(let tensor): return try fold(node, .multiply, tensor, factor)
        case .variable(let variable): return .variable(try affine(node, variable, scale: factor, offset: nil))
        }
    }

    /// `alpha * x B + offset` for one row `x`.
    private mutating func gemm(
        _ node: GraphNode, _ variable: Variable, _ weights: Tensor, isTransposed: Bool, alpha: Double,
        offset: Value?
    ) throws(ONNXError) -> Variable {
        let columns = isTransposed ? weights.shape[1] : weights.shape[0]
        let rows = isTransposed ? weights.shape[0] : weights.shape[1]
        try check(node, inner: variable.shape[1], against: columns, variable.shape, weights.shape)
        guard let scaled = weights.scaled(by: alpha) else {
            throw node.refuse(
                "makes a weight that is too large", attribute: "alpha", remedy: "repair the weights")
        }
        let matrix = try matrix(node, scaled, rows: rows, columns: columns, isColumnMajor: !isTransposed)
        var linear = Linear(
            weights: matrix, bias: [Double](repeating: 0, count: rows), error: scaled.affineError)
        let shape = [1, rows]
        guard let offset else { return try emit(node, .linear(linear), [variable.node], shape: shape) }
        guard try resultShape(node, shape, offset.shape) == shape else {
            throw node.refuse(
                "adds C of shape \(offset.shape) to a row of \(rows)", remedy: "export the network again")
        }
        switch offset {
        case .constant(let tensor):
            linear.bias = tensor.broadcast(to: shape).reals
            linear.error.offsets = tensor.radii(of: linear.bias)
            return try emit(node, .linear(linear), [variable.node], shape: shape)
        case .variable(let other):
            return try sum(node, try emit(node, .linear(linear), [variable.node], shape: shape), other)
        }
    }

    /// A matrix product with numpy's rules for vectors and batches.
    mutating func product(_ node: GraphNode, _ a: Value, _ b: Value) throws(ONNXError) -> Value {
        let plan = try ProductPlan(node, a.shape, b.shape)
        switch (a, b) {
        case (.variable, .variable):
            throw node.refuse(
                "multiplies two values that both depend on the input", remedy: "one of them must be constant")
        case (.constant, .constant):
            throw node.refuse(
                "multiplies two constants",
                remedy: "simplify the network when exporting it, to fold constants")
        case (.variable(let variable), .constant(let tensor)):
            let isOneRow = variable.count == plan.inner && plan.batches == 1
            if isOneRow {
                let matrix = try matrix(
                    node, tensor, rows: plan.columns, columns: plan.inner, isColumnMajor: true)
                return .variable(try linear(node, variable, matrix, tensor, shape: plan.shape))
            }
            if tensor.count == plan.inner * plan.columns, let count = checkedCount(variable.shape.dropLast()),
                isLarge(tensor, copies: count)
            {
                return .variable(try rowwise(node, variable, tensor, copies: count, plan))
            }
            let matrix = try blocks(node, tensor, plan, isConstantLeft: false)
            return .variable(try linear(node, variable, matrix, tensor, shape: plan.shape))
        case (.constant(let tensor), .variable(let variable)):
            let isOneColumn = variable.count == plan.inner && plan.batches == 1
            if isOneColumn {
                let matrix = try matrix(
                    node, tensor, rows: plan.rows, columns: plan.inner, isColumnMajor: false)
                return .variable(try linear(node, variable, matrix, tensor, shape: plan.shape))
            }
            if plan.batches == 1, isLarge(tensor, copies: plan.columns) {
                return .variable(
                    try pointwise(
                        node, variable, tensor.reals, tensor.affineError, copies: plan.columns,
                        shape: plan.shape))
            }
            let matrix = try blocks(node, tensor, plan, isConstantLeft: true)
            return .variable(try linear(node, variable, matrix, tensor, shape: plan.shape))
        }
    }

    // MARK: Building blocks

    private func check(
        _ node: GraphNode, inner: Int, against other: Int, _ a: [Int], _ b: [Int]
    ) throws(ONNXError) {
        guard inner == other else {
            throw node.refuse(
                "multiplies shapes \(a) and \(b), which do not fit", remedy: "export the network again")
        }
    }

    private func matrix(
        _ node: GraphNode, _ tensor: Tensor, rows: Int, columns: Int, isColumnMajor: Bool
    ) throws(ONNXError) -> Matrix {
        guard rows > 0, columns > 0, columns <= Int(Int32.max) else {
            throw node.refuse("has a matrix of shape \(tensor.shape)", remedy: "export the network again")
        }
        switch tensor.contents {
        case .single(let elements):
            return isColumnMajor
                ? Matrix(rows: rows, columns: columns, columnMajor: elements)
                : Matrix(rows: rows, columns: columns, rowMajor: elements)
        case .double(let elements):
            return isColumnMajor
                ? Matrix(rows: rows, columns: columns, columnMajor: elements)
                : Matrix(rows: rows, columns: columns, rowMajor: elements)
        case .integer:
            throw node.refuse("multiplies by integers", remedy: "export the network with float weights")
        }
    }

    private mutating func linear(
        _ node: GraphNode, _ variable: Variable, _ matrix: Matrix, _ tensor: Tensor, shape: [Int]
    ) throws(ONNXError) -> Variable {
        let bias = [Double](repeating: 0, count: matrix.rows)
        let linear = Linear(weights: matrix, bias: bias, error: tensor.affineError)
        return try emit(node, .linear(linear), [variable.node], shape: shape)
    }

    /// Whether a block matrix with that many copies of the constant would be large.
    private func isLarge(_ tensor: Tensor, copies: Int) -> Bool {
        tensor.count.multipliedReportingOverflow(by: copies).partialValue > 1 << 20
    }

    /// The whole product as one sparse matrix over the variable's features.
    private mutating func blocks(
        _ node: GraphNode, _ tensor: Tensor, _ plan: ProductPlan, isConstantLeft: Bool
    ) throws(ONNXError) -> Matrix {
        let rows = try admit(plan.shape, for: node)
        try charge(checkedCount([rows, plan.inner]), for: node)
        let weights = tensor.reals
        let constants = isConstantLeft ? plan.left : plan.right
        let variables = isConstantLeft ? plan.right : plan.left
        let columns =
            (variables.offsets.max() ?? 0) + plan.inner * (isConstantLeft ? plan.columns : plan.rows)
        var matrix = SparseMatrix(rows: rows, columns: columns, rowStarts: [0], columnIndices: [], values: [])
        for batch in 0..<plan.batches {
            for row in 0..<plan.rows {
                for column in 0..<plan.columns {
                    let constantStart =
                        constants.offsets[batch] + (isConstantLeft ? row * plan.inner : column)
                    let variableStart =
                        variables.offsets[batch] + (isConstantLeft ? column : row * plan.inner)
                    for index in 0..<plan.inner {
                        let weight = weights[constantStart + index * constants.innerStride]
                        if weight == 0 { continue }
                        matrix.columnIndices.append(Int32(variableStart + index * variables.innerStride))
                        matrix.values.append(weight)
                    }
                    matrix.rowStarts.append(matrix.values.count)
                }
            }
        }
        return Matrix(matrix)
    }

    /// `x B` for many rows `x`: the rows become the places of an image, its columns the channels.
    private mutating func rowwise(
        _ node: GraphNode, _ variable: Variable, _ tensor: Tensor, copies: Int, _ plan: ProductPlan
    ) throws(ONNXError) -> Variable {
        let turned = try transpose(
            node, Variable(node: variable.node, shape: [copies, plan.inner]), order: [1, 0])
        let stored = tensor.reals
        var weights: [Double] = []
        weights.reserveCapacity(stored.count)
        for column in 0..<plan.columns {
            for index in 0..<plan.inner { weights.append(stored[index * plan.columns + column]) }
        }
        let image = try pointwise(
            node, turned, weights, tensor.affineError, copies: copies, shape: [plan.columns, copies])
        return try reshape(node, try transpose(node, image, order: [1, 0]), to: plan.shape)
    }

    /// A convolution with 1x1 windows of `[channels, copies]`, whose weights are `[output channels, channels]`.
    private mutating func pointwise(
        _ node: GraphNode, _ variable: Variable, _ weights: [Double], _ error: AffineError, copies: Int,
        shape: [Int]
    ) throws(ONNXError) -> Variable {
        let channels = variable.count / copies
        let outputs = weights.count / channels
        let image = try reshape(node, variable, to: [1, channels, 1, copies])
        var convolution = Convolution(
            input: (channels, 1, copies), outputChannels: outputs, kernel: (1, 1), weights: weights,
            bias: [Double](repeating: 0, count: outputs))
        convolution.error = error
        let result = try emit(node, .convolution(convolution), [image.node], shape: [1, outputs, 1, copies])
        return try reshape(node, result, to: shape)
    }
}

/// The sizes of a matrix product: batches of `rows x inner` times `inner x columns`.
struct ProductPlan {
    var batches: Int
    var rows: Int
    var inner: Int
    var columns: Int
    /// Of the result, without the dimensions that vectors do not have.
    var shape: [Int]
    var left: Side
    var right: Side

    struct Side {
        /// Where each batch's matrix starts.
        var offsets: [Int]
        /// How far apart neighbours along the inner dimension lie.
        var innerStride: Int
    }

    init(_ node: GraphNode, _ a: [Int], _ b: [Int]) throws(ONNXError) {
        func refusal() -> ONNXError {
            node.refuse(
                "multiplies shapes \(a) and \(b), which do not fit", remedy: "export the network again")
        }
        guard !a.isEmpty, !b.isEmpty, !a.contains(0), !b.contains(0) else { throw refusal() }
        let left = a.count == 1 ? [1] + a : a
        let right = b.count == 1 ? b + [1] : b
        rows = left[left.count - 2]
        inner = left[left.count - 1]
        columns = right[right.count - 1]
        guard inner == right[right.count - 2],
            let batch = broadcastShape(Array(left.dropLast(2)), Array(right.dropLast(2))),
            let count = checkedCount(batch + [rows, columns], limit: GraphReader.featureLimit), count > 0
        else { throw refusal() }
        batches = batch.reduce(1, *)
        shape = batch + (a.count == 1 ? [] : [rows]) + (b.count == 1 ? [] : [columns])
        func side(_ shape: [Int], size: Int, innerStride: Int) -> Side {
            let map = IndexMap.broadcast(Array(shape.dropLast(2)), to: batch)
            return Side(offsets: map.sources.map { Int($0) * size }, innerStride: innerStride)
        }
        self.left = side(left, size: rows * inner, innerStride: 1)
        self.right = side(right, size: inner * columns, innerStride: columns)
    }
}

extension Tensor {
    /// For the weights of an affine operator.
    var affineError: AffineError { AffineError(relative: error.relative, absolute: error.absolute) }
}
