// Bounds of two networks and of their difference over a box, all three carried through the layers together.
//
// Beside the values y of the dense network and yhat of the pruned one, their difference delta = y - yhat has a zonotope of
// its own, in the same symbols: dz = W delta + (W - What) yhat + (b - bhat). Two networks that differ little have small
// deltas, whatever their own values do, while the bounds of f minus those of g know nothing of that. At every activation
// the three are used against each other: z lies in zhat + dz, and so on, and delta takes the tighter of both descriptions.
// The idea of bounding differences layer by layer is ReluDiff's (Paulsen et al., ICSE 2020); zonotopes of the difference in
// common symbols are VeryDiff's (Teuber et al., 2024). Here rounding is paid for, weights need not be exact, and a remainder
// is bounded by dz where one network is linear: relu(zhat + dz) - relu(zhat) = dz - r, 0 <= r <= min(-lower zhat, upper dz)
// when the dense neuron is active and the other is not known to be.

import BoundPropagation
import Evaluation
import Intervals
import Lanes
import Networks

/// The buffers of one thread.
final class DifferencePass {
    let model: PairModel
    let dense: [Zonotope]
    let pruned: [Zonotope]
    /// Empty without an alignment.
    let difference: [Zonotope]
    /// How many inputs move over the box, one symbol for each.
    private(set) var moving: [Int] = []
    /// Where the columns of each network's forms are in those of the difference.
    var denseMap: [Int32] = []
    var prunedMap: [Int32] = []
    /// For each symbol of the difference, what share of it each of the first eight moving inputs has: halving an input
    /// shrinks what it has a share in.
    var shares: [SIMD8<Double>] = []
    /// Asked before every node: once true, the pass ends without bounds.
    var isStopped: () -> Bool = { false }
    /// Bounds that hold over a region, for boxes within it.
    var known: PairBounds?
    private let product: [Zonotope?]
    private let narrow: NarrowBuffers

    /// A pass that ends when the limits are reached.
    convenience init(_ model: PairModel, _ limits: ComparisonLimits, known: PairBounds? = nil) {
        self.init(model)
        self.known = known
        isStopped = { limits.isOver }
    }

    init(_ model: PairModel) {
        self.model = model
        dense = model.dense.plan.layouts.map { Zonotope(features: $0.count) }
        pruned = model.pruned.plan.layouts.map { Zonotope(features: $0.count) }
        difference = model.change?.plan.layouts.map { Zonotope(features: $0.count) } ?? []
        let layouts = model.dense.plan.layouts
        product = model.isChanged.enumerated().map { $1 ? Zonotope(features: layouts[$0].count) : nil }
        let widest = max(dense.map(\.features).max() ?? 0, pruned.map(\.features).max() ?? 0)
        narrow = NarrowBuffers(features: widest)
    }

    var denseOutput: Zonotope { dense[model.dense.plan.output] }
    var prunedOutput: Zonotope { pruned[model.pruned.plan.output] }
    var differenceOutput: Zonotope? { difference.isEmpty ? nil : difference[model.dense.plan.output] }

    /// Bounds everything over a box.
    ///
    /// - Parameters: `lower` and `upper`: in the networks' own order.
    /// - Returns: false when it was stopped; then nothing is known of the box.
    /// - Soundness: at every real input of the box each real value of both networks, and each difference, lies in its
    ///   form with some values of the symbols, the same for all, and between its bounds.
    func run(lower: [Double], upper: [Double]) -> Bool {
        moving = lower.indices.filter { lower[$0] < upper[$0] }
        setInput(dense[0], model.dense.plan.inputLayout, lower, upper)
        setInput(pruned[0], model.pruned.plan.inputLayout, lower, upper)
        let columns = moving.count + 1
        denseMap = (0..<columns).map { Int32($0) }
        prunedMap = denseMap
        shares =
            [.zero]
            + moving.indices.map { place in
                var share = SIMD8<Double>.zero
                if place < 8 { share[place] = 1 }
                return share
            }
        if !difference.isEmpty {
            difference[0].resize(columns: columns)
            difference[0].clear()
            difference[0].measure()
            for node in 1..<model.dense.plan.nodeCount {
                if isStopped() { return false }
                if model.dense.plan.isActivation(node) {
                    activate(node)
                } else {
                    apply(model.dense, node, dense)
                    apply(model.pruned, node, pruned)
                    applyToDifference(node)
                    if let known {
                        dense[node].tighten(known.dense, node)
                        pruned[node].tighten(known.pruned, node)
                    }
                    intersect(dense[node], pruned[node], difference[node])
                }
            }
            return true
        }
        return sideBySide()
    }

