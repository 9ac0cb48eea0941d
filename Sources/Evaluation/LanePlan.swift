// How a network is laid out in lanes, before any precision is chosen.
//
// In lanes a value is `[feature][lane]`. Images are kept pixel by pixel (row, column, channel) instead of
// channel by channel as ONNX numbers them: the channels of one pixel are then neighbours in memory, which is
// what the convolution kernels stream over. A plan is the network with every index, weight row and weight
// column renumbered so that nobody has to move data at run time.

public import Intervals
public import Networks

/// The order of a value's features in lanes.
public struct LaneLayout: Sendable, Equatable {
    public let count: Int
    /// Set for values of shape `[channels, height, width]`, which are stored as `[row][column][channel]`.
    public let image: Image?

    public struct Image: Sendable, Equatable {
        public let channels: Int
        public let height: Int
        public let width: Int
    }

    public init(shape: [Int]) {
        count = shape.reduce(1, *)
        image = shape.count == 3 ? Image(channels: shape[0], height: shape[1], width: shape[2]) : nil
    }

    /// The lane feature of the network's feature `index`.
    @inlinable
    public func laneFeature(_ index: Int) -> Int {
        guard let image else { return index }
        let plane = image.height * image.width
        return (index % plane) * image.channels + index / plane
    }

    /// `values` of the network's numbering in the order of the lanes.
    public func permuted<Element>(_ values: [Element]) -> [Element] {
        guard let image, image.channels > 1 else { return values }
        let plane = image.height * image.width
        var result: [Element] = []
        result.reserveCapacity(values.count)
        for pixel in 0..<plane {
            for channel in 0..<image.channels { result.append(values[channel * plane + pixel]) }
        }
        return result
    }

    /// Whether the lanes' order is the network's own.
    public var isPlain: Bool { image.map { $0.channels == 1 || $0.height * $0.width == 1 } ?? true }
}

/// A node's operation with its weights in the order of the lanes.
public enum PlannedOperation: Sendable {
    case input
    case linear(Linear)
    case convolution(Convolution)
    case elementwise(Elementwise)
    case select(Selection)
    case sum
    /// `x` for `x >= 0`, else `negativeSlope * x`.
    case activation(negativeSlope: Double)
    case smooth(SmoothCurve)
}

public final class LanePlan: Sendable {
    public let layouts: [LaneLayout]
    public let operations: [PlannedOperation]
    public let operands: [[Int]]
    public let names: [String]
    public let output: Int
    /// The activation nodes in topological order, smooth ones included.
    public let activations: [Int]

    /// Whether the node applies a function to each feature, piecewise linear or smooth.
    public func isActivation(_ node: Int) -> Bool {
        switch operations[node] {
        case .activation, .smooth: true
        case .input, .linear, .convolution, .elementwise, .select, .sum: false
        }
    }

    /// Whether every activation is linear on either side of 0.
    public var isPiecewiseLinear: Bool {
        operations.allSatisfy { if case .smooth = $0 { false } else { true } }
    }

    public var nodeCount: Int { operations.count }
    public var inputLayout: LaneLayout { layouts[0] }
    public var outputLayout: LaneLayout { layouts[output] }

    /// Multiplications of one evaluation.
    public var multiplyAdds: Int {
        operations.reduce(0) { total, operation in
            switch operation {
            case .linear(let linear): total + linear.weights.nonzeros
            case .convolution(let convolution):
                total + convolution.weights.count * convolution.outputHeight * convolution.outputWidth
            case .input, .elementwise, .select, .sum, .activation, .smooth: total
            }
        }
    }

    /// - Precondition: the network is valid and has no max pooling (`decomposingMaxPools()`).
    public init(_ network: Network) {
        let layouts = network.nodes.map { LaneLayout(shape: $0.shape) }
        self.layouts = layouts
        operands = network.nodes.map(\.inputs)
        names = network.nodes.map(\.name)
        output = network.output
        operations = network.nodes.indices.map {
            Self.plan(network.nodes[$0], to: layouts[$0], from: layouts, network)
        }
        activations = network.nodes.indices.filter {
            if case .activation = network.nodes[$0].operation { true } else { false }
        }
    }

