// The lines that stand for the activations' unstable neurons over one region, as tables the kernels read.

import CLaneKernels
import Evaluation
import Intervals
import Networks

/// The slots of stable neurons.
let laneActive = Int32(LANE_ACTIVE)
let laneInactive = Int32(LANE_INACTIVE)

/// Immutable numbers at a fixed address, for kernels that take pointers into the middle.
final class Table<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
    // Written in init only, then read from any thread.
    let base: UnsafeMutablePointer<Element>
    let count: Int

    init(_ values: [Element]) {
        count = values.count
        base = .allocate(capacity: max(1, values.count))
        values.withUnsafeBufferPointer { values in
            if let start = values.baseAddress { base.initialize(from: start, count: values.count) }
        }
    }

    deinit { base.deallocate() }

    subscript(_ index: Int) -> Element { base[index] }
}

/// A node's additive part: its bias, or the constants of a selection.
struct Offsets: Sendable {
    var values: Table<Double>
    /// How far each may be from the real number; nil when exact.
    var radii: Table<Double>?
    var floats: Table<Float>
}

/// One activation node's neurons, in the order of its operand's features.
struct ActivationTable: Sendable {
    /// `LANE_ACTIVE`, `LANE_INACTIVE`, or the neuron's row in the per-lane arrays.
    var slots: Table<Int32>
    /// The standard lines: lower slope `1` if `u > -l`, nearly, else the negative slope; the chord above.
    var lowerSlope: Table<Double>
    var upperSlope: Table<Double>
    var floatLowerSlope: Table<Float>
    var floatUpperSlope: Table<Float>
    var floatIntercept: Table<Float>
    /// The operand's offset and bounds, for branching scores.
    var bias: Table<Float>
    var floatLower: Table<Float>
    var floatUpper: Table<Float>
}

/// A neuron by its place in the network.
public struct NeuronPlace: Sendable, Hashable {
    /// The activation node.
    public var node: Int
    /// The feature of its operand.
    public var feature: Int
}

struct Relaxations: Sendable {
    /// Of the piecewise linear activations.
    var tables: [ActivationTable?]
    var smoothTables: [SmoothTable?]
    let offsets: [Offsets?]
    /// The neurons in slot order: the unstable ones, and smooth ones once for each of their slots.
    var neurons: [NeuronPlace] = []
    /// By slot: the lower slope to start from, and for smooth neurons what `SmoothTable` says.
    var starts: [Float] = []
    /// Per node one flag for every feature, 0 for those that cannot matter on the region: values of inactive neurons,
    /// which are 0, and what only they read. Nil where every feature may.
    private(set) var live: [Table<UInt8>?]
    /// Per activation node the number of slots before each of its features, and behind the last.
    private(set) var slotStarts: [[Int]]
    /// How often each node is read.
    private let readers: [Int]
    /// Rounding of one accumulation of coefficients, for the operator with the most terms.
    let accumulationFactor: Double

    init(plan: LanePlan) {
        tables = Array(repeating: nil, count: plan.nodeCount)
        smoothTables = Array(repeating: nil, count: plan.nodeCount)
        live = Array(repeating: nil, count: plan.nodeCount)
        slotStarts = Array(repeating: [], count: plan.nodeCount)
        readers = plan.operands.reduce(into: [Int](repeating: 0, count: plan.nodeCount)) { counts, operands in
            for operand in operands { counts[operand] += 1 }
        }
        offsets = (0..<plan.nodeCount).map { Self.offsets(of: plan, $0) }
        accumulationFactor = roundingFactor(2 * (plan.layouts.map(\.count).max() ?? 1) + 4)
    }

    /// Whether the activation's lines are known.
    func has(_ node: Int) -> Bool { tables[node] != nil || smoothTables[node] != nil }

    private static func offsets(of plan: LanePlan, _ node: Int) -> Offsets? {
        let values: [Double]
        var radii: [Double]
        switch plan.operations[node] {
        case .input, .sum, .activation, .smooth: return nil
        case .linear(let linear): (values, radii) = (linear.bias, linear.error.offsets)
        case .convolution(let convolution):
            let pixels = convolution.outputHeight * convolution.outputWidth
            values = (0..<pixels).flatMap { _ in convolution.bias }
            let offsets = convolution.error.offsets
            radii = offsets.isEmpty ? [] : (0..<pixels).flatMap { _ in offsets }
        case .elementwise(let elementwise): (values, radii) = (elementwise.offset, elementwise.error.offsets)
        case .select(let selection):
            values = zip(selection.sources, selection.constants).map { $0 < 0 ? $1 : 0 }
            radii = []
        }
        if values.allSatisfy({ $0 == 0 }) && radii.isEmpty { return nil }
        return Offsets(
            values: Table(values), radii: radii.isEmpty ? nil : Table(radii), floats: Table(values.map { Float($0) }))
    }