    private func setInput(_ form: Zonotope, _ layout: LaneLayout, _ lower: [Double], _ upper: [Double]) {
        form.resize(columns: moving.count + 1)
        form.clear()
        for input in lower.indices { form[layout.laneFeature(input), 0] = lower[input] }
        for (place, input) in moving.enumerated() {
            let centre = lower[input] / 2 + upper[input] / 2
            let feature = layout.laneFeature(input)
            form[feature, 0] = centre
            form[feature, place + 1] = max(
                differenceRoundedUp(upper[input], centre), differenceRoundedUp(centre, lower[input]))
        }
        form.measure()
    }

    /// Both networks on their own, with only the input in common.
    private func sideBySide() -> Bool {
        for node in 1..<model.dense.plan.nodeCount {
            if isStopped() { return false }
            if model.dense.plan.isActivation(node) {
                activateAlone(model.dense, node, dense, &denseMap)
            } else {
                apply(model.dense, node, dense)
            }
        }
        for node in 1..<model.pruned.plan.nodeCount {
            if isStopped() { return false }
            if model.pruned.plan.isActivation(node) {
                activateAlone(model.pruned, node, pruned, &prunedMap)
            } else {
                apply(model.pruned, node, pruned)
            }
        }
        return true
    }

    // MARK: affine nodes

    private func apply(_ network: ZonotopeModel, _ node: Int, _ forms: [Zonotope]) {
        let operands = network.plan.operands[node].map { forms[$0] }
        let result = forms[node]
        transform(network, node, operands, to: result)
        let constants = network.nodes[node]
        addOffsets(constants, to: result)
        if operands.count > 1 {
            for feature in 0..<result.features {
                let total = operands.reduce(0) { $0 + $1.magnitudes[feature] }
                let radius = operands.reduce(0) { $0 + $1.radii[feature] }
                result.radii[feature] = (radius + constants.rounding * total) * sumSlack
            }
        } else {
            let operand = operands[0]
            narrow.fill(operand.radii, operand.magnitudes)
            let sum = constants.absolute == 0 ? 0 : narrow.total * constants.absolute
            narrow.apply(network.magnitudes, node)
            for feature in 0..<result.features {
                let (radius, magnitude) = narrow.result(feature)
                result.radii[feature] = constants.radius(feature, radius, magnitude, sum)
            }
        }
        result.measure()
    }

    private func transform(_ network: ZonotopeModel, _ node: Int, _ operands: [Zonotope], to result: Zonotope) {
        result.resize(columns: operands.map(\.columns).max() ?? 0)
        for (number, block) in result.blocks.enumerated() {
            guard operands.count == 1 else {
                block.base.update(repeating: 0, count: block.lanes * result.features)
                continue
            }
            network.kernels.applyAffine(
                node, operands[0].blocks[number].base, to: block.base, lanes: block.lanes, addingOffsets: false)
        }
        guard operands.count > 1 else { return }
        // A sum: later operands may have more columns.
        for operand in operands {
            for (block, from) in zip(result.blocks, operand.blocks) {
                for feature in 0..<result.features {
                    let (target, row) = (block.base + feature * block.lanes, from.base + feature * from.lanes)
                    for place in 0..<min(block.lanes, from.lanes) { target[place] += row[place] }
                }
            }
        }
    }

    private func addOffsets(_ constants: ZonotopeModel.NodeConstants, to result: Zonotope) {
        guard !constants.offsets.isEmpty, let first = result.blocks.first else { return }
        for feature in 0..<result.features { first.base[feature * first.lanes] += constants.offsets[feature] }
    }

