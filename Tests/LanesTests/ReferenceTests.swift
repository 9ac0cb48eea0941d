import CLaneKernels
import Lanes
import RandomNumbers
import Testing

/// The C kernels against their plain twins, called directly with shapes no operator would make.
@Suite("Kernels and their references")
struct ReferenceTests {
    @Test("gather", arguments: 0..<24)
    func gather(seed: Int) {
        var generator = SplitMix64(seed: seed)
        func pick(_ range: ClosedRange<Int32>) -> Int32 { Int32.random(in: range, using: &generator) }
        let (rows, columns): (Int32, Int32) = (pick(1...4), pick(1...4))
        let (rowStep, columnStep) = (pick(1...2), pick(1...2))
        let (kernelRows, kernelColumns) = (pick(1...3), pick(1...3))
        // Any span inside a source of 8 by 8.
        func spans(_ count: Int32, _ step: Int32, _ kernel: Int32) -> [lane_span] {
            (0..<count).map { _ in
                let first = pick(0...kernel - 1)
                let count = pick(0...kernel - first)
                return lane_span(
                    kernel: first, count: count, source: pick(0...(8 - max(1, (kernel - 1) * step + 1))))
            }
        }
        let rowSpans = spans(rows, rowStep, kernelRows)
        let columnSpans = spans(columns, columnStep, kernelColumns)
        let (groups, depth, height) = (pick(1...2), pick(1...80), pick(1...13))
        let lanes = supportedLaneCounts[seed % 4]
        rowSpans.withUnsafeBufferPointer { rowSpans in
            columnSpans.withUnsafeBufferPointer { columnSpans in
                var shape = lane_gather_shape(
                    rows: rowSpans.baseAddress!, columns: columnSpans.baseAddress!, row_count: rows,
                    column_count: columns, row_step: rowStep, column_step: columnStep, source_columns: 8,
                    kernel_rows: kernelRows, kernel_columns: kernelColumns, groups: groups, depth: depth,
                    height: height, lanes: Int32(lanes), accumulating: seed % 3 == 0, live: nil,
                    live_stride: Int64(columns * groups * height), nonzero: nil,
                    source_count: Int64(64 * groups * depth))
                let weights = generator.numbers(Int(groups * height * kernelRows * kernelColumns * depth))
                let bias = generator.numbers(Int(groups * height))
                let x = generator.numbers(64 * Int(groups * depth) * lanes)
                let flags = (0..<rows * columns * groups * height).map { _ in UInt8(generator.next() % 2) }
                if seed % 4 >= 2 { shape.live = Flags(flags).base }
                if groups == 1 { shape.nonzero = Features<Double>(x, lanes: lanes).bytes }
                let y = generator.numbers(Int(rows * columns * groups * height) * lanes)
                compare(weights, bias, x, y, lanes: lanes, Float.self) {
                    lane_gather_f32(&shape, $0, $1, $2, $3)
                } reference: {
                    lane_reference_gather_f32(&shape, $0, $1, $2, $3)
                }
                compare(weights, bias, x, y, lanes: lanes, Float.self) {
                    lane_gather_narrow_f32(&shape, $0, $1, $2, $3)
                } reference: {
                    lane_reference_gather_f32(&shape, $0, $1, $2, $3)
                }
                compare(weights, bias, x, y, lanes: lanes, Double.self) {
                    lane_gather_f64(&shape, $0, $1, $2, $3)
                } reference: {
                    lane_reference_gather_f64(&shape, $0, $1, $2, $3)
                }
                compare(weights, bias, x, y, lanes: lanes, Double.self) {
                    lane_gather_narrow_f64(&shape, $0, $1, $2, $3)
                } reference: {
                    lane_reference_gather_f64(&shape, $0, $1, $2, $3)
                }
            }
        }
    }

    @Test("sparse", arguments: 0..<20)
    func sparse(seed: Int) {
        var generator = SplitMix64(seed: seed)
        let lanes = supportedLaneCounts[seed % 4]
        let counts = (0..<7).map { _ in Int64.random(in: 0...9, using: &generator) }
        let starts = counts.reduce(into: [Int64(0)]) { $0.append($0.last! + $1) }
        let entries = Int(starts.last!)
        let columns = (0..<entries).map { _ in Int32.random(in: 0..<5, using: &generator) }
        starts.withUnsafeBufferPointer { starts in
            columns.withUnsafeBufferPointer { columns in
                guard let first = columns.baseAddress else { return }
                var shape = lane_sparse_shape(
                    starts: starts.baseAddress!, columns: first, rows: 7, lanes: Int32(lanes),
                    accumulating: seed % 3 == 0)
                let weights = generator.numbers(entries)
                let bias = generator.numbers(7)
                let (x, y) = (generator.numbers(5 * lanes), generator.numbers(7 * lanes))
                compare(weights, bias, x, y, lanes: lanes, Float.self) {
                    lane_sparse_f32(&shape, $0, $1, $2, $3)
                } reference: {
                    lane_reference_sparse_f32(&shape, $0, $1, $2, $3)
                }
                compare(weights, bias, x, y, lanes: lanes, Double.self) {
                    lane_sparse_f64(&shape, $0, $1, $2, $3)
                } reference: {
                    lane_reference_sparse_f64(&shape, $0, $1, $2, $3)
                }
            }
        }
    }

    @Test("dot", arguments: supportedLaneCounts)
    func dot(lanes: Int) {
        var generator = SplitMix64(seed: lanes)
        let (bias, x, sums) = (generator.numbers(6), generator.numbers(18 * lanes), generator.numbers(lanes))
        compare([0], bias, x, sums, lanes: lanes, Float.self) {
            lane_dot_f32(18, 6, $1!, $2, $3, Int32(lanes))
        } reference: {
            lane_reference_dot_f32(18, 6, $1!, $2, $3, Int32(lanes))
        }
        compare([0], bias, x, sums, lanes: lanes, Double.self) {
            lane_dot_f64(18, 6, $1!, $2, $3, Int32(lanes))
        } reference: {
            lane_reference_dot_f64(18, 6, $1!, $2, $3, Int32(lanes))
        }
    }

    private typealias Kernel<Scalar> = (
        _ weights: UnsafePointer<Scalar>, _ bias: UnsafePointer<Scalar>?, _ x: UnsafePointer<Scalar>,
        _ y: UnsafeMutablePointer<Scalar>
    ) -> Void

    private func compare<Scalar: LaneScalar>(
        _ weights: [Double], _ bias: [Double], _ x: [Double], _ y: [Double], lanes: Int, _: Scalar.Type,
        _ kernel: Kernel<Scalar>, reference: Kernel<Scalar>
    ) {
        let found = Features<Scalar>(y, lanes: lanes)
        let expected = Features<Scalar>(y, lanes: lanes)
        let source = Features<Scalar>(x, lanes: lanes)
        let (weights, bias) = (weights.map { Scalar($0) }, bias.map { Scalar($0) })
        kernel(weights, bias, source.base, found.base)
        reference(weights, bias, source.base, expected.base)
        expectAgreement(found.numbers, expected.numbers, Scalar.self)
    }
}
