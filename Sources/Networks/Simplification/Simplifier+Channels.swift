// Whole channels without a way in or out: of a convolution, through activations, elementwise maps and poolings, to
// convolutions and linear operators. A constant channel moves into their offsets, but not past padding, where it would
// be missing, unless it is zero.
extension Simplifier {
    mutating func removeChannels(_ index: Int) -> Bool {
        guard isLive(index), case .convolution(let convolution) = node(index).operation,
            convolution.groups == 1,
            convolution.error.absolute == 0, let path = channelPath(from: index)
        else { return false }
        let channels = convolution.outputChannels
        var isRead = [Bool](repeating: false, count: channels)
        for reader in path.readers {
            guard markChannels(reader, count: channels, &isRead) else { return false }
        }
        let hasPadding = path.readers.contains { node($0).operation.isPadded }
        let constants = (0..<channels).map { channel -> Uncertain? in
            guard convolution.hasNoWeights(channel: channel) else { return nil }
            let start = Uncertain(convolution.bias[channel], radius: convolution.error.offset(channel))
            guard let value = passed(start, channel: channel, of: channels, along: path.nodes) else {
                return nil
            }
            return hasPadding && !value.isZero ? nil : value
        }
        let kept = (0..<channels).filter { isRead[$0] && constants[$0] == nil }
        guard kept.count < channels else { return false }
        var folded: [(Int, Operator)] = []
        for reader in path.readers {
            guard let result = keeping(kept, of: channels, folding: constants, in: reader) else {
                return false
            }
            folded.append((reader, result))
        }
        if kept.isEmpty {
            for (reader, operation) in folded {
                setConstant(reader, operation.offsetValues(node(reader).count))
            }
            return true
        }
        for (reader, operation) in folded { set(reader, operation) }
        set(index, .convolution(convolution.keepingOutputs(kept)))
        set(index, shape: [kept.count] + node(index).shape.dropFirst())
        for place in path.nodes { keep(kept, of: channels, at: place) }
        return true
    }

    /// The nodes that work on each channel alone, and the nodes that read the last of them: linear ones, or, when no
    /// reshape lies between, convolutions.
    private func channelPath(from start: Int) -> (nodes: [Int], readers: [Int])? {
        var nodes: [Int] = []
        var current = start
        var isFlat = false
        while !isOutput(current) {
            guard readers[current].count == 1 else { return (nodes, readers[current]) }
            let next = readers[current][0]
            switch node(next).operation {
            case .activation, .elementwise: break
            case .maxPool: if isFlat { return nil }
            case .reshape: isFlat = true
            case .convolution: return isFlat ? nil : (nodes, [next])
            case .linear: return (nodes, [next])
            case .input, .select, .sum: return nil
            }
            current = next
            nodes.append(current)
        }
        return nil
    }

    /// Sets the channels that a node reads; false when the node reads channels in a way that is not known.
    private func markChannels(_ index: Int, count: Int, _ isRead: inout [Bool]) -> Bool {
        switch node(index).operation {
        case .linear(let linear):
            guard linear.error.absolute == 0 else { return false }
            var columns = [Bool](repeating: false, count: linear.weights.columns)
            linear.weights.markColumns(&columns)
            let size = columns.count / count
            for column in columns.indices where columns[column] { isRead[column / size] = true }
            return true
        case .convolution(let convolution):
            guard convolution.groups == 1, convolution.error.absolute == 0, convolution.inputChannels == count
            else {
                return false
            }
            let taps = convolution.kernelHeight * convolution.kernelWidth
            for (place, weight) in convolution.weights.enumerated() where weight != 0 {
                isRead[place / taps % count] = true
            }
            return true
        case .input, .elementwise, .select, .reshape, .sum, .activation, .maxPool: return false
        }
    }

    /// A constant channel after the operators of a path; nil when it is no longer one finite number.
    private func passed(_ constant: Uncertain, channel: Int, of channels: Int, along path: [Int])
        -> Uncertain?
    {
        var value = constant
        for index in path {
            switch node(index).operation {
            case .activation(let activation): value = activation.applied(to: value)
            case .elementwise(let map):
                guard map.error.absolute == 0, let map = map.perChannel(channels) else { return nil }
                var sum = UncertainSum(Uncertain(map.offset[channel], radius: map.error.offset(channel)))
                sum.add(Uncertain(weight: map.scale[channel], relative: map.error.relative), times: value)
                value = sum.result
            default: break
            }
        }
        return value.isFinite ? value : nil
    }

