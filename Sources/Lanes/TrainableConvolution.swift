// A convolution, or a dense matrix as one of a single pixel, whose weights change between calls: both directions and
// the gradient of its weights.
//
// Weights live in the caller's parameters as the gradient's kernel writes them, `[group][kernel row][kernel column]
// [depth][channel]`, channels filled up with zeros to a multiple of 16. `load` packs them for the other two kernels.

internal import CLaneKernels

public final class TrainableConvolution<Scalar: TrainingLaneScalar>: @unchecked Sendable {
    // `load` writes the panels; callers see to it that nobody reads them meanwhile.
    public let geometry: ConvolutionGeometry
    private let inputs: Int
    private let outputs: Int
    private let padded: Int
    private let forward: Direction
    private let backward: Direction
    private let rows: [lane_span]
    private let reaches: [lane_reach]
    private let kernels = Scalar.laneKernels
    private let training = Scalar.trainingKernels

    /// One direction's packed weights and the spans it gathers.
    private final class Direction {
        let panels: LaneBuffer<Scalar>
        let rows: [lane_span]
        let columns: [lane_span]
        let steps: (row: Int, column: Int)
        let offsets: [Int64]
        let channelStride: Int
        let depth: Int
        let height: Int

        init(
            count: Int, rows: [lane_span], columns: [lane_span], steps: (row: Int, column: Int), offsets: [Int64],
            channelStride: Int, depth: Int, height: Int
        ) {
            panels = LaneBuffer(features: count, lanes: 1)
            self.rows = rows
            self.columns = columns
            self.steps = steps
            self.offsets = offsets
            self.channelStride = channelStride
            self.depth = depth
            self.height = height
        }
    }

    public init(_ geometry: ConvolutionGeometry) {
        self.geometry = geometry
        let (vertical, horizontal) = (geometry.vertical, geometry.horizontal)
        let area = vertical.kernel * horizontal.kernel
        let inputs = geometry.inputChannels / geometry.groups
        let outputs = geometry.outputChannels / geometry.groups
        let padded = paddedChannels(outputs)
        self.inputs = inputs
        self.outputs = outputs
        self.padded = padded
        let count = geometry.groups * area * inputs * outputs
        func offsets(rows: [Int], columns: [Int], _ places: [Int]) -> [Int64] {
            rows.flatMap { row in
                columns.flatMap { column in
                    places.map { Int64((row * horizontal.kernel + column) * inputs * padded + $0) }
                }
            }
        }
        forward = Direction(
            count: count, rows: vertical.forwardSpans(of: 0..<vertical.output, within: 0..<vertical.input),
            columns: horizontal.forwardSpans(of: 0..<horizontal.output, within: 0..<horizontal.input),
            steps: (vertical.forwardStep, horizontal.forwardStep),
            offsets: offsets(
                rows: Array(0..<vertical.kernel), columns: Array(0..<horizontal.kernel),
                (0..<inputs).map { $0 * padded }),
            channelStride: 1, depth: inputs, height: outputs)
        backward = Direction(
            count: count, rows: vertical.backwardSpans(of: 0..<vertical.input, within: 0..<vertical.output),
            columns: horizontal.backwardSpans(of: 0..<horizontal.input, within: 0..<horizontal.output),
            steps: (vertical.backwardStep, horizontal.backwardStep),
            offsets: offsets(
                rows: vertical.backwardOrder, columns: horizontal.backwardOrder, Array(0..<outputs)),
            channelStride: padded, depth: outputs, height: inputs)
        rows = forward.rows
        reaches = (0..<horizontal.kernel).map { position in
            let met = (0..<horizontal.output).filter {
                let source = $0 * horizontal.stride - horizontal.paddingBefore + position * horizontal.dilation
                return (0..<horizontal.input).contains(source)
            }
            guard let first = met.first else { return lane_reach(output: 0, count: 0, source: 0) }
            let source = first * horizontal.stride - horizontal.paddingBefore + position * horizontal.dilation
            return lane_reach(output: Int32(first), count: Int32(met.count), source: Int32(source))
        }
    }

    /// A dense matrix.
    public convenience init(rows: Int, columns: Int) {
        self.init(
            ConvolutionGeometry(
                inputChannels: columns, inputHeight: 1, inputWidth: 1, outputChannels: rows, kernelHeight: 1,
                kernelWidth: 1))
    }

    /// Numbers of the weights as parameters, filling included.
    public var parameterCount: Int {
        geometry.groups * geometry.kernelHeight * geometry.kernelWidth * inputs * padded
    }

    /// Numbers that `addWeightGradient` needs to work in.
    public func scratchCount(lanes: Int) -> Int { geometry.outputWidth * lanes * padded }

