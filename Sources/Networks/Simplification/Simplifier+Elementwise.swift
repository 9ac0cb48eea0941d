// Elementwise maps disappear into the affine operators next to them, which gain no nonzeros by it.
extension Simplifier {
    /// Into the affine operator before it, when nothing else reads that.
    mutating func foldIntoOperand(_ index: Int) -> Bool {
        guard isLive(index), index > 0, case .elementwise(let map) = node(index).operation else {
            return false
        }
        let source = operand(index)
        guard isReadOnce(source) else { return false }
        let folded: Operator?
        switch node(source).operation {
        case .linear(let linear): folded = linear.scaled(by: map).map { .linear($0) }
        case .convolution(let convolution):
            folded = map.perChannel(convolution.outputChannels).flatMap(convolution.scaled(by:)).map {
                .convolution($0)
            }
        case .elementwise(let inner): folded = map.applied(to: inner).map { .elementwise($0) }
        default: folded = nil
        }
        guard let folded else { return false }
        set(source, folded)
        replace(index, by: source)
        return true
    }

    /// Into all operators after it, when each is linear, or a convolution that sees the offset everywhere.
    mutating func foldIntoReaders(_ index: Int) -> Bool {
        guard isLive(index), index > 0, !isOutput(index), case .elementwise(let map) = node(index).operation
        else {
            return false
        }
        let areAffine = readers[index].allSatisfy {
            switch node($0).operation {
            case .linear, .convolution: true
            default: false
            }
        }
        guard areAffine else { return false }
        var folded: [(Int, Operator)] = []
        for reader in readers[index] {
            switch node(reader).operation {
            case .linear(let linear):
                guard let result = linear.applied(to: map) else { return false }
                folded.append((reader, .linear(result)))
            case .convolution(let convolution):
                guard let channels = map.perChannel(convolution.inputChannels),
                    let result = convolution.applied(to: channels)
                else { return false }
                folded.append((reader, .convolution(result)))
            default: return false
            }
        }
        for (reader, operation) in folded { set(reader, operation) }
        replace(index, by: operand(index))
        return true
    }
}

extension Elementwise {
    /// One number per channel, when the map is the same all over each.
    func perChannel(_ channels: Int) -> Elementwise? {
        let size = scale.count / channels
        let starts = stride(from: 0, to: scale.count, by: size)
        for start in starts {
            for index in start..<start + size {
                guard scale[index] == scale[start], offset[index] == offset[start],
                    error.offset(index) == error.offset(start)
                else { return nil }
            }
        }
        var result = Elementwise(
            scale: starts.map { scale[$0] }, offset: starts.map { offset[$0] }, error: error)
        if !error.offsets.isEmpty { result.error.offsets = starts.map { error.offsets[$0] } }
        return result
    }

    /// This map after another.
    func applied(to inner: Elementwise) -> Elementwise? {
        guard error.absolute == 0, inner.error.absolute == 0 else { return nil }
        var builder = LinearBuilder(columns: scale.count)
        var result = self
        var radii: [Double] = []
        for index in scale.indices {
            let outerScale = Uncertain(weight: scale[index], relative: error.relative)
            var product = UncertainSum()
            product.add(
                outerScale, times: Uncertain(weight: inner.scale[index], relative: inner.error.relative))
            var sum = UncertainSum(Uncertain(offset[index], radius: error.offset(index)))
            sum.add(outerScale, times: Uncertain(inner.offset[index], radius: inner.error.offset(index)))
            guard builder.append(product.result, column: Int32(index)), sum.result.isFinite else {
                return nil
            }
            result.scale[index] = product.result.value
            result.offset[index] = sum.result.value
            radii.append(sum.result.radius)
        }
        result.error = AffineError(relative: builder.linear.error.relative, radii: radii)
        return result
    }
}

extension Convolution {
    /// Weights per output channel.
    var windowCount: Int { inputChannels / groups * kernelHeight * kernelWidth }

    /// A channel-wise map after the convolution.
    func scaled(by map: Elementwise) -> Convolution? {
        guard let linear = asRows.scaled(by: map) else { return nil }
        return replacing(linear)
    }

    /// A channel-wise map before the convolution, whose offset must not meet padding.
    func applied(to map: Elementwise) -> Convolution? {
        let hasPadding = max(paddingTop, paddingLeft, paddingBottom, paddingRight) > 0
        let hasOffset = map.offset.contains { $0 != 0 } || map.error.offsets.contains { $0 != 0 }
        if hasPadding && hasOffset { return nil }
        let taps = kernelHeight * kernelWidth
        let channels = inputChannels / groups
        var rows: [Linear] = []
        for group in 0..<groups {
            let range = group * channels..<(group + 1) * channels
            var spread = Elementwise(
                scale: map.scale[range].flatMap { [Double](repeating: $0, count: taps) },
                offset: map.offset[range].flatMap { [Double](repeating: $0, count: taps) }, error: map.error)
            if !map.error.offsets.isEmpty {
                spread.error.offsets = map.error.offsets[range].flatMap {
                    [Double](repeating: $0, count: taps)
                }
            }
            let outputs = outputChannels / groups
            let selection = Selection(
                sources: (group * outputs..<(group + 1) * outputs).map { Int32($0) },
                constants: [Double](repeating: 0, count: outputs))
            guard let part = asRows.selecting(selection).applied(to: spread) else { return nil }
            rows.append(part)
        }
        let radii = rows.flatMap { part in part.bias.indices.map { part.error.offset($0) } }
        let relative = rows.reduce(0) { max($0, $1.error.relative) }
        var result = self
        result.weights = rows.flatMap(\.weights.dense)
        result.bias = rows.flatMap(\.bias)
        result.error = AffineError(relative: relative, radii: radii)
        return result
    }

    /// The weights as a matrix with a row per output channel.
    private var asRows: Linear {
        Linear(
            weights: .dense(rows: outputChannels, columns: windowCount, values: weights), bias: bias,
            error: error)
    }

    private func replacing(_ rows: Linear) -> Convolution {
        var result = self
        result.weights = rows.weights.dense
        result.bias = rows.bias
        result.error = rows.error
        return result
    }
}
