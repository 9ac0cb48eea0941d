// Back-substitution through the graph, 64 problems at once: DeepPoly / CROWN (Singh et al. 2019, Zhang et al. 2018).
//
// Coefficients start at a target node and are carried to the input, node by node in reverse topological order; where
// two branches meet at a fork they add. How an activation is relaxed, and what is written down about rounding, is the
// rule's business: `SearchRule` in float32, `RigorousRule` in float64. On images the coefficients live on the window
// that the target can see, and every kernel runs on that window only.

import Evaluation
import Lanes

/// A run of features that is contiguous both in a window's buffer and in the whole value.
struct Span {
    var buffer: Int
    var feature: Int
    var count: Int
}

/// What a backward pass does at the places where methods differ. Pointers are `[feature][lane]`.
protocol BackwardRule<Scalar> {
    associatedtype Scalar: ElementwiseLaneScalar
    /// Coefficients on an activation's value to coefficients on its operand.
    mutating func relax(
        _ node: Int, spans: [Span], from g: UnsafePointer<Scalar>, to lambda: UnsafeMutablePointer<Scalar>,
        accumulating: Bool)
    /// The coefficients at an affine node are complete and are about to be taken back: account for the offset.
    ///
    /// - Parameter live: flags of the node's features; where they are 0 the coefficients are 0. Nil: look at all.
    mutating func leaveAffine(_ node: Int, spans: [Span], lambda: UnsafePointer<Scalar>, live: UnsafePointer<UInt8>?)
    /// Flags of the features of a node whose coefficients matter; nil when all do.
    func live(_ node: Int) -> UnsafePointer<UInt8>?
    /// A further branch is about to be added to, or was just added to, the coefficients of a node.
    mutating func accumulated(_ node: Int, spans: [Span], g: UnsafePointer<Scalar>)
}

extension BackwardRule {
    func live(_ node: Int) -> UnsafePointer<UInt8>? { nil }
}

/// The coefficient buffers of one thread.
final class BackwardPass<Scalar: ElementwiseLaneScalar> {
    let network: LaneNetwork<Scalar>
    /// How many lanes the next pass has; at most as many as there is room for.
    var lanes: Int {
        didSet { precondition(lanes <= capacity) }
    }
    private let capacity: Int
    private var plan: LanePlan { network.plan }
    private var storage: [LaneStorage<Scalar>?]
    /// Per node the part of an image that the current target sees; nil for values without windows.
    private(set) var windows: [Window?]
    private(set) var spans: [[Span]]
    private(set) var reached: [Bool]
    /// The nodes that the target depends on, and itself.
    private(set) var isNeeded: [Bool] = []
    private var plannedTarget = -1
    private var plannedWindow: Window?

    init(_ network: LaneNetwork<Scalar>, lanes: Int) {
        self.network = network
        self.lanes = lanes
        capacity = lanes
        let count = network.plan.nodeCount
        storage = Array(repeating: nil, count: count)
        windows = Array(repeating: nil, count: count)
        spans = Array(repeating: [], count: count)
        reached = Array(repeating: false, count: count)
    }

    /// A node's coefficients, on its window.
    func coefficients(_ node: Int) -> UnsafeMutablePointer<Scalar> { storage[node]!.base }

    /// Makes buffers for everything that `target`, on `window`, depends on. The target's coefficients are the
    /// caller's to fill.
    ///
    /// - Parameter window: of an image target; nil for all of it.
    func prepare(target: Int, window: Window? = nil) {
        if target == plannedTarget && window == plannedWindow { return }
        plannedTarget = target
        plannedWindow = window
        var depends = [Bool](repeating: false, count: plan.nodeCount)
        depends[target] = true
        for node in plan.layouts.indices { windows[node] = nil }
        windows[target] = plan.layouts[target].image.map { window ?? .full(height: $0.height, width: $0.width) }
        for node in stride(from: target, through: 0, by: -1) where depends[node] {
            if readsWhole(node), let image = plan.layouts[node].image {
                windows[node] = .full(height: image.height, width: image.width)
            }
            for operand in plan.operands[node] {
                depends[operand] = true
                guard let image = plan.layouts[operand].image else { continue }
                let seen = windowSeen(by: node, of: image)
                windows[operand] = windows[operand].map { $0.union(seen) } ?? seen
            }
            layOut(node)
        }
        depends[0] = true
        isNeeded = depends
        // Objectives over the output may read any input besides.
        if windows[0] == nil || target == plan.output, let image = plan.layouts[0].image {
            windows[0] = .full(height: image.height, width: image.width)
        }
        layOut(0)
    }

