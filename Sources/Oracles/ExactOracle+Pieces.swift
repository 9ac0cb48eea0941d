import BigInt
import Intervals
import Networks
import Properties

extension ExactOracle {
    typealias PieceVisitor = (Polytope, _ inputs: [AffineForm], _ outputs: [AffineForm]) throws(Failure) ->
        Bool

    /// Visits polytopes that cover the region, on each of which the network is affine.
    ///
    /// - Parameter visit: returns false to end.
    func forEachPiece(over region: InputRegion, _ visit: PieceVisitor) throws(Failure) {
        guard let cell = try polytope(of: region) else { return }
        let inputs = (0..<network.inputCount).map { AffineForm.input($0, of: network.inputCount) }
        var pieces = 0
        try explore(Piece(cell: cell, values: [inputs], partial: []), &pieces, inputs: inputs, visit)
    }

    /// A cell, the values of all nodes so far, and those of the node being worked on.
    struct Piece {
        var cell: Polytope
        var values: [[AffineForm]]
        var partial: [AffineForm]
        /// The maximum so far and the candidates left, within a pooling window.
        var best: AffineForm?
        var candidates: [Int] = []
    }

    /// A box has a vertex for every choice of ends.
    private static let inputLimit = 8

    private func polytope(of region: InputRegion) throws(Failure) -> Polytope? {
        var ends: [(lower: ExactDecimal, upper: ExactDecimal)] = []
        for index in 0..<region.count {
            guard let lower = region.exactLower(index), let upper = region.exactUpper(index) else {
                throw Failure(description: "an end of input \(index) is not known exactly")
            }
            if lower > upper { return nil }
            ends.append((lower, upper))
        }
        guard ends.count(where: { $0.lower != $0.upper }) <= Self.inputLimit else {
            throw Failure(description: "more than \(Self.inputLimit) inputs vary")
        }
        let power = ends.reduce(0) { min($0, $1.lower.powerOfTen, $1.upper.powerOfTen) }
        func numerator(_ end: ExactDecimal) -> BigInt {
            let digits = BigInt(end.digits) ?? 0
            return (end.sign < 0 ? -digits : digits) * BigInt(10).power(end.powerOfTen - power)
        }
        return Polytope(
            lower: ends.map { numerator($0.lower) }, upper: ends.map { numerator($0.upper) },
            denominator: BigInt(10).power(-power))
    }

    /// - Returns: false when the visitor ended it.
    @discardableResult
    private func explore(
        _ start: Piece, _ pieces: inout Int, inputs: [AffineForm], _ visit: PieceVisitor
    ) throws(Failure) -> Bool {
        var piece = start
        while piece.values.count < network.nodes.count {
            let node = network.nodes[piece.values.count]
            let next: (AffineForm, keepsPositive: AffineForm, keepsNegative: AffineForm)?
            switch node.operation {
            case .activation(.smooth): throw Failure(description: "\(node.name) has no exact values: it is smooth")
            case .activation(let activation):
                next = split(activation, of: node, in: &piece)
            case .maxPool(let pooling):
                next = split(pooling, of: node, in: &piece)
            case .input, .linear, .convolution, .elementwise, .select, .reshape, .sum:
                piece.values.append(try affineValues(of: node, piece.values))
                next = nil
            }
            guard let (form, positive, negative) = next else { continue }
            guard !piece.cell.isFull else { throw Failure(description: "too many neurons change sign") }
            for (isNegative, kept) in [(false, positive), (true, negative)] {
                var branch = piece
                branch.cell = piece.cell.cut(form, negated: isNegative)
                branch.keep(kept)
                guard try explore(branch, &pieces, inputs: inputs, visit) else { return false }
            }
            return true
        }
        pieces += 1
        guard pieces <= pieceLimit else {
            throw Failure(description: "more than \(pieceLimit) linear pieces")
        }
        return try visit(piece.cell, inputs, piece.values[network.output])
    }
}

// MARK: - One node

extension ExactOracle {
    /// Goes on until a neuron changes sign within the cell; nil when the node is finished without.
    private func split(
        _ activation: Activation, of node: Node, in piece: inout Piece
    ) -> (AffineForm, keepsPositive: AffineForm, keepsNegative: AffineForm)? {
        let operand = piece.values[node.inputs[0]]
        while piece.partial.count < node.count {
            let form = operand[piece.partial.count]
            let low =
                switch activation {
                case .relu: AffineForm.zero(inputs: form.terms.count - 1)
                case .leakyRelu(let slope): form.scaled(by: slope)
                case .smooth: preconditionFailure("smooth activations are refused before they are split")
                }
            let signs = piece.cell.signs(of: form)
            if signs.negative && signs.positive { return (form, form, low) }
            piece.partial.append(signs.negative ? low : form)
        }
        piece.finishNode()
        return nil
    }

    private func split(
        _ pooling: Pooling, of node: Node, in piece: inout Piece
    ) -> (AffineForm, keepsPositive: AffineForm, keepsNegative: AffineForm)? {
        let operand = piece.values[node.inputs[0]]
        while piece.partial.count < node.count {
            if piece.best == nil {
                piece.candidates = window(of: pooling, at: piece.partial.count)
                piece.best = operand[piece.candidates.removeLast()]
            }
            while let best = piece.best, let candidate = piece.candidates.popLast() {
                var difference = operand[candidate]
                difference.add(best, times: -1)
                let signs = piece.cell.signs(of: difference)
                if signs.negative && signs.positive { return (difference, operand[candidate], best) }
                if signs.positive { piece.best = operand[candidate] }
            }
            if let best = piece.best { piece.partial.append(best) }
            piece.best = nil
        }
        piece.finishNode()
        return nil
    }

    private func window(of pooling: Pooling, at feature: Int) -> [Int] {
        let positions = pooling.outputHeight * pooling.outputWidth
        let (channel, position) = feature.quotientAndRemainder(dividingBy: positions)
        let top = position / pooling.outputWidth * pooling.strideHeight - pooling.paddingTop
        let left = position % pooling.outputWidth * pooling.strideWidth - pooling.paddingLeft
        var places: [Int] = []
        for kernelRow in 0..<pooling.kernelHeight {
            for kernelColumn in 0..<pooling.kernelWidth {
                let row = top + kernelRow * pooling.dilationHeight
                let column = left + kernelColumn * pooling.dilationWidth
                guard row >= 0, row < pooling.inputHeight, column >= 0, column < pooling.inputWidth else {
                    continue
                }
                places.append((channel * pooling.inputHeight + row) * pooling.inputWidth + column)
            }
        }
        return places
    }
}

extension ExactOracle.Piece {
    /// The chosen phase's value of the feature that was split on.
    mutating func keep(_ form: AffineForm) {
        if best == nil { partial.append(form) } else { best = form }
    }

    mutating func finishNode() {
        values.append(partial)
        partial = []
    }
}
