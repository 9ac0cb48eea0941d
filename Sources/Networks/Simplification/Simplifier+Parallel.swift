// Relus of parallel preactivations. With c > 0, relu(c z) = c relu(z), so that neurons whose rows are positive
// multiples of each other become one; and relu(-c z) = c relu(z) - c z, so that of two opposite neurons one stays,
// beside a linear term that bypasses the relu. Networks that write min and max as ½(a + b) ± ½|a - b| have four neurons
// for each and lose three of them: relu(s) - relu(-s) = s, and relu(d) + relu(-d) = 2 relu(d) - d. What remains is
// also far easier to bound, since relaxing two opposite relus apart forgets that they belong together.
//
// The same goes without relus for features that are equal: one is enough.
//
// Only factors that are powers of two are looked for: they are exact, and the others never occur by accident.
extension Simplifier {
    mutating func mergeParallelNeurons(_ index: Int) -> Bool {
        guard isLive(index), index > 0, isReadOnce(index), case .linear(let linear) = node(index).operation,
            linear.error.isExact
        else { return false }
        let relu = readers[index][0]
        guard case .activation(.relu) = node(relu).operation, !isOutput(relu) else { return false }
        var consumers: [(index: Int, linear: Linear)] = []
        var isRead = [Bool](repeating: false, count: linear.bias.count)
        for reader in readers[relu] {
            guard case .linear(let consumer) = node(reader).operation, consumer.error.absolute == 0 else {
                return false
            }
            consumer.weights.markColumns(&isRead)
            consumers.append((reader, consumer))
        }
        guard let multiples = linear.parallelRows(among: isRead) else { return false }
        var merged: [(index: Int, parts: (relus: Linear, bypass: Linear))] = []
        for (reader, consumer) in consumers {
            guard let parts = consumer.merging(multiples) else { return false }
            merged.append((reader, parts))
        }
        for (reader, parts) in merged { set(reader, .linear(parts.relus)) }
        // From the back, so that the indices of the others stay.
        for (reader, parts) in merged.sorted(by: { $0.index > $1.index }) where parts.bypass.weights.nonzeros > 0 {
            addBypass(of: index, around: reader, parts.bypass)
        }
        return true
    }

    /// Features of a linear operator, or of a sum of some, that are always equal become one.
    mutating func mergeEqualFeatures(_ index: Int) -> Bool {
        guard isLive(index), index > 0, !isOutput(index) else { return false }
        let parts: [Int]
        switch node(index).operation {
        case .linear: parts = [index]
        case .sum: parts = node(index).inputs
        case .input, .convolution, .elementwise, .select, .reshape, .activation, .maxPool: return false
        }
        var terms: [Linear] = []
        for part in parts {
            guard case .linear(let linear) = node(part).operation, linear.error.isExact,
                part == index || isReadOnce(part)
            else { return false }
            terms.append(linear)
        }
        var consumers: [(index: Int, linear: Linear)] = []
        for reader in readers[index] {
            guard case .linear(let linear) = node(reader).operation, linear.error.absolute == 0 else { return false }
            consumers.append((reader, linear))
        }
        let firsts = firstEqualRows(terms)
        let kept = firsts.indices.filter { firsts[$0] == $0 }
        guard kept.count < firsts.count else { return false }
        let multiples = firsts.map { RowMultiple(row: $0, factor: 1) }
        let nothing = [Uncertain?](repeating: nil, count: firsts.count)
        var merged: [(Int, Linear)] = []
        for (reader, linear) in consumers {
            guard let joined = linear.merging(multiples)?.relus,
                let narrow = joined.keepingColumns(kept, folding: nothing)
            else { return false }
            merged.append((reader, narrow))
        }
        for (reader, linear) in merged { set(reader, .linear(linear)) }
        let rows = Selection(sources: kept.map { Int32($0) }, constants: [Double](repeating: 0, count: kept.count))
        for (part, linear) in zip(parts, terms) {
            set(part, .linear(linear.selecting(rows)))
            set(part, shape: [kept.count])
        }
        set(index, shape: [kept.count])
        return true
    }

    /// Adds to a node a linear function of the linear operator `source`.
    private mutating func addBypass(of source: Int, around reader: Int, _ bypass: Linear) {
        guard case .linear(let linear) = node(source).operation else { return }
        var isRead = [Bool](repeating: false, count: linear.bias.count)
        bypass.weights.markColumns(&isRead)
        let kept = isRead.indices.filter { isRead[$0] }
        guard let narrow = bypass.keepingColumns(kept, folding: [Uncertain?](repeating: nil, count: isRead.count))
        else { preconditionFailure("leaving out columns of zeros changed a bypass") }
        let rows = Selection(sources: kept.map { Int32($0) }, constants: [Double](repeating: 0, count: kept.count))
        let name = node(source).name
        let shape = node(reader).shape
        insert(
            [
                Node(
                    name: "\(name), bypassed", operation: .linear(linear.selecting(rows)),
                    inputs: node(source).inputs, shape: [kept.count]),
                Node(name: "\(name), bypass", operation: .linear(narrow), inputs: [reader], shape: shape),
            ], before: reader)
        let moved = reader + 2
        insert(
            [Node(name: "\(node(moved).name), with bypass", operation: .sum, inputs: [], shape: shape)],
            before: moved + 1)
        replace(moved, by: moved + 1)
        set(moved + 1, inputs: [reader + 1, moved])
    }
}

/// A row that is a multiple of another.
struct RowMultiple {
    var row: Int
    /// A power of two, or the negative of one.
    var factor: Double
}