    private func keeping(
        _ kept: [Int], of channels: Int, folding constants: [Uncertain?], in reader: Int
    ) -> Operator? {
        switch node(reader).operation {
        case .linear(let linear):
            let size = linear.weights.columns / channels
            let columns = kept.flatMap { $0 * size..<($0 + 1) * size }
            let values = constants.flatMap { [Uncertain?](repeating: $0, count: size) }
            return linear.keepingColumns(columns, folding: values).map { .linear($0) }
        case .convolution(let convolution):
            return convolution.keepingInputs(kept, folding: constants).map { .convolution($0) }
        default: return nil
        }
    }

    private mutating func keep(_ kept: [Int], of channels: Int, at index: Int) {
        let node = node(index)
        let size = node.count / channels
        switch node.operation {
        case .elementwise(let map):
            set(index, .elementwise(map.keeping(kept.flatMap { $0 * size..<($0 + 1) * size })))
        case .maxPool(var pooling):
            pooling.channels = kept.count
            set(index, .maxPool(pooling))
        case .input, .linear, .convolution, .select, .reshape, .sum, .activation: break
        }
        let isImage = node.shape.count == 3 && node.shape[0] == channels
        set(index, shape: isImage ? [kept.count] + node.shape.dropFirst() : [kept.count * size])
    }
}

extension Operator {
    fileprivate var isPadded: Bool {
        guard case .convolution(let convolution) = self else { return false }
        return max(
            convolution.paddingTop, convolution.paddingLeft, convolution.paddingBottom,
            convolution.paddingRight) > 0
    }

    /// The offsets of an affine operator, one for each of its features.
    fileprivate func offsetValues(_ count: Int) -> [Uncertain] {
        switch self {
        case .linear(let linear): return linear.bias.indices.map(linear.offset)
        case .convolution(let convolution):
            let size = count / convolution.outputChannels
            return (0..<count).map {
                Uncertain(convolution.bias[$0 / size], radius: convolution.error.offset($0 / size))
            }
        default: return []
        }
    }
}

extension Convolution {
    fileprivate func hasNoWeights(channel: Int) -> Bool {
        weights[channel * windowCount..<(channel + 1) * windowCount].allSatisfy { $0 == 0 }
    }

    fileprivate func keepingOutputs(_ kept: [Int]) -> Convolution {
        var result = self
        result.outputChannels = kept.count
        result.weights = kept.flatMap { weights[$0 * windowCount..<($0 + 1) * windowCount] }
        result.bias = kept.map { bias[$0] }
        if !error.offsets.isEmpty { result.error.offsets = kept.map { error.offsets[$0] } }
        return result
    }

    /// Reads only some channels; those of the others that are known move into the offsets, the rest are zero.
    fileprivate func keepingInputs(_ kept: [Int], folding constants: [Uncertain?]) -> Convolution? {
        let taps = kernelHeight * kernelWidth
        var result = self
        result.inputChannels = kept.count
        result.weights = []
        var offsets: [Uncertain] = []
        for output in 0..<outputChannels {
            var sum = UncertainSum(Uncertain(bias[output], radius: error.offset(output)))
            let start = output * windowCount
            for channel in kept {
                result.weights += weights[start + channel * taps..<start + (channel + 1) * taps]
            }
            for (channel, constant) in constants.enumerated() {
                guard let constant, !constant.isZero else { continue }
                for place in start + channel * taps..<start + (channel + 1) * taps {
                    sum.add(Uncertain(weight: weights[place], relative: error.relative), times: constant)
                }
            }
            offsets.append(sum.result)
        }
        guard offsets.allSatisfy(\.isFinite) else { return nil }
        result.bias = offsets.map(\.value)
        result.error = AffineError(relative: error.relative, radii: offsets.map(\.radius))
        return result
    }
}
