internal import Intervals
internal import Properties
internal import RandomNumbers

/// The lanes of one round of gradient descent over a box.
struct DescentBatch<Model: LaneModel> {
    /// The point with a disjunct's smallest margin so far.
    struct Best {
        var margin = Float.infinity
        /// In the model's order.
        var point: [Float] = []
    }

    let model: Model
    let rows: MarginRows
    /// The largest float32 box inside the region, in the model's order.
    let lower: [Float]
    let upper: [Float]
    private(set) var best: [Best]
    /// The same since the round began, and until there is one, the last round's.
    private var roundBest: [Best]
    /// The largest magnitude of an output met, at least one.
    private(set) var largestOutput: Float = 1
    /// The disjunct each lane descends on.
    private var aims: [Int] = []
    /// `[row][lane]`
    private var margins: [Float]

    init(region: InputRegion, disjuncts: [Disjunct], model: Model) {
        self.model = model
        rows = MarginRows(disjuncts, model: model)
        margins = [Float](repeating: 0, count: rows.rows.count * model.laneCount)
        best = disjuncts.map { _ in Best() }
        roundBest = best
        var lower = [Float](repeating: 0, count: region.count)
        var upper = lower
        for index in 0..<region.count {
            let ends = Self.float32Ends(region.lower[index].upper, region.upper[index].lower)
            (lower[model.place(ofInput: index)], upper[model.place(ofInput: index)]) = ends
        }
        self.lower = lower
        self.upper = upper
    }

    /// The float32 range inside a float64 one; a point near it when there is none. Infinite ends are cut, as
    /// a search must begin somewhere.
    private static func float32Ends(_ lower: Double, _ upper: Double) -> (Float, Float) {
        let limit = 1e6
        let low = lower.isFinite ? lower : min(upper, 0) - limit
        let high = upper.isFinite ? upper : max(lower, 0) + limit
        var ends = (Float(low), Float(high))
        if Double(ends.0) < low { ends.0 = ends.0.nextUp }
        if Double(ends.1) > high { ends.1 = ends.1.nextDown }
        if ends.0 <= ends.1 { return ends }
        let middle = Float(low / 2 + high / 2)
        return (middle, middle)
    }

    /// Random points: everywhere in the box, at its corners, and for every other lane around the last round's
    /// best point for the disjunct it aims at. In the first round one lane starts in the middle.
    mutating func start(aims: [Int], _ generator: inout SplitMix64) {
        self.aims = aims
        let anchors = roundBest
        roundBest = roundBest.map { Best(margin: .infinity, point: $0.point) }
        let lanes = model.laneCount
        let reaches: [Float] = [0.3, 0.1, 0.03, 0.01]
        for feature in lower.indices {
            let (low, high) = (lower[feature], upper[feature])
            let place = model.inputs + feature * lanes
            for lane in 0..<lanes {
                let share = Float(generator.next() >> 40) * 0x1p-24
                let point: Float
                let anchor = anchors[aims[lane]].point
                if lane % 2 == 1, !anchor.isEmpty {
                    let reach = reaches[lane / 2 % reaches.count]
                    point = anchor[feature] + (2 * share - 1) * reach * (high - low)
                } else {
                    let isCorner = lane % 4 == 2
                    let weight = lane == 0 && anchor.isEmpty ? 0.5 : isCorner ? share.rounded() : share
                    point = low * (1 - weight) + high * weight
                }
                place[lane] = min(max(point, low), high)
            }
        }
    }

    /// Evaluates the lanes' points and judges them for every disjunct.
    ///
    /// - Returns: the disjuncts with a new best point.
    mutating func evaluate() -> [Int] {
        model.evaluate()
        rows.evaluate(model, into: &margins)
        let lanes = model.laneCount
        for index in 0..<model.outputCount * lanes {
            largestOutput = max(largestOutput, abs(model.outputs[index]))
        }
        // Loops, not closures: a closure over `self` copies all of it at every use.
        var improved: [Int] = []
        for disjunct in rows.disjuncts.indices {
            var least = roundBest[disjunct].margin
            var winner: Int?
            for lane in 0..<lanes {
                let margin = worst(of: disjunct, lane).margin
                if margin < least { (least, winner) = (margin, lane) }
            }
            guard let winner else { continue }
            var point = roundBest[disjunct].point
            point.removeAll(keepingCapacity: true)
            for feature in lower.indices { point.append(model.inputs[feature * lanes + winner]) }
            roundBest[disjunct] = Best(margin: least, point: point)
            guard least < best[disjunct].margin else { continue }
            best[disjunct] = roundBest[disjunct]
            improved.append(disjunct)
        }
        return improved
    }

    /// Moves every lane a step against the sign of its objective's gradient, and back into the box.
    mutating func step(by share: Float) {
        let lanes = model.laneCount
        model.outputWeights.update(repeating: 0, count: model.outputCount * lanes)
        var targets: [[Int]] = []
        for lane in 0..<lanes { targets.append(targetRows(lane)) }
        for (lane, target) in targets.enumerated() {
            for row in target {
                for term in rows.rows[row].outputs {
                    model.outputWeights[term.place * lanes + lane] += term.coefficient
                }
            }
        }
        model.differentiate()
        for (lane, target) in targets.enumerated() {
            for row in target {
                for term in rows.rows[row].inputs {
                    model.inputGradients[term.place * lanes + lane] += term.coefficient
                }
            }
        }
        for feature in lower.indices where lower[feature] < upper[feature] {
            let (low, high) = (lower[feature], upper[feature])
            let step = share * (high - low)
            let place = model.inputs + feature * lanes
            let gradient = model.inputGradients + feature * lanes
            for lane in 0..<lanes {
                let slope = gradient[lane]
                let move: Float = slope > 0 ? -step : slope < 0 ? step : 0
                place[lane] = min(max(place[lane] + move, low), high)
            }
        }
    }

    /// A disjunct's best point in the network's order.
    func candidate(_ disjunct: Int) -> [Double] {
        lower.indices.map { Double(best[disjunct].point[model.place(ofInput: $0)]) }
    }

    /// The rows whose sum a lane descends on: the one with the largest margin, and in every other pair of
    /// lanes all that are not satisfied. The first can zigzag between rows, the second can let one grow.
    private func targetRows(_ lane: Int) -> [Int] {
        let disjunct = aims[lane]
        if lane & 2 != 0 {
            let lanes = model.laneCount
            let open = rows.disjuncts[disjunct].filter { [margins] in margins[$0 * lanes + lane] > 0 }
            if open.count > 1 { return open }
        }
        return worst(of: disjunct, lane).row.map { [$0] } ?? []
    }

    /// A disjunct's largest margin in a lane, and its row; minus infinity and none when it has no
    /// constraints.
    private func worst(of disjunct: Int, _ lane: Int) -> (margin: Float, row: Int?) {
        var worst: (margin: Float, row: Int?) = (-.infinity, nil)
        for row in rows.disjuncts[disjunct] {
            let margin = margins[row * model.laneCount + lane]
            // A NaN counts as the worst.
            if !(margin <= worst.margin) { worst = (margin.isNaN ? .infinity : margin, row) }
        }
        return worst
    }
}