/// Per row the first row that equals it in all of some operators.
private func firstEqualRows(_ terms: [Linear]) -> [Int] {
    let matrices = terms.map(\.weights.sparse)
    func row(_ index: Int, of matrix: SparseMatrix) -> (ArraySlice<Int32>, ArraySlice<Double>) {
        let places = matrix.rowStarts[index]..<matrix.rowStarts[index + 1]
        return (matrix.columnIndices[places], matrix.values[places])
    }
    var candidates: [Int: [Int]] = [:]
    return terms[0].bias.indices.map { index in
        var hasher = Hasher()
        for (term, matrix) in zip(terms, matrices) {
            hasher.combine(term.bias[index])
            let (columns, values) = row(index, of: matrix)
            hasher.combine(columns)
            hasher.combine(values)
        }
        let key = hasher.finalize()
        let equal = candidates[key, default: []].first { other in
            zip(terms, matrices).allSatisfy { term, matrix in
                term.bias[index] == term.bias[other] && row(index, of: matrix) == row(other, of: matrix)
            }
        }
        if let equal { return equal }
        candidates[key, default: []].append(index)
        return index
    }
}

extension Linear {
    /// Per row the earlier row that it is a multiple of, itself where there is none; nil when nothing would be gained.
    ///
    /// Opposite rows count only when they are many, because each layer with some gets a bypass.
    fileprivate func parallelRows(among isWanted: [Bool]) -> [RowMultiple]? {
        let matrix = weights.sparse
        var result = bias.indices.map { RowMultiple(row: $0, factor: 1) }
        var candidates: [Int: [Int]] = [:]
        var positive = 0
        var negative = 0
        for row in bias.indices where isWanted[row] {
            guard let key = matrix.directionHash(row, bias: bias[row]) else { continue }
            let found = candidates[key, default: []].lazy.compactMap { other -> RowMultiple? in
                guard let factor = matrix.factor(of: row, over: other, bias: bias) else { return nil }
                return RowMultiple(row: other, factor: factor)
            }.first
            if let found {
                result[row] = found
                if found.factor > 0 { positive += 1 } else { negative += 1 }
            } else {
                candidates[key, default: []].append(row)
            }
        }
        if negative * 8 < bias.count {
            for row in result.indices where result[row].factor < 0 { result[row] = RowMultiple(row: row, factor: 1) }
            negative = 0
        }
        return positive + negative > 0 ? result : nil
    }

    /// The same function of relus of which some are multiples of others: of those that stay, and of what bypasses them.
    fileprivate func merging(_ multiples: [RowMultiple]) -> (relus: Linear, bypass: Linear)? {
        let matrix = weights.sparse
        var relus = LinearBuilder(columns: matrix.columns)
        var bypass = LinearBuilder(columns: matrix.columns)
        var relusRow = SparseRow(columns: matrix.columns)
        var bypassRow = SparseRow(columns: matrix.columns)
        for row in 0..<matrix.rows {
            for place in matrix.rowStarts[row]..<matrix.rowStarts[row + 1] {
                let multiple = multiples[Int(matrix.columnIndices[place])]
                let weight = Uncertain(weight: matrix.values[place], relative: error.relative)
                let column = Int32(multiple.row)
                relusRow.add(Uncertain(multiple.factor.magnitude), times: weight, column: column)
                if multiple.factor < 0 { bypassRow.add(Uncertain(multiple.factor), times: weight, column: column) }
            }
            guard relusRow.drain(into: &relus), bypassRow.drain(into: &bypass), relus.endRow(offset(row)),
                bypass.endRow(Uncertain(0))
            else { return nil }
        }
        return (relus.linear, bypass.linear)
    }
}

extension SparseMatrix {
    /// The same for rows that are multiples of each other by powers of two and their negatives; nil for rows without
    /// weights, and with numbers so small that their multiples may round.
    fileprivate func directionHash(_ row: Int, bias: Double) -> Int? {
        let places = rowStarts[row]..<rowStarts[row + 1]
        guard let first = places.first(where: { values[$0] != 0 }) else { return nil }
        guard values[first].magnitude > 0x1p-400, values[first].magnitude < 0x1p400 else { return nil }
        let unit = Double(sign: values[first].sign, exponent: values[first].exponent, significand: 1)
        var hasher = Hasher()
        for place in places where values[place] != 0 {
            guard values[place].magnitude > 0x1p-400, values[place].magnitude < 0x1p400 else { return nil }
            hasher.combine(columnIndices[place])
            hasher.combine(values[place] / unit)
        }
        guard bias == 0 || bias.magnitude > 0x1p-400 && bias.magnitude < 0x1p400 else { return nil }
        hasher.combine(bias / unit)
        return hasher.finalize()
    }

    /// The power of two, or the negative of one, by which a row is a multiple of another, offset included.
    fileprivate func factor(of row: Int, over other: Int, bias: [Double]) -> Double? {
        let places = rowStarts[row]..<rowStarts[row + 1]
        let others = rowStarts[other]..<rowStarts[other + 1]
        guard places.count == others.count, let first = places.first, let otherFirst = others.first,
            values[otherFirst] != 0
        else { return nil }
        let factor = values[first] / values[otherFirst]
        guard factor.significand == 1, bias[row] == factor * bias[other] else { return nil }
        for (place, otherPlace) in zip(places, others) {
            guard columnIndices[place] == columnIndices[otherPlace], values[place] == factor * values[otherPlace]
            else { return nil }
        }
        return factor
    }
}