    /// Marks an activation's values as needed only where the flags are set, and so on for what it alone reads.
    private mutating func setLive(_ flags: Table<UInt8>, of node: Int, plan: LanePlan) {
        live[node] = flags
        switch plan.operations[node] {
        case .input, .linear, .convolution, .select, .smooth: break
        case .activation, .elementwise, .sum:
            for operand in plan.operands[node]
            where operand > 0 && readers[operand] == 1 && !plan.isActivation(operand)
                && plan.layouts[operand].image == plan.layouts[node].image
                && plan.layouts[operand].count == plan.layouts[node].count
            {
                setLive(flags, of: operand, plan: plan)
            }
        }
    }

    private func starts(of slots: Table<Int32>, each: Int, first: Int) -> [Int] {
        var next = first
        return (0..<slots.count).map { feature in
            defer { if slots[feature] >= 0 { next += each } }
            return next
        } + [neurons.count]
    }

    /// Makes the table of an activation from its operand's bounds; activations are added in topological order, each
    /// once its operand's bounds are final.
    mutating func add(_ node: Int, plan: LanePlan, bounds: NodeBounds) {
        if case .smooth(let curve) = plan.operations[node] {
            let operand = plan.operands[node][0]
            let first = neurons.count
            smoothTables[node] = SmoothTable(
                curve, node: node, lower: bounds.lower[operand], upper: bounds.upper[operand], neurons: &neurons)
            for _ in stride(from: first, to: neurons.count, by: smoothSlots) { starts += SmoothTable.starts }
            slotStarts[node] = starts(of: smoothTables[node]!.slots, each: smoothSlots, first: first)
            return
        }
        guard case .activation(let negativeSlope) = plan.operations[node] else { return }
        let operand = plan.operands[node][0]
        let count = plan.layouts[operand].count
        let firstSlot = neurons.count
        var slots: [Int32] = []
        slots.reserveCapacity(count)
        var lowerSlope = [Double](repeating: 0, count: count)
        var upperSlope = lowerSlope
        var intercept = lowerSlope
        for feature in 0..<count {
            let lower = bounds.lower[operand][feature]
            let upper = bounds.upper[operand][feature]
            if lower >= 0 {
                slots.append(laneActive)
                (lowerSlope[feature], upperSlope[feature]) = (1, 1)
            } else if upper <= 0 {
                slots.append(laneInactive)
                (lowerSlope[feature], upperSlope[feature]) = (negativeSlope, negativeSlope)
            } else {
                slots.append(Int32(neurons.count))
                neurons.append(NeuronPlace(node: node, feature: feature))
                // As the kernels over boxes do, and the checker of proofs: ties are not for rounding to decide.
                lowerSlope[feature] = upper > -lower * (1 - 0x1p-20) ? 1 : negativeSlope
                starts.append(Float(lowerSlope[feature]))
                let slope =
                    lower == -.infinity || upper == .infinity
                    ? 1 : (upper - negativeSlope * lower) / (upper - lower)
                upperSlope[feature] = min(1, max(negativeSlope, slope))
                intercept[feature] = upper * (1 - upperSlope[feature])
            }
        }
        if negativeSlope == 0 && slots.contains(laneInactive) {
            setLive(Table(slots.map { $0 == laneInactive ? 0 : 1 }), of: node, plan: plan)
        }
        slotStarts[node] = starts(of: Table(slots), each: 1, first: firstSlot)
        tables[node] = ActivationTable(
            slots: Table(slots), lowerSlope: Table(lowerSlope), upperSlope: Table(upperSlope),
            floatLowerSlope: Table(lowerSlope.map { Float($0) }), floatUpperSlope: Table(upperSlope.map { Float($0) }),
            floatIntercept: Table(intercept.map { Float($0) }),
            bias: Table((0..<count).map { offsets[operand]?.floats[$0] ?? 0 }),
            floatLower: Table(bounds.lower[operand].map { Float($0) }),
            floatUpper: Table(bounds.upper[operand].map { Float($0) }))
    }
}
