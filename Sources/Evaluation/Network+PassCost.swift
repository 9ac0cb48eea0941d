// How much work one pass of bounds through a network is, in multiply-adds per lane, from the kernels its operators get.

internal import Lanes
public import Networks

extension Network {
    /// Multiply-adds of one backward pass of linear bounds, one objective; a sparse matrix's count as many dense ones as
    /// take the same time.
    ///
    /// - Parameter ignoringZeros: as if every weight were nonzero, which is what the network before pruning cost.
    public func passCost(ignoringZeros: Bool = false) -> Double {
        nodes.reduce(0) { $0 + $1.passCost(ignoringZeros: ignoringZeros) }
    }
}

extension Node {
    fileprivate func passCost(ignoringZeros: Bool) -> Double {
        switch operation {
        case .linear(let linear):
            let full = Double(linear.weights.rows * linear.weights.columns)
            let density = linear.weights.density
            return ignoringZeros || density >= sparseDensityThreshold ? full : full * density / sparseDensityThreshold
        case .convolution(let c):
            let perPixel = c.weights.count
            return Double(perPixel * c.outputHeight * c.outputWidth)
        case .elementwise, .activation, .maxPool, .sum: return Double(count)
        case .input, .select, .reshape: return 0
        }
    }
}
