internal import Lanes

/// `[feature][lane]` numbers between -1 and 1; owned.
final class Features<Scalar: LaneScalar> {
    private let buffer: LaneBuffer<Scalar>

    init(_ features: Int, lanes: Int) {
        buffer = LaneBuffer(features: features, lanes: lanes)
        for (place, number) in numbers(features * lanes).enumerated() { buffer.base[place] = Scalar(number) }
    }

    var base: UnsafeMutablePointer<Scalar> { buffer.base }
}

/// Reproducible, between -1 and 1.
func numbers(_ count: Int) -> [Double] {
    var state: UInt64 = 1
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) * 0x1p-52 - 1
    }
}

/// The entries of a square matrix without a share of them, chosen at random.
func sparseOperator<Scalar: LaneScalar>(
    _ size: Int, _ values: [Double], _ bias: [Double], zeros: Double
) -> SparseOperator<Scalar> {
    let chances = numbers(2 * size * size).suffix(size * size).map { ($0 + 1) / 2 }
    var starts = [0]
    var columns: [Int32] = []
    var kept: [Double] = []
    for row in 0..<size {
        for column in 0..<size where chances[row * size + column] >= zeros {
            columns.append(Int32(column))
            kept.append(values[row * size + column])
        }
        starts.append(kept.count)
    }
    return SparseOperator(
        rows: size, columns: size, rowStarts: starts, columnIndices: columns, values: kept, bias: bias)
}
