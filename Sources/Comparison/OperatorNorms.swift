// The Euclidean norms of a network's affine operators, and of what pruning changed about them.

import BoundPropagation
import Intervals
import Networks

/// Upper bounds of an operator as a map between Euclidean spaces.
struct OperatorNorm {
    /// Of its linear part.
    var linear: Double
    /// Of its offset.
    var offset: Double
}

extension Operator {
    /// Norms of an operator of one operand, at least the real ones; nil for what is not affine.
    func norm(operandCount: Int, count: Int) -> OperatorNorm? {
        switch self {
        case .linear(let linear):
            let matrix = linear.weights
            let exact = spectralNormBound(rows: matrix.rows, columns: matrix.columns, matrix.dense)
            let slack = linear.error.spread(of: matrix.dense, rows: matrix.rows, columns: matrix.columns)
            return OperatorNorm(linear: sumRoundedUp(exact, slack), offset: length(linear.bias, linear.error))
        case .convolution(let convolution): return convolution.norm
        case .elementwise(let map):
            let largest = map.scale.reduce(0) { max($0, $1.magnitude) }
            let slack = productRoundedUp(largest, map.error.relative)
            return OperatorNorm(
                linear: sumRoundedUp(sumRoundedUp(largest, slack), map.error.absolute),
                offset: length(map.offset, map.error))
        case .select(let selection):
            var copies = [Double](repeating: 0, count: operandCount)
            var constants: [Double] = []
            for (index, source) in selection.sources.enumerated() {
                if source < 0 { constants.append(selection.constants[index]) } else { copies[Int(source)] += 1 }
            }
            return OperatorNorm(linear: (copies.max() ?? 0).squareRoot().nextUp, offset: length(constants, .exact))
        case .reshape: return OperatorNorm(linear: 1, offset: 0)
        case .maxPool(let pooling):
            // |max a - max b| is at most the largest difference; each feature is in so many windows.
            let vertical = overlap(pooling.kernelHeight, pooling.strideHeight, pooling.dilationHeight)
            let horizontal = overlap(pooling.kernelWidth, pooling.strideWidth, pooling.dilationWidth)
            return OperatorNorm(linear: Double(vertical * horizontal).squareRoot().nextUp, offset: 0)
        case .input, .sum, .activation: return nil
        }
    }
}

extension AffineError {
    /// At least the spectral norm of what the real matrix may differ by.
    fileprivate func spread(of values: [Double], rows: Int, columns: Int) -> Double {
        if relative == 0 && absolute == 0 { return 0 }
        let square = values.reduce(0) { $0 + $1 * $1 }
        let size = Double(rows * columns).squareRoot()
        return (relative * square.squareRoot() + absolute * size) * (1 + roundingFactor(values.count + 8)) + 1e-290
    }
}

/// At least the Euclidean length of the offsets, wherever the real ones are.
private func length(_ offsets: [Double], _ error: AffineError) -> Double {
    if error.offsets.isEmpty && offsets.allSatisfy({ $0 == 0 }) { return 0 }
    return euclideanLength(
        offsets.indices.map { index in
            sumRoundedUp(offsets[index].magnitude, error.offsets.isEmpty ? 0 : error.offsets[index])
        })
}

/// At least the Euclidean length of a vector.
func euclideanLength(_ values: [Double]) -> Double {
    let largest = values.reduce(0) { max($0, $1.magnitude) }
    if largest == 0 { return 0 }
    guard largest.isFinite else { return .infinity }
    let sum = values.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }
    let length = (sum * (1 + roundingFactor(values.count + 8))).squareRoot().nextUp
    return productRoundedUp(largest, length + 0x1p-500)
}

/// How many windows along one axis hold a place, at most.
private func overlap(_ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
    var (a, b) = (stride, dilation)
    while b != 0 { (a, b) = (b, a % b) }
    let period = stride / a
    return (kernel + period - 1) / period
}

extension Convolution {
    /// The lesser of two bounds: the norm of the kernel as a matrix from windows to channels, times the square root of
    /// how many windows hold a pixel; and the geometric mean of the largest sums of magnitudes by output and by input.
    fileprivate var norm: OperatorNorm {
        let inputs = inputChannels / groups
        let outputs = outputChannels / groups
        let area = kernelHeight * kernelWidth
        let size = inputs * area
        var kernelNorm = 0.0
        var largestOutput = 0.0
        var largestInput = 0.0
        for group in 0..<groups {
            let part = Array(weights[group * outputs * size..<(group + 1) * outputs * size])
            let slack = error.spread(of: part, rows: outputs, columns: size)
            kernelNorm = max(
                kernelNorm, sumRoundedUp(spectralNormBound(rows: outputs, columns: size, part), slack))
            var byInput = [Double](repeating: 0, count: inputs)
            for output in 0..<outputs {
                var sum = 0.0
                for place in 0..<size {
                    let weight = part[output * size + place].magnitude * (1 + error.relative) + error.absolute
                    sum += weight
                    byInput[place / area] += weight
                }
                largestOutput = max(largestOutput, sum)
            }
            largestInput = max(largestInput, byInput.max() ?? 0)
        }
        let windows =
            overlap(kernelHeight, strideHeight, dilationHeight)
            * overlap(kernelWidth, strideWidth, dilationWidth)
        let slack = 1 + roundingFactor(outputs * size + 8)
        let sums = (largestOutput * largestInput).squareRoot() * slack + 1e-290
        let pixels = outputHeight * outputWidth
        let offsets = (0..<outputChannels).flatMap { channel in
            [Double](
                repeating: bias[channel].magnitude + (error.offsets.isEmpty ? 0 : error.offsets[channel]),
                count: pixels)
        }
        return OperatorNorm(
            linear: min(productRoundedUp(kernelNorm, Double(windows).squareRoot().nextUp), sums),
            offset: productRoundedUp(euclideanLength(offsets), 1 + 0x1p-50))
    }
}
