// Reshapes and selections: skipped where nobody notices, absorbed by what comes before or after.
extension Simplifier {
    /// Leaves out a node that does nothing.
    mutating func skip(_ index: Int) -> Bool {
        guard isLive(index), index > 0 else { return false }
        let node = node(index)
        let source = node.inputs[0]
        let hasOperandShape = self.node(source).shape == node.shape
        switch node.operation {
        case .reshape:
            guard hasOperandShape else { return false }
        case .select(let selection):
            let isIdentity =
                selection.sources.count == self.node(source).count
                && selection.sources.enumerated().allSatisfy { $0 == Int($1) }
            guard isIdentity else { return false }
            if !hasOperandShape {
                set(index, .reshape)
                return true
            }
        case .elementwise(let map):
            guard map.error.isExact, map.scale.allSatisfy({ $0 == 1 }), map.offset.allSatisfy({ $0 == 0 })
            else {
                return false
            }
        case .activation(.relu), .activation(.leakyRelu):
            guard case .activation(.relu) = self.node(source).operation else { return false }
        case .activation(.smooth): return false
        case .sum, .input, .linear, .convolution, .maxPool: return false
        }
        replace(index, by: source)
        return true
    }

    /// An activation or elementwise map of a reshape, whose readers ignore shapes, works before the reshape as well.
    mutating func moveBeforeReshape(_ index: Int) -> Bool {
        guard isLive(index), !isOutput(index), index > 0 else { return false }
        switch node(index).operation {
        case .activation, .elementwise: break
        default: return false
        }
        let reshape = operand(index)
        guard case .reshape = node(reshape).operation,
            readers[index].allSatisfy({ node($0).operation.ignoresShape })
        else { return false }
        set(index, shape: node(operand(reshape)).shape)
        set(index, inputs: [operand(reshape)])
        return true
    }

    /// Reshapes before operators that ignore shapes, after operators that can make any shape, and of the input.
    mutating func absorbReshape(_ index: Int) -> Bool {
        guard isLive(index) else { return false }
        if index == 0 { return reshapeInput() }
        let source = operand(index)
        let node = node(index)
        if node.operation.ignoresShape, case .reshape = self.node(source).operation {
            set(index, inputs: [operand(source)])
            return true
        }
        guard case .reshape = node.operation, isReadOnce(source) else { return false }
        switch self.node(source).operation {
        case .linear, .select:
            set(source, shape: node.shape)
            replace(index, by: source)
            return true
        default: return false
        }
    }

    private mutating func reshapeInput() -> Bool {
        guard !isOutput(0) else { return false }
        var shape: [Int]?
        for reader in readers[0] {
            let node = node(reader)
            guard node.operation.ignoresShape else { return false }
            if case .reshape = node.operation {
                guard shape == nil || shape == node.shape else { return false }
                shape = node.shape
            }
        }
        guard let shape, shape != node(0).shape else { return false }
        set(0, shape: shape)
        return true
    }

    /// A selection of a selection is one.
    mutating func composeSelections(_ index: Int) -> Bool {
        guard isLive(index), case .select(let outer) = node(index).operation else { return false }
        guard case .select(let inner) = node(operand(index)).operation else { return false }
        var composed = outer
        for (place, source) in outer.sources.enumerated() where source >= 0 {
            composed.sources[place] = inner.sources[Int(source)]
            composed.constants[place] = inner.constants[Int(source)]
        }
        set(index, .select(composed))
        set(index, inputs: [operand(operand(index))])
        return true
    }

    /// Windows of one element select.
    mutating func simplifyPooling(_ index: Int) -> Bool {
        guard isLive(index), case .maxPool(let pooling) = node(index).operation,
            pooling.kernelHeight == 1, pooling.kernelWidth == 1
        else { return false }
        var sources: [Int32] = []
        for channel in 0..<pooling.channels {
            for row in pooling.windowsAlongHeight {
                for column in pooling.windowsAlongWidth {
                    let place = (channel * pooling.inputHeight + row[0]) * pooling.inputWidth + column[0]
                    sources.append(Int32(place))
                }
            }
        }
        let constants = [Double](repeating: 0, count: sources.count)
        set(index, .select(Selection(sources: sources, constants: constants)))
        return true
    }
}