    /// Whether the node's kernel takes all of its coefficients, also when the target sees a window of them only.
    private func readsWhole(_ node: Int) -> Bool {
        switch network.operators[node] {
        case .dense, .sparse, .select: true
        case .input, .convolution, .elementwise, .sum, .activation, .smooth: false
        }
    }

    private func windowSeen(by node: Int, of image: LaneLayout.Image) -> Window {
        switch network.operators[node] {
        case .convolution(let convolution, _): return convolution.receptiveField(of: windows[node]!)
        case .elementwise, .sum, .activation, .smooth:
            // A reshape is a sum of one operand: a window of another shape says nothing about the operand's.
            let isSameImage = plan.layouts[node].image == image
            return isSameImage ? windows[node]! : .full(height: image.height, width: image.width)
        case .input, .dense, .sparse, .select: return .full(height: image.height, width: image.width)
        }
    }

    private func layOut(_ node: Int) {
        let layout = plan.layouts[node]
        if let window = windows[node], let image = layout.image {
            if window.rows.count == image.height && window.columns.count == image.width {
                spans[node] = [Span(buffer: 0, feature: 0, count: layout.count)]
            } else {
                let run = window.columns.count * image.channels
                spans[node] = window.rows.enumerated().map { index, row in
                    Span(
                        buffer: index * run, feature: (row * image.width + window.columns.lowerBound) * image.channels,
                        count: run)
                }
            }
        } else {
            spans[node] = [Span(buffer: 0, feature: 0, count: layout.count)]
        }
        let features = spans[node].reduce(0) { $0 + $1.count }
        if (storage[node]?.features ?? -1) < features {
            storage[node] = LaneStorage(features: max(features, 1), lanes: capacity)
        }
    }

    /// Where a feature's row is in its node's buffer.
    func bufferPlace(of feature: Int, node: Int) -> Int {
        for span in spans[node] where feature >= span.feature && feature < span.feature + span.count {
            return span.buffer + feature - span.feature
        }
        preconditionFailure("feature \(feature) lies outside the window of node \(node)")
    }

    /// The number of features of a node's buffer.
    func bufferCount(_ node: Int) -> Int { spans[node].reduce(0) { $0 + $1.count } }

    /// Zeroes a node's coefficients, which the caller then fills in part.
    func clear(_ node: Int) {
        coefficients(node).update(repeating: 0, count: bufferCount(node) * lanes)
    }

    /// Carries the coefficients at `target` to the input.
    ///
    /// - Parameter inputIsSet: the input's coefficients were filled by the caller and are added to.
    func run<Rule: BackwardRule>(from target: Int, inputIsSet: Bool = false, rule: inout Rule)
    where Rule.Scalar == Scalar {
        for node in reached.indices { reached[node] = false }
        reached[target] = true
        if inputIsSet { reached[0] = true }
        carry(from: target, rule: &rule)
    }

    /// As `run`, but the objective of each lane is one signed row of the target, which must be dense or sparse.
    func run<Rule: BackwardRule>(
        fromRows rows: UnsafeBufferPointer<Int32>, signs: UnsafePointer<Scalar>, of target: Int, rule: inout Rule
    ) where Rule.Scalar == Scalar {
        for node in reached.indices { reached[node] = false }
        let operand = plan.operands[target][0]
        switch network.operators[target] {
        case .dense(let matrix):
            matrix.loadRows(rows, scaledBy: signs, to: coefficients(operand), lanes: lanes, accumulating: false)
        case .sparse(let matrix):
            matrix.loadRows(rows, scaledBy: signs, to: coefficients(operand), lanes: lanes, accumulating: false)
        case .input, .convolution, .elementwise, .select, .sum, .activation, .smooth:
            preconditionFailure("only matrices give their rows")
        }
        reached[operand] = true
        carry(from: operand, rule: &rule)
    }