    /// `dz = W delta + (W - What) yhat + (b - bhat)`.
    private func applyToDifference(_ node: Int) {
        guard let change = model.change else { return }
        let operands = model.dense.plan.operands[node].map { difference[$0] }
        let result = difference[node]
        transform(model.dense, node, operands, to: result)
        let constants = model.dense.nodes[node]
        if operands.count > 1 {
            for feature in 0..<result.features {
                let total = operands.reduce(0) { $0 + $1.magnitudes[feature] }
                let radius = operands.reduce(0) { $0 + $1.radii[feature] }
                result.radii[feature] = (radius + constants.rounding * total) * sumSlack
            }
            result.measure()
            return
        }
        let operand = operands[0]
        narrow.fill(operand.radii, operand.magnitudes)
        let sum = constants.absolute == 0 ? 0 : narrow.total * constants.absolute
        narrow.apply(model.dense.magnitudes, node)
        for feature in 0..<result.features {
            let (radius, magnitude) = narrow.result(feature)
            result.radii[feature] =
                (radius * (1 + constants.relative) + magnitude * (constants.rounding + constants.relative) + sum)
                * sumSlack
        }
        if model.isChanged[node], let product = product[node] {
            let values = pruned[model.dense.plan.operands[node][0]]
            transform(change, node, [values], to: product)
            for feature in 0..<result.features { result.addRow(feature, 1, times: product, feature, map: prunedMap) }
            let constants = change.nodes[node]
            addOffsets(constants, to: result)
            narrow.fill(values.radii, values.magnitudes)
            let sum = constants.absolute == 0 ? 0 : narrow.total * constants.absolute
            narrow.apply(change.magnitudes, node)
            for feature in 0..<result.features {
                let (radius, magnitude) = narrow.result(feature)
                result.radii[feature] =
                    (result.radii[feature] + constants.radius(feature, radius, magnitude, sum)) * sumSlack
            }
            result.measure()
            // Two roundings of the sums of both parts, each at most the magnitude of its parts.
            for feature in 0..<result.features {
                result.radii[feature] += result.magnitudes[feature] * 0x1p-51 + narrow.result(feature).1 * 0x1p-51
            }
        }
        result.measure()
    }

    /// Each of the three bounds by the other two.
    func intersect(_ z: Zonotope, _ zhat: Zonotope, _ dz: Zonotope) {
        for feature in 0..<z.features {
            dz.lower[feature] = max(dz.lower[feature], differenceRoundedDown(z.lower[feature], zhat.upper[feature]))
            dz.upper[feature] = min(dz.upper[feature], differenceRoundedUp(z.upper[feature], zhat.lower[feature]))
            z.lower[feature] = max(z.lower[feature], sumRoundedDown(zhat.lower[feature], dz.lower[feature]))
            z.upper[feature] = min(z.upper[feature], sumRoundedUp(zhat.upper[feature], dz.upper[feature]))
            zhat.lower[feature] = max(zhat.lower[feature], differenceRoundedDown(z.lower[feature], dz.upper[feature]))
            zhat.upper[feature] = min(zhat.upper[feature], differenceRoundedUp(z.upper[feature], dz.lower[feature]))
        }
    }
}

extension ZonotopeModel.NodeConstants {
    /// The radius behind an affine operator, from what the operand's radii and magnitudes became under the magnitudes of
    /// the weights.
    func radius(_ feature: Int, _ radius: Double, _ magnitude: Double, _ sum: Double) -> Double {
        let offset = offsets.isEmpty ? 0 : offsets[feature].magnitude
        let own = offsetRadii.isEmpty ? 0 : offsetRadii[feature]
        let weights = radius * (1 + relative) + magnitude * (rounding + relative) + sum
        // The offset is added to a sum of this magnitude: one more rounding.
        return (weights + (offset + magnitude) * 0x1p-52 + own + 1e-290) * sumSlack
    }
}

/// A few lanes for radii and magnitudes.
private final class NarrowBuffers {
    private let input: LaneBuffer<Double>
    private let output: LaneBuffer<Double>
    private(set) var total = 0.0
    static let lanes = 16

    init(features: Int) {
        input = LaneBuffer(features: features, lanes: Self.lanes)
        output = LaneBuffer(features: features, lanes: Self.lanes)
    }

    func fill(_ radii: [Double], _ magnitudes: [Double]) {
        total = 0
        for feature in radii.indices {
            input.base[feature * Self.lanes] = radii[feature]
            input.base[feature * Self.lanes + 1] = magnitudes[feature]
            total += radii[feature] + magnitudes[feature]
        }
    }

    func apply(_ network: LaneNetwork<Double>, _ node: Int) {
        network.applyAffine(node, input.base, to: output.base, lanes: Self.lanes, addingOffsets: false)
    }

    func result(_ feature: Int) -> (radius: Double, magnitude: Double) {
        (output.base[feature * Self.lanes], output.base[feature * Self.lanes + 1])
    }
}