    /// The same graph and layouts with other numbers.
    init(_ other: LanePlan, operations: [PlannedOperation], layouts: [LaneLayout]? = nil) {
        self.layouts = layouts ?? other.layouts
        self.operations = operations
        operands = other.operands
        names = other.names
        output = other.output
        activations = other.activations
    }

    private static func plan(
        _ node: Node, to layout: LaneLayout, from layouts: [LaneLayout], _ network: Network
    ) -> PlannedOperation {
        switch node.operation {
        case .input: return .input
        case .linear(let linear):
            return .linear(permuted(linear, rows: layout, columns: layouts[node.inputs[0]]))
        case .convolution(let convolution): return .convolution(convolution)
        case .elementwise(var elementwise):
            elementwise.scale = layout.permuted(elementwise.scale)
            elementwise.offset = layout.permuted(elementwise.offset)
            if !elementwise.error.offsets.isEmpty {
                elementwise.error.offsets = layout.permuted(elementwise.error.offsets)
            }
            return .elementwise(elementwise)
        case .select(let selection):
            return .select(permuted(selection, to: layout, from: layouts[node.inputs[0]]))
        case .reshape:
            let from = layouts[node.inputs[0]]
            if layout == from || (layout.isPlain && from.isPlain) { return .sum }
            let identity = Selection(
                sources: (0..<layout.count).map(Int32.init),
                constants: Array(repeating: 0, count: layout.count))
            return .select(permuted(identity, to: layout, from: from))
        case .sum: return .sum
        case .activation(.relu): return .activation(negativeSlope: 0)
        case .activation(.leakyRelu(let slope)): return .activation(negativeSlope: slope)
        case .activation(.smooth(let function)): return .smooth(SmoothCurve(function))
        case .maxPool:
            preconditionFailure("max pooling must be decomposed before a network is laid out in lanes")
        }
    }

    private static func permuted(_ selection: Selection, to layout: LaneLayout, from: LaneLayout) -> Selection {
        let sources = selection.sources.map { $0 < 0 ? $0 : Int32(from.laneFeature(Int($0))) }
        return Selection(sources: layout.permuted(sources), constants: layout.permuted(selection.constants))
    }

    private static func permuted(_ linear: Linear, rows: LaneLayout, columns: LaneLayout) -> Linear {
        if rows.isPlain && columns.isPlain { return linear }
        var result = linear
        result.bias = rows.permuted(linear.bias)
        if !linear.error.offsets.isEmpty { result.error.offsets = rows.permuted(linear.error.offsets) }
        let rowOrder = rows.permuted(Array(0..<rows.count))
        switch linear.weights {
        case .dense(let rowCount, let columnCount, let values):
            let columnOrder = columns.permuted(Array(0..<columnCount))
            var moved = [Double](repeating: 0, count: values.count)
            for (row, source) in rowOrder.enumerated() {
                for (column, from) in columnOrder.enumerated() {
                    moved[row * columnCount + column] = values[source * columnCount + from]
                }
            }
            result.weights = .dense(rows: rowCount, columns: columnCount, values: moved)
        case .sparse(let matrix):
            var moved = SparseMatrix(
                rows: matrix.rows, columns: matrix.columns, rowStarts: [0], columnIndices: [], values: [])
            for source in rowOrder {
                let places = matrix.rowStarts[source]..<matrix.rowStarts[source + 1]
                let entries = places.map {
                    (Int32(columns.laneFeature(Int(matrix.columnIndices[$0]))), matrix.values[$0])
                }.sorted { $0.0 < $1.0 }
                moved.columnIndices += entries.map(\.0)
                moved.values += entries.map(\.1)
                moved.rowStarts.append(moved.values.count)
            }
            result.weights = .sparse(moved)
        }
        return result
    }
}