    /// Where each weight of the order `[outputChannels][inputChannels / groups][kernelHeight][kernelWidth]` lies among
    /// the parameters.
    public var places: [Int] {
        let area = geometry.kernelHeight * geometry.kernelWidth
        var result: [Int] = []
        result.reserveCapacity(geometry.outputChannels * inputs * area)
        for channel in 0..<geometry.outputChannels {
            let group = channel / outputs * area * inputs * padded
            for depth in 0..<inputs {
                for position in 0..<area {
                    result.append(group + (position * inputs + depth) * padded + channel % outputs)
                }
            }
        }
        return result
    }

    /// Takes over the weights, or their absolute values; both directions unless told otherwise.
    public func load(_ weights: UnsafePointer<Scalar>, magnitudes: Bool = false, backwardToo: Bool = true) {
        for direction in backwardToo ? [forward, backward] : [forward] {
            let size = direction.offsets.count
            var shape = lane_load_shape(
                height: Int64(direction.height), size: Int64(size), lanes: 0, accumulating: false)
            for group in 0..<geometry.groups {
                training.repack(
                    &shape, weights + group * (parameterCount / geometry.groups), Int64(direction.channelStride),
                    direction.offsets, magnitudes, direction.panels.base + group * direction.height * size)
            }
        }
    }

    /// `y (+)= W x (+ b)`.
    public func apply(
        _ x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>, bias: UnsafePointer<Scalar>?, lanes: Int
    ) {
        gather(forward, x, columns: geometry.inputWidth, to: y, bias: bias, lanes: lanes, accumulating: false)
    }

    /// `g (+)= transpose(W) lambda`.
    public func applyTransposed(
        _ lambda: UnsafePointer<Scalar>, to g: UnsafeMutablePointer<Scalar>, lanes: Int, accumulating: Bool
    ) {
        gather(
            backward, lambda, columns: geometry.outputWidth, to: g, bias: nil, lanes: lanes, accumulating: accumulating)
    }

    private func gather(
        _ direction: Direction, _ x: UnsafePointer<Scalar>, columns: Int, to y: UnsafeMutablePointer<Scalar>,
        bias: UnsafePointer<Scalar>?, lanes: Int, accumulating: Bool
    ) {
        requireSupported(lanes: lanes)
        direction.rows.withUnsafeBufferPointer { rows in
            direction.columns.withUnsafeBufferPointer { spans in
                guard let firstRow = rows.baseAddress, let firstColumn = spans.baseAddress else { return }
                var shape = lane_gather_shape(
                    rows: firstRow, columns: firstColumn, row_count: Int32(rows.count),
                    column_count: Int32(spans.count), row_step: Int32(direction.steps.row),
                    column_step: Int32(direction.steps.column), source_columns: Int32(columns),
                    kernel_rows: Int32(geometry.kernelHeight), kernel_columns: Int32(geometry.kernelWidth),
                    groups: Int32(geometry.groups), depth: Int32(direction.depth), height: Int32(direction.height),
                    lanes: Int32(lanes), accumulating: accumulating, live: nil,
                    live_stride: 0, nonzero: nil, source_count: 0)
                kernels.gather(&shape, direction.panels.base, bias, x, y)
            }
        }
    }

    /// `gradient += ` the derivative of `sum lambda (W x)` by the weights.
    ///
    /// - Parameter scratch: `scratchCount(lanes:)` numbers, aligned to 64 bytes.
    public func addWeightGradient(
        _ x: UnsafePointer<Scalar>, _ lambda: UnsafePointer<Scalar>, to gradient: UnsafeMutablePointer<Scalar>,
        scratch: UnsafeMutablePointer<Scalar>, lanes: Int
    ) {
        requireSupported(lanes: lanes)
        rows.withUnsafeBufferPointer { rows in
            reaches.withUnsafeBufferPointer { reaches in
                guard let firstRow = rows.baseAddress, let firstReach = reaches.baseAddress else { return }
                var shape = lane_weights_shape(
                    rows: firstRow, columns: firstReach, row_count: Int32(rows.count),
                    column_count: Int32(geometry.outputWidth), kernel_rows: Int32(geometry.kernelHeight),
                    kernel_columns: Int32(geometry.kernelWidth), row_step: Int32(geometry.vertical.dilation),
                    column_stride: Int32(geometry.horizontal.stride), source_columns: Int32(geometry.inputWidth),
                    groups: Int32(geometry.groups), depth: Int32(inputs), height: Int32(outputs), lanes: Int32(lanes))
                training.weightGradient(&shape, x, lambda, scratch, gradient)
            }
        }
    }
}

/// Channels filled up to whole vectors.
public func paddedChannels(_ channels: Int) -> Int {
    let unit = Int(LANE_WEIGHT_CHANNELS)
    return (channels + unit - 1) / unit * unit
}