    private func carry<Rule: BackwardRule>(from start: Int, rule: inout Rule) where Rule.Scalar == Scalar {
        // Where the start has features that cannot matter, it may have coefficients on them all the same.
        let leavesOut = rule.live(start) == nil
        for node in stride(from: start, to: 0, by: -1) where reached[node] {
            if !plan.isActivation(node) {
                rule.leaveAffine(
                    node, spans: spans[node], lambda: coefficients(node), live: leavesOut ? rule.live(node) : nil)
            }
            for operand in plan.operands[node] {
                let accumulating = reached[operand]
                if accumulating { rule.accumulated(operand, spans: spans[operand], g: coefficients(operand)) }
                step(node, to: operand, accumulating: accumulating, rule: &rule)
                if accumulating { rule.accumulated(operand, spans: spans[operand], g: coefficients(operand)) }
                reached[operand] = true
            }
        }
        if !reached[0] {
            clear(0)
            reached[0] = true
        }
    }

    private func step<Rule: BackwardRule>(_ node: Int, to operand: Int, accumulating: Bool, rule: inout Rule)
    where Rule.Scalar == Scalar {
        let lambda = coefficients(node)
        let g = coefficients(operand)
        switch network.operators[node] {
        case .input: break
        case .dense(let matrix): matrix.applyTransposed(lambda, to: g, lanes: lanes, accumulating: accumulating)
        case .sparse(let matrix): matrix.applyTransposed(lambda, to: g, lanes: lanes, accumulating: accumulating)
        case .convolution(let convolution, _):
            convolution.applyTransposed(
                lambda, outputWindow: windows[node]!, to: g, inputWindow: windows[operand]!, lanes: lanes,
                accumulating: accumulating, live: rule.live(operand))
        case .elementwise(let scale, _):
            if !accumulating { clear(operand) }
            forEachShared(node, operand) { from, to, feature, count in
                scale.withUnsafeBufferPointer {
                    Scalar.scale(
                        count, lanes: lanes, by: $0.baseAddress! + feature, adding: nil, lambda + from * lanes,
                        to: g + to * lanes, accumulating: true)
                }
            }
        case .select(let sources, _):
            if !accumulating { clear(operand) }
            for (feature, source) in sources.enumerated() where source >= 0 {
                Scalar.add(1, lanes: lanes, lambda + feature * lanes, to: g + Int(source) * lanes)
            }
        case .sum where !accumulating && windows[node] == windows[operand]:
            g.update(from: lambda, count: bufferCount(node) * lanes)
        case .sum:
            if !accumulating { clear(operand) }
            forEachShared(node, operand) { from, to, _, count in
                Scalar.add(count, lanes: lanes, lambda + from * lanes, to: g + to * lanes)
            }
        case .activation, .smooth:
            if windows[node] == windows[operand] {
                rule.relax(node, spans: spans[node], from: lambda, to: g, accumulating: accumulating)
            } else {
                relaxInto(node, operand, accumulating: accumulating, rule: &rule)
            }
        }
    }

    /// An activation whose operand is also read elsewhere, on a larger window.
    private func relaxInto<Rule: BackwardRule>(_ node: Int, _ operand: Int, accumulating: Bool, rule: inout Rule)
    where Rule.Scalar == Scalar {
        if !accumulating { clear(operand) }
        let lambda = coefficients(node)
        let g = coefficients(operand)
        forEachShared(node, operand) { from, to, feature, count in
            // A span of its own, with both buffers moved to its start.
            rule.relax(
                node, spans: [Span(buffer: 0, feature: feature, count: count)], from: lambda + from * lanes,
                to: g + to * lanes, accumulating: true)
        }
    }

    /// Runs of features that a node and its operand share: places in both buffers, and the feature.
    func forEachShared(
        _ node: Int, _ operand: Int, _ body: (_ from: Int, _ to: Int, _ feature: Int, _ count: Int) -> Void
    ) {
        guard plan.layouts[node].image == plan.layouts[operand].image else {
            // Values of another shape are whole.
            for span in spans[node] { body(span.buffer, span.feature, span.feature, span.count) }
            return
        }
        guard let window = windows[node], let wider = windows[operand], window != wider,
            let image = plan.layouts[node].image
        else {
            for span in spans[node] { body(span.buffer, span.buffer, span.feature, span.count) }
            return
        }
        let width = wider.columns.count
        for span in spans[node] {
            // The wider window may make one run of a full-size span into several rows.
            let rows = window.columns.count * image.channels
            var done = 0
            while done < span.count {
                let pixel = (span.feature + done) / image.channels
                let row = pixel / image.width
                let column = pixel % image.width
                let place = ((row - wider.rows.lowerBound) * width + column - wider.columns.lowerBound) * image.channels
                body(span.buffer + done, place, span.feature + done, rows)
                done += rows
            }
        }
    }
}
