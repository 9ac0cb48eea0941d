public import Datasets

extension Examples {
    /// Mean and standard deviation of each channel over all examples, to four digits; a channel that never changes has
    /// deviation 1.
    public var channelStatistics: (mean: [Double], deviation: [Double]) {
        let plane = shape.height * shape.width
        var sums = [Double](repeating: 0, count: shape.channels)
        var squares = sums
        for index in 0..<count {
            let values = values(at: index)
            for channel in 0..<shape.channels {
                var (sum, square) = (0.0, 0.0)
                for value in values[channel * plane..<(channel + 1) * plane] {
                    sum += Double(value)
                    square += Double(value) * Double(value)
                }
                sums[channel] += sum
                squares[channel] += square
            }
        }
        let total = Double(max(1, count * plane))
        func rounded(_ value: Double) -> Double { (value * 1e4).rounded() / 1e4 }
        let mean = sums.map { rounded($0 / total) }
        let deviation = squares.indices.map { channel -> Double in
            let variance = squares[channel] / total - (sums[channel] / total) * (sums[channel] / total)
            let root = rounded(max(0, variance).squareRoot())
            return root > 0 ? root : 1
        }
        return (mean, deviation)
    }
}
