// Chains and sums of linear operators, and selections next to them.
extension Simplifier {
    /// A linear operator that only selections read, which together take no row twice: each becomes its part.
    mutating func selectRows(_ index: Int) -> Bool {
        guard isLive(index), !isOutput(index), case .linear(let linear) = node(index).operation else {
            return false
        }
        var parts: [(reader: Int, selection: Selection)] = []
        var isTaken = [Bool](repeating: false, count: linear.bias.count)
        for reader in readers[index] {
            guard case .select(let selection) = node(reader).operation else { return false }
            for row in selection.sources {
                // With an absolute error a row of zeros would not be exactly zero.
                guard row >= 0 || linear.error.absolute == 0 else { return false }
                if row < 0 { continue }
                if isTaken[Int(row)] { return false }
                isTaken[Int(row)] = true
            }
            parts.append((reader, selection))
        }
        for part in parts {
            set(part.reader, .linear(linear.selecting(part.selection)))
            set(part.reader, inputs: [operand(index)])
        }
        return true
    }

    /// A linear operator of a selection, or of another linear operator when that adds no nonzeros.
    mutating func mergeWithOperand(_ index: Int) -> Bool {
        guard isLive(index), case .linear(let outer) = node(index).operation, index > 0 else { return false }
        let source = operand(index)
        let merged: Linear?
        switch node(source).operation {
        case .select(let selection):
            let inner = Linear(selection, columns: node(operand(source)).count)
            merged = outer.applied(to: inner, nonzeroLimit: outer.weights.nonzeros)
        case .linear(let inner):
            guard isReadOnce(source) else { return false }
            merged = outer.applied(to: inner, nonzeroLimit: outer.weights.nonzeros + inner.weights.nonzeros)
        default: return false
        }
        guard let merged else { return false }
        set(index, .linear(merged))
        set(index, inputs: [operand(source)])
        return true
    }

    /// Terms of a sum that are linear operators, or selections of different features, of one value.
    mutating func mergeTerms(_ index: Int) -> Bool {
        guard isLive(index), case .sum = node(index).operation else { return false }
        let terms = node(index).inputs
        for (position, first) in terms.enumerated() {
            for second in terms[(position + 1)...]
            where first != second && node(second).inputs == node(first).inputs {
                guard let merged = merge(first, second) else { continue }
                let rest = terms.filter { $0 != first && $0 != second }
                let later = max(first, second)
                set(later, merged)
                if rest.isEmpty {
                    replace(index, by: later)
                } else {
                    set(index, inputs: (rest + [later]).sorted())
                }
                return true
            }
        }
        return false
    }

    private func merge(_ first: Int, _ second: Int) -> Operator? {
        guard isReadOnce(first), isReadOnce(second) else { return nil }
        switch (node(first).operation, node(second).operation) {
        case (.linear(let a), .linear(let b)):
            return a.adding(b).map { .linear($0) }
        case (.select(let a), .select(let b)):
            var merged = a
            for place in a.sources.indices {
                if a.sources[place] >= 0 {
                    guard b.sources[place] < 0, b.constants[place] == 0 else { return nil }
                } else {
                    guard a.constants[place] == 0 || b.sources[place] < 0 && b.constants[place] == 0 else {
                        return nil
                    }
                    if a.constants[place] != 0 { continue }
                    merged.sources[place] = b.sources[place]
                    merged.constants[place] = b.constants[place]
                }
            }
            return .select(merged)
        default: return nil
        }
    }
}
