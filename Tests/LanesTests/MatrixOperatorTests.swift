import Lanes
import RandomNumbers
import Testing

/// A matrix and its bias, the slow way.
private struct Model {
    var rows: Int
    var columns: Int
    var weights: [Double]
    var bias: [Double]

    init(rows: Int, columns: Int, zeros: Double, using generator: inout SplitMix64) {
        self.rows = rows
        self.columns = columns
        weights = generator.numbers(rows * columns, zeros: zeros)
        bias = generator.numbers(rows)
    }

    func times(_ x: [Double], lanes: Int) -> [Double] {
        (0..<rows * lanes).map { place in
            let (row, lane) = (place / lanes, place % lanes)
            return (0..<columns).reduce(0) { $0 + weights[row * columns + $1] * x[$1 * lanes + lane] }
        }
    }

    func transposedTimes(_ x: [Double], lanes: Int) -> [Double] {
        (0..<columns * lanes).map { place in
            let (column, lane) = (place / lanes, place % lanes)
            return (0..<rows).reduce(0) { $0 + weights[$1 * columns + column] * x[$1 * lanes + lane] }
        }
    }

    func biasPerFeature(lanes: Int) -> [Double] { bias.flatMap { [Double](repeating: $0, count: lanes) } }

    func dense<Scalar>() -> DenseOperator<Scalar> {
        DenseOperator(rows: rows, columns: columns, weights: weights, bias: bias)
    }

    func sparse<Scalar>() -> SparseOperator<Scalar> {
        var starts = [0]
        var places: [Int32] = []
        var values: [Double] = []
        for row in 0..<rows {
            for column in 0..<columns where weights[row * columns + column] != 0 {
                places.append(Int32(column))
                values.append(weights[row * columns + column])
            }
            starts.append(values.count)
        }
        return SparseOperator(
            rows: rows, columns: columns, rowStarts: starts, columnIndices: places, values: values, bias: bias
        )
    }
}

/// What dense and sparse operators both promise.
private protocol MatrixOperator<Scalar> {
    associatedtype Scalar: LaneScalar
    func apply(
        _ x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>, lanes: Int, part: Range<Int>?,
        accumulating: Bool, addingBias: Bool)
    func applyTransposed(
        _ lambda: UnsafePointer<Scalar>, to g: UnsafeMutablePointer<Scalar>, lanes: Int, part: Range<Int>?,
        accumulating: Bool)
    func loadRows(
        _ rows: UnsafeBufferPointer<Int32>, scaledBy scales: UnsafePointer<Scalar>,
        to g: UnsafeMutablePointer<Scalar>, lanes: Int, accumulating: Bool)
    func accumulateBias(
        _ lambda: UnsafePointer<Scalar>, into constants: UnsafeMutablePointer<Scalar>, lanes: Int)
}

extension DenseOperator: MatrixOperator {}
extension SparseOperator: MatrixOperator {}

/// Shapes around the register blocks' edges, all lane counts.
private let cases: [(rows: Int, columns: Int, lanes: Int)] =
    [1, 2, 3, 4, 5, 7, 8, 11, 12].flatMap { rows in supportedLaneCounts.map { (rows, 7, $0) } }
    + [(3, 1, 16), (3, 385, 16), (9, 200, 32), (12, 192, 48), (6, 193, 64)]

@Suite("Dense and sparse operators")
struct MatrixOperatorTests {
    @Test("dense agrees with the model", arguments: [0, 1])
    func dense(precision: Int) {
        for (seed, size) in cases.enumerated() {
            var generator = SplitMix64(seed: seed)
            let model = Model(rows: size.rows, columns: size.columns, zeros: 0, using: &generator)
            if precision == 0 {
                check(model.dense() as DenseOperator<Float>, model, lanes: size.lanes, using: &generator)
            } else {
                check(model.dense() as DenseOperator<Double>, model, lanes: size.lanes, using: &generator)
            }
        }
    }

    @Test("sparse agrees with the model, empty rows and columns included", arguments: [0, 1])
    func sparse(precision: Int) {
        for (seed, size) in cases.enumerated() {
            var generator = SplitMix64(seed: seed)
            let model = Model(rows: size.rows, columns: size.columns, zeros: 0.7, using: &generator)
            if precision == 0 {
                check(model.sparse() as SparseOperator<Float>, model, lanes: size.lanes, using: &generator)
            } else {
                check(model.sparse() as SparseOperator<Double>, model, lanes: size.lanes, using: &generator)
            }
        }
    }

