// What training and pruning keep of a network besides its function: which elementwise maps are batch normalisations.

/// A batch normalisation of an image's channels, or of a vector's features:
/// `y = scale (x - mean) / sqrt(variance + epsilon) + offset`.
public struct BatchNormalization: Sendable, Equatable {
    /// One number per channel, in all four.
    public var scale: [Double]
    public var offset: [Double]
    public var mean: [Double]
    public var variance: [Double]
    public var epsilon: Double

    public init(scale: [Double], offset: [Double], mean: [Double], variance: [Double], epsilon: Double) {
        self.scale = scale
        self.offset = offset
        self.mean = mean
        self.variance = variance
        self.epsilon = epsilon
    }

    /// The identity but for `epsilon`, as training starts.
    public init(channels: Int, epsilon: Double = Double(Float(1e-5))) {
        self.init(
            scale: Array(repeating: 1, count: channels), offset: Array(repeating: 0, count: channels),
            mean: Array(repeating: 0, count: channels), variance: Array(repeating: 1, count: channels),
            epsilon: epsilon)
    }

    public var channels: Int { scale.count }

    /// What it multiplies and adds per channel, rounded to nearest.
    public var affine: (scale: [Double], offset: [Double]) {
        let factor = scale.indices.map { scale[$0] / (variance[$0] + epsilon).squareRoot() }
        return (factor, offset.indices.map { offset[$0] - mean[$0] * factor[$0] })
    }

    /// The map of a value of `count` features; rounded, without a bound on the rounding.
    public func elementwise(count: Int) -> Elementwise {
        let (factor, level) = affine
        let places = count / channels
        return Elementwise(
            scale: (0..<count).map { factor[$0 / places] }, offset: (0..<count).map { level[$0 / places] })
    }
}

/// A network with the parameters of its batch normalisations, which its graph holds as elementwise maps.
public struct TrainableNetwork: Sendable {
    public var network: Network
    /// By the index of their elementwise node.
    public var normalizations: [Int: BatchNormalization]

    public init(_ network: Network, normalizations: [Int: BatchNormalization] = [:]) {
        self.network = network
        self.normalizations = normalizations
    }
}

extension Convolution {
    /// Whether it stands for an average pooling: the mean of each window of each channel, padding counted, with weights
    /// that stand for `1 / n`. Nothing in it is trained or pruned.
    public var isAveragePooling: Bool {
        let count = kernelHeight * kernelWidth
        let weight = 1 / Double(count)
        let standsForReciprocal =
            count & (count - 1) == 0 ? error == .exact : error == AffineError(relative: 0x1p-53)
        return groups == inputChannels && groups == outputChannels && count > 1 && standsForReciprocal
            && dilationHeight == 1 && dilationWidth == 1 && paddingTop < kernelHeight
            && paddingBottom < kernelHeight && paddingLeft < kernelWidth && paddingRight < kernelWidth
            && bias.allSatisfy { $0 == 0 } && weights.allSatisfy { $0 == weight }
    }
}