    private func check<Matrix: MatrixOperator>(
        _ matrix: Matrix, _ model: Model, lanes: Int, using generator: inout SplitMix64
    ) {
        typealias Scalar = Matrix.Scalar
        let name = "\(model.rows) x \(model.columns), \(lanes) lanes"
        let x = generator.numbers(model.columns * lanes)
        let lambda = generator.numbers(model.rows * lanes)
        let product = model.times(x, lanes: lanes)
        let transposedProduct = model.transposedTimes(lambda, lanes: lanes)
        for (accumulating, addingBias) in [(false, false), (false, true), (true, false), (true, true)] {
            let start = generator.numbers(model.rows * lanes)
            var expected = product
            if accumulating { expected = zip(expected, start).map { $0 + $1 } }
            if addingBias { expected = zip(expected, model.biasPerFeature(lanes: lanes)).map { $0 + $1 } }
            let y = Features<Scalar>(start, lanes: lanes)
            matrix.apply(
                Features<Scalar>(x, lanes: lanes).base, to: y.base, lanes: lanes, part: nil,
                accumulating: accumulating, addingBias: addingBias)
            expectAgreement(y.numbers, expected, Scalar.self, name)
        }
        for accumulating in [false, true] {
            let start = generator.numbers(model.columns * lanes)
            let expected = zip(transposedProduct, start).map { accumulating ? $0 + $1 : $0 }
            let g = Features<Scalar>(start, lanes: lanes)
            let source = Features<Scalar>(lambda, lanes: lanes)
            matrix.applyTransposed(
                source.base, to: g.base, lanes: lanes, part: nil, accumulating: accumulating)
            expectAgreement(g.numbers, expected, Scalar.self, name)
        }
        checkParts(matrix, model, lanes: lanes, using: &generator)
        checkRows(matrix, model, lanes: lanes, using: &generator)
        checkBias(matrix, model, lanes: lanes, using: &generator)
    }

    /// A product computed in two parts is the same number for number, and a part leaves the rest alone.
    private func checkParts<Matrix: MatrixOperator>(
        _ matrix: Matrix, _ model: Model, lanes: Int, using generator: inout SplitMix64
    ) {
        let x = Features<Matrix.Scalar>(generator.numbers(model.columns * lanes), lanes: lanes)
        let start = generator.numbers(model.rows * lanes)
        let whole = Features<Matrix.Scalar>(start, lanes: lanes)
        let halves = Features<Matrix.Scalar>(start, lanes: lanes)
        matrix.apply(x.base, to: whole.base, lanes: lanes, part: nil, accumulating: true, addingBias: true)
        let middle = model.rows / 2 / 4 * 4
        matrix.apply(
            x.base, to: halves.base, lanes: lanes, part: 0..<middle, accumulating: true, addingBias: true)
        let leavesRestAlone = halves.numbers[(middle * lanes)...] == start[(middle * lanes)...]
        #expect(leavesRestAlone)
        matrix.apply(
            x.base, to: halves.base, lanes: lanes, part: middle..<model.rows, accumulating: true,
            addingBias: true)
        let isSame = whole.numbers == halves.numbers
        #expect(isSame)
    }

    private func checkRows<Matrix: MatrixOperator>(
        _ matrix: Matrix, _ model: Model, lanes: Int, using generator: inout SplitMix64
    ) {
        let rows = (0..<lanes).map { _ in Int32.random(in: -1..<Int32(model.rows), using: &generator) }
        let scales = (0..<lanes).map { _ in Bool.random(using: &generator) ? 1.0 : -2 }
        for accumulating in [false, true] {
            let start = generator.numbers(model.columns * lanes)
            let expected = start.enumerated().map { place, number in
                let (column, lane) = (place / lanes, place % lanes)
                let row = Int(rows[lane])
                let own = row < 0 ? 0 : scales[lane] * model.weights[row * model.columns + column]
                return accumulating ? number + own : own
            }
            let g = Features<Matrix.Scalar>(start, lanes: lanes)
            rows.withUnsafeBufferPointer {
                matrix.loadRows(
                    $0, scaledBy: scales.map { Matrix.Scalar($0) }, to: g.base, lanes: lanes,
                    accumulating: accumulating)
            }
            expectAgreement(g.numbers, expected, Matrix.Scalar.self)
        }
    }

    private func checkBias<Matrix: MatrixOperator>(
        _ matrix: Matrix, _ model: Model, lanes: Int, using generator: inout SplitMix64
    ) {
        let lambda = generator.numbers(model.rows * lanes)
        let constants = generator.numbers(lanes)
        let expected = (0..<lanes).map { lane in
            (0..<model.rows).reduce(constants[lane]) { $0 + model.bias[$1] * lambda[$1 * lanes + lane] }
        }
        let found = Features<Matrix.Scalar>(constants, lanes: lanes)
        matrix.accumulateBias(
            Features<Matrix.Scalar>(lambda, lanes: lanes).base, into: found.base, lanes: lanes)
        expectAgreement(found.numbers, expected, Matrix.Scalar.self)
    }
}
